"""Messages between the serving process and its workers: two lengths, a JSON header, a body of bytes."""

from __future__ import annotations

import json
import struct
from asyncio import StreamReader
from typing import Any, BinaryIO

__all__ = ["pack", "read_blocking", "read_frame"]

_LENGTHS = struct.Struct(">II")


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One message.

    >>> len(pack({"op": "ping"}))
    22
    """
    head = json.dumps(header, ensure_ascii=True).encode()
    return _LENGTHS.pack(len(head), len(body)) + head + body


async def read_frame(reader: StreamReader) -> tuple[dict[str, Any], bytes]:
    """Wait for one message. Raises IncompleteReadError when the other side is gone."""
    head, body = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    return json.loads(await reader.readexactly(head)), await reader.readexactly(body)


def read_blocking(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Wait for one message; None when the other side is gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, body = _LENGTHS.unpack(lengths)
    return json.loads(stream.read(head)), stream.read(body)
