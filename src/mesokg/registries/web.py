"""One polite client for every registry: it names the project, keeps a rate, tries again, and gives up in words.

=====================================  =======================================================================
what the registry does                 what happens
=====================================  =======================================================================
429, 503 with ``Retry-After``          waits as told, up to ``longest_wait``; longer than that ends with the time
429 without, 500, 502, 503, 504        tries again after 1, 2, 4, … seconds
connection refused, cut in mid-body    the same
slow bytes                             the whole answer has ``deadline`` seconds, however many bytes trickle in
larger than ``max_bytes``              stops reading, refuses
redirects                              followed on the same host and never from https to http, at most ``redirects``
                                       times; others are refused
400                                    BadRequest, with the words of the registry
404                                    NotFound
other 4xx                              Refused, with the words of the registry
=====================================  =======================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

from mesokg import __version__
from mesokg.registries.cache import Cache, CachedAnswer
from mesokg.registries.faults import BadRequest, NotCached, NotFound, Refused, Unreachable
from mesokg.registries.plain import one_line

if TYPE_CHECKING:
    import httpx

__all__ = ["Client", "Policy", "may_follow", "user_agent"]

_AGAIN = frozenset({429, 500, 502, 503, 504})
_IN_HEADERS = "".join(map(chr, range(0x20, 0x7F)))
"""Printable ASCII: what is left as it is in the name of the client."""


@dataclass(frozen=True)
class Policy:
    """How polite and how patient a client is. Times in seconds."""

    interval: float = 1.0
    tries: int = 4
    timeout: float = 30.0
    deadline: float = 180.0
    longest_wait: float = 120.0
    max_bytes: int = 256 * 2**20
    redirects: int = 4


def user_agent(contact: str = "") -> str:
    """What the client calls itself. A header takes ASCII only, so other letters of the contact are percent-encoded.

    >>> user_agent("curator@example.org").partition(" ")[2]
    '(+https://w3id.org/mesokg; curator@example.org)'
    """
    written = quote(contact, safe=_IN_HEADERS, errors="replace")
    return f"mesokg/{__version__} (+https://w3id.org/mesokg{'; ' + written if written else ''})"


def may_follow(url: str, target: str) -> bool:
    """Whether a redirect stays where it was asked to go: on the same host and port, and on https where it was.

    >>> may_follow("https://a.org/x", "https://a.org/y"), may_follow("https://a.org/x", "http://a.org/x")
    (True, False)
    """
    before, after = urlsplit(url), urlsplit(target)
    if after.scheme not in ("http", "https") or after.hostname != before.hostname or after.username or after.password:
        return False
    ports = [part.port or {"http": 80, "https": 443}[part.scheme] for part in (before, after)]
    upgraded = (before.scheme, after.scheme, *ports) == ("http", "https", 80, 443)
    return upgraded or (before.scheme == after.scheme and ports[0] == ports[1])


class Client:
    """Answers of one registry, from the cache where they are fresh, else from the network.

    ``offline`` takes kept answers of any age and never opens a connection. ``accept`` is the form of answer asked for,
    which HGNC goes by. ``sleep`` and ``clock`` are there for tests.
    """

    def __init__(
        self,
        registry: str,
        base: str,
        *,
        cache: Cache,
        contact: str = "",
        offline: bool = False,
        policy: Policy = Policy(),
        accept: str = "*/*",
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.registry = registry
        self.base = base.rstrip("/")
        self.cache = cache
        self.contact = contact
        self.offline = offline
        self.policy = policy
        self.accept = accept
        self.sleep = sleep
        self.clock = clock
        self.say = say
        self.asked = 0
        self._last: float | None = None
        self._http: httpx.Client | None = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self, path: str, parameters: Mapping[str, str] | None = None, *, check: Callable[[bytes], object] | None = None
    ) -> CachedAnswer:
        """The answer to one request. ``check`` may refuse a body with ValueError, which is tried again once.

        Raises NotFound, Refused, Unreachable or NotCached.
        """
        url = self._address(path, parameters)
        kept = self.cache.get(self.registry, url, any_age=self.offline)
        if kept is not None:
            return kept
        if self.offline:
            raise NotCached(f"{url}: offline, and no earlier answer is kept; run once without --offline")
        body, final = self._fetch(url, check)
        return self.cache.put(self.registry, url, body, final_url=final)

    def forget(self, path: str, parameters: Mapping[str, str] | None = None) -> None:
        """Drop the kept answer to one request, so that it is asked again."""
        self.cache.forget(self.registry, self._address(path, parameters))

    def _address(self, path: str, parameters: Mapping[str, str] | None) -> str:
        return self.base + path + ("?" + urlencode(sorted(parameters.items()), errors="replace") if parameters else "")

    # -- the network

    def _fetch(self, url: str, check: Callable[[bytes], object] | None) -> tuple[bytes, str]:
        wrong = ""
        malformed = 0
        for attempt in range(self.policy.tries):
            if attempt:
                self.say(one_line(f"{self.registry}: {wrong}; try {attempt + 1} of {self.policy.tries}"))
            outcome = self._try(url)
            if isinstance(outcome, tuple):
                body, final = outcome
                if check is None:
                    return outcome
                try:
                    check(body)
                except ValueError as error:
                    malformed += 1
                    wrong = f"malformed answer: {error}"
                    if malformed > 1:
                        raise Refused(f"{url}: {wrong}, twice") from error
                    self.sleep(1.0)
                    continue
                return body, final
            wrong, wait = outcome.reason, outcome.wait
            if attempt + 1 < self.policy.tries:
                self.sleep(2.0**attempt if wait is None else wait)
        raise Unreachable(f"{url}: {wrong}, after {self.policy.tries} tries")

    def _try(self, url: str) -> tuple[bytes, str] | _Again:
        import httpx

        if self._http is None:
            self._http = httpx.Client(
                headers={"User-Agent": user_agent(self.contact), "Accept": self.accept},
                timeout=self.policy.timeout,
                follow_redirects=False,
                trust_env=True,
            )
        current = url
        begun = self.clock()
        for _ in range(self.policy.redirects + 1):
            self._pause()
            try:
                with self._http.stream("GET", current) as answer:
                    if answer.is_redirect:
                        target = urljoin(current, answer.headers.get("location", ""))
                        if not may_follow(current, target):
                            raise Refused(f"{url}: redirected to {target}, which is another host or no longer https; check the address of the registry")
                        current = target
                        continue
                    if answer.status_code in _AGAIN:
                        return self._again(answer, url)
                    if answer.status_code == 404:
                        raise NotFound(f"{url}: not found")
                    if answer.status_code >= 400:
                        words = self._read(answer, begun, limit=2000).decode("utf-8", "replace").strip()
                        refusal = BadRequest if answer.status_code == 400 else Refused
                        raise refusal(f"{url}: {answer.status_code} {answer.reason_phrase}: {words[:200]}")
                    return self._read(answer, begun), current
            except httpx.TimeoutException:
                return _Again("no answer in time")
            except httpx.TransportError as error:
                return _Again(f"connection failed: {error or type(error).__name__}")
            except httpx.DecodingError as error:
                return _Again(f"the compressed answer is damaged: {error}")
            except _TooSlow:
                return _Again(f"too slow: not whole after {self.policy.deadline:g} s")
            except httpx.InvalidURL as error:
                raise Refused(f"{current}: not an address: {error}") from error
        raise Refused(f"{url}: more than {self.policy.redirects} redirects, the last to {current}; check the address")

    def _pause(self) -> None:
        if self._last is not None:
            wait = self._last + self.policy.interval - self.clock()
            if wait > 0:
                self.sleep(wait)
        self._last = self.clock()
        self.asked += 1

    def _read(self, answer: httpx.Response, begun: float, *, limit: int | None = None) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in answer.iter_bytes():
            size += len(part)
            parts.append(part)
            if limit is not None and size >= limit:
                break
            if size > self.policy.max_bytes:
                raise Refused(f"{answer.url}: larger than {self.policy.max_bytes:,} bytes; raise max_bytes if that is expected")
            if self.clock() - begun > self.policy.deadline:
                raise _TooSlow
        return b"".join(parts)

    def _again(self, answer: httpx.Response, url: str) -> _Again:
        wait = _retry_after(answer.headers.get("retry-after"))
        reason = f"{answer.status_code} {answer.reason_phrase}"
        if wait is not None and wait > self.policy.longest_wait:
            raise Unreachable(f"{url}: {reason}: the registry asks to wait {wait:,.0f} s")
        return _Again(reason, wait)


@dataclass(frozen=True)
class _Again:
    reason: str
    wait: float | None = None


class _TooSlow(Exception):
    pass


def _retry_after(text: str | None) -> float | None:
    """Seconds to wait, from a number or an HTTP date; None where the header is absent or not understood."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
