"""Cytoscape: CX2 for the desktop and NDEx, cyjs for Cytoscape.js and older desktops; both with the style.

CX2: https://cytoscape.org/cx/cx2/specification. Cytoscape counts y downwards.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import Column, Survey, clean_text, edge_rows, look_keys, look_of, plain
from mesokg.formats.gexf import name_nodes, write_chunks
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_cx2", "write_cyjs"]

NODE_NAMES = ("id", "name", "shared name", "suid", "represents", "selected", "parent", "position", "x", "y", "z", "node_id")
EDGE_NAMES = ("id", "source", "target", "interaction", "shared interaction", "suid", "selected", "shared name", "s", "t", "name")

_CX2_TYPES = {"string": "string", "long": "long", "double": "double", "boolean": "boolean"}
_SHAPES = {"disc": "ellipse", "square": "rectangle", "diamond": "diamond", "triangle": "triangle"}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _values(columns: list[Column], data: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in columns:
        value = plain(data.get(column.key), column.kind)
        if value is None:
            continue
        if isinstance(value, float) and not math.isfinite(value):
            continue  # JSON has no word for it; a missing number is what readers make of it anyway
        found[column.name] = value
    return found


def _columns(graph: networkx.Graph) -> tuple[list[Column], list[Column]]:
    skip = [key for key in look_keys(graph) if key in ("x", "y", "z", "viz")]
    nodes = Survey(graph, "node").columns(taken=NODE_NAMES, skip=skip)
    edges = Survey(graph, "edge").columns(taken=EDGE_NAMES)
    return nodes, edges


def _kind(key: Any, data: Mapping[Any, Any]) -> str:
    kind = data.get("kind")
    return clean_text(kind) if isinstance(kind, str) else clean_text(key) if isinstance(key, str) else ""


def _label(data: Mapping[Any, Any], fallback: str) -> str:
    label = data.get("label")
    return clean_text(label) if isinstance(label, str) and label else fallback


def _looks(graph: networkx.Graph) -> dict[str, tuple[str | None, str | None]]:
    """Colour and shape of each kind of node, where all nodes of the kind share them."""
    seen: dict[str, set[tuple[str | None, str | None]]] = {}
    for _, data in graph.nodes(data=True):
        kind = data.get("kind")
        if isinstance(kind, str):
            colour, _, _, shape = look_of(data)
            seen.setdefault(clean_text(kind), set()).add((colour, shape))
    return {kind: next(iter(found)) for kind, found in sorted(seen.items()) if len(found) == 1}


def write_cx2(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as CX2 with positions and style.

    Nodes and edges are numbered; ``node_id`` holds the name of the node. Raises ExportError for a value that cannot be
    written and for a file that cannot be.
    """
    nodes, edges = _columns(graph)
    ids = name_nodes(graph)
    number_of = {node: number for number, node in enumerate(graph)}
    head = [
        '[{"CXVersion":"2.0","hasFragments":false}',
        _json(
            {
                "metaData": [
                    {"name": "attributeDeclarations", "elementCount": 1},
                    {"name": "networkAttributes", "elementCount": 1},
                    {"name": "nodes", "elementCount": graph.number_of_nodes()},
                    {"name": "edges", "elementCount": graph.number_of_edges()},
                    {"name": "visualProperties", "elementCount": 1},
                    {"name": "visualEditorProperties", "elementCount": 1},
                ]
            }
        ),
        _json(
            {
                "attributeDeclarations": [
                    {
                        "networkAttributes": {"name": {"d": "string"}, "description": {"d": "string"}},
                        "nodes": {"name": {"d": "string"}, "node_id": {"d": "string"}, **{c.name: {"d": _CX2_TYPES[c.kind]} for c in nodes}},
                        "edges": {"interaction": {"d": "string"}, **{c.name: {"d": _CX2_TYPES[c.kind]} for c in edges}},
                    }
                ]
            }
        ),
        _json({"networkAttributes": [_titles(graph)]}),
    ]
    with text_output(path) as stream:
        stream.write(",\n".join(head))
        stream.write(',\n{"nodes":[\n')
        write_chunks(stream, _commas(_cx2_nodes(graph, ids, number_of, nodes)))
        stream.write(']},\n{"edges":[\n')
        write_chunks(stream, _commas(_cx2_edges(graph, number_of, edges)))
        stream.write("]},\n")
        stream.write(_json({"visualProperties": [_cx2_style(graph)]}))
        # with its sizes locked, as they are unless told otherwise, Cytoscape's desktop maps neither width nor height
        stream.write(",\n" + _json({"visualEditorProperties": [{"properties": {"nodeSizeLocked": False, "arrowColorMatchesEdge": True}}]}))
        stream.write(',\n{"status":[{"success":true}]}]\n')


def _titles(graph: networkx.Graph) -> dict[str, str]:
    return {
        "name": clean_text(str(graph.graph.get("name") or "network")),
        "description": clean_text(str(graph.graph.get("description") or "")),
    }


def _commas(parts: Iterator[str]) -> Iterator[str]:
    for number, part in enumerate(parts):
        yield f",\n{part}" if number else part


def _cx2_nodes(
    graph: networkx.Graph, ids: dict[Any, str], number_of: dict[Any, int], columns: list[Column]
) -> Iterator[str]:
    for node, data in graph.nodes(data=True):
        found: dict[str, Any] = {"id": number_of[node]}
        place = look_of(data)[2]
        if place is not None:
            found["x"], found["y"] = place[0], -place[1] + 0.0
        found["v"] = {"name": _label(data, ids[node]), "node_id": ids[node], **_values(columns, data)}
        yield _json(found)


