"""All that is known of one thing: its names, its statements both ways, and the evidence of each.

The terminal (``mesokg show``) and the web pages share it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesokg.answers import plain
from mesokg.errors import UsageError, suggest
from mesokg.identifiers import PREFIXES, compact, expand, is_curie

if TYPE_CHECKING:
    from mesokg.store import Store

__all__ = ["ALSO_CALLED", "Description", "Evidence", "Statement", "describe", "format_description", "resolve", "resolve_property"]

ALSO_CALLED = "skos:altLabel"
"""The property of other names, which pages, ``show`` and ``explain`` tell apart from what is said of a thing."""


@dataclass(frozen=True)
class Evidence:
    """One assertion behind a statement, for people: citation, place in it, kind, rank and dates as far as known."""

    source: str
    citation: str
    locator: str
    level: str
    rank: str
    negated: bool
    as_of: str
    checked_on: str
    comment: str
    url: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement about the thing. ``inward`` statements have the thing as their object."""

    property: str
    property_label: str
    value: str
    value_label: str
    inferred: bool
    inward: bool
    evidence: tuple[Evidence, ...] = ()
    holds: bool = True


@dataclass(frozen=True)
class Description:
    """A thing with its label, types (labels), synonyms and statements.

    Each synonym is among the statements too, by ``skos:altLabel``, there with its sources.
    """

    iri: str
    label: str
    types: tuple[str, ...]
    synonyms: tuple[str, ...]
    statements: tuple[Statement, ...] = field(repr=False)

    @property
    def names(self) -> tuple[Statement, ...]:
        """The statements that give the synonyms which hold."""
        return tuple(one for one in self.statements if one.property == ALSO_CALLED and one.holds and not one.inward)


_NAMES = """
SELECT DISTINCT ?thing ?name WHERE {
  VALUES ?naming { rdfs:label skos:altLabel mesokg:symbol mesokg:acronym mesokg:registryIdentifier mesokg:pmid mesokg:doi }
  ?thing ?naming ?name .
  FILTER(ISIRI(?thing))
}"""


def resolve(text: str, store: Store) -> str:
    """The IRI of the thing that a CURIE, an IRI, a label, a synonym, a symbol or a registry number names.

    A registry number names the trial, not its record. Raises UsageError that offers the nearest names.
    """
    if text.startswith(("http://", "https://")):
        return text
    if is_curie(text) and text.partition(":")[0] in PREFIXES:
        return expand(text)
    names: dict[str, set[str]] = {}
    for thing, name in store.query(_NAMES):
        names.setdefault(name.value.casefold(), set()).add(thing.value)  # type: ignore[union-attr]
    wanted = text.removeprefix("PMID:").removeprefix("DOI:").casefold()
    found = names.get(wanted, set())
    if len(found) > 1 or (found and "record-" in next(iter(found))):
        trials = {iri.replace("/record-", "/trial-") for iri in found}
        known = {iri for things in names.values() for iri in things}
        found = trials & known if len(trials & known) == 1 else found
    if len(found) == 1:
        return found.pop()
    if found:
        raise UsageError(f"{text!r} names {len(found)} things: {', '.join(sorted(map(compact, found)))}; give the id")
    prefix, colon, _ = text.partition(":")
    if colon and is_curie(text) and prefix not in PREFIXES:
        raise UsageError(f"{prefix!r} is not a declared prefix, and nothing is called {text!r}; {suggest(prefix, PREFIXES)}")
    near = suggest(wanted, names)
    # a list of the first dozen names in the alphabet helps nobody
    hint = near if near.startswith("did you mean") else "give an id (mkg:…), a label, a symbol or a registry number"
    raise UsageError(f"nothing is called {text!r}; {hint}")


_PROPERTIES = """
SELECT ?property ?label WHERE {
  VALUES ?kind { owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty }
  ?property a ?kind
  OPTIONAL { ?property rdfs:label ?label }
}"""


