"""The files of the front end that lie in the package, read once."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

__all__ = ["MEDIA", "asset", "has_bundle"]

FOLDER = Path(__file__).parent / "static"
MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".ttf": "font/ttf", ".txt": "text/plain; charset=utf-8"}


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    # only what is found here can be asked for, so no path can lead outside
    return {p.relative_to(FOLDER).as_posix(): p for p in sorted(FOLDER.rglob("*")) if p.is_file() and p.suffix in MEDIA}


@lru_cache(maxsize=64)
def asset(name: str) -> tuple[bytes, bytes, str, str] | None:
    """Bytes, the same gzipped, media type and ETag of the bytes of a file, None where there is none."""
    path = _files().get(name)
    if path is None:
        return None
    data = path.read_bytes()
    return data, gzip.compress(data, 9, mtime=0), MEDIA[path.suffix], '"' + hashlib.sha256(data).hexdigest()[:20] + '"'


@lru_cache(maxsize=8)
def has_bundle(name: str) -> bool:
    """Whether the front end was bundled when this package was built."""
    return f"bundle/{name}" in _files()
