"""The ontology as files for ontologists: base and full, in Turtle, RDF/XML and OBO graph JSON, with alignment and mappings.

- ``mesokg-base`` holds our own axioms only.
- ``mesokg-full`` adds the alignment to BFO, IAO, OBI, SO and RO, the outside terms that facts use with their labels and
  parents, and the links between named classes that HermiT found: nothing has to be fetched or classified to use it.
- ``mesokg.json`` is the OBO graph of the base (https://github.com/geneontology/obographs).

``python -m mesokg.ontology_products`` renews the lists of outside terms in ``ontology/imports/``.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.identifiers import ONTOLOGY_IRI, PREFIXES, compact, graph_iri
from mesokg.ontology_view import Nodes
from mesokg.resources import folder

if TYPE_CHECKING:
    from pyoxigraph import NamedNode, Quad

__all__ = [
    "full_ontology",
    "import_lists",
    "main",
    "obo_graph",
    "outside_terms",
    "write_import_lists",
    "write_ontology_products",
]

ALIGNMENT = "alignment.ttl"
FULL_IRI = PREFIXES["mesokg"] + "mesokg-full.owl"

_OWL, _RDF, _RDFS, _OIO, _IAO = (PREFIXES[name] for name in ("owl", "rdf", "rdfs", "oboInOwl", "IAO"))
_TYPE = _RDF + "type"
_DEFINITION, _DEFINITION_SOURCE = _IAO + "0000115", _IAO + "0000119"
_SYNONYMS = ("hasExactSynonym", "hasBroadSynonym", "hasNarrowSynonym", "hasRelatedSynonym")


def write_ontology_products(by_graph: Mapping[str, list[Quad]], out: Path) -> list[Path]:
    """Write ``ontology/`` below the folder ``out``; returns the files written, sorted.

    ``by_graph`` holds the quads of the built store by the short names of their graphs, in any order.
    """
    from pyoxigraph import RdfFormat

    from mesokg.rdf_files import sorted_quads, used_prefixes, write_rdf

    target = out / "ontology"
    target.mkdir(parents=True, exist_ok=True)
    base = sorted_quads(by_graph["ontology"])
    full = full_ontology(by_graph)
    for name, found in (("mesokg-base", base), ("mesokg-full", full)):
        prefixes = used_prefixes(found)
        write_rdf(found, target / f"{name}.ttl", RdfFormat.TURTLE, prefixes=prefixes)
        write_rdf(found, target / f"{name}.owl", RdfFormat.RDF_XML, prefixes=prefixes)
    links = [q for q in by_graph["inferred"] if q.predicate.value == _RDFS + "subClassOf"]
    graph = obo_graph([*base, *links])
    text = json.dumps(graph, indent=1, ensure_ascii=False, sort_keys=True)
    (target / "mesokg.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    here = folder("ontology")
    shutil.copyfile(here / ALIGNMENT, target / f"mesokg-{ALIGNMENT}")
    (target / "mappings").mkdir(exist_ok=True)
    for path in sorted((here / "mappings").glob("*.sssom.tsv")):
        shutil.copyfile(path, target / "mappings" / path.name)
    return sorted(path for path in target.rglob("*") if path.is_file())


# ---------------------------------------------------------------- full


def _alignment() -> list[Quad]:
    import pyoxigraph as ox

    path = folder("ontology") / ALIGNMENT
    graph = ox.NamedNode(graph_iri("ontology"))
    names: dict[ox.BlankNode, ox.BlankNode] = {}

    def apart(node: object) -> object:
        if isinstance(node, ox.BlankNode):
            return names.setdefault(node, ox.BlankNode(f"a{len(names) + 1:04}"))
        return node

    found = []
    for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
        if getattr(quad.subject, "value", "").endswith("/alignment"):
            continue  # the header
        found.append(ox.Quad(apart(quad.subject), quad.predicate, apart(quad.object), graph))  # type: ignore[arg-type]
    return found


def full_ontology(by_graph: Mapping[str, list[Quad]]) -> list[Quad]:
    """Base, alignment, outside terms of the facts with labels and parents, and the classified hierarchy, sorted."""
    import pyoxigraph as ox

    from mesokg.rdf_files import sorted_quads

    wanted = {_RDFS + "label", PREFIXES["mesokg"] + "hasBroader", _TYPE}
    imported = [
        quad for quad in by_graph.get("facts", [])
        if quad.predicate.value in wanted and not quad.subject.value.startswith(PREFIXES["mkg"])
    ]  # fmt: skip
    classified = [quad for quad in by_graph.get("inferred", []) if quad.predicate.value == _RDFS + "subClassOf"]
    graph = ox.NamedNode(graph_iri("ontology"))
    named = {quad.subject for quad in imported if quad.predicate.value == _TYPE}
    individuals = [ox.Quad(one, ox.NamedNode(_TYPE), ox.NamedNode(_OWL + "NamedIndividual"), graph) for one in named]

    def renamed(quad: Quad) -> Quad:
        """The header speaks of the full ontology, in its dated version."""
        if quad.subject != ox.NamedNode(ONTOLOGY_IRI):
            return quad
        value = quad.object
        if quad.predicate.value == _OWL + "versionIRI":
            value = ox.NamedNode(f"{FULL_IRI}/{quad.object.value.rsplit('/', 1)[-1]}")  # type: ignore[union-attr]
        return ox.Quad(ox.NamedNode(FULL_IRI), quad.predicate, value, quad.graph_name)

    whole = [renamed(quad) for quad in by_graph["ontology"]]
    triples = {quad.triple: quad for quad in [*whole, *_alignment(), *imported, *individuals, *classified]}
    return sorted_quads(triples.values())


# ---------------------------------------------------------------- OBO graph


def obo_graph(quads: Iterable[Quad]) -> dict[str, object]:
    """The ontology as an OBO graph document: nodes, ``is_a`` and property edges, and what definitions it can hold.

    An OBO graph holds a definition only if it is a genus and relations to named classes; the others stand in the OWL
    files alone.
    """
    import pyoxigraph as ox

    reader = Nodes(quads)
    kinds = {"Class": "CLASS", "ObjectProperty": "PROPERTY", "DatatypeProperty": "PROPERTY",
             "AnnotationProperty": "PROPERTY", "NamedIndividual": "INDIVIDUAL"}  # fmt: skip
    detail = {"ObjectProperty": "OBJECT", "DatatypeProperty": "DATA", "AnnotationProperty": "ANNOTATION"}
    nodes, edges, definitions, ranges, chains = [], [], [], [], []
    for subject in sorted((s for s in reader.triples if isinstance(s, ox.NamedNode)), key=str):
        types = {iri.removeprefix(_OWL) for iri in reader.words(subject, _TYPE)}
        kind = next((kind for kind in kinds if kind in types), None)
        if kind is None:
            continue
        node: dict[str, object] = {"id": subject.value, "type": kinds[kind]}
        if label := reader.words(subject, _RDFS + "label"):
            node["lbl"] = label[0]
        if kind in detail:
            node["propertyType"] = detail[kind]
        if meta := _meta(reader, subject):
            node["meta"] = meta
        nodes.append(node)
        edges += _edges(reader, subject, kind)
        definitions += _definitions(reader, subject)
        if kind == "ObjectProperty":
            domain, range_ = ([n.value for n in reader.all(subject, _RDFS + side) if isinstance(n, ox.NamedNode)] for side in ("domain", "range"))
            if domain or range_:
                ranges.append({"predicateId": subject.value, "domainClassIds": sorted(domain), "rangeClassIds": sorted(range_), "allValuesFromEdges": []})
            for head in reader.all(subject, _OWL + "propertyChainAxiom"):
                steps = [step.value for step in reader.items(head)]  # type: ignore[attr-defined]
                chains.append({"predicateId": subject.value, "chainPredicateIds": steps})
    header = ox.NamedNode(ONTOLOGY_IRI)
    version = reader.words(header, _OWL + "versionIRI")
    about = [{"pred": p, "val": v} for p in sorted(reader.triples[header]) if p not in (_TYPE, _OWL + "versionIRI") for v in reader.words(header, p)]
    graph = {
        "id": ONTOLOGY_IRI, "meta": {"version": version[0] if version else "", "basicPropertyValues": about},
        "nodes": nodes, "edges": sorted(edges, key=lambda e: (e["sub"], e["pred"], e["obj"])),
        "logicalDefinitionAxioms": definitions, "domainRangeAxioms": ranges,
        "propertyChainAxioms": sorted(chains, key=str), "equivalentNodesSets": [],
    }  # fmt: skip
    return {"graphs": [graph]}


def _meta(reader: Nodes, subject: NamedNode) -> dict[str, object]:
    meta: dict[str, object] = {}
    if definition := reader.words(subject, _DEFINITION):
        meta["definition"] = {"val": definition[0], "xrefs": reader.words(subject, _DEFINITION_SOURCE)}
    synonyms = [{"pred": kind, "val": value} for kind in _SYNONYMS for value in reader.words(subject, _OIO + kind)]
    if synonyms:
        meta["synonyms"] = synonyms
    if "true" in reader.words(subject, _OWL + "deprecated"):
        meta["deprecated"] = True
    if examples := reader.words(subject, _IAO + "0000112"):
        meta["basicPropertyValues"] = [{"pred": _IAO + "0000112", "val": value} for value in examples]
    return meta


def _edges(reader: Nodes, subject: NamedNode, kind: str) -> list[dict[str, str]]:
    import pyoxigraph as ox

    found = []
    for predicate, name in ((_RDFS + "subClassOf", "is_a"), (_RDFS + "subPropertyOf", "subPropertyOf"), (_OWL + "inverseOf", "inverseOf")):
        found += [(name, n) for n in reader.all(subject, predicate) if isinstance(n, ox.NamedNode)]
    for expression in reader.all(subject, _RDFS + "subClassOf"):
        over, filler = reader.all(expression, _OWL + "onProperty"), reader.all(expression, _OWL + "someValuesFrom")
        if over and filler and isinstance(filler[0], ox.NamedNode):
            found.append((over[0].value, filler[0]))  # type: ignore[attr-defined]
    if kind == "NamedIndividual":
        found += [("type", n) for n in reader.all(subject, _TYPE) if not n.value.startswith(_OWL)]  # type: ignore[attr-defined]
    return [{"sub": subject.value, "pred": name, "obj": node.value} for name, node in found]


def _definitions(reader: Nodes, subject: NamedNode) -> list[dict[str, object]]:
    import pyoxigraph as ox

    found = []
    for expression in reader.all(subject, _OWL + "equivalentClass"):
        lists = reader.all(expression, _OWL + "intersectionOf")
        parts = reader.items(lists[0]) if lists else []
        genus = [part.value for part in parts if isinstance(part, ox.NamedNode)]
        restrictions = []
        for part in parts:
            over, filler = reader.all(part, _OWL + "onProperty"), reader.all(part, _OWL + "someValuesFrom")
            if over and filler and isinstance(filler[0], ox.NamedNode):
                restrictions.append({"propertyId": over[0].value, "fillerId": filler[0].value})  # type: ignore[attr-defined]
        if parts and len(genus) + len(restrictions) == len(parts):
            found.append({"definedClassId": subject.value, "genusIds": genus, "restrictions": restrictions})
    return found


# ---------------------------------------------------------------- lists of outside terms

_OUTSIDE = ("CHEBI", "CL", "DRUGBANK", "ECO", "GO", "HGNC", "MONDO", "NCBIGene", "NCBITaxon", "NCIT", "SO", "UBERON",
            "UniProtKB", "cellosaurus")  # fmt: skip
_CELL = re.compile(rf"(?:{'|'.join(_OUTSIDE)}):[A-Za-z0-9_]+")


def outside_terms(data: Path | None = None, ontology: Path | None = None) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """The outside terms that tables and ontology use: by prefix, then CURIE, the label and the parents."""
    data, ontology = data or folder("data"), ontology or folder("ontology")
    labels: dict[str, str] = {}
    parents: dict[str, set[str]] = defaultdict(set)
    used: set[str] = set()
    for path in sorted(data.glob("*.tsv")):
        if path.name in ("leads.tsv", "source_licences.tsv"):
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
                if _CELL.fullmatch(row.get("id") or ""):
                    labels[row["id"]] = row["label"]
                for column, cell in row.items():
                    values = (cell or "").split("|")
                    found = [value for value in values if _CELL.fullmatch(value)]
                    used.update(found)
                    names = (row.get(f"{column}_label") or "").split("|")
                    if found and len(names) == len(values):
                        for value, name in zip(values, names, strict=True):
                            labels.setdefault(value, name)
                    if column == "hasBroader":
                        parents[row["id"]].update(found)
    for iri in re.findall(r"<(http[^>]+)>|\b(?:obo:([A-Za-z]+_[A-Za-z0-9]+)|(HGNC:\d+))", (ontology / "mesokg.ttl").read_text(encoding="utf-8")):
        curie = iri[2] or (iri[1].replace("_", ":") if iri[1] else compact(iri[0]))
        if _CELL.fullmatch(curie):
            used.add(curie)
    result: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = defaultdict(dict)
    for curie in sorted(used):
        prefix = curie.partition(":")[0]
        result[prefix][curie] = (labels.get(curie, ""), tuple(sorted(parents.get(curie, ()))))
    return dict(result)


def import_lists(data: Path | None = None, ontology: Path | None = None) -> dict[str, str]:
    """The text of each list ``<source>_terms.txt``: one id a line, its label after ``#``, its parents after ``<``.

    A label that no table gives is taken from the list as it stands.
    """
    ontology = ontology or folder("ontology")
    licences = _licences(ontology)
    found = {}
    for prefix, terms in sorted(outside_terms(data, ontology).items()):
        name = f"{prefix.lower()}_terms.txt"
        known = _read_labels(ontology / "imports" / name)
        title, licence = licences[prefix]
        lines = [f"# {title}; licence: {licence}", "# id # label < parents; renewed by: python -m mesokg.ontology_products"]
        for curie, (label, over) in sorted(terms.items()):
            words = label or known.get(curie, "")
            lines.append(f"{curie} # {words}" + (f" < {' '.join(over)}" if over else ""))
        found[name] = "\n".join(lines) + "\n"
    return found


def _licences(ontology: Path) -> dict[str, tuple[str, str]]:
    with (ontology / "imports" / "licences.tsv").open(encoding="utf-8", newline="") as stream:
        return {row["prefix"]: (row["source"], row["licence"]) for row in csv.DictReader(stream, delimiter="\t")}


def _read_labels(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    rows = (line.partition(" # ") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {curie: rest.partition(" < ")[0] for curie, _, rest in rows}


def write_import_lists(data: Path | None = None, ontology: Path | None = None) -> list[Path]:
    """Renew ``imports/*_terms.txt`` beside the ontology; returns the files written."""
    target = (ontology or folder("ontology")) / "imports"
    written = []
    for name, text in import_lists(data, ontology).items():
        path = target / name
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def main() -> int:
    """Renews the lists of outside terms and says how many terms each holds."""
    for path in write_import_lists():
        count = sum(1 for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
        sys.stderr.write(f"{path}: {count} terms\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