def resolve_property(text: str, store: Store) -> str:
    """The IRI of the property that ``a``, a CURIE, an IRI, a label or a name without prefix stands for.

    Raises UsageError that offers the nearest names.
    """
    if text == "a":
        return PREFIXES["rdf"] + "type"
    if text.startswith(("http://", "https://")):
        return text
    if is_curie(text):
        return expand(text)
    names: dict[str, str] = {}
    for prop, label in store.query(_PROPERTIES):
        for name in (compact(prop.value).rpartition(":")[2], label.value if label else ""):  # type: ignore[union-attr]
            names.setdefault(name, prop.value)  # type: ignore[union-attr]
    if found := next((iri for name, iri in names.items() if name.casefold() == text.casefold()), ""):
        return found
    near = suggest(text, filter(None, names))
    hint = near if near.startswith("did you mean") else "give an id (mesokg:…) or the label of one"
    raise UsageError(f"there is no property {text!r}; {hint}")


_STATEMENTS = """
SELECT ?property ?propertyLabel ?value ?valueLabel ?inward ?inferred WHERE {
  { GRAPH ?graph { %(iri)s ?property ?value } BIND(false AS ?inward) FILTER(?graph != mkgg:metadata) }
  UNION
  { GRAPH ?graph { ?value ?property %(iri)s } BIND(true AS ?inward) FILTER(?graph NOT IN (mkgg:evidence, mkgg:metadata)) }
  FILTER(?property NOT IN (rdf:type, rdfs:label))
  BIND(?graph = mkgg:inferred AS ?inferred)
  OPTIONAL { ?property rdfs:label ?propertyLabel }
  OPTIONAL { ?value rdfs:label ?valueLabel }
} ORDER BY ?inward ?property ?value"""

_EVIDENCE = """
SELECT ?way ?property ?value ?negated ?rank ?level ?source ?sourceLabel ?pmid ?doi ?identifier ?asOf ?checkedOn ?status ?assertion
       (GROUP_CONCAT(DISTINCT ?place; separator=", ") AS ?locator) (GROUP_CONCAT(DISTINCT ?remark; separator=" ") AS ?comment) (SAMPLE(?address) AS ?url)
WHERE {
  { ?assertion mesokg:subject %(iri)s . BIND("out" AS ?way) OPTIONAL { ?assertion mesokg:object ?value } }
  UNION
  { ?assertion mesokg:object %(iri)s ; mesokg:subject ?value . BIND("in" AS ?way) }
  ?assertion mesokg:predicate ?property ; mesokg:negated ?negated ; mesokg:source ?source ; mesokg:locator ?place .
  ?assertion mesokg:rank/skos:notation ?rank ; mesokg:evidenceLevel/skos:notation ?level ; mesokg:valueStatus/skos:notation ?status .
  OPTIONAL { ?source rdfs:label ?sourceLabel }
  OPTIONAL { ?source mesokg:pmid ?pmid }
  OPTIONAL { ?source mesokg:doi ?doi }
  OPTIONAL { ?source mesokg:registryIdentifier ?identifier }
  OPTIONAL { ?source mesokg:url ?address }
  OPTIONAL { ?assertion mesokg:asOf ?asOf }
  OPTIONAL { ?assertion mesokg:checkedOn ?checkedOn }
  OPTIONAL { ?assertion mesokg:comment ?remark }
}
GROUP BY ?way ?property ?value ?negated ?rank ?level ?source ?sourceLabel ?pmid ?doi ?identifier ?asOf ?checkedOn ?status ?assertion
ORDER BY ?property ?value ?assertion"""

_HEAD = """
SELECT ?label ?typeLabel ?synonym WHERE {
  { %(iri)s rdfs:label ?label }
  UNION { %(iri)s a ?type . ?type rdfs:label ?typeLabel }
  UNION { %(iri)s skos:altLabel ?synonym }
} ORDER BY ?typeLabel ?synonym ?label"""


