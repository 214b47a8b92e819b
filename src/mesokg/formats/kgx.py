"""KGX: nodes and edges as TSV with Biolink categories and predicates (https://github.com/biolink/kgx, format).

Which class and property becomes which Biolink term stands in ``biolink.tsv``; a property without a row is
``biolink:related_to``, and ``original_predicate`` keeps what we say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import Column, Survey, clean_text, edge_rows, kind_of, name_nodes, plain, row_writer, type_of
from mesokg.formats.output import Target, make_folder, text_output
from mesokg.networks.build import UNSOURCED
from mesokg.networks.styles import DENIALS

if TYPE_CHECKING:
    import networkx

__all__ = ["read_biolink", "write_kgx"]

SOURCE = "infores:mesokg"

SUPPORT = {
    "number_of_publications": "publications", "number_of_denials": "denials", "denied_by": "denied_by", "best_evidence": "best_evidence",
    "first_year": "first_year", "last_year": "last_year",
}  # fmt: skip
"""Columns that KGX has no word of its own for, and the attribute that each holds; KGX keeps what it does not know."""

MORE_NODES = {"kind": "kind", **SUPPORT}
MORE_EDGES = {**SUPPORT, "weight": "weight", "counts": "counts"}

NODES = ("id", "category", "name", "description", "iri", "xref", "provided_by", *MORE_NODES)
EDGES = (
    "id", "subject", "predicate", "object", "negated", "category", "original_predicate", "knowledge_level", "agent_type",
    "primary_knowledge_source", "publications", "knowledge_source_records", *MORE_EDGES,
)


@lru_cache(maxsize=1)
def read_biolink() -> dict[str, dict[str, str]]:
    """Biolink names by ``class`` and ``property``, then by our local name."""
    found: dict[str, dict[str, str]] = {"class": {}, "property": {}}
    for line in Path(__file__).with_name("biolink.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        what, name, biolink = line.split("\t")
        found[what][name] = biolink
    return found


def _one_line(text: str) -> str:
    """A TSV cell of KGX has no quotes and holds no tab or line end."""
    return " ".join(clean_text(text).split())


def _cell(value: object) -> str:
    return _one_line(plain(value, "string")) if value is not None and type_of(value) else ""


def _more(columns: dict[str, str]) -> Callable[[Mapping[Any, Any]], list[str]]:
    """A function from attributes to the cells of these columns; lists are joined by |, as in all of KGX."""

    def joined(text: str) -> str:
        return _one_line(text).replace("; ", "|")

    keys = list(columns.values())
    return row_writer([Column(key, key, "string") for key in keys], [joined if key == "denied_by" else _one_line for key in keys])


@lru_cache(maxsize=1)
def _class_of_kind() -> dict[str, str]:
    from mesokg.networks.styles import read_styles

    return {style.kind: name for name, style in read_styles().items()}


def _category(data: Mapping[Any, Any]) -> str:
    name = _class_of_kind().get(_cell(data.get("kind")), "")
    return "biolink:" + read_biolink()["class"].get(name, "NamedThing")


def _publications(listed: object, aliases: dict[str, str]) -> tuple[str, str]:
    """PMIDs and DOIs of the listed sources that are publications, and the rest; each joined by |."""
    sources = [source for source in _cell(listed).split("; ") if source]
    papers = [aliases[source] for source in sources if source in aliases]
    return "|".join(papers), "|".join(source for source in sources if source not in aliases)


def _aliases(graph: networkx.Graph) -> dict[str, str]:
    """The PMID or DOI of each publication as a CURIE: of the nodes, and of sources that the graph attribute ``aliases`` has."""
    given = graph.graph.get("aliases")
    found = {_cell(source): _cell(alias) for source, alias in given.items()} if isinstance(given, Mapping) else {}
    for node, data in graph.nodes(data=True):
        for key, prefix in (("pmid", "PMID"), ("doi", "doi")):
            if data.get("kind") == "publication" and data.get(key):
                found[str(node)] = f"{prefix}:{_cell(data[key]).split(';')[0]}"
                break
    return found


def write_kgx(graph: networkx.Graph, path: Target) -> None:
    """Write ``nodes.tsv`` and ``edges.tsv`` into the folder ``path``.

    ``publications`` of an edge are the PMIDs and DOIs of its ``sources``: of nodes of kind publication, and of what the
    graph attribute ``aliases`` (source to CURIE) names; the other sources are in ``knowledge_source_records``. An edge is
    ``negated`` where its kind denies, or where it has ``denied_by`` and no ``sources``, is not ``inferred``, and ``counts`` does
    not say that it needs none; it then has the publications that deny it.

    Raises ExportError where that is not possible; for a value that cannot be written it names node or edge and attribute.
    """
    Survey(graph, "node").check("label", "description", "iri", "pmid", "doi", *MORE_NODES.values())
    Survey(graph, "edge").check("kind", "sources", *MORE_EDGES.values())
    folder = make_folder(path)
    ids = name_nodes(graph, _one_line)
    aliases = _aliases(graph)
    more = _more(MORE_NODES)
    with text_output(folder / "nodes.tsv") as stream:
        stream.write("\t".join(NODES) + "\n")
        for node, data in graph.nodes(data=True):
            name = _cell(data.get("label")) or ids[node]
            row = (
                ids[node], _category(data), name, _cell(data.get("description") or ""), _cell(data.get("iri") or ""),
                aliases.get(str(node), ""), SOURCE, *more(data),
            )  # fmt: skip
            stream.write("\t".join(row) + "\n")
    with text_output(folder / "edges.tsv") as stream:
        stream.write("\t".join(EDGES) + "\n")
        stream.writelines(_edges(graph, ids, aliases))


def _edges(graph: networkx.Graph, ids: dict[Any, str], aliases: dict[str, str]) -> Iterator[str]:
    predicates = read_biolink()["property"]
    more = _more(MORE_EDGES)
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        kind = clean_text(kind_of(key, data))
        inferred = data.get("inferred") is True
        # a link that sources deny and none affirms, though it needs one
        denied = bool(data.get("denied_by")) and not data.get("sources") and not inferred and data.get("counts") != UNSOURCED
        papers, records = _publications(data.get("denied_by" if denied else "sources"), aliases)
        row = (
            f"{SOURCE}-{number}", ids[source], "biolink:" + predicates.get(kind, "related_to"), ids[target],
            "true" if denied or kind in DENIALS else "false", "biolink:Association", f"mesokg:{_cell(kind)}" if kind else "",
            "logical_entailment" if inferred else "knowledge_assertion", "automated_agent" if inferred else "manual_agent",
            SOURCE, papers, records, *more(data),
        )  # fmt: skip
        yield "\t".join(row) + "\n"
