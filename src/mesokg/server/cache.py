"""Answers kept for as long as the release lasts, bounded in bytes; the least recently used go first."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any

from mesokg.resources import folder

__all__ = ["Cache", "cacheable", "key_of"]

_CHANGING = re.compile(r"\b(now|rand|uuid|struuid|bnode)\s*(?:\(|#)", re.IGNORECASE)


def cacheable(query: str, *, calls: bool = False) -> bool:
    r"""Whether the query gives the same answer each time it is asked; where ``calls`` are allowed, not if it may call another server.

    A \u escape could hide a function's name, so a query with one is not cached.

    >>> cacheable("SELECT ?s { ?s a ?o }"), cacheable("SELECT (NOW() AS ?t) {}"), cacheable(r"SELECT (\u004eOW() AS ?t) {}")
    (True, False, False)
    >>> cacheable("ASK { SERVICE <http://e/> {} }", calls=True), cacheable("ASK {}", calls=True)
    (False, True)
    """
    lowered = query.lower()
    return "\\u" not in lowered and not (calls and "service" in lowered) and _CHANGING.search(query) is None


@lru_cache(maxsize=1)
def _program() -> str:
    """A checksum of this program and its questions."""
    found = hashlib.sha256()
    for root in (Path(__file__).parents[1], folder("queries")):
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".tsv", ".css", ".js", ".rq"):
                found.update(path.read_bytes())
    return found.hexdigest()


def key_of(*parts: str) -> bytes:
    """A key for the parts, in order, and for this program: another version of it may answer the same otherwise."""
    return hashlib.sha256("\x1f".join((_program(), *parts)).encode("utf-8", "surrogatepass")).digest()


class Cache:
    """Replies by key, no more than ``limit`` bytes of bodies in all, and none larger than an eighth of that."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._held: OrderedDict[bytes, tuple[dict[str, Any], bytes]] = OrderedDict()

    def get(self, key: bytes) -> tuple[dict[str, Any], bytes] | None:
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: bytes, reply: tuple[dict[str, Any], bytes]) -> None:
        size = len(reply[1]) + 512
        if size > self.limit // 8 or key in self._held:
            return
        self._held[key] = reply
        self.used += size
        while self.used > self.limit:
            _, (_, body) = self._held.popitem(last=False)
            self.used -= len(body) + 512

    def __len__(self) -> int:
        return len(self._held)
