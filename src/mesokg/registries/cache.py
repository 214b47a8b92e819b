"""Answers of registries on disk, each with the day it was fetched, and every version of a study record.

A file is written beside its name and then renamed, so a stop at any moment leaves no half answer. A search that
stopped half way goes on where it stopped, since the pages before are here.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mesokg.beside import write_beside
from mesokg.errors import ExportError

__all__ = ["Cache", "CachedAnswer", "default_cache"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True)
class CachedAnswer:
    """The body of an answer, the address it came from, and the day it was fetched."""

    body: bytes
    url: str
    fetched: date


def default_cache() -> Path:
    """The user's cache folder for registry answers."""
    from platformdirs import user_cache_path

    return user_cache_path("mesokg", appauthor=False) / "registries"


class Cache:
    """A folder of answers. ``max_age`` in days is how old an answer may be; None takes any age."""

    def __init__(self, root: Path, *, max_age: int | None = 1, today: date | None = None) -> None:
        self.root = root
        self.max_age = max_age
        self.today = today or date.today()

    def _path(self, registry: str, url: str) -> Path:
        digest = hashlib.sha256(url.encode()).hexdigest()
        return self.root / registry / "answers" / digest[:2] / f"{digest}.gz"

    def get(self, registry: str, url: str, *, any_age: bool = False) -> CachedAnswer | None:
        """The kept answer, or None where there is none, it is too old, or its file is damaged."""
        try:
            with gzip.open(self._path(registry, url), "rb") as file:
                head = json.loads(file.readline())
                body = file.read()
            answer = CachedAnswer(body, str(head["url"]), date.fromisoformat(head["fetched"]))
            if len(body) != head["bytes"]:
                return None
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            return None
        if not any_age and self.max_age is not None and (self.today - answer.fetched).days > self.max_age:
            return None
        return answer

    def put(self, registry: str, url: str, body: bytes, *, final_url: str = "") -> CachedAnswer:
        """Keep an answer under the address that was asked for."""
        answer = CachedAnswer(body, final_url or url, self.today)
        head = json.dumps({"url": answer.url, "fetched": answer.fetched.isoformat(), "bytes": len(body)})
        _write(self._path(registry, url), head.encode() + b"\n" + body)
        return answer

    def forget(self, registry: str, url: str) -> None:
        """Drop a kept answer that turned out to be of no use."""
        with suppress(OSError):
            self._path(registry, url).unlink(missing_ok=True)

    def keep_version(self, registry: str, identifier: str, version: str, record: object) -> None:
        """Keep one version of a record, named by its version date; a known version is left alone."""
        if not (_NAME.fullmatch(identifier) and _NAME.fullmatch(version or "undated")):
            return
        path = self.root / registry / "versions" / identifier / f"{version or 'undated'}.json.gz"
        if not path.exists():
            _write(path, json.dumps(record, separators=(",", ":")).encode())

    def versions(self, registry: str, identifier: str) -> list[object]:
        """All kept versions of a record, oldest first; damaged files are passed over."""
        found: list[object] = []
        if not _NAME.fullmatch(identifier):
            return found
        for path in sorted((self.root / registry / "versions" / identifier).glob("*.json.gz")):
            try:
                found.append(json.loads(gzip.decompress(path.read_bytes())))
            except (OSError, EOFError, zlib.error, ValueError):
                continue
        return found


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{path.parent}: the cache cannot be written: {error.strerror or error}; name another with --cache") from error
    write_beside(path, gzip.compress(content, compresslevel=5, mtime=0))
