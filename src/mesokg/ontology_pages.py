"""The reference of the ontology as web pages: one page per class and property, and the whole model on one.

Each page stands alone: no script, no file fetched from elsewhere. A value such as ``routeIntrapleural`` has its place
on the page of its class.
"""

from __future__ import annotations

import csv
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.identifiers import ONTOLOGY_IRI, PREFIXES, compact, graph_iri
from mesokg.ontology_view import OntologyView
from mesokg.resources import folder

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["DIAGRAM", "ROUTES", "write_ontology_pages"]

_OWL, _RDF, _RDFS, _OIO, _IAO, _OURS = (PREFIXES[n] for n in ("owl", "rdf", "rdfs", "oboInOwl", "IAO", "mesokg"))
_TYPE, _LABEL = _RDF + "type", _RDFS + "label"
_KINDS = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "NamedIndividual")
_MEMBERS_SHOWN = 25
_DRAWN = 8
"""How many classes below, and relations on each side, a picture shows."""

DIAGRAM: dict[str, tuple[float, float]] = {
    "Organisation": (0, 0), "Country": (1, 0), "RegistryRecord": (2, 0), "Publication": (3, 0), "Source": (4, 0), "Assertion": (5, 0),
    "Disease": (0, 1), "Trial": (1, 1), "Arm": (2, 1), "Administration": (3, 1), "Drug": (4, 1), "Determinant": (5, 1),
    "Outcome": (1, 2), "OutcomeMeasurement": (2, 2), "Therapy": (3, 2), "MechanismStep": (4, 2), "Mechanism": (5, 2),
    "Experiment": (1, 3), "CellProduct": (2, 3), "Construct": (3, 3), "ConstructPart": (4, 3), "Component": (5, 3),
    "ModelSystem": (1, 4), "CellType": (2, 4), "Vector": (3, 4), "Payload": (4, 4), "GeneProductForm": (5, 4),
    "Cohort": (1, 5), "GeneAlteration": (2, 5), "Taxon": (3, 5), "Antigen": (4, 5), "Gene": (5, 5),
}  # fmt: skip
"""Where each class stands in the picture of the model: column and row."""

ROUTES: tuple[tuple[str, str, str, tuple[tuple[float, float], ...]], ...] = (
    ("Trial", "hasArm", "Arm", ()), ("Arm", "hasAdministration", "Administration", ()),
    ("Administration", "givesTherapy", "Therapy", ()), ("Administration", "givesDrug", "Drug", ()),
    ("Trial", "hasOutcome", "Outcome", ()), ("Outcome", "hasMeasurement", "OutcomeMeasurement", ()),
    ("Trial", "studies", "Disease", ()), ("Trial", "sponsor", "Organisation", ()), ("Trial", "country", "Country", ()),
    ("RegistryRecord", "recordOf", "Trial", ()), ("Publication", "reportsOn", "Trial", ((2.5, 0.5), (1.5, 0.5))),
    ("Assertion", "source", "Source", ()), ("Determinant", "affectsTherapy", "Therapy", ((4.5, 1.5), (3.5, 1.5))),
    ("Therapy", "actsThrough", "MechanismStep", ()), ("MechanismStep", "step", "Mechanism", ()),
    ("Therapy", "hasConstruct", "Construct", ()), ("Therapy", "administersCells", "CellProduct", ()),
    ("CellProduct", "transducedWith", "Construct", ()), ("CellProduct", "cellType", "CellType", ()),
    ("Construct", "hasBackbone", "Vector", ()), ("Construct", "carries", "Payload", ()),
    ("Construct", "hasPart", "ConstructPart", ()), ("ConstructPart", "component", "Component", ()),
    ("Vector", "derivedFrom", "Taxon", ()), ("Payload", "encodes", "GeneProductForm", ()),
    ("GeneProductForm", "formOf", "Gene", ()), ("Antigen", "productOf", "Gene", ()),
    ("Experiment", "inModel", "ModelSystem", ()), ("Experiment", "experimentTests", "Construct", ((1.45, 3.36), (2.55, 3.36))),
    ("ModelSystem", "modelOf", "Disease", ((0.0, 4.0),)), ("GeneAlteration", "inCohort", "Cohort", ()),
    ("GeneAlteration", "alteredGene", "Gene", ((2.0, 5.55), (5.0, 5.55))), ("Therapy", "targets", "Gene", ((3.5, 2.5), (5.55, 2.5), (5.55, 5.0))),
)  # fmt: skip
"""The lines of the picture: from, property, to, and the points on the way."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6775;--line:#c9d1da;--fill:#f4f7fa;--link:#0b5cad;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa6b2;--line:#3a4652;--fill:#1f2831;--link:#7db7f0;--page:#151b21}}
body{font:16px/1.5 system-ui,"DejaVu Sans",sans-serif;color:var(--ink);background:var(--page);max-width:82rem;margin:2rem auto;padding:0 1rem}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
h1{font-size:1.7rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
.kind,.iri,footer{color:var(--soft);font-size:.9rem}.iri{font-family:monospace;overflow-wrap:anywhere}
.def{font-size:1.1rem;margin:.8rem 0}ul{margin:.2rem 0;padding-left:1.2rem}table{border-collapse:collapse}
td{border-top:1px solid var(--line);padding:.25rem .8rem .25rem 0;vertical-align:top}
svg{max-width:100%;height:auto}.columns{columns:18rem;font-size:.93rem}.columns ul{list-style:none;padding:0}
svg text{font:13px system-ui,"DejaVu Sans",sans-serif;fill:var(--ink)}svg .small{font-size:11px;fill:var(--soft)}
svg rect{fill:var(--fill);stroke:var(--line)}svg .self{stroke:var(--link);stroke-width:2}
svg .halo{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}svg a text{fill:var(--link)}
svg path{fill:none;stroke:var(--soft)}svg marker path{fill:var(--soft)}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.6rem}
"""


