"""Studies out of files: an API page, a single study, the website's JSON list, one study a line, a folder, gzip.

A file is read as a stream, study by study, so its size does not matter. Other vintages and formats are refused by
name, and the rest of a folder is read all the same.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from mesokg.errors import Problem, ResourceError
from mesokg.registries.faults import Refused, fault

__all__ = ["DAMAGED", "JsonStream", "kind_of", "read_raw_studies", "read_whole", "record_files"]

DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
"""What unpacking a damaged gzip file raises."""

_CHUNK = 1 << 18
MAX_RECORD = 256 * 2**20
"""Characters of one study; a record of 60 MB has been seen, none near this."""

_VINTAGES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r'^\s*[\[{]\s*"?(FullStudiesResponse|StudyFieldsResponse|FullStudies?|StudyFields)\b'), "old API (v1) JSON", "fetch the study again from API v2"),
    (re.compile(r'^\s*\[?\s*\{\s*"(Study|ProtocolSection|Rank)"'), "old API (v1) JSON", "fetch the study again from API v2"),
    (re.compile(r"<clinical_study\b|<search_results\b|clinicaltrials\.gov/ct2/html/images/info/public"), "legacy XML of ClinicalTrials.gov", "fetch the study again as JSON from API v2"),
    (re.compile(r"<PubmedArticleSet\b|<!DOCTYPE PubmedArticleSet"), "PubMed XML", "read it with --source pubmed"),
    (re.compile(r'"esearchresult"\s*:'), "list of PMIDs", "give the articles themselves, as XML of efetch"),
    (re.compile(r'^\s*\{\s*"resourceType"'), "FHIR JSON", "download the study as JSON, not FHIR"),
    (re.compile(r"^\ufeff?\"?NCT Number\b|^nctId,"), "CSV download", "download the studies as JSON"),
    (re.compile(r"^(openapi|swagger):"), "description of the API, no study", "give pages or studies"),
    (re.compile(r"^PK\x03\x04"), "zip archive", "unpack it first"),
    (re.compile(r"^\s*<"), "XML or HTML", "give JSON of API v2"),
)

_RDF = frozenset({".ttl", ".nt", ".owl", ".rdf"})
_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".gz", ".xml", ".csv", ".yaml", ".yml", ".zip", ".txt"}) | _RDF


def record_files(path: Path) -> list[Path]:
    """The files of a folder and below in order of path, or the one file.

    Raises ResourceError where there is nothing.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ResourceError(f"{path} does not exist; give a file or folder of records with --from")
    found = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in _SUFFIXES and not p.name.startswith("."))
    if not found:
        raise ResourceError(f"{path} holds no records; give a folder with .json files")
    return found


class JsonStream:
    """Values of a JSON text one after another, without holding the whole text."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._decode = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._ended = False

    def _more(self, size: int = _CHUNK) -> bool:
        if self._ended:
            return False
        part = self._file.read(size)
        if not part:
            self._ended = True
            return False
        self._text = self._text[self._at :] + part
        self._at = 0
        return True

    def peek(self) -> str:
        """The next character that is not white space, or nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n\ufeff":
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, expected: str) -> None:
        """Step over one character; ValueError where another one stands."""
        found = self.peek()
        if found != expected or not found:
            raise ValueError(f"expected {expected!r}, found {found!r}" if found else f"expected {expected!r}, the text ends")
        self._at += 1

    def value(self) -> Any:
        """The next whole value. ValueError where it is malformed, cut off, or too large."""
        self.peek()
        size = _CHUNK
        while True:
            try:
                found, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # An error well before the end of what was read is no matter of reading on.
                cut = error.pos >= len(self._text) - 16 or error.msg.startswith("Unterminated string")
                if not cut or not self._more(size):
                    words = "the text ends inside a value" if cut else f"{error.msg} at character {error.pos - self._at} of the record"
                    raise ValueError(words) from error
            except RecursionError as error:
                raise ValueError("nested too deeply") from error
            else:
                # A number at the end of what was read may go on.
                if end < len(self._text) or isinstance(found, (dict, list, str)) or not self._more(size):
                    self._at = end
                    return found
            if len(self._text) - self._at > MAX_RECORD:
                raise ValueError(f"a record larger than {MAX_RECORD:,} characters")
            size = min(size * 2, 1 << 24)

    def items(self) -> Iterator[Any]:
        """The values of an array, one by one."""
        self.take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.peek() == ",":
                self._at += 1
                continue
            self.take("]")
            return


