"""The compressed N-Quads of a build: the file that queries load, whole or without the statements that they do not ask of.

The assertions are four fifths of the graph, and a query asks of a few of their sixteen properties only; of the metadata
hardly any query asks. So the file has one gzip member for all else, and one for each property of assertions and for each of
metadata; any tool that reads gzip reads them as one text.
Each member names its property and its own size, as RFC 1952 allows, so that a reader can pass over it.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Container, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.collector import paused_collector
from mesokg.identifiers import GRAPHS, PREFIXES, term

if TYPE_CHECKING:
    from pyoxigraph import Quad

__all__ = ["asked_of", "pack_apart", "read_packed", "write_packed"]

_TYPE = PREFIXES["rdf"] + "type"
_ABOUT = term("predicate")
_PAIR = re.compile(rb"^(\S+) \S+ (<[^>]*[/#]([^/#>]+)>)", re.MULTILINE)
"""Subject of a line of N-Quads, its object, and the object's name without prefix."""
_NAME = re.compile(r"[:/#](\w+)")
_APART = ("evidence", "metadata")
_LEVEL = 1
"""Level 6 would save a fifth of the size and take three times as long."""
_HEAD = struct.Struct("<4BIBBH2sHI")
"""Magic number, deflate, flags, time, compression, system; then the extra field: its length, tag, length and the size of the member."""
_FIXED = (0x1F, 0x8B, 8, 0x04 | 0x08, 0, 0, 255, 8, b"mk", 4)


def _member(name: str, quads: Iterable[Quad]) -> bytes:
    from pyoxigraph import RdfFormat, serialize

    text = serialize(quads, format=RdfFormat.N_QUADS)
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = name.encode("latin-1") + b"\0" + deflate.compress(text) + deflate.flush() + struct.pack("<II", zlib.crc32(text), len(text) & 0xFFFFFFFF)
    return _HEAD.pack(*_FIXED, _HEAD.size + len(body)) + body


@paused_collector()
def pack_apart(quads: Iterable[Quad]) -> bytes:
    """The quads in a member for each property, in the order of the properties' names."""

    def predicate(quad: Quad) -> str:
        return quad.predicate.value

    return b"".join(_member(iri, found) for iri, found in groupby(sorted(quads, key=predicate), predicate))


@paused_collector()
def write_packed(by_graph: Mapping[str, Iterable[Quad]], path: Path, *, evidence: bytes | None = None) -> None:
    """Write the quads of each named graph, by the graph's short name, compressed and without a time stamp.

    ``evidence`` is that graph where :func:`pack_apart` was given it before.
    """
    others = (quad for name in GRAPHS if name not in _APART for quad in by_graph.get(name, ()))
    packed = [_member("", others)]
    for name in _APART:
        packed.append(evidence if evidence is not None and name == "evidence" else pack_apart(by_graph.get(name, ())))
    path.write_bytes(b"".join(packed))


def asked_of(sparql: str) -> set[str]:
    """The names without prefix that a query mentions: its properties are among them, unless it asks for any property.

    >>> sorted(asked_of("SELECT ?o { ?a mesokg:object ?o ; <https://w3id.org/mesokg/ontology/rank> ?r }"))
    ['mesokg', 'object', 'ontology', 'rank', 'w3id']
    """
    return set(_NAME.findall(sparql))


def read_packed(path: Path, names: set[str] | None = None, *, named: bool = False, only: tuple[str, str] | None = None) -> bytes:
    """The N-Quads of a file; with ``names``, of assertions and metadata only the quads with a class or a property so called.

    With ``named`` there are also none of an assertion about another property: ``phase`` keeps those about phases.
    With ``only``, the IRIs of a property and of a thing, there are none of an assertion with another value of that property.
    A file that was compressed by something else is read whole. Raises OSError, EOFError or zlib.error where the file
    cannot be read.
    """
    packed = path.read_bytes()
    if not packed:
        raise EOFError("the file is empty")
    if names is None:
        return gzip.decompress(packed)
    kept: list[tuple[str, bytes]] = []
    telling = {_ABOUT: b""} if named else {}
    if only:
        telling[only[0]] = b""
    start = 0
    while start < len(packed):
        head = packed[start : start + _HEAD.size]
        *fixed, size = _HEAD.unpack(head) if len(head) == _HEAD.size else (None, 0)
        if tuple(fixed) != _FIXED or size <= _HEAD.size:
            return gzip.decompress(packed)
        if start + size > len(packed):
            raise EOFError("the file is cut off")
        begin = start + _HEAD.size
        iri = packed[begin : packed.find(b"\0", begin)].decode("latin-1")
        wanted = iri in ("", _TYPE) or re.split("[/#]", iri)[-1] in names
        if wanted or iri in telling:
            text = zlib.decompress(packed[start : start + size], wbits=zlib.MAX_WBITS | 16)
            if wanted:
                kept.append((iri, text))
            if iri in telling:
                telling[iri] += text
        start += size
    others = {subject for subject, _, property_ in _PAIR.findall(telling[_ABOUT]) if property_.decode() not in names} if named else set()
    if only:
        asked = f"<{only[1]}>".encode()
        others |= {subject for subject, value, _ in _PAIR.findall(telling[only[0]]) if value != asked}
    # no assertion stands in the member without name
    return b"".join(_without(others, text) if others and iri else text for iri, text in kept)


def _without(subjects: Container[bytes], text: bytes) -> bytes:
    return b"".join(line for line in text.splitlines(keepends=True) if line.partition(b" ")[0] not in subjects)
