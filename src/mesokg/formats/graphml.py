"""GraphML for Gephi, Cytoscape, yEd and igraph (http://graphml.graphdrawing.org), written as a stream.

Attribute names are those that Gephi (``label``, ``x``, ``y``, ``size``, ``r``, ``g``, ``b``) and Cytoscape (``name``,
``interaction``) look for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import Column, Survey, clean_text, edge_rows, look_keys, look_of, plain
from mesokg.formats.gexf import double_text, is_number, name_nodes, write_chunks
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_graphml"]

NODE_NAMES = ("id", "label", "name", "x", "y", "z", "size", "r", "g", "b", "shape", "shared name")
EDGE_NAMES = ("id", "source", "target", "label", "name", "interaction", "weight", "r", "g", "b", "shared interaction")

_SPECIAL = re.compile("[&<>\r\x85\u2028]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def _escape(text: str) -> str:
    text = clean_text(text)
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"&#{ord(found[0])};", text)


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
    plan = [(c.key, f'<data key="{prefix}{n}">', c.kind, _TEXT[c.kind]) for n, c in enumerate(columns)]

    def write(data: Mapping[Any, Any]) -> str:
        return "".join(
            f"{head}{text(plain(value, kind))}</data>"
            for key, head, kind, text in plan
            if (value := data.get(key)) is not None
        )

    return write


def _keys(columns: list[Column], class_: str, prefix: str) -> Iterator[str]:
    for number, column in enumerate(columns):
        yield f'  <key id="{prefix}{number}" for="{class_}" attr.name="{_attribute(column.name)}" attr.type="{column.kind}"/>\n'


_LOOK = (
    ("label", "string"), ("name", "string"), ("x", "double"), ("y", "double"), ("z", "double"), ("size", "double"), ("r", "int"), ("g", "int"),
    ("b", "int"), ("shape", "string"),
)  # fmt: skip


def write_graphml(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as GraphML; what becomes of attributes is told at :func:`mesokg.formats.gexf.write_gexf`.

    Raises ExportError for a value that cannot be written and for a file that cannot be.
    """
    look = look_keys(graph)
    seen_nodes, seen_edges = Survey(graph, "node"), Survey(graph, "edge")
    labels = seen_nodes.only("label", str)
    nodes = seen_nodes.columns(taken=NODE_NAMES, skip=(*look, *(["label"] if labels else [])))
    with_label, with_kind = seen_edges.only("label", str), seen_edges.only("kind", str)
    weighted = all(is_number(data.get("weight")) for data in seen_edges.rows())
    skip = [name for name, good in (("label", with_label), ("kind", with_kind), ("weight", weighted)) if good]
    edges = seen_edges.columns(taken=EDGE_NAMES, skip=skip)
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
            stream.write(f'  <key id="n_{name}" for="node" attr.name="{name}" attr.type="{kind}"/>\n')
        for name, kind in (("label", "string"), ("interaction", "string"), ("weight", "double")):
            stream.write(f'  <key id="e_{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>\n')
        stream.writelines(_keys(nodes, "node", "n"))
        stream.writelines(_keys(edges, "edge", "e"))
        stream.write(f'  <graph id="G" edgedefault="{"directed" if graph.is_directed() else "undirected"}">\n')
        write_chunks(stream, _nodes(graph, ids, nodes, labels, deep))
        write_chunks(stream, _edges(graph, ids, edges, with_label, with_kind, weighted))
        stream.write("  </graph>\n</graphml>\n")


def _nodes(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column], labels: bool, deep: bool) -> Iterator[str]:
    values = _writer(columns, "n")
    for node, data in graph.nodes(data=True):
        colour, size, place, shape = look_of(data)
        label = _escape((data.get("label") if labels else None) or ids[node])
        parts = [f'    <node id="{_attribute(ids[node])}"><data key="n_label">{label}</data><data key="n_name">{label}</data>']
        if place is not None:
            parts.append(f'<data key="n_x">{place[0]!r}</data><data key="n_y">{place[1]!r}</data>')
            if deep:
                parts.append(f'<data key="n_z">{place[2]!r}</data>')
        if size is not None:
            parts.append(f'<data key="n_size">{size!r}</data>')
        if colour is not None:
            parts += [f'<data key="n_{name}">{int(colour[at : at + 2], 16)}</data>' for name, at in (("r", 1), ("g", 3), ("b", 5))]
        if shape is not None:
            parts.append(f'<data key="n_shape">{_escape(shape)}</data>')
        yield f"{''.join(parts)}{values(data)}</node>\n"


def _edges(
    graph: networkx.Graph, ids: dict[Any, str], columns: list[Column], with_label: bool, with_kind: bool, weighted: bool
) -> Iterator[str]:
    values = _writer(columns, "e")
    names = {node: _attribute(name) for node, name in ids.items()}
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        label = data.get("label") if with_label else None
        kind = (data.get("kind") if with_kind else None) or (key if isinstance(key, str) else None)
        weight = data.get("weight") if weighted else None
        parts = [f'    <edge id="e{number}" source="{names[source]}" target="{names[target]}">']
        if label:
            parts.append(f'<data key="e_label">{_escape(label)}</data>')
        if kind:
            parts.append(f'<data key="e_interaction">{_escape(kind)}</data>')
        if weight is not None:
            parts.append(f'<data key="e_weight">{double_text(float(weight))}</data>')
        yield f"{''.join(parts)}{values(data)}</edge>\n"
