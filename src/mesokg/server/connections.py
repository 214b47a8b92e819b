"""What one connection may cost before the application sees it: slow or endless headers, and answers nobody takes.

uvicorn bounds the time between requests only. A client that sends its headers byte by byte, or stops reading, would
hold its connection and its answer for ever.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Any

from mesokg.server.failures import Failure
from mesokg.server.guard import EVERYWHERE, LONGEST_ADDRESS, address_too_long, failure_messages
from mesokg.server.settings import Settings

__all__ = ["LONGEST_HEAD", "connection_class"]

LONGEST_HEAD = 512 * 1024
"""Bytes of request line and headers. More than an address may have, so that who sends a longer one is told so."""


def _head_too_large() -> Failure:
    return Failure(431, f"the address and headers are larger than {LONGEST_HEAD} bytes", "send less of them, and a query by POST")


def connection_class(settings: Settings) -> type[asyncio.Protocol]:
    """uvicorn's HTTP protocol (httptools where installed, else h11) with these bounds."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    base: Any = AutoHTTPProtocol

    class Connection(base):  # type: ignore[misc]
        _head_timer: asyncio.TimerHandle | None = None
        _reader_timer: asyncio.TimerHandle | None = None
        _head_size = 0

        def _idle(self) -> bool:
            return self.cycle is None or bool(self.cycle.response_complete)

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            if self._reader_timer is not None:
                self._reader_timer.cancel()
            super().connection_lost(exc)

        # ---- the head of a request

        def _watch_head(self) -> None:
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(settings.head_seconds, self._head_is_late)

        def _unwatch(self) -> None:
            self._head_size = 0
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _head_is_late(self) -> None:
            self._head_timer = None
            if self._head_size == 0:
                # opened and never used, as browsers do ahead of time
                self.transport.close()
            else:
                self._refuse(Failure(408, f"the request did not arrive within {settings.head_seconds:g} seconds", "send it again"))

        def data_received(self, data: bytes) -> None:
            if self._idle():
                self._watch_head()
                self._head_size += len(data)
            super().data_received(data)
            if not self._idle():
                self._unwatch()
            elif self.cycle is None and self._head_size > LONGEST_HEAD:
                self._refuse(_head_too_large())

        def on_headers_complete(self) -> None:
            # of an address past 65,535 bytes httptools 0.6 takes the length modulo 65,536, which is another query
            if len(self.url) > LONGEST_ADDRESS:
                raise ValueError("the address is too long")
            super().on_headers_complete()

        def send_400_response(self, msg: str) -> None:
            if len(getattr(self, "url", None) or b"") > LONGEST_ADDRESS:
                self._refuse(address_too_long())
                return
            if self._head_size > LONGEST_HEAD:
                # h11 takes no more of it either, and is asked first
                self._refuse(_head_too_large())
                return
            self._refuse(Failure(400, "the request is not HTTP/1.1", "send it with a client that speaks HTTP"))

        def _refuse(self, failure: Failure) -> None:
            if self.transport.is_closing():
                return
            start, body = failure_messages(failure, settings)
            lines = [f"HTTP/1.1 {failure.status} {HTTPStatus(failure.status).phrase}".encode()]
            lines += [name + b": " + value for name, value in (*start["headers"], *EVERYWHERE, (b"connection", b"close"))]
            self.transport.write(b"\r\n".join([*lines, b"", body["body"]]))
            self.transport.close()

        # ---- a client that does not read

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_reader(self.transport.get_write_buffer_size())

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._reader_timer is not None:
                self._reader_timer.cancel()
                self._reader_timer = None

        def _watch_reader(self, left: int) -> None:
            self._reader_timer = self.loop.call_later(settings.reader_seconds, self._has_read, left)

        def _has_read(self, left: int) -> None:
            now = self.transport.get_write_buffer_size()
            if now < left:
                self._watch_reader(now)
            else:
                # without this the system would keep what it has taken over, and go on trying
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.transport.abort()

    return Connection
