"""Makes the network of one view out of facts: nodes and edges with their evidence, projections with their counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mesokg.identifiers import compact, term
from mesokg.networks.facts import DESCRIPTIONS, Facts, Link, Support, Thing, snake
from mesokg.networks.styles import read_styles
from mesokg.networks.views import SYMMETRIC, Projection, View

if TYPE_CHECKING:
    import networkx

__all__ = ["build_network"]

ATTRIBUTES = (
    "phase", "status", "allocation", "tumourScope", "startDate", "completionDate", "enrolmentActual", "participantsTreated",
    "firstInHuman", "stopReason", "replicationCompetence", "formKind", "geneRole", "symbol", "effectDirection", "setting",
    "measure", "value", "numerator", "denominator", "resultUnit", "resultStatus", "alterationKind", "doi", "pmid",
    "journal", "publicationYear", "registryIdentifier", "route", "countryCode", "partOrder",
)
"""Properties whose values become node attributes, several joined by "; "."""

_YES_NO = {"firstInHuman"}
_WHOLE = {"enrolmentActual", "participantsTreated", "numerator", "denominator", "publicationYear", "partOrder"}
_DECIMAL = {"value"}
_DATES = {"startDate", "completionDate"}


def build_network(facts: Facts, view: View) -> networkx.MultiDiGraph:
    """The view as a network: nodes named by CURIE, edge keys the names of properties, everything in sorted order."""
    import networkx

    chosen = {
        iri
        for iri, thing in facts.things.items()
        if view.kinds is None or thing.class_name in view.kinds
    }
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    for link in facts.links:
        if link.source in chosen and link.target in chosen and (view.links is None or link.name in view.links):
            edges[link.source, link.target, link.name] = _link(facts, link)
    for projection in view.projections:
        edges.update(_project(facts, projection, chosen))
    if view.evidence:
        edges.update(_statements(facts, chosen))
    ends = {iri for source, target, _ in edges for iri in (source, target)}
    shown = sorted(chosen if view.isolated else ends)

    curies = {iri: compact(iri) for iri in shown}
    graph = networkx.MultiDiGraph(name=view.title, view=view.name, description=view.story)
    # links without a direction, for pictures
    graph.graph["undirected"] = sorted(SYMMETRIC | {projection.name for projection in view.projections if not projection.ordered})
    for iri in shown:
        graph.add_node(curies[iri], **_node(facts, facts.things[iri]))
    graph.graph["over_time"] = {
        curies[iri]: {snake(name): values for name, values in facts.over_time[iri].items()}
        for iri in shown
        if iri in facts.over_time
    }
    for source, target, name in sorted(edges):
        graph.add_edge(curies[source], curies[target], key=name, **edges[source, target, name])
    return graph


def _node(facts: Facts, thing: Thing) -> dict[str, Any]:
    style = read_styles().get(thing.class_name)
    found: dict[str, Any] = {
        "label": _name(thing),
        "iri": thing.iri,
        "kind": style.kind if style else snake(thing.class_name).replace("_", " "),
        "family": style.family if style else "other",
        "classes": "; ".join(thing.classes) or None,
        "full_label": thing.label or None,
        "description": next((thing.values[name][0] for name in DESCRIPTIONS if name in thing.values), None),
        "inferred": False,
        **_evidence(facts, thing.support, _years(thing)),
    }
    for name in ATTRIBUTES:
        if name in thing.values:
            found[snake(name)] = _value(name, thing.values[name])
    return {name: value for name, value in found.items() if value is not None}


LONGEST_LABEL = 48
"""Characters of a label in a picture; ``full_label`` keeps the whole."""


def _name(thing: Thing) -> str:
    label = thing.label or compact(thing.iri)
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1].rstrip(" ,;:") + "…"


def _value(name: str, values: list[str]) -> Any:
    if len(values) == 1:
        if name in _WHOLE:
            return int(values[0])
        if name in _YES_NO:
            return values[0] in ("true", "1")
        if name in _DECIMAL:
            return float(values[0])
    if name in _DATES:
        values = [value[:10] for value in values]
    return "; ".join(sorted(values))


def _years(thing: Thing) -> set[int]:
    return {
        int(value[:4])
        for name in ("publicationYear", "startDate", "completionDate", "recordVersionDate")
        for value in thing.values.get(name, ())
    }


def _evidence(facts: Facts, support: Support, more_years: Iterable[int] = ()) -> dict[str, Any]:
    years = support.years | set(more_years)
    publications = [source for source in support.sources if _kind(facts, source) == "Publication"]
    return {
        "publications": len(publications),
        "sources": "; ".join(sorted(compact(source) for source in support.sources)) or None,
        "best_evidence": facts.levels.get(min(support.levels)) if support.levels else None,
        "first_year": min(years) if years else None,
        "last_year": max(years) if years else None,
    }


def _kind(facts: Facts, iri: str) -> str:
    thing = facts.things.get(iri)
    return thing.class_name if thing else ""


def _edge(facts: Facts, name: str, label: str, support: Support, **more: Any) -> dict[str, Any]:
    found = {"label": label, "kind": name, **more, **_evidence(facts, support)}
    return {key: value for key, value in found.items() if value is not None}


def _link(facts: Facts, link: Link) -> dict[str, Any]:
    support = facts.supported(link)
    iri = term(link.name)
    return _edge(
        facts, link.name, facts.labels.get(iri, link.name), support, iri=iri, inferred=link.inferred,
        weight=float(max(1, len(support.sources))), counts="sources",
    )  # fmt: skip


def _statements(facts: Facts, chosen: set[str]) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    for (thing, source), numbers in facts.statements.items():
        if thing in chosen and source in chosen and thing != source:
            year = facts.published.get(source)
            support = Support({source}, set(), {year} if year is not None else set())
            for name, label, number in (("supportedBy", "is supported by", numbers[0]), ("deniedBy", "is denied by", numbers[1])):
                if number:
                    yield (thing, source, name), _edge(
                        facts, name, label, support, inferred=False, weight=float(number), counts="statements"
                    )


def _project(
    facts: Facts, projection: Projection, chosen: set[str]
) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    steps = [_step(facts, text) for text in projection.path]
    met: dict[tuple[str, str], set[str]] = defaultdict(set)
    support: dict[tuple[str, str], Support] = defaultdict(Support)
    for start in sorted(set(steps[0]) & chosen):
        # one walk is (end, what is counted, evidence on the way)
        walks: list[tuple[str, str, tuple[Support, ...]]] = [(start, "", ())]
        for position, step in enumerate(steps, start=1):
            walks = [
                (end, end if position == projection.via else counted, (*seen, proof))
                for place, counted, seen in walks
                for end, proof in step.get(place, ())
            ]
        for end, counted, seen in walks:
            if end not in chosen or end == start:
                continue
            pair = (start, end) if projection.ordered or start < end else (end, start)
            met[pair].add(counted)
            for proof in seen:
                support[pair].add(proof)
    for (source, target), counted in met.items():
        yield (source, target, projection.name), _edge(
            facts, projection.name, projection.label, support[source, target], inferred=True,
            weight=float(len(counted)), counts=projection.counts,
        )  # fmt: skip


def _step(facts: Facts, text: str) -> dict[str, list[tuple[str, Support]]]:
    """Where one step of a path leads from each thing."""
    forward = {name for name in text.split("|") if name[0] != "^"}
    backward = {name[1:] for name in text.split("|") if name[0] == "^"}
    leads: dict[str, list[tuple[str, Support]]] = defaultdict(list)
    for link in facts.links:
        if link.name in forward:
            leads[link.source].append((link.target, facts.supported(link)))
        if link.name in backward:
            leads[link.target].append((link.source, facts.supported(link)))
    return leads
