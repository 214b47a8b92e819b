"""Makes the network of one view out of facts: nodes and edges with their evidence, projections with their counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mesokg.identifiers import compact, term
from mesokg.networks.facts import DESCRIPTIONS, Facts, Link, Support, Thing, snake
from mesokg.networks.styles import read_styles
from mesokg.networks.views import STATEMENTS, SYMMETRIC, Projection, View

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

_curie = lru_cache(maxsize=10_000)(compact)

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

    curies = {iri: _curie(iri) for iri in shown}
    graph = networkx.MultiDiGraph(name=view.title, view=view.name, description=view.story)
    # links without a direction, for pictures
    graph.graph["undirected"] = sorted(SYMMETRIC | {projection.name for projection in view.projections if not projection.ordered})
    # kinds whose names a picture must not leave out
    styles = read_styles()
    graph.graph["named"] = sorted(styles[name].kind for name in view.named & {facts.things[iri].class_name for iri in shown} if name in styles)
    # the sources stand in attributes, and not every view has a node for them
    graph.graph["aliases"] = dict(sorted(_aliases(facts)))
    linked = _linked(facts)
    for iri in shown:
        graph.add_node(curies[iri], **_node(facts, facts.things[iri], linked))
    graph.graph["over_time"] = {
        curies[iri]: {snake(name): values for name, values in facts.over_time[iri].items()}
        for iri in shown
        if iri in facts.over_time
    }
    for source, target, name in sorted(edges):
        graph.add_edge(curies[source], curies[target], key=name, **edges[source, target, name])
    return graph


def _aliases(facts: Facts) -> Iterator[tuple[str, str]]:
    """The PMID or DOI of each source that has one, as a CURIE."""
    for iri, thing in facts.things.items():
        for name, prefix in (("pmid", "PMID"), ("doi", "doi")):
            if thing.values.get(name):
                yield compact(iri), f"{prefix}:{min(thing.values[name])}"
                break


def _node(facts: Facts, thing: Thing, linked: dict[str, tuple[Links, Links]]) -> dict[str, Any]:
    style = read_styles().get(thing.class_name)
    told = next((thing.values[name][0] for name in DESCRIPTIONS if name in thing.values), "")
    found: dict[str, Any] = {
        "label": _name(thing),
        "iri": thing.iri,
        "kind": _kind_name(thing.class_name),
        "family": style.family if style else "other",
        "classes": "; ".join(thing.classes) or None,
        "description": told or _told(facts, thing, *linked.get(thing.iri, ({}, {}))),
        "inferred": False,
        **_evidence(facts, thing.support, thing.denied, _years(thing)),
    }
    for name in ATTRIBUTES:
        if name in thing.values:
            found[snake(name)] = _value(name, thing.values[name])
    return {name: value for name, value in found.items() if value is not None}


def _name(thing: Thing) -> str:
    return thing.label or compact(thing.iri)


def _kind_name(class_name: str) -> str:
    style = read_styles().get(class_name)
    return style.kind if style else snake(class_name).replace("_", " ")


Links = dict[str, list[str]]
"""By name of a property, the things at the other end."""

TOLD = 3
"""Classes, values and links of one thing that its description tells, and things that it names for each link."""

TELLING = ("effectDirection", "measure", "value", "numerator", "denominator", "resultUnit", "resultStatus", "alterationKind", "armRole",
           "dose", "route", "purpose", "registryIdentifier", "publisher", "journal", "countryCode", "symbol")
"""Values that a made description tells, the first of them that a thing has."""


def _linked(facts: Facts) -> dict[str, tuple[Links, Links]]:
    """What each thing is linked to, and what is linked to it: stated, and inferred where nothing is stated."""
    found: dict[str, tuple[Links, Links]] = defaultdict(lambda: (defaultdict(list), defaultdict(list)))
    for inferred in (False, True):
        stated = set(found) if inferred else set()
        for link in facts.links:
            if link.inferred is inferred:
                if link.source not in stated:
                    found[link.source][0][link.name].append(link.target)
                if link.target not in stated:
                    found[link.target][1][link.name].append(link.source)
    return found


def _told(facts: Facts, thing: Thing, onward: Links, inward: Links) -> str:
    """A description of a thing for which the graph has none: its classes, what it is linked to, what is linked to it.

    ``gene-edited T-cell product; transduced with: lentiviral construct; named under administers cells by 1 therapy``
    """
    kind = _kind_name(thing.class_name)
    classes = [name for name in thing.classes if name != "source"][:TOLD]
    parts = [", ".join(classes if any(kind in name for name in classes) else [kind, *classes])]
    for name in [name for name in TELLING if name in thing.values][:TOLD]:
        parts.append(f"{facts.labels.get(term(name), name)}: {_short('; '.join(thing.values[name]))}")
    for name in list(onward)[:TOLD]:
        ends = [_short(_name(facts.things[end])) for end in onward[name][:TOLD]]
        more = len(onward[name]) - len(ends)
        parts.append(f"{facts.labels.get(term(name), name)}: {', '.join(ends)}{f' and {more} more' if more else ''}")
    for name in list(inward)[: max(0, TOLD - len(onward))]:
        kinds = {_kind_name(facts.things[end].class_name) for end in inward[name]}
        number = len(inward[name])
        parts.append(f"named under {facts.labels.get(term(name), name)} by {number} {_plural(next(iter(kinds)), number) if len(kinds) == 1 else 'things'}")
    return "; ".join(parts)


def _plural(noun: str, number: int) -> str:
    """The noun for a number of things.

    >>> _plural("therapy", 2), _plural("web page", 1), _plural("cell type", 3), _plural("taxon", 3)
    ('therapies', 'web page', 'cell types', 'taxa')
    """
    if number == 1:
        return noun
    if noun == "taxon":
        return "taxa"
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"


def _short(label: str) -> str:
    return label if len(label) <= 60 else label[:59].rstrip(" ,;:") + "…"


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


def _evidence(facts: Facts, support: Support, denied: Support | None = None, more_years: Iterable[int] = ()) -> dict[str, Any]:
    years = support.years | set(more_years)
    against = denied.sources if denied is not None else set()
    return {
        "publications": _publications(facts, support.sources),
        "sources": _listed(support.sources),
        "denials": _publications(facts, against) or None,
        "denied_by": _listed(against),
        "best_evidence": facts.levels.get(min(support.levels)) if support.levels else None,
        "first_year": min(years) if years else None,
        "last_year": max(years) if years else None,
    }


def _publications(facts: Facts, sources: set[str]) -> int:
    return sum(_kind(facts, source) == "Publication" for source in sources)


def _listed(sources: set[str]) -> str | None:
    return "; ".join(sorted(map(_curie, sources))) or None


def _kind(facts: Facts, iri: str) -> str:
    thing = facts.things.get(iri)
    return thing.class_name if thing else ""


UNSOURCED = "the link itself, which needs no source"
SUPERSEDED = "the link itself, of which every statement was superseded or denied"
DERIVED = "the link itself, inferred from what has no source that counts"
UNDERIVED = "the link itself, inferred in a way that is not followed to its sources"
"""What the weight of a link counts that has no source: its property is exempt from evidence; it was stated, and no
statement of it counts any more; it is inferred, from such links or in a way that was not found."""


def _counted(facts: Facts, link: Link, support: Support) -> str:
    if support.sources:
        return "sources"
    known = (link.source, link.name, link.target) in facts.support
    if link.inferred:
        return DERIVED if known else UNDERIVED
    return SUPERSEDED if known else UNSOURCED


def _edge(facts: Facts, name: str, label: str, told: str, support: Support, denied: Support | None = None, **more: Any) -> dict[str, Any]:
    found = {"label": label, "kind": name, "description": told or None, **more, **_evidence(facts, support, denied)}
    return {key: value for key, value in found.items() if value is not None}


def _link(facts: Facts, link: Link) -> dict[str, Any]:
    support = facts.supported(link)
    iri = term(link.name)
    return _edge(
        facts, link.name, facts.labels.get(iri, link.name), facts.definitions.get(link.name, ""), support,
        facts.denied.get((link.source, link.name, link.target)), iri=iri, inferred=link.inferred,
        weight=float(max(1, len(support.sources))), counts=_counted(facts, link, support),
    )  # fmt: skip


def _statements(facts: Facts, chosen: set[str]) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    for (thing, source), stated in facts.statements.items():
        if thing in chosen and source in chosen and thing != source:
            year = facts.published.get(source)
            years = {year} if year is not None else set()
            for (name, (label, told)), levels in zip(STATEMENTS.items(), stated, strict=True):
                if levels:
                    support = Support({source}, set(levels), years)
                    yield (thing, source, name), _edge(
                        facts, name, label, told, support, inferred=False, weight=float(len(levels)), counts="statements"
                    )


def _project(
    facts: Facts, projection: Projection, chosen: set[str]
) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    """The pairs that a projection joins, with the evidence of all ways between them.

    A way is as good as the weakest statement on it, a link as its best way; sources and years are those of all ways.
    """
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
            found = support[pair]
            for proof in seen:
                found.sources |= proof.sources
                found.years |= proof.years
            levels = [min(proof.levels) for proof in seen if proof.levels]
            if levels:
                found.levels.add(max(levels))
    for (source, target), counted in met.items():
        yield (source, target, projection.name), _edge(
            facts, projection.name, projection.label, projection.told, support[source, target], inferred=True,
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
