"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOBase
from pathlib import Path
from typing import TextIO

from mesokg.errors import ExportError

__all__ = ["Target", "make_folder", "remove_quietly", "text_output"]

Target = str | os.PathLike[str]
"""A file, or ``-`` for standard output."""


def _is_special(path: Path) -> bool:
    with _explained(path):
        return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def text_output(target: Target | TextIO, *, newline: str = "\n") -> Iterator[TextIO]:
    """A UTF-8 file under a name beside the target, renamed at the end; standard output for ``-``; an open stream as it is.

    A link is followed, a pipe or device written to. Raises ExportError where it cannot be written; a file of the name
    then stays as it was.
    """
    if isinstance(target, TextIOBase):
        yield target
        return
    if os.fspath(target) == "-":
        with _explained("standard output"):
            sys.stdout.flush()
            with open(sys.stdout.fileno(), "w", encoding="utf-8", newline=newline, closefd=False) as stream:
                yield stream
        return
    path = Path(target)
    special = _is_special(path)
    with _explained(path):
        if path.is_dir():
            raise ExportError(f"{path}: cannot be written: it is a folder and this format is one file; name a file in it, such as {path / 'network'}")
        if path.is_symlink() and not special:
            path = Path(os.path.realpath(path))
    if special:
        # a pipe or a device is written to, never replaced by a file
        with _explained(path), path.open("w", encoding="utf-8", newline=newline) as stream:
            yield stream
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with _explained(path):
            with beside.open("w", encoding="utf-8", newline=newline, buffering=1 << 18) as stream:
                yield stream
            beside.replace(path)
    finally:
        remove_quietly(beside)


@contextmanager
def _explained(path: Path | str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read has read enough: no fault of ours
    except OSError as error:
        hint = "; is the folder there, and may you write to it?" if isinstance(error, _PLACE) else ""
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}{hint}") from error


_PLACE = (FileNotFoundError, NotADirectoryError, PermissionError)


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
    except FileExistsError as error:
        raise ExportError(f"{path}: the folder cannot be made: a file of this name is there, and this format is a folder of files; name another") from error
    except OSError as error:
        raise ExportError(f"{path}: the folder cannot be made: {error.strerror or error}") from error
    return path
