"""The application: routes, and the pool and cache behind them."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from mesokg.server.cache import Cache
from mesokg.server.failures import Failure
from mesokg.server.guard import Guard, failure_messages
from mesokg.server.negotiation import prefers_html
from mesokg.server.pool import Pool
from mesokg.server.protocol import Endpoint, field, preflight
from mesokg.server.settings import Settings
from mesokg.server.site import Site

__all__ = ["make_app"]

_ALL = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


async def failed(request: Request, failure: Exception) -> Response:
    """The response of a failure: a page for browsers, problem+json for programs."""
    if not isinstance(failure, Failure):
        failure = Failure(500, "the server failed for a reason it did not foresee", "tell the maintainers which request it was")
    start, body = failure_messages(failure, request.app.state.settings, html=prefers_html(field(request, "accept")))
    response = Response(body["body"], status_code=failure.status)
    response.raw_headers = start["headers"]
    return response


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody is there to read this; the number is that of nginx."""
    return Response(status_code=499)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        methods = "GET, HEAD, OPTIONS"
        if request.method == "OPTIONS":
            return preflight(request.app.state.settings, methods)
        return await failed(request, Failure(405, f"{request.method} does not work here", "use GET", headers=(("Allow", methods),)))
    return await failed(request, Failure(error.status_code, "there is nothing at this address", "start at the first page, or search"))


class _Life:
    """Starts the workers before the first request and ends them after the last; a start that fails is told in one line."""

    def __init__(self, app: Any, pool: Pool) -> None:
        self.app, self.pool = app, pool

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        await receive()
        try:
            await self.pool.start()
        except Failure as failure:
            await self.pool.stop()
            await send({"type": "lifespan.startup.failed", "message": f"{failure.what}; {failure.fix}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.stop()
        await send({"type": "lifespan.shutdown.complete"})


def make_app(settings: Settings) -> Any:
    """The ASGI application of these settings. Its workers start with it and end with it."""
    pool = Pool(settings)
    cache = Cache(settings.cache_bytes)
    endpoint = Endpoint(settings, pool, cache)
    site = Site(settings, pool, cache)

    routes = [Route(path, endpoint.sparql, methods=_ALL) for path in ("/sparql", "/sparql/", "/query", "/update")]
    routes += [Route("/store", endpoint.store, methods=_ALL), Route("/store/{rest:path}", endpoint.store, methods=_ALL)]
    routes += [Route(path, site.slashed, methods=_ALL) for path in ("/query/", "/update/")]
    routes += site.routes()
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse, Failure: failed, ClientDisconnect: _gone, Exception: failed})
    # Starlette would redirect to the host of the request, which a proxy may have changed; ``slashed`` redirects to a path
    app.router.redirect_slashes = False
    app.state.pool, app.state.cache, app.state.settings = pool, cache, settings
    return _Life(Guard(app, settings), pool)
