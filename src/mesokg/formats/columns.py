"""Tables of nodes and edges: CSV for Neo4j's importer and for spreadsheets, Parquet for Spark and DuckDB."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mesokg.errors import ExportError
from mesokg.formats.cleaning import Column, Survey, clean_text, double_text, edge_rows, kind_of, name_nodes, plain, row_writer
from mesokg.formats.output import Target, make_folder, remove_quietly, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_csv", "write_parquet"]

NODE_NAMES = ("id",)
EDGE_NAMES = ("src", "dst", "relationship")

_NEO4J = {"string": "", "long": ":long", "double": ":double", "boolean": ":boolean"}


def _neo4j_label(kind: object) -> str:
    """A kind as a Neo4j label.

    >>> _neo4j_label("registry record"), _neo4j_label(None)
    ('RegistryRecord', 'Node')
    """
    words = re.findall(r"\w+", plain(kind, "string")) if kind is not None else []
    return "".join(word[:1].upper() + word[1:] for word in words) or "Node"


@lru_cache(maxsize=1000)
def _neo4j_type(kind: str) -> str:
    """The name of a property as a Neo4j relationship type.

    >>> _neo4j_type("usesVector"), _neo4j_type("5'-end")
    ('USES_VECTOR', '5_END')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", clean_text(kind))
    return re.sub(r"\W+", "_", words).strip("_").upper() or "RELATED"


def _cell(kind: str) -> Callable[[Any], str]:
    """What is written of a value in a column of this kind."""
    if kind == "string":
        return lambda value: _quoted(clean_text(value))
    return {"double": double_text, "boolean": lambda value: "true" if value else "false"}.get(kind, str)


def write_csv(graph: networkx.Graph, path: Target) -> None:
    """Write ``nodes.csv`` and ``edges.csv`` into the folder ``path``, headed as ``neo4j-admin database import`` wants.

    Line ends inside cells are kept and quoted (``--multiline-fields=true``). Raises ExportError for a value that
    cannot be written and for a folder that cannot be.
    """
    nodes = Survey(graph, "node").columns(taken=NODE_NAMES)
    edges = Survey(graph, "edge").columns(taken=())
    folder = make_folder(path)
    ids = name_nodes(graph)
    values = row_writer(nodes, [_cell(column.kind) for column in nodes])
    with text_output(folder / "nodes.csv") as stream:
        stream.write(_line(map(_quoted, ["id:ID", ":LABEL", *_headers(nodes)])))
        for node, data in graph.nodes(data=True):
            stream.write(_line([_quoted(ids[node]), _quoted(_neo4j_label(data.get("kind"))), *values(data)]))
    values = row_writer(edges, [_cell(column.kind) for column in edges])
    quoted = {node: _quoted(name) for node, name in ids.items()}
    with text_output(folder / "edges.csv") as stream:
        stream.write(_line(map(_quoted, [":START_ID", ":END_ID", ":TYPE", *_headers(edges)])))
        for source, target, key, data in edge_rows(graph):
            stream.write(_line([quoted[source], quoted[target], _quoted(_neo4j_type(kind_of(key, data) or "related")), *values(data)]))


_QUOTED = re.compile('[,"\r\n]|^\\s|\\s$')


def _quoted(cell: str) -> str:
    """A cell of CSV. Python's writer leaves a bare carriage return unquoted, and readers end the record there.

    >>> _quoted("a"), _quoted('b"c'), _quoted("d,e")
    ('a', '"b""c"', '"d,e"')
    """
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell


def _line(cells: Iterable[str]) -> str:
    return ",".join(cells) + "\n"


def _headers(columns: list[Column]) -> list[str]:
    """Names with types; a colon starts the type in Neo4j's header, so there is none in a name, and no two are the same."""
    taken: set[str] = set()
    found = []
    for column in columns:
        name = column.name.replace(":", "_")
        while name.lower() in taken:
            name += "_attribute"
        taken.add(name.lower())
        found.append(name + _NEO4J[column.kind])
    return found


def write_parquet(graph: networkx.Graph, path: Target) -> None:
    """Write ``nodes.parquet`` (``id`` …) and ``edges.parquet`` (``src``, ``dst``, ``relationship`` …) into the folder ``path``.

    The names are those of Spark GraphFrames. Raises ExportError where pyarrow is missing, for a value that cannot be
    written and for a folder that cannot be.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow; run `pip install mesokg[parquet]`") from error
    types = {"string": pyarrow.string(), "long": pyarrow.int64(), "double": pyarrow.float64(), "boolean": pyarrow.bool_()}
    node_columns = Survey(graph, "node").columns(taken=NODE_NAMES)
    edge_columns = Survey(graph, "edge").columns(taken=EDGE_NAMES)
    folder = make_folder(path)
    ids = name_nodes(graph)

    def save(name: str, first: dict[str, list[str]], columns: list[Column], rows: list[Any]) -> None:
        fields = [(key, pyarrow.string()) for key in first] + [(c.name, types[c.kind]) for c in columns]
        arrays = [pyarrow.array(values, pyarrow.string()) for values in first.values()]
        arrays += [pyarrow.array([plain(data.get(c.key), c.kind) for data in rows], types[c.kind]) for c in columns]
        table = pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))
        beside = folder / f".{name}.{os.getpid()}.new"
        try:
            pyarrow.parquet.write_table(table, beside, compression="zstd")
            beside.replace(folder / name)
        except OSError as error:
            remove_quietly(beside)
            raise ExportError(f"{folder / name}: cannot be written: {error.strerror or error}") from error

    nodes = list(graph.nodes(data=True))
    save("nodes.parquet", {"id": [ids[node] for node, _ in nodes]}, node_columns, [data for _, data in nodes])
    edges = list(edge_rows(graph))
    save(
        "edges.parquet",
        {
            "src": [ids[source] for source, *_ in edges],
            "dst": [ids[target] for _, target, *_ in edges],
            "relationship": [clean_text(kind_of(key, data) or "related") for _, _, key, data in edges],
        },
        edge_columns,
        [data for *_, data in edges],
    )