def _members(store: pyoxigraph.Store) -> dict[str, list[tuple[str, str]]]:
    """The members of each of our classes with their labels, by label."""
    import pyoxigraph as ox

    labels: dict[object, str] = {}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in ("facts", "evidence", "inferred"):
        graph = ox.NamedNode(graph_iri(name))
        for quad in store.quads_for_pattern(None, ox.NamedNode(_LABEL), None, graph):
            labels.setdefault(quad.subject, quad.object.value)
    for name in ("facts", "evidence", "inferred"):
        graph = ox.NamedNode(graph_iri(name))
        for quad in store.quads_for_pattern(None, ox.NamedNode(_TYPE), None, graph):
            if quad.object.value.startswith(_OURS):
                found[quad.object.value.removeprefix(_OURS)].append((labels.get(quad.subject, ""), quad.subject.value))
    return {name: sorted(set(rows)) for name, rows in found.items()}


def _uses() -> dict[str, list[tuple[str, str]]]:
    """The questions of the library in which each term stands: name and title."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted((folder("queries") / "questions").glob("*.rq")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^#\+ title: (.+)$", text, re.MULTILINE)
        for name in sorted(set(re.findall(r"\bmesokg:([A-Za-z][\w-]*)", text))):
            found[name].append((path.stem, title[1] if title else path.stem))
    return found


def _mappings() -> dict[str, list[tuple[str, str, str]]]:
    """The mappings of each term: predicate, CURIE and label of the outside term."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for path in sorted((folder("ontology") / "mappings").glob("*.sssom.tsv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = (line for line in stream if not line.startswith("#"))
            for row in csv.DictReader(rows, delimiter="\t"):
                if row["subject_id"].startswith("mesokg:"):
                    found[row["subject_id"].removeprefix("mesokg:")].append((row["predicate_id"], row["object_id"], row["object_label"]))
    return found


# ---------------------------------------------------------------- pictures


def _box(x: float, y: float, width: float, text: str, address: str = "", style: str = "") -> str:
    room = int(width / 7.4)
    shown = text if len(text) <= room else text[: room - 1] + "…"
    box = (
        f'<rect x="{x - width / 2:.0f}" y="{y - 15:.0f}" width="{width:.0f}" height="30" rx="5" class="{style}"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{escape(shown)}</text><title>{escape(text)}</title>'
    )
    return f'<a href="{escape(address)}">{box}</a>' if address else f"<g>{box}</g>"


