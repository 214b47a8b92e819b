"""The SPARQL endpoint: requests in, answers out, with negotiation, cache and ETag."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from mesokg.identifiers import NAMESPACE
from mesokg.server.cache import Cache, cacheable, key_of
from mesokg.server.failures import Failure
from mesokg.server.negotiation import (
    GRAPHS,
    RESULTS,
    accepts_gzip,
    by_suffix,
    choose,
    prefers_html,
)
from mesokg.server.requests import Operation, read_body, read_operation

if TYPE_CHECKING:
    from starlette.requests import Request

    from mesokg.server.pool import Pool, Reply
    from mesokg.server.settings import Settings

__all__ = ["Endpoint", "answer_once", "base_of", "cors", "etag_of", "failure_in", "field", "matches", "preflight", "wants_gzip"]

_EXPOSED = "ETag, X-Mesokg-Truncated, X-Mesokg-Release, Retry-After, Location, Content-Location, Link"
_KEEP = "public, max-age=300"


def field(request: Request, name: str) -> str | None:
    """The value of a header, None where there is none; several lines of it are one list (RFC 9110, section 5.3)."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def base_of(request: Request, settings: Settings) -> str:
    """The address of this server as its clients know it, without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = request.headers.get("host") or request.url.netloc
    return f"{request.url.scheme}://{host}"


def cors(settings: Settings) -> dict[str, str]:
    # a store that changes is for programs: a page elsewhere must not read or write it
    return {} if settings.allow_update else {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _EXPOSED}


def preflight(settings: Settings, methods: str) -> Response:
    headers = {"Allow": methods, **cors(settings)}
    if not settings.allow_update:
        headers |= {"Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match, Authorization", "Access-Control-Max-Age": "86400"}
    return Response(status_code=204, headers=headers)


def wants_gzip(request: Request) -> bool:
    return accepts_gzip(field(request, "accept-encoding"))


def etag_of(key: bytes) -> str:
    return '"' + base64.b32encode(key[:15]).decode().lower() + '"'


def matches(request: Request, etag: str) -> bool:
    asked = field(request, "if-none-match") or ""
    return asked.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in asked.split(",")]


def _without_content(headers: dict[str, str]) -> dict[str, str]:
    """The headers of a response that has no content."""
    return {name: value for name, value in headers.items() if name not in ("Content-Type", "Content-Encoding")}


async def until_gone(request: Request, work: Any) -> Any:
    """The result of ``work``, which is cancelled when the client goes away first."""
    task = asyncio.ensure_future(work)
    try:
        # most answers are there at once; only for the others it pays to watch the client
        await asyncio.wait({task}, timeout=0.25)
        while not task.done():
            if await request.is_disconnected():
                raise ClientDisconnect
            await asyncio.wait({task}, timeout=0.25)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Failure):
                await task


def failure_in(reply: Reply) -> Failure | None:
    found = reply[0].get("failure")
    if not found:
        return None
    return Failure(found["status"], found["what"], found["fix"], found["where"], tuple(map(tuple, found["headers"])))


async def answer_once(request: Request, pool: Pool, cache: Cache, header: dict[str, Any], body: bytes = b"", *, key: bytes, keep: bool) -> Reply:
    """The reply of a worker, from the cache where it is held, and kept there where ``keep``. Raises Failure."""
    held = cache.get(key) if keep else None
    if held is None:
        held = await until_gone(request, pool.run(header, body))
        failure = failure_in(held)
        if failure is not None:
            raise failure
        if keep:
            cache.put(key, held)
    return held


class Endpoint:
    """Answers at /sparql (and /query, /update), and at /store."""

    def __init__(self, settings: Settings, pool: Pool, cache: Cache) -> None:
        self.settings, self.pool, self.cache = settings, pool, cache

    def allow_write(self, request: Request) -> None:
        """Raise Failure unless this client may change the store."""
        if not self.settings.allow_update:
            raise Failure(403, "this server is read-only", "start your own with `mesokg serve --allow-update --store DIR`")
        if self.settings.token:
            given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
            if not secrets.compare_digest(given.encode(), self.settings.token.encode()):
                raise Failure(401, "changing this store needs a token", "send the header Authorization: Bearer TOKEN", headers=(("WWW-Authenticate", "Bearer"),))
        elif "origin" in request.headers or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Failure(403, "a web page may not change this store", "send the request from a program, or start the server with --token")

    async def sparql(self, request: Request) -> Response:
        methods = "GET, HEAD, POST, OPTIONS"
        if request.method == "OPTIONS":
            return preflight(self.settings, methods)
        if request.method not in ("GET", "HEAD", "POST"):
            raise Failure(405, f"{request.method} does not work on a SPARQL endpoint", f"use {methods}", headers=(("Allow", methods),))
        limit = self.settings.upload_bytes if self.settings.allow_update else self.settings.query_bytes * 4
        operation = await read_operation(request, limit, self.settings.body_seconds)
        if operation.kind == "description":
            return await self.describe(request)
        if operation.kind == "update":
            self.allow_write(request)
            return await self.update(request, operation)
        return await self.query(request, operation)

    def base_for_iris(self, request: Request) -> str:
        """What relative IRIs in a query or an update are resolved against.

        A request that carries its query was not retrieved from anywhere, so that the base is the service's choice
        (RFC 3986, section 5.1.4). It is the same whatever name the client has for this server, as answers are kept.
        """
        return NAMESPACE if self.settings.read_only else base_of(request, self.settings) + "/sparql"

    async def query(self, request: Request, operation: Operation) -> Response:
        settings = self.settings
        if len(operation.text) > settings.query_bytes:
            raise Failure(413, f"the query has {len(operation.text)} characters, {settings.query_bytes} are allowed", "pass long lists of values in parts")
        accept = field(request, "accept")
        if operation.format:
            tabular, graph = by_suffix(operation.format, RESULTS), by_suffix(operation.format, GRAPHS)
            if operation.format == "json":
                graph = by_suffix("jsonld", GRAPHS)
            if tabular is None and graph is None:
                raise Failure(400, "there is no such format", "use json, xml, csv, tsv, ttl, nt, rdf, jsonld, trig or nq")
            tabular, graph = tabular or RESULTS[0], graph or GRAPHS[0]
        else:
            tabular, graph = choose(accept, RESULTS), choose(accept, GRAPHS)
        if tabular is None and graph is None:
            raise Failure(406, "the Accept header names no format of SPARQL answers", "accept application/sparql-results+json or text/turtle")
        zipped = wants_gzip(request)
        names = (tabular.name if tabular else "", graph.name if graph else "")
        key = key_of(settings.release, operation.text, "|".join(operation.default), "|".join(operation.named), *names, "gzip" if zipped else "")
        keep = settings.read_only and settings.endpoint is None and cacheable(operation.text, calls=bool(settings.services))
        etag = etag_of(key) if keep else None
        header = {
            "op": "query", "default": operation.default, "named": operation.named, "tabular": tabular and tabular.name,
            "graph": graph and graph.name, "gzip": zipped, "base": self.base_for_iris(request),
        }
        text = operation.text.encode("utf-8", "surrogatepass")
        reply, body = await answer_once(request, self.pool, self.cache, header, text, key=key, keep=keep)
        return self._response(request, reply, body, etag)

    def _response(self, request: Request, reply: dict[str, Any], body: bytes, etag: str | None) -> Response:
        found = by_suffix(reply["format"], RESULTS) or by_suffix(reply["format"], GRAPHS)
        assert found is not None
        headers = {"Content-Type": found.content_type, "Vary": "Accept, Accept-Encoding", **cors(self.settings)}
        if etag:
            headers |= {"ETag": etag, "Cache-Control": _KEEP, "X-Mesokg-Release": self.settings.release[:16]}
        else:
            headers["Cache-Control"] = "no-store"
        if reply.get("encoding"):
            headers["Content-Encoding"] = reply["encoding"]
        if reply.get("truncated"):
            headers["X-Mesokg-Truncated"] = reply["truncated"]
        if etag and matches(request, etag):
            return Response(status_code=304, headers=_without_content(headers))
        return Response(body, headers=headers)

    async def update(self, request: Request, operation: Operation) -> Response:
        header = {"op": "update", "default": operation.default, "named": operation.named, "base": self.base_for_iris(request)}
        reply = await self.pool.run(header, operation.text.encode("utf-8", "surrogatepass"))
        failure = failure_in(reply)
        if failure is not None:
            raise failure
        return Response(status_code=204)

    async def describe(self, request: Request) -> Response:
        accept = field(request, "accept")
        if prefers_html(accept, GRAPHS):
            return Response(status_code=303, headers={"Location": "/editor", "Vary": "Accept"})
        found = choose(accept, GRAPHS)
        if found is None:
            raise Failure(406, "the Accept header names no RDF format", "accept text/turtle to read the description of this service, or send a query")
        from mesokg.server.description import describe_service

        body = describe_service(base_of(request, self.settings) + request.url.path, self.settings, found.name)
        headers = {"Content-Type": found.content_type, "Vary": "Accept", **cors(self.settings)}
        return Response(body, headers=headers)

    async def store(self, request: Request) -> Response:
        methods = "GET, HEAD, OPTIONS" if self.settings.read_only else "GET, HEAD, PUT, POST, DELETE, OPTIONS"
        if request.method == "OPTIONS":
            return preflight(self.settings, methods)
        if self.settings.endpoint:
            raise Failure(404, "a server in front of another has no graph store", "ask the server behind it")
        if request.method not in ("GET", "HEAD"):
            if request.method not in ("PUT", "POST", "DELETE"):
                raise Failure(405, f"{request.method} does not work on a graph store", f"use {methods}", headers=(("Allow", methods),))
            self.allow_write(request)
        base = base_of(request, self.settings)
        rest = request.path_params.get("rest", "")
        pairs = [part.partition("=") for part in request.scope["query_string"].decode("latin-1").split("&") if part]
        names = {name: value for name, _, value in pairs}
        graph: str | None = ""
        if rest:
            graph = f"{base}/store/{rest}"
        elif "graph" in names:
            graph = request.query_params["graph"]
        elif "default" in names:
            graph = None
        reading = request.method in ("GET", "HEAD")
        # what answers a write holds no data
        found = choose(field(request, "accept"), GRAPHS) if reading else GRAPHS[0]
        if found is None:
            raise Failure(406, "the Accept header names no RDF format", "accept text/turtle")
        body = b"" if reading or request.method == "DELETE" else await read_body(request, self.settings.upload_bytes, 60.0)
        zipped = reading and wants_gzip(request)
        header = {
            "op": "graph", "method": "GET" if reading else request.method, "graph": graph, "format": found.name, "base": base + "/store",
            "type": request.headers.get("content-type", ""), "gzip": zipped,
        }
        keep = self.settings.read_only
        # None and "" are two things: the default graph, and none named
        key = key_of("graph", self.settings.release, repr(graph), found.name, "gzip" if zipped else "")
        # a store that changes has nothing to keep, and every request to it is one of its own
        reply, content = await answer_once(request, self.pool, self.cache, header, body, key=key, keep=keep)
        if reply["status"] != 200:
            return Response(status_code=reply["status"], headers={"Location": reply["location"]} if "location" in reply else None)
        headers = {"Content-Type": found.content_type, "Vary": "Accept, Accept-Encoding", **cors(self.settings)}
        headers |= {"ETag": etag_of(key), "Cache-Control": _KEEP, "X-Mesokg-Release": self.settings.release[:16]} if keep else {"Cache-Control": "no-store"}
        if reply.get("encoding"):
            headers["Content-Encoding"] = reply["encoding"]
        if keep and matches(request, etag_of(key)):
            return Response(status_code=304, headers=_without_content(headers))
        return Response(content, headers=headers)