def _studies(stream: JsonStream, head: str) -> Iterator[Any]:
    """The studies of a text, whichever of our four forms it has."""
    if stream.peek() == "[":
        yield from stream.items()
        return
    if not re.match(r'\s*\{\s*"(studies|totalCount|nextPageToken)"', head):
        while stream.peek():
            yield stream.value()
        return
    while stream.peek() == "{":  # one page, or pages one after another
        stream.take("{")
        listed = False
        while stream.peek() != "}":
            key = stream.value()
            stream.take(":")
            if key == "studies":
                if stream.peek() != "[":
                    raise Refused("page whose studies are no list: refused; fetch the page again")
                listed = True
                yield from stream.items()
            else:
                stream.value()
            if stream.peek() == ",":
                stream.take(",")
        stream.take("}")
        if not listed:
            raise Refused("page without studies: refused; fetch the page again")


def kind_of(path: Path) -> str:
    """What a file holds by its beginning: ``pubmed``, ``terms``, or ``ctgov`` for all else, which its reader judges."""
    if path.suffix.lower() in _RDF:
        return "terms"
    try:
        with _open(path) as file:
            head = file.read(4000)
    except (OSError, *DAMAGED, UnicodeDecodeError):
        return _by_name(path)
    if re.search(r"<PubmedArticleSet\b|<!DOCTYPE PubmedArticleSet|\"resultList\"\s*:", head):
        return "pubmed"
    if re.search(r'"_embedded"\s*:|"responseHeader"\s*:|"response"\s*:\s*\{|"Cellosaurus"\s*:|"primaryAccession"\s*:|"uids"\s*:|id\.nlm\.nih\.gov/mesh/', head):
        return "terms"
    return "ctgov"


def _by_name(path: Path) -> str:
    """Who says what is wrong with a file that cannot be read: by its ending, since nothing else is known of it."""
    return "pubmed" if ".xml" in path.suffixes else "ctgov"


def read_whole(path: Path, problems: list[Problem]) -> bytes | None:
    """The bytes of a file, unpacked where it is gzip; None, with a problem, where it cannot be read."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except DAMAGED as error:
        problems.append(fault(path.name, "damaged gzip", str(error), f"nothing of it was read; fetch {path} again"))
    except OSError as error:
        problems.append(fault(path.name, "unreadable file", error.strerror or str(error), f"check that {path} may be read"))
    return None


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """The text of a file, unpacked where it is gzip, whatever its name."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if packed:
            with gzip.open(raw, "rb") as binary, io.TextIOWrapper(binary, encoding="utf-8") as file:
                yield file
        else:
            with io.TextIOWrapper(raw, encoding="utf-8") as file:
                yield file


def _refuse_vintage(head: str) -> None:
    for pattern, name, fix in _VINTAGES:
        if pattern.search(head[:4000]):
            raise Refused(f"{name}: refused; {fix}")


def _read_file(path: Path) -> Iterator[Any]:
    with _open(path) as file:
        head = file.read(4000)
        _refuse_vintage(head)
        if not head.strip():
            raise Refused("empty file: refused; fetch it again")
        if head.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
            raise Refused("not JSON: refused; give pages or studies of API v2")
        stream = JsonStream(file)
        stream._text = head
        yield from _studies(stream, head)


def read_raw_studies(path: Path | list[Path], problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """The studies of a file, a folder or a list of files as (place, JSON value), as a stream.

    A file that is refused, damaged or cut off becomes a problem; the studies before the damage are kept.
    """
    for file in path if isinstance(path, list) else record_files(path):
        place = file.name
        number = 0
        try:
            for study in _read_file(file):
                number += 1
                yield f"{place}#{number}", study
        except Refused as error:
            rule, _, fix = str(error).partition(": refused; ")
            problems.append(fault(place, "refused", rule, fix))
        except DAMAGED as error:
            problems.append(fault(place, "damaged gzip", str(error), f"{number} studies before it were read; fetch {file} again"))
        except UnicodeDecodeError as error:
            problems.append(fault(place, "not UTF-8", f"byte {error.start}", f"{number} studies before it were read; save it as UTF-8"))
        except ValueError as error:
            problems.append(fault(place, "malformed JSON", str(error), f"{number} studies before it were read; fetch the file again"))
        except OSError as error:
            problems.append(fault(place, "unreadable file", error.strerror or str(error), "check that it may be read"))
