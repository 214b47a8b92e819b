"""Lets two folders change places in one step, where the system can do that."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["exchange"]

_HERE = -100
"""AT_FDCWD: paths are seen from the working folder, as everywhere."""
_EXCHANGE = 2
"""RENAME_EXCHANGE of Linux, and RENAME_SWAP of macOS: both are 2."""


def exchange(one: Path, other: Path) -> bool:
    """Let two paths of one file system each name what the other named, with no moment in between; false where that cannot be done.

    Python has no call for it: Linux has renameat2(2), macOS renamex_np(2). Where neither is there (Windows, other C
    libraries), or the file system refuses (NFS), nothing is changed, and the caller has to go another way.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     new, old = Path(folder, "new"), Path(folder, "old")
    ...     new.mkdir(); old.mkdir(); (new / "n").touch()
    ...     exchanged = exchange(new, old)
    ...     (old / "n").exists() is exchanged, new.is_dir()
    (True, True)
    """
    if sys.platform not in ("linux", "darwin"):
        return False
    import ctypes

    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            arguments = (library.renameat2, _HERE, os.fsencode(one), _HERE, os.fsencode(other))
        else:
            arguments = (library.renamex_np, os.fsencode(one), os.fsencode(other))
    except (OSError, AttributeError):
        return False
    # whoever watches what a process moves (PEP 578) sees this too
    sys.audit("os.rename", str(one), str(other), -1, -1)
    call, *paths = arguments
    return call(*paths, ctypes.c_uint(_EXCHANGE)) == 0