def _neighbourhood(ontology: OntologyView, name: str, below: dict[str, set[str]]) -> str:
    """A class with what stands above and below it, and the relations that start and end at it."""
    over, under = sorted(ontology.supers[name] & ontology.kind.keys()), sorted(below[name])
    starting, ending = (ontology.relations.get((side, _OURS + name), []) for side in ("domain", "range"))
    rows = max(*(min(len(props), _DRAWN) + (2 if len(props) > _DRAWN else 0) for props in (starting, ending)), 1)
    middle = 55 + max(40, rows * 10)
    low = middle + max(60, rows * 10 + 55)
    height = (low + 25 + (40 if len(under) > 4 else 0) + (25 if len(under) > _DRAWN else 0)) if under else middle + max(30, rows * 10 + 15)
    parts = [f'<svg viewBox="0 0 960 {height}" width="960" role="img" aria-label="{escape(ontology.label(_OURS + name))} in its neighbourhood">']
    for n, one in enumerate(over[:4]):
        x = 480 + (n - (min(len(over), 4) - 1) / 2) * 230
        parts += [f'<path d="M{480} {middle - 15} L{x:.0f} 35"/>', _box(x, 20, 215, ontology.label(_OURS + one), f"{one}.html")]
    for n, one in enumerate(under[:_DRAWN]):
        x = 480 + (n % 4 - (min(len(under), 4) - 1) / 2) * 230
        y = low + (n // 4) * 40
        if n < 4:
            parts.append(f'<path d="M480 {middle + 15} L480 {low - 35} L{x:.0f} {y - 15:.0f}"/>')
        parts.append(_box(x, y, 215, ontology.label(_OURS + one), f"{one}.html"))
    if len(under) > _DRAWN:
        parts.append(f'<text class="small" x="480" y="{low + 78}" text-anchor="middle">and {len(under) - _DRAWN} more below</text>')
    for side, props, x, anchor in (("range", ending, 345, "end"), ("domain", starting, 615, "start")):
        for n, prop in enumerate(props[:_DRAWN]):
            y = middle + 4 + (n - (min(len(props), _DRAWN) - 1) / 2) * 20
            other = ontology.sides(prop, _RDFS + ("range" if side == "domain" else "domain"))
            far = "/".join(ontology.label(iri) for iri in other[:2]) or "anything"
            text = f"{ontology.label(_OURS + prop)} → {far}" if side == "domain" else f"{far} → {ontology.label(_OURS + prop)}"
            shown = text if len(text) < 46 else text[:45] + "…"
            parts.append(f'<a href="{escape(prop)}.html"><text class="small" x="{x}" y="{y:.0f}" text-anchor="{anchor}">{escape(shown)}</text></a>')
        if len(props) > _DRAWN:
            y = middle + 4 + ((_DRAWN - 1) / 2 + 1) * 20
            parts.append(f'<text class="small" x="{x}" y="{y:.0f}" text-anchor="{anchor}">and {len(props) - _DRAWN} more</text>')
    parts += [_box(480, middle, 250, ontology.label(_OURS + name), "", "self"), "</svg>"]
    return "".join(parts)


def _relation(ontology: OntologyView, name: str) -> str:
    """A relation between what it starts and ends at, with the relations that it implies above and those that imply it below."""
    starts, ends = (ontology.sides(name, _RDFS + side) for side in ("domain", "range"))
    if not starts and not ends:
        return ""
    over = sorted(v.value.removeprefix(_OURS) for v in ontology.of(name, _RDFS + "subPropertyOf"))  # type: ignore[attr-defined]
    under = ontology.implied_by[name]
    half = max(len(starts), len(ends), 1) * 20
    middle = max(half, 25) + (50 if over else 5)
    height = middle + max(half, 25) + (50 if under else 5)
    parts = [
        f'<svg viewBox="0 0 960 {height}" width="960" role="img" aria-label="What {escape(ontology.label(_OURS + name))} starts and ends at">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
    ]
    for sides, x in ((starts, 125), (ends, 835)):
        for n, iri in enumerate(sides or [""]):
            y = middle + (n - (max(len(sides), 1) - 1) / 2) * 40
            line = f"M{x + 115} {y:.0f} L{355} {middle}" if x < 480 else f"M605 {middle} L{x - 115} {y:.0f}"
            parts.append(f'<path d="{line}" marker-end="url(#arrow)"/>')
            address = f"{iri.removeprefix(_OURS)}.html" if iri.removeprefix(_OURS) in ontology.kind else ""
            parts.append(_box(x, y, 230, ontology.label(iri) if iri else "anything", address))
    for others, y, edge in ((over, 20, middle - 15), (under, height - 20, middle + 15)):
        for n, one in enumerate(others[:4]):
            x = 480 + (n - (min(len(others), 4) - 1) / 2) * 230
            parts += [f'<path d="M480 {edge} L{x:.0f} {y + (15 if y < middle else -15)}"/>', _box(x, y, 215, ontology.label(_OURS + one), f"{one}.html")]
    return "".join([*parts, _box(480, middle, 250, ontology.label(_OURS + name), "", "self"), "</svg>"])


def _edge_of(box: tuple[float, float], towards: tuple[float, float], half: tuple[float, float]) -> tuple[float, float]:
    dx, dy = towards[0] - box[0], towards[1] - box[1]
    scale = min(half[0] / abs(dx) if dx else 9e9, half[1] / abs(dy) if dy else 9e9)
    return box[0] + dx * scale, box[1] + dy * scale


def _model(ontology: OntologyView, counts: dict[str, int]) -> str:
    """The picture of the whole model."""
    wide, tall, left, top = 264.0, 112.0, 92.0, 36.0
    at = {name: (left + x * wide, top + y * tall) for name, (x, y) in DIAGRAM.items()}
    parts = [
        '<svg viewBox="0 0 1570 680" width="1570" role="img" aria-label="The classes of mesokg and the relations between them">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
    ]
    texts = []
    for start, prop, end, via in ROUTES:
        points = [at[start], *((left + x * wide, top + y * tall) for x, y in via), at[end]]
        points[0] = _edge_of(at[start], points[1], (76, 25))
        points[-1] = _edge_of(at[end], points[-2], (78, 27))
        d = "M" + " L".join(f"{x:.0f} {y:.0f}" for x, y in points)
        parts.append(f'<path d="{d}" marker-end="url(#arrow)"/>')
        middle = len(points) // 2
        (x1, y1), (x2, y2) = points[middle - 1], points[middle]
        anchor = "middle"
        x, y = (x1 + x2) / 2, (y1 + y2) / 2 + (-5 if y1 == y2 else 4)
        label = escape(ontology.label(_OURS + prop))
        texts.append(f'<a href="terms/{escape(prop)}.html"><text class="small halo" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{label}</text></a>')
    for name, (x, y) in at.items():
        label, count = ontology.label(_OURS + name), counts.get(name, 0)
        lines = textwrap.wrap(label, 20) if len(textwrap.wrap(label, 20)) < 3 else textwrap.wrap(label, 22)
        top_line = y - 2 if len(lines) == 1 else y - 10
        words = "".join(f'<text x="{x:.0f}" y="{top_line + 14 * n:.0f}" text-anchor="middle">{escape(line)}</text>' for n, line in enumerate(lines))
        parts.append(
            f'<a href="terms/{name}.html"><rect x="{x - 76:.0f}" y="{y - 25:.0f}" width="152" height="50" rx="6"/>{words}'
            f'<text class="small" x="{x:.0f}" y="{top_line + 14 * len(lines) + 1:.0f}" text-anchor="middle">{count:,}</text></a>'
        )
    return "".join([*parts, *texts, "</svg>"])


# ---------------------------------------------------------------- pages


def _page(title: str, body: str, up: str, version: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{up}{body}"
        f'<footer>mesokg ontology {escape(version)} · CC BY 4.0 · <a href="{escape(ONTOLOGY_IRI)}">{escape(ONTOLOGY_IRI)}</a></footer></body></html>\n'
    )


def _list(title: str, rows: Iterable[str]) -> str:
    found = list(rows)
    return f"<h2>{title}</h2><ul>" + "".join(f"<li>{row}</li>" for row in found) + "</ul>" if found else ""


_SOURCES = {
    **PREFIXES,
    "PMID": "https://pubmed.ncbi.nlm.nih.gov/", "PMC": "https://www.ncbi.nlm.nih.gov/pmc/articles/", "DOI": "https://doi.org/",
    "MESH": "http://id.nlm.nih.gov/mesh/", "VO": "http://purl.obolibrary.org/obo/VO_",
}  # fmt: skip
"""Where the source of a definition can be read, by its prefix."""


def _source(text: str) -> str:
    prefix, _, rest = text.partition(":")
    address = text if text.startswith("https://") else _SOURCES[prefix] + rest if prefix in _SOURCES else ""
    return f'<a href="{escape(address)}">{escape(text)}</a>' if address else escape(text)


_WORDS = {
    "Class": "class", "ObjectProperty": "relation between things", "DatatypeProperty": "relation to a literal",
    "AnnotationProperty": "annotation property",
}  # fmt: skip
_CHARACTERISTICS = {
    "FunctionalProperty": "a thing has at most one value", "TransitiveProperty": "it carries on over any number of steps",
    "SymmetricProperty": "it holds both ways", "InverseFunctionalProperty": "a value belongs to one thing",
    "AsymmetricProperty": "it never holds both ways", "IrreflexiveProperty": "nothing has it to itself",
}  # fmt: skip


def _axioms(ontology: OntologyView, name: str, kind: str) -> list[str]:
    rows = []
    if kind == "Class":
        rows += [f"Exactly: a {ontology.english(e)}." for e in ontology.of(name, _OWL + "equivalentClass")]
        rows += [
            f"Every one is a {ontology.english(v)}." if isinstance(v, ontology.named) else f"Every one {ontology._clause(v, True)}."
            for v in sorted(ontology.of(name, _RDFS + "subClassOf"), key=str)
        ]
        return rows
    for predicate, words in (("domain", "Starts at"), ("range", "Ends at")):
        sides = ontology.sides(name, _RDFS + predicate)
        if sides:
            rows.append(f"{words}: " + " or ".join(ontology.link(iri) for iri in sides) + ".")
    rows += [f"Implies: {ontology.english(v)}." for v in ontology.of(name, _RDFS + "subPropertyOf")]
    inverse = ontology.of(name, _OWL + "inverseOf") or ontology.inverses.get(_OURS + name, [])
    if below := ontology.implied_by[name]:
        rows.append("Implied by: " + ", ".join(ontology.link(_OURS + one) for one in below) + ".")
    rows += [f"Inverse: {ontology.english(v)}." for v in inverse]
    for head in sorted(ontology.of(name, _OWL + "propertyChainAxiom"), key=str):
        rows.append("Follows from: " + ", then ".join(ontology.english(step) for step in ontology.items(head)) + ".")
    types = {getattr(v, "value", "").removeprefix(_OWL) for v in ontology.of(name, _TYPE)}
    rows += [f"{words.capitalize()}." for one, words in _CHARACTERISTICS.items() if one in types]
    return rows


def write_ontology_pages(store: pyoxigraph.Store, out: Path) -> list[Path]:
    """Write ``ontology/index.html`` and ``ontology/terms/*.html`` below the folder ``out``; returns the files.

    ``store`` is that of a build, with its named graphs.
    """
    ontology = OntologyView(store)
    members, uses, mappings = _members(store), _uses(), _mappings()
    below: dict[str, set[str]] = defaultdict(set)
    for name, over in ontology.supers.items():
        for one in over:
            below[one].add(name)
    versions = [value.value for value in ontology.all(ontology.named(ONTOLOGY_IRI), _OWL + "versionInfo")]  # type: ignore[attr-defined]
    version = versions[0] if versions else ""
    target = out / "ontology"
    (target / "terms").mkdir(parents=True, exist_ok=True)
    values: dict[str, list[str]] = defaultdict(list)
    for name, kind in sorted(ontology.kind.items()):
        if kind == "NamedIndividual":
            values[ontology.address(name).partition(".")[0]].append(name)
    written = []
    up = '<p><a href="../index.html">mesokg ontology</a></p>'
    for name, kind in sorted(ontology.kind.items()):
        if kind == "NamedIndividual":
            continue
        body = _term(ontology, name, kind, members.get(name, []), uses.get(name, []), mappings.get(name, []), values.get(name, []), below)
        path = target / "terms" / f"{name}.html"
        path.write_text(_page(ontology.label(_OURS + name), body, up, version), encoding="utf-8", newline="\n")
        written.append(path)
    index = target / "index.html"
    index.write_text(_page("mesokg ontology", _index(ontology, members), "", version), encoding="utf-8", newline="\n")
    return sorted([*written, index])


def _term(
    ontology: OntologyView, name: str, kind: str, members: list[tuple[str, str]], uses: list[tuple[str, str]],
    mappings: list[tuple[str, str, str]], values: list[str], below: dict[str, set[str]],
) -> str:  # fmt: skip
    iri = _OURS + name
    body = [f'<div class="kind">{_WORDS[kind]}</div><h1>{escape(ontology.label(iri))}</h1><div class="iri">{escape(iri)}</div>']
    body += [f'<p class="def">{escape(text)}</p>' for text in ontology.words_of(name, _IAO + "0000115")]
    if kind == "Class":
        body.append(_neighbourhood(ontology, name, below))
    else:
        body.append(_relation(ontology, name))
    body.append(_list("In axioms", _axioms(ontology, name, kind)))
    others = [one for one in ontology.named_by.get(name, []) if one not in below[name]]
    body.append(_list("Part of the axioms of", (ontology.link(_OURS + one) for one in others)))
    if kind == "Class":
        sides = [("Below it", sorted(below[name]))]
        sides += [(title, ontology.relations.get((side, iri), [])) for side, title in (("domain", "Relations that start here"), ("range", "Relations that end here"))]
        body += [_list(f"{title} ({len(names)})", (ontology.link(_OURS + one) for one in names)) for title, names in sides if len(names) > _DRAWN]
    synonyms = [
        f"{escape(text)} <span class=kind>({scope})</span>"
        for scope in ("exact", "broad", "narrow", "related")
        for text in ontology.words_of(name, f"{_OIO}has{scope.capitalize()}Synonym")
    ]
    body.append(_list("Also called", synonyms))
    body.append(_list("Example", (escape(text) for text in ontology.words_of(name, _IAO + "0000112"))))
    if values:
        rows = "".join(
            f'<tr id="{escape(one)}"><td>{escape(ontology.label(_OURS + one))}</td><td class="iri">mesokg:{escape(one)}</td>'
            f"<td>{escape(' '.join(ontology.words_of(one, _IAO + '0000115')))}</td></tr>"
            for one in values
        )
        body.append(f"<h2>Values</h2><table>{rows}</table>")
    if members:
        shown = [f'<a href="{escape(m)}">{escape(label or compact(m))}</a>' for label, m in members[:_MEMBERS_SHOWN]]
        if len(members) > _MEMBERS_SHOWN:
            shown.append(f"and {len(members) - _MEMBERS_SHOWN:,} more")
        body.append(_list(f"Members ({len(members):,})", shown))
    body.append(_list("Questions that use it", (f"{escape(title)} <span class=iri>mesokg query {escape(query)}</span>" for query, title in uses)))
    body.append(_list("Mappings", (f"{escape(p)} <b>{escape(o)}</b> {escape(label)}" for p, o, label in mappings)))
    body.append(_list("Definition by", (_source(text) for text in ontology.words_of(name, _IAO + "0000119"))))
    return "".join(body)


def _index(ontology: OntologyView, members: dict[str, list[tuple[str, str]]]) -> str:
    counts = {name: len(rows) for name, rows in members.items()}
    header = ontology.named(ONTOLOGY_IRI)
    about = " ".join(value.value for value in ontology.all(header, PREFIXES["dcterms"] + "description"))  # type: ignore[attr-defined]
    body = [f"<h1>mesokg ontology</h1><p class=def>{escape(about)}</p><p>Numbers are members in this build. Each box and line leads to its page.</p>"]
    body.append(_model(ontology, counts))
    for kind, title in (("Class", "Classes"), ("ObjectProperty", "Relations between things"), ("DatatypeProperty", "Relations to literals"), ("AnnotationProperty", "Annotation properties")):
        names = sorted((n for n, k in ontology.kind.items() if k == kind), key=lambda n: ontology.label(_OURS + n).casefold())
        rows = "".join(
            f'<li><a href="terms/{escape(n)}.html">{escape(ontology.label(_OURS + n))}</a>'
            + (f" <span class=kind>{counts[n]:,}</span>" if kind == "Class" and counts.get(n) else "") + "</li>"
            for n in names
        )  # fmt: skip
        body.append(f'<h2>{title} ({len(names)})</h2><div class="columns"><ul>{rows}</ul></div>')
    return "".join(body)
