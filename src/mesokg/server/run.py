"""Runs the application in uvicorn until it is told to stop."""

from __future__ import annotations

import socket

from mesokg.errors import StoreError, UsageError
from mesokg.server.settings import Settings

__all__ = ["run"]


def run(settings: Settings, host: str, port: int) -> None:
    """Serve at host and port (0: a free one). Raises UsageError where the address is taken, StoreError where no worker starts."""
    import uvicorn

    from mesokg.server.app import make_app

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened at: {error.strerror}; choose another with --host and --port") from error
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not self.should_exit:
                import sys

                print(f"mesokg serves http://{shown}:{port}/  (SPARQL at http://{shown}:{port}/sparql; stop with Ctrl-C)", file=sys.stderr, flush=True)

    config = uvicorn.Config(
        make_app(settings), log_level="warning", access_log=False, server_header=False, date_header=True,
        timeout_keep_alive=15, backlog=2048, timeout_graceful_shutdown=5, proxy_headers=False, lifespan="on",
    )
    server = Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise StoreError("the server could not start; the reason stands above")