def _cx2_edges(graph: networkx.Graph, number_of: dict[Any, int], columns: list[Column]) -> Iterator[str]:
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        kind = _kind(key, data)
        values = {**({"interaction": kind} if kind else {}), **_values(columns, data)}
        yield _json({"id": number, "s": number_of[source], "t": number_of[target], "v": values})


def _discrete(attribute: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"type": "DISCRETE", "definition": {"attribute": attribute, "type": "string", "map": [{"v": v, "vp": vp} for v, vp in pairs]}}


def _cx2_style(graph: networkx.Graph) -> dict[str, Any]:
    looks = _looks(graph)
    mapping: dict[str, Any] = {
        "NODE_LABEL": {"type": "PASSTHROUGH", "definition": {"attribute": "name", "type": "string"}},
    }
    if looks:
        mapping["NODE_BACKGROUND_COLOR"] = _discrete("kind", [(kind, colour) for kind, (colour, _) in looks.items() if colour])
        mapping["NODE_SHAPE"] = _discrete("kind", [(kind, _SHAPES.get(shape or "", "ellipse")) for kind, (_, shape) in looks.items()])
    if "size" in look_keys(graph) and any("size" in data for _, data in graph.nodes(data=True)):
        for side in ("NODE_WIDTH", "NODE_HEIGHT"):
            mapping[side] = {"type": "PASSTHROUGH", "definition": {"attribute": "size", "type": "double"}}
    colours = sorted(
        (kind, next(iter(found)))
        for kind, found in _edge_colours(graph).items()
        if len(found) == 1
    )
    edge_mapping: dict[str, Any] = {}
    if colours:
        edge_mapping["EDGE_LINE_COLOR"] = _discrete("interaction", colours)
    return {
        "default": {
            "network": {"NETWORK_BACKGROUND_COLOR": "#FFFFFF"},
            "node": {"NODE_BACKGROUND_COLOR": "#999999", "NODE_SHAPE": "ellipse", "NODE_LABEL_FONT_SIZE": 8, "NODE_LABEL_COLOR": "#111111", "NODE_BORDER_WIDTH": 0.5, "NODE_BORDER_COLOR": "#FFFFFF", "NODE_WIDTH": 8, "NODE_HEIGHT": 8},
            "edge": {"EDGE_LINE_COLOR": "#AAAAAA", "EDGE_WIDTH": 0.8, "EDGE_TARGET_ARROW_SHAPE": "triangle" if graph.is_directed() else "none", "EDGE_TARGET_ARROW_COLOR": "#AAAAAA", "EDGE_OPACITY": 0.6},
        },
        "nodeMapping": mapping,
        "edgeMapping": edge_mapping,
    }  # fmt: skip


def _edge_colours(graph: networkx.Graph) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for _, _, key, data in edge_rows(graph):
        kind, colour = _kind(key, data), data.get("color")
        if kind and isinstance(colour, str) and len(colour) == 7 and colour[0] == "#":
            found.setdefault(kind, Counter())[colour] += 1
    return found


def write_cyjs(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as Cytoscape.js JSON: ``elements``, ``style``, and ``layout`` preset where nodes have places.

    Raises ExportError for a value that cannot be written and for a file that cannot be.
    """
    nodes, edges = _columns(graph)
    ids = name_nodes(graph)
    placed = any(look_of(data)[2] is not None for _, data in graph.nodes(data=True))
    with text_output(path) as stream:
        stream.write(
            '{"format_version":"1.0","generated_by":"mesokg","target_cytoscapejs_version":"~3",'
            f'"data":{_json(_titles(graph))},"layout":{_json({"name": "preset" if placed else "cose"})},\n"style":{_json(_cyjs_style(graph))},\n'
            '"elements":{"nodes":[\n'
        )
        write_chunks(stream, _commas(_cyjs_nodes(graph, ids, nodes)))
        stream.write('],\n"edges":[\n')
        write_chunks(stream, _commas(_cyjs_edges(graph, ids, edges)))
        stream.write("]}}\n")


def _cyjs_nodes(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column]) -> Iterator[str]:
    for node, data in graph.nodes(data=True):
        found: dict[str, Any] = {"data": {"id": f"n:{ids[node]}", "name": _label(data, ids[node]), "node_id": ids[node], **_values(columns, data)}}
        place = look_of(data)[2]
        if place is not None:
            found["position"] = {"x": place[0], "y": -place[1] + 0.0}
        yield _json(found)


def _cyjs_edges(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column]) -> Iterator[str]:
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        # nodes and edges share one set of ids in Cytoscape.js, hence the first letter
        kind = _kind(key, data)
        head = {"id": f"e:{number}", "source": f"n:{ids[source]}", "target": f"n:{ids[target]}", **({"interaction": kind} if kind else {})}
        yield _json({"data": {**head, **_values(columns, data)}})


def _cyjs_style(graph: networkx.Graph) -> list[dict[str, Any]]:
    style: list[dict[str, Any]] = [
        {"selector": "node", "style": {"label": "data(name)", "font-size": 8, "background-color": "#999999", "min-zoomed-font-size": 8}},
        {"selector": "edge", "style": {"width": 0.8, "line-color": "#BBBBBB", "curve-style": "bezier", "opacity": 0.6, "target-arrow-shape": "triangle" if graph.is_directed() else "none"}},
        {"selector": "node[size]", "style": {"width": "data(size)", "height": "data(size)"}},
        {"selector": "edge[color]", "style": {"line-color": "data(color)", "target-arrow-color": "data(color)"}},
    ]  # fmt: skip
    for kind, (colour, shape) in _looks(graph).items():
        name = kind.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        look = {"shape": _SHAPES.get(shape or "", "ellipse"), **({"background-color": colour} if colour else {})}
        style.append({"selector": f'node[kind = "{name}"]', "style": look})
    return style
