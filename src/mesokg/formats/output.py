"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from mesokg.errors import ExportError

__all__ = ["Target", "make_folder", "remove_quietly", "text_output"]

Target = str | os.PathLike[str]
"""A file, or ``-`` for standard output."""


@contextmanager
def text_output(target: Target, *, newline: str = "\n") -> Iterator[TextIO]:
    """A UTF-8 file under a name beside the target, renamed at the end; standard output for ``-``.

    Raises ExportError where it cannot be written; the target then stays as it was.
    """
    if os.fspath(target) == "-":
        sys.stdout.flush()
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline=newline, closefd=False) as stream:
            yield stream
        return
    path = Path(target)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("w", encoding="utf-8", newline=newline, buffering=1 << 18) as stream:
            yield stream
        beside.replace(path)
    except OSError as error:
        raise ExportError(
            f"{path}: cannot be written: {error.strerror or error}; is the folder there, and may you write to it?"
        ) from error
    finally:
        remove_quietly(beside)


def remove_quietly(path: Path) -> None:
    """Remove what is left of a failed write, where that is allowed: the reason of the failure matters more."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def make_folder(target: Target) -> Path:
    """The folder, made where it is missing. Raises ExportError where it cannot be, and for ``-``."""
    if os.fspath(target) == "-":
        raise ExportError("this format is a folder of files and cannot go to standard output; name a folder with -o")
    path = Path(target)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{path}: the folder cannot be made: {error.strerror or error}") from error
    return path
