"""Finds ontology, tables, shapes and queries: in a checkout first, then in the installed wheel."""

from __future__ import annotations

from pathlib import Path

from mesokg.errors import ResourceError

__all__ = ["FOLDERS", "checkout", "folder"]

_PACKAGE = Path(__file__).resolve().parent
FOLDERS = ("ontology", "data", "shapes", "queries")


def checkout() -> Path | None:
    """The root of the source tree this package runs from, or None when it was installed from a wheel.

    A checkout comes first because editable installs leave out the files that a wheel carries.
    """
    root = _PACKAGE.parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "ontology").is_dir() else None


def folder(name: str) -> Path:
    """The folder ``ontology``, ``data``, ``shapes`` or ``queries``.

    Raises ResourceError if it is neither in a checkout nor in the wheel.
    """
    root = checkout()
    path = root / name if root else _PACKAGE / "resources" / name
    if not path.is_dir():
        raise ResourceError(f"the folder {name}/ is missing at {path}; install mesokg again or work in a full checkout")
    return path
