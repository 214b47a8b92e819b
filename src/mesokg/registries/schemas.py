"""Schemas that are one RDF file and no registry: the Biolink Model and FaBiO. Each of their terms becomes a record."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem
from mesokg.identifiers import PREFIXES
from mesokg.registries.authorities import TermRecord
from mesokg.registries.faults import fault

if TYPE_CHECKING:
    from pyoxigraph import Literal

__all__ = ["SCHEMAS", "SUFFIXES", "read_schema", "read_schema_file"]

SCHEMAS = {"biolink": "Biolink Model", "fabio": "FaBiO"}
"""Prefixes of the schemas that are read, each with the name of the schema."""

_NAMESPACES = {PREFIXES["biolink"]: "biolink", "http://purl.org/spar/fabio/": "fabio"}

SUFFIXES = {".ttl": "TURTLE", ".nt": "N_TRIPLES", ".owl": "RDF_XML", ".rdf": "RDF_XML"}
"""Endings of their files, each with the name of its format."""

_LABELS = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")
_OTHER_NAMES = PREFIXES["skos"] + "altLabel"
_DEPRECATED = PREFIXES["owl"] + "deprecated"
_REPLACED = ("http://purl.obolibrary.org/obo/IAO_0100001", PREFIXES["dcterms"] + "isReplacedBy")
_VERSION = (PREFIXES["owl"] + "versionInfo", PREFIXES["owl"] + "versionIRI")


def read_schema_file(path: Path, problems: list[Problem]) -> Iterator[TermRecord]:
    """The terms of a file in Turtle, N-Triples or RDF/XML, as its ending says."""
    try:
        body = path.read_bytes()
    except OSError as error:
        problems.append(fault(path.name, "unreadable file", str(error), "fetch the file again"))
        return
    yield from read_schema(body, path.name, problems, SUFFIXES[path.suffix.lower()])


def read_schema(body: bytes, place: str, problems: list[Problem], form: str = "TURTLE") -> Iterator[TermRecord]:
    """The terms of a schema: label and other names in English, deprecation, replacement.

    Only terms with a prefix of ``SCHEMAS`` are given: a schema also names terms of others.
    """
    from pyoxigraph import Literal, NamedNode, RdfFormat, parse

    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    version = ""
    try:
        for triple in parse(body, getattr(RdfFormat, form)):
            subject, predicate = triple.subject, triple.predicate.value
            if not isinstance(subject, NamedNode):
                continue
            if predicate in _VERSION and (day := re.search(r"\d{4}-\d\d-\d\d", triple.object.value)):
                version = max(version, day[0])
            if isinstance(triple.object, Literal) and not _english(triple.object):
                continue
            if not isinstance(triple.object, Literal | NamedNode):
                continue
            said[subject.value][predicate].append(triple.object.value)
    except SyntaxError as error:
        problems.append(fault(place, "malformed RDF", str(error), "fetch the file again"))
        return
    found = 0
    for iri, facts in said.items():
        curie = _curie(iri)
        labels = [label for name in _LABELS for label in facts[name]]
        if not curie or not labels:
            continue
        found += 1
        yield TermRecord(
            curie=curie,
            label=labels[0],
            synonyms=(*labels[1:], *facts[_OTHER_NAMES]),
            obsolete=facts[_DEPRECATED] == ["true"],
            replaced_by=next((_curie(new) or new for name in _REPLACED for new in facts[name]), ""),
            modified=version,
            source=SCHEMAS[curie.partition(":")[0]],
        )
    if not found:
        names = " and ".join(SCHEMAS.values())
        problems.append(fault(place, "no term", "no labelled term of a schema that we use", f"RDF files of {names} are read"))


def _curie(iri: str) -> str:
    """The CURIE of a term of one of the schemas, nothing for others."""
    for space, prefix in _NAMESPACES.items():
        if iri.startswith(space) and (local := iri.removeprefix(space)).isidentifier():
            return f"{prefix}:{local}"
    return ""


def _english(text: Literal) -> bool:
    return not text.language or text.language.lower().startswith("en")
