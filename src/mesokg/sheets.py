"""Reads and writes the files ``data/*.tsv`` as text: header and lines of cells, checked for form only."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from mesokg.beside import write_beside
from mesokg.errors import Problem, ResourceError, TableError
from mesokg.resources import folder

__all__ = ["Sheet", "read_sheets", "write_sheet"]

# with what is invisible or turns the direction of writing: two such names look alike and differ
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Sheet:
    """A table as text: header and rows of equal length, with the line number of each row (header = 1)."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    lost: tuple[str, ...] = ()
    """The first cells of lines that could not be split into cells."""

    @property
    def file(self) -> str:
        return f"data/{self.name}.tsv"


def _read_sheet(path: Path, problems: list[Problem]) -> Sheet | None:
    file = f"data/{path.name}"

    def report(line: int, column: str, rule: str, value: str, fix: str) -> None:
        problems.append(Problem(file, line, column, rule, value, fix))

    try:
        raw = path.read_bytes()
    except OSError as error:
        report(0, "", "unreadable file", error.strerror or str(error), "check that the file exists and may be read")
        return None
    # spreadsheets call it Unicode text; read as UTF-8, every cell of it would be a problem
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw[:2]:
        report(1, "", "not UTF-8", "UTF-16", "save the file as UTF-8")
        return None
    if raw.startswith(codecs.BOM_UTF8):
        report(1, "", "byte order mark", "U+FEFF", "save the file as UTF-8 without a byte order mark")
        raw = raw.removeprefix(codecs.BOM_UTF8)
    if not raw.strip():
        report(0, "", "empty file", "", "write a header line, or remove the file")
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        report(line, "", "not UTF-8", repr(raw[error.start : error.end]), "save the file as UTF-8")
        # read on, so that one wrong byte does not hide the other problems or make every reference to this table one
        text = raw.decode("utf-8", errors="replace")
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        report(line, "", "carriage return", "", "save the file with LF line ends")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.endswith("\n"):
        report(text.count("\n") + 1, "", "no line end at the end of the file", "", "end the last line with a line feed")
    lines = text.removesuffix("\n").split("\n")
    header = tuple(lines[0].split("\t"))
    found: list[tuple[int, tuple[str, ...]]] = []
    lost: list[str] = []
    for number, line_text in enumerate(lines, start=1):
        if bad := _CONTROL.search(line_text):
            report(number, "", "control character", f"U+{ord(bad[0]):04X}", "take it out")
        if number == 1:
            continue
        cells = tuple(line_text.split("\t"))
        if not line_text.strip():
            report(number, "", "empty line", "", "remove the line")
        elif len(cells) != len(header):
            fix = f"the header has {len(header)} cells; a cell may hold no tab"
            report(number, "", "wrong number of cells", str(len(cells)), fix)
            lost.append(cells[0])
        else:
            found.append((number, cells))
    for column in sorted({c for c in header if header.count(c) > 1}):
        report(1, column, "column given twice", column, "keep one of them")
    return Sheet(path.stem, header, tuple(found), tuple(lost))


def read_sheets(data: Path | None = None, *, problems: list[Problem] | None = None) -> list[Sheet]:
    """Read every ``*.tsv`` of the folder as text, in order of name.

    Problems of form are appended to ``problems`` if given, else raised as one TableError.
    Raises ResourceError if the folder is missing or holds no table.
    """
    data = data or folder("data")
    if not data.is_dir():
        raise ResourceError(f"the data folder {data} does not exist; give a folder of .tsv tables with --data")
    try:
        paths = sorted(path for path in data.iterdir() if path.suffix.lower() == ".tsv" and not path.name.startswith("."))
    except OSError as error:
        raise ResourceError(f"the data folder {data} cannot be read: {error.strerror or error}") from error
    if not paths:
        raise ResourceError(f"the data folder {data} holds no .tsv table; see docs/tables.md for the tables")
    gathered: list[Problem] = [] if problems is None else problems
    for path in (path for path in paths if path.suffix != ".tsv"):
        gathered.append(Problem(f"data/{path.name}", 0, "", "ending in capitals", path.suffix, "rename the file to end with .tsv"))
    sheets = [sheet for path in paths if path.suffix == ".tsv" and (sheet := _read_sheet(path, gathered))]
    if problems is None and gathered:
        raise TableError(gathered)
    return sheets


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write a sheet as UTF-8 with LF, beside the target first and then in its place."""
    text = "".join("\t".join(cells) + "\n" for cells in (sheet.header, *(cells for _, cells in sheet.rows)))
    write_beside(path, text)