def describe(iri: str, store: Store) -> Description:
    """Everything the graph says about a thing. Raises UsageError if it says nothing."""
    from pyoxigraph import NamedNode

    try:
        node = {"iri": str(NamedNode(iri))}
    except ValueError as error:
        raise UsageError(f"{iri!r} is not an IRI; {error}") from error
    head = store.query(_HEAD % node)
    labels = [plain(row[0]) for row in head if row[0] is not None]
    evidence: dict[tuple[bool, str, str], list[Evidence]] = {}
    words: dict[tuple[bool, str, str], tuple[str, bool]] = {}
    for row in store.query(_EVIDENCE % node):
        (way, prop, value, negated, rank, level, source, name, pmid, doi, number, as_of, checked, status, _, place, remark, url) = row
        key = (way.value == "in", prop.value, str(value) if value is not None else status.value)  # type: ignore[union-attr]
        citation = f"PMID:{plain(pmid)}" if pmid else f"DOI:{plain(doi)}" if doi else plain(number) or plain(source)
        one = Evidence(
            plain(source), citation, plain(place), plain(level), plain(rank), plain(negated) == "true", plain(as_of), plain(checked), plain(remark), plain(url),
        )
        evidence.setdefault(key, []).append(one)
        words.setdefault(key, (plain(value) or plain(status).replace("_", " "), False))
    statements: list[Statement] = []
    for prop, prop_label, value, value_label, inward, inferred in store.query(_STATEMENTS % node):
        key = (plain(inward) == "true", prop.value, str(value))  # type: ignore[union-attr]
        statements.append(
            Statement(
                plain(prop), plain(prop_label), plain(value), plain(value_label), plain(inferred) == "true", key[0], tuple(evidence.pop(key, ())),
            )
        )
    if not labels and not statements and not evidence:
        raise UsageError(f"the graph says nothing about {compact(iri)}; look for its id with `mesokg show <name>`")
    # what only assertions or other things name has no label of its own
    short = compact(iri)
    labels = labels or [iri if short == iri else short.partition(":")[2].replace("-", " ") or iri]
    # What is left is said by some source but does not hold here: outranked, denied, or not reported.
    for (inward, prop_iri, _), found in evidence.items():
        key = (inward, prop_iri, _)
        statements.append(
            Statement(compact(prop_iri), "", words[key][0], "", False, inward, tuple(found), holds=False)
        )
    types = tuple(dict.fromkeys(plain(row[1]) for row in head if row[1] is not None))
    synonyms = tuple(dict.fromkeys(plain(row[2]) for row in head if row[2] is not None))
    return Description(iri, labels[0], types, synonyms, tuple(statements))


def _cited(one: Evidence) -> str:
    """A line that says which source states something, and where."""
    marks = [one.level]
    marks += ["denies"] if one.negated else []
    marks += [one.rank] if one.rank != "normal" else []
    marks += [f"as of {one.as_of}"] if one.as_of else []
    remark = f" - {one.comment}" if one.comment else ""
    return f"         {one.citation}, {one.locator} ({', '.join(marks)}){remark}"


def format_description(found: Description, *, evidence: bool = True) -> str:
    """The description as indented text: statements that hold, then what sources say that does not hold here."""
    lines = [f"{found.label}   {compact(found.iri)}"]
    if found.types:
        lines.append(f"  is a: {', '.join(found.types)}")
    names = found.names
    if alone := [one.value for one in names if not (evidence and one.evidence)]:
        lines.append(f"  also called: {', '.join(alone)}")
    for one in names:
        if evidence and one.evidence:
            lines.append(f"  also called: {one.value}")
            lines.extend(map(_cited, one.evidence))

    def show(group: list[Statement], title: str) -> None:
        if not group:
            return
        lines.extend(["", title])
        for one in group:
            name = one.property.removeprefix("mesokg:")
            value = f"{one.value_label}  ({one.value})" if one.value_label and one.value_label != one.value else one.value
            arrow = "<-" if one.inward else "  "
            lines.append(f"  {arrow} {name}: {value}{'  [inferred]' if one.inferred else ''}")
            lines.extend(map(_cited, one.evidence if evidence else ()))

    holding = [s for s in found.statements if s.holds and s not in names]
    show([s for s in holding if not s.inward], "what it is")
    show([s for s in holding if s.inward], "what refers to it")
    show([s for s in found.statements if not s.holds], "said by a source, but outranked, denied or without a value")
    return "\n".join(lines) + "\n"
