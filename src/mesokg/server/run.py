"""Runs the application in uvicorn until it is told to stop."""

from __future__ import annotations

import contextlib
import socket

from mesokg.errors import StoreError, UsageError
from mesokg.server.settings import Settings

__all__ = ["listener_at", "run"]


def listener_at(host: str, port: int) -> socket.socket:
    """A socket bound to host and port (0: a free one). Raises UsageError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it every answer waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"{host}:{port} cannot be listened at: {error.strerror}; choose another with --host and --port") from error
    return listener


def _allow_connections() -> None:
    """As many open connections as the system lets this process have, up to 65,536."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run(settings: Settings, host: str, port: int) -> None:
    """Serve at host and port until told to stop. Raises UsageError where the address is taken, StoreError where no worker starts."""
    import uvicorn

    from mesokg.server.app import make_app
    from mesokg.server.connections import LONGEST_HEAD, connection_class

    _allow_connections()
    listener = listener_at(host, port)
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not self.should_exit:
                import sys

                print(f"mesokg serves http://{shown}:{port}/  (SPARQL at http://{shown}:{port}/sparql; stop with Ctrl-C)", file=sys.stderr, flush=True)

    config = uvicorn.Config(
        make_app(settings), http=connection_class(settings), h11_max_incomplete_event_size=LONGEST_HEAD,
        log_level="warning", access_log=False, server_header=False, date_header=True,
        timeout_keep_alive=15, backlog=2048, timeout_graceful_shutdown=5, proxy_headers=False, lifespan="on",
    )
    server = Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise StoreError("the server could not start; the reason stands above")
