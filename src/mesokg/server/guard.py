"""Around every request: the host it may name, security headers, one body for errors, and a client that goes away."""

from __future__ import annotations

import re
import sys
import traceback
from typing import Any

from mesokg.server.failures import Failure
from mesokg.server.protocol import cors
from mesokg.server.settings import Settings

__all__ = ["CONTENT_SECURITY_POLICY", "EVERYWHERE", "LONGEST_ADDRESS", "Guard", "address_too_long", "failure_messages"]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_EDITOR_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "font-src 'self'", "font-src 'self' data:"
)
EVERYWHERE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
LONGEST_ADDRESS = 60_000
"""Bytes of an address; httptools, which many servers use, reads none past 65,535."""


def failure_messages(failure: Failure, settings: Settings, *, html: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two ASGI messages that send a failure, which a page elsewhere may read wherever it may read answers."""
    body = failure.body()
    kind = b"application/problem+json"
    if html:
        from mesokg.server.html import failure_page

        body, kind = failure_page(failure), b"text/html; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    headers += [(name.lower().encode(), value.encode()) for name, value in (*failure.headers, *cors(settings).items())]
    return (
        {"type": "http.response.start", "status": failure.status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


def address_too_long() -> Failure:
    return Failure(414, f"the address is longer than {LONGEST_ADDRESS} bytes", "send it by POST")


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.hosts = tuple(host.lower() for host in settings.hosts)
        if settings.allow_update and not self.hosts:
            # a page elsewhere may point its own name at this machine
            self.hosts = settings.extra_hosts

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        html = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
        started = finished = False

        async def guarded(message: dict[str, Any]) -> None:
            nonlocal started, finished
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *EVERYWHERE]
                if any(n == b"content-type" and v.startswith(b"text/html") for n, v in message["headers"]):
                    policy = _EDITOR_POLICY if b"x-mesokg-editor" in present else CONTENT_SECURITY_POLICY
                    message["headers"].append((b"content-security-policy", policy.encode()))
            elif not message.get("more_body", False):
                finished = True
            await send(message)

        try:
            self._check(scope, headers)
            await self.app(scope, receive, guarded)
        except Failure as failure:
            if started:
                raise
            failure_start, failure_body = failure_messages(failure, self.settings, html=html)
            await guarded(failure_start)
            await guarded({**failure_body, "body": b"" if scope["method"] == "HEAD" else failure_body["body"]})
        except (ConnectionError, OSError):
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            if finished:
                return
            if started:
                raise
            failure = Failure(500, "the server failed for a reason it did not foresee", "tell the maintainers which request it was")
            failure_start, failure_body = failure_messages(failure, self.settings, html=html)
            await guarded(failure_start)
            await guarded(failure_body)

    def _check(self, scope: dict[str, Any], headers: dict[bytes, bytes]) -> None:
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
            raise address_too_long()
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:
            raise Failure(400, "the request names more than one host", "send one Host header")
        host = headers.get(b"host", b"").decode("latin-1").lower()
        # what a client writes as its host ends up in pages, RDF and addresses, so it must look like one
        if host and not _HOST.fullmatch(host):
            raise Failure(400, "the Host header names no host", "send the name of this server")
        if self.hosts and "*" not in self.hosts:
            name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
            if host not in self.hosts and name not in self.hosts:
                raise Failure(421, "this server does not answer for the host of the request", "use the address it was given")
