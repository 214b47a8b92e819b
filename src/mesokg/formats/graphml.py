"""GraphML for Gephi, Cytoscape, yEd and igraph (http://graphml.graphdrawing.org), written as a stream.

Attribute names are those that Gephi (``label``, ``x``, ``y``, ``size``, ``r``, ``g``, ``b``) and Cytoscape (``name``,
``interaction``) look for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import Column, Survey, as_number, clean_text, double_text, edge_rows, kind_of, look_keys, look_of, name_nodes, row_writer
from mesokg.formats.gexf import weight_given, write_chunks
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_graphml"]

NODE_NAMES = ("id", "label", "name", "x", "y", "z", "size", "r", "g", "b", "shape", "shared name")
EDGE_NAMES = ("id", "source", "target", "label", "name", "interaction", "weight", "r", "g", "b", "shared interaction")

_SPECIAL = re.compile("[&<>\r\x85\u2028]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"&#{ord(found[0])};", clean_text(text))


def _attribute(text: str) -> str:
    return _escape(text).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")


_TEXT: dict[str, Callable[[Any], str]] = {
    "string": _escape,
    "double": double_text,
    "long": str,
    "int": str,
    "boolean": lambda value: "true" if value else "false",
}


def _writer(columns: list[Column], prefix: str) -> Callable[[Mapping[Any, Any]], str]:
    def cell(number: int, text: Callable[[Any], str]) -> Callable[[Any], str]:
        return lambda value: f'<data key="{prefix}{number}">{text(value)}</data>'

    row = row_writer(columns, [cell(number, _TEXT[column.kind]) for number, column in enumerate(columns)])
    return lambda data: "".join(row(data))


def _keys(columns: list[Column], class_: str, prefix: str) -> Iterator[str]:
    for number, column in enumerate(columns):
        yield f'  <key id="{prefix}{number}" for="{class_}" attr.name="{_attribute(column.name)}" attr.type="{column.kind}"/>\n'


_LOOK = (
    ("label", "string"), ("name", "string"), ("x", "double"), ("y", "double"), ("z", "double"), ("size", "double"), ("r", "int"), ("g", "int"),
    ("b", "int"), ("shape", "string"),
)  # fmt: skip


def write_graphml(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as GraphML; what becomes of attributes is told at :func:`mesokg.formats.gexf.write_gexf`.

    Every edge of a directed graph is directed, whatever its kind: NetworkX refuses a file with both sorts.
    A weight is written as given; where one is no number, or no double holds it, all stand in ``weight_given`` too.

    Raises ExportError for a value that cannot be written and for a file that cannot be.
    """
    look = look_keys(graph)
    seen_nodes, seen_edges = Survey(graph, "node"), Survey(graph, "edge")
    nodes = seen_nodes.columns(taken=NODE_NAMES, skip=(*look, *(["label"] if seen_nodes.only("label", str) else [])))
    weighted = all(map(_is_exact, seen_edges.weights))
    skip = [name for name in ("label", "kind") if seen_edges.only(name, str)] + (["weight"] if weighted else [])
    edges = weight_given(seen_edges.columns(taken=EDGE_NAMES, skip=skip))
    ids = name_nodes(graph)
    with text_output(path) as stream:
        stream.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation='
            '"http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
        )
        # a graph in the plane has no column of zeros
        deep = any(place is not None and place[2] for place in (look_of(data)[2] for _, data in graph.nodes(data=True)))
        for name, kind in _LOOK:
            if name == "z" and not deep:
                continue
            stream.write(f'  <key id="kn_{name}" for="node" attr.name="{name}" attr.type="{kind}"/>\n')
        for name, kind in (("label", "string"), ("interaction", "string"), ("weight", "double")):
            stream.write(f'  <key id="ke_{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>\n')
        stream.writelines(_keys(nodes, "node", "kn"))
        stream.writelines(_keys(edges, "edge", "ke"))
        stream.write(f'  <graph id="G" edgedefault="{"directed" if graph.is_directed() else "undirected"}">\n')
        write_chunks(stream, _nodes(graph, ids, nodes, deep))
        write_chunks(stream, _edges(graph, ids, edges))
        stream.write("  </graph>\n</graphml>\n")


def _nodes(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column], deep: bool) -> Iterator[str]:
    values = _writer(columns, "kn")
    for node, data in graph.nodes(data=True):
        colour, size, place, shape = look_of(data)
        label = _escape(_text(data.get("label")) or ids[node])
        parts = [f'    <node id="{_attribute(ids[node])}"><data key="kn_label">{label}</data><data key="kn_name">{label}</data>']
        if place is not None:
            parts.append(f'<data key="kn_x">{place[0]!r}</data><data key="kn_y">{place[1]!r}</data>')
            if deep:
                parts.append(f'<data key="kn_z">{place[2]!r}</data>')
        if size is not None:
            parts.append(f'<data key="kn_size">{size / 2!r}</data>')
        if colour is not None:
            parts += [f'<data key="kn_{name}">{int(colour[at : at + 2], 16)}</data>' for name, at in (("r", 1), ("g", 3), ("b", 5))]
        if shape is not None:
            parts.append(f'<data key="kn_shape">{_escape(shape)}</data>')
        yield f"{''.join(parts)}{values(data)}</node>\n"


def _weight(value: Any) -> float | None:
    """The weight, or the double nearest to it, where it is a number that is not too large for one."""
    weight = as_number(value)
    try:
        return None if weight is None else float(weight)
    except OverflowError:
        return None


def _is_exact(value: Any) -> bool:
    weight = _weight(value)
    return weight is not None and (weight == as_number(value) or weight != weight)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _edges(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column]) -> Iterator[str]:
    values = _writer(columns, "ke")
    names = {node: _attribute(name) for node, name in ids.items()}
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        label, kind = _text(data.get("label")), kind_of(key, data)
        weight = _weight(data.get("weight"))
        parts = [f'    <edge id="e{number}" source="{names[source]}" target="{names[target]}">']
        if label:
            parts.append(f'<data key="ke_label">{_escape(label)}</data>')
        if kind:
            parts.append(f'<data key="ke_interaction">{_escape(kind)}</data>')
        if weight is not None:
            parts.append(f'<data key="ke_weight">{double_text(weight)}</data>')
        yield f"{''.join(parts)}{values(data)}</edge>\n"
