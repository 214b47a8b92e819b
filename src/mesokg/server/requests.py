"""Reads SPARQL requests as the protocol has them (SPARQL 1.1 Protocol, sections 2.1 and 2.2)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from mesokg.server.failures import Failure

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["Operation", "read_body", "read_operation"]

_HOW = "send GET ?query=…, POST a form with query=…, or POST the query itself as application/sparql-query"


@dataclass(frozen=True)
class Operation:
    """``kind`` is query, update or description; graphs are those that the request names, not the text."""

    kind: str
    text: str = ""
    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    format: str = ""


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The body. Raises Failure where it is larger than ``limit`` bytes or takes longer than ``seconds``."""
    too_large = Failure(413, f"the body is larger than {limit} bytes", "send it in parts")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise too_large
    parts, used = [], 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                used += len(part)
                if used > limit:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise Failure(408, f"the body did not arrive within {seconds:g} seconds", "send it again") from None
    return b"".join(parts)


def _form(text: str | bytes) -> list[tuple[str, str]]:
    try:
        decoded = text.decode("ascii") if isinstance(text, bytes) else text
        return parse_qsl(decoded, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=1000)
    except (UnicodeDecodeError, ValueError) as error:
        raise Failure(400, "the parameters are not UTF-8 in percent-encoding", "encode them as UTF-8") from error


def _one(pairs: list[tuple[str, str]], name: str) -> str | None:
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise Failure(400, f"the request has {len(values)} parameters {name}", "send one")
    return values[0] if values else None


def _graphs(pairs: list[tuple[str, str]], name: str) -> tuple[str, ...]:
    return tuple(value for key, value in pairs if key == name)


def _query(text: str, pairs: list[tuple[str, str]]) -> Operation:
    return Operation(
        "query", text, _graphs(pairs, "default-graph-uri"), _graphs(pairs, "named-graph-uri"), _one(pairs, "format") or "",
    )


def _update(text: str, pairs: list[tuple[str, str]]) -> Operation:
    return Operation("update", text, _graphs(pairs, "using-graph-uri"), _graphs(pairs, "using-named-graph-uri"))


async def read_operation(request: Request, limit: int, seconds: float) -> Operation:
    """What the request asks for. Raises Failure where it asks for nothing, or for too much at once."""
    pairs = _form(request.scope["query_string"])
    if request.method in ("GET", "HEAD"):
        query = _one(pairs, "query")
        if _one(pairs, "update") is not None:
            raise Failure(400, "an update cannot be sent by GET", "send it by POST")
        return Operation("description") if query is None else _query(query, pairs)
    media, *parameters = [part.strip().lower() for part in request.headers.get("content-type", "").split(";")]
    charset = next((p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Failure(415, f"the body is said to be {charset[:40]}", "send it as UTF-8")
    body = await read_body(request, limit, seconds)
    if media == "application/x-www-form-urlencoded":
        pairs = pairs + _form(body)
        query, update = _one(pairs, "query"), _one(pairs, "update")
        if (query is None) == (update is None):
            raise Failure(400, "the form needs either query or update", _HOW)
        return _query(query, pairs) if query is not None else _update(update or "", pairs)
    if media in ("application/sparql-query", "application/sparql-update"):
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Failure(400, f"the body is not UTF-8 at byte {error.start}", "send it as UTF-8") from error
        return _query(text, pairs) if media.endswith("query") else _update(text, pairs)
    raise Failure(415, f"{media or 'no type'} is not a type of request that SPARQL has", _HOW)
