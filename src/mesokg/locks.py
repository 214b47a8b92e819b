"""One build of a folder at a time: what a second process that wants the same folder waits for."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["build_lock"]


def build_lock(out: Path) -> BaseFileLock:
    """The lock of the build folder ``out``: for ``with``, and again inside by the same thread.

    Its file lies in the user's cache, not beside the build, so that nothing is left where people look.
    """
    from filelock import FileLock
    from platformdirs import user_cache_path

    name = hashlib.sha256(str(out.absolute()).encode()).hexdigest()[:16] + ".lock"
    folder = user_cache_path("mesokg", appauthor=False) / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    except OSError:
        # a home that cannot be written
        folder = Path(tempfile.gettempdir())
    return FileLock(folder / name, is_singleton=True)
