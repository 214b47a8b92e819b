"""Cytoscape: CX2 for the desktop and NDEx, cyjs for Cytoscape.js and older desktops; both with the style.

CX2: https://cytoscape.org/cx/cx2/specification. Cytoscape counts y downwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import Column, Survey, both_ways, clean_text, edge_rows, is_colour, kind_of, look_keys, look_of, name_nodes, row_writer, with_flat_looks
from mesokg.formats.gexf import write_chunks
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_cx2", "write_cyjs"]

NODE_NAMES = ("id", "name", "shared name", "suid", "represents", "selected", "parent", "position", "x", "y", "z", "node_id")
EDGE_NAMES = ("id", "source", "target", "interaction", "shared interaction", "suid", "selected", "shared name", "s", "t", "name")

LABEL_WIDTH = 180
"""How wide a label is drawn; the data has the whole."""

_CX2_TYPES = {"string": "string", "long": "long", "double": "double", "boolean": "boolean"}
_SHAPES = {"disc": "ellipse", "square": "rectangle", "diamond": "diamond", "triangle": "triangle"}


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _text(text: str) -> str:
    return _json(clean_text(text))


_JSON: dict[str, Callable[[Any], str]] = {
    "string": _text,
    "double": repr,
    "long": str,
    "boolean": lambda value: "true" if value else "false",
}


def _value_writer(columns: list[Column]) -> Callable[[Mapping[Any, Any]], str]:
    """A function from attributes to the members of a JSON object, each with a comma before it."""

    def cell(name: str, json_of: Callable[[Any], str]) -> Callable[[Any], str]:
        return lambda value: f",{name}:{json_of(value)}"

    row = row_writer(columns, [cell(_json(column.name), _JSON[column.kind]) for column in columns])
    return lambda data: "".join(row(data))


def _columns(graph: networkx.Graph, *written: str) -> tuple[list[Column], list[Column]]:
    """The columns of nodes and edges, without what is written of the look in another way.

    JSON has no word for infinity and NaN, so they are texts, and with them all numbers of the attribute.
    """
    skip = [key for key in look_keys(graph) if key in written]
    nodes = Survey(graph, "node").columns(taken=NODE_NAMES, skip=skip, finite=True)
    edges = Survey(graph, "edge").columns(taken=EDGE_NAMES, finite=True)
    return nodes, edges


def _column(columns: list[Column], key: str) -> str:
    """The name of the column of texts for an attribute; empty where there is none."""
    return next((column.name for column in columns if column.key == key and column.kind == "string"), "")


def _label(data: Mapping[Any, Any], fallback: str) -> str:
    """The label as JSON, else what is given as JSON."""
    label = data.get("label")
    return _text(label) if isinstance(label, str) and label else fallback


def _looks(graph: networkx.Graph) -> dict[str, tuple[str | None, str | None]]:
    """Colour and shape of each kind of node, where all nodes of the kind share them."""
    seen: dict[str, set[tuple[str | None, str | None]]] = {}
    for _, data in graph.nodes(data=True):
        kind = data.get("kind")
        if isinstance(kind, str):
            colour, _, _, shape = look_of(data)
            seen.setdefault(clean_text(kind), set()).add((colour, shape))
    return {kind: next(iter(found)) for kind, found in sorted(seen.items()) if len(found) == 1}


def _painted(rows: Iterator[Mapping[Any, Any]], columns: list[Column]) -> str:
    """The column of colours that a style can take as they are; empty where one of its values is none."""
    name = _column(columns, "color")
    if not name or not all(isinstance(colour, str) and is_colour(colour) for data in rows if (colour := data.get("color")) is not None):
        return ""
    return name


def write_cx2(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as CX2 with positions and style.

    Nodes and edges are numbered; ``node_id`` holds the name of the node. Raises ExportError for a value that cannot be
    written and for a file that cannot be.
    """
    graph = with_flat_looks(graph)
    nodes, edges = _columns(graph, "x", "y", "z", "viz")
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
        stream.write(_json({"visualProperties": [_cx2_style(graph, nodes, edges)]}))
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
    values = _value_writer(columns)
    for node, data in graph.nodes(data=True):
        place = look_of(data)[2]
        at = ""
        if place is not None:
            at = f',"x":{place[0]!r},"y":{-place[1] + 0.0!r}' + (f',"z":{place[2]!r}' if place[2] else "")
        name = _json(ids[node])
        yield f'{{"id":{number_of[node]}{at},"v":{{"name":{_label(data, name)},"node_id":{name}{values(data)}}}}}'


def _cx2_edges(graph: networkx.Graph, number_of: dict[Any, int], columns: list[Column]) -> Iterator[str]:
    values = _value_writer(columns)
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        kind = clean_text(kind_of(key, data))
        found = (f',"interaction":{_json(kind)}' if kind else "") + values(data)
        yield f'{{"id":{number},"s":{number_of[source]},"t":{number_of[target]},"v":{{{found[1:]}}}}}'


def _discrete(attribute: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"type": "DISCRETE", "definition": {"attribute": attribute, "type": "string", "map": [{"v": v, "vp": vp} for v, vp in pairs]}}


def _passed(attribute: str, kind: str) -> dict[str, Any]:
    return {"type": "PASSTHROUGH", "definition": {"attribute": attribute, "type": kind}}


def _cx2_style(graph: networkx.Graph, nodes: list[Column], edges: list[Column]) -> dict[str, Any]:
    looks = _looks(graph)
    mapping: dict[str, Any] = {"NODE_LABEL": _passed("name", "string")}
    kinds = _column(nodes, "kind")
    whole = all(isinstance(data.get("kind"), str) and clean_text(data["kind"]) in looks for _, data in graph.nodes(data=True))
    painted = _painted((data for _, data in graph.nodes(data=True)), nodes)
    if looks:
        mapping["NODE_SHAPE"] = _discrete(kinds, [(kind, _SHAPES.get(shape or "", "ellipse")) for kind, (_, shape) in looks.items()])
    if looks and (whole or not painted):
        mapping["NODE_BACKGROUND_COLOR"] = _discrete(kinds, [(kind, colour) for kind, (colour, _) in looks.items() if colour])
    elif painted:
        mapping["NODE_BACKGROUND_COLOR"] = _passed(painted, "string")
    if size := _sized(graph, nodes):
        for side in ("NODE_WIDTH", "NODE_HEIGHT"):
            mapping[side] = _passed(size.name, size.kind)
    edge_mapping: dict[str, Any] = {}
    if painted := _painted((data for *_, data in edge_rows(graph)), edges):
        # edges of one kind may differ in colour, so each has its own
        for part in ("EDGE_LINE_COLOR", "EDGE_TARGET_ARROW_COLOR"):
            edge_mapping[part] = _passed(painted, "string")
    if both := _drawn_both_ways(graph):
        edge_mapping["EDGE_TARGET_ARROW_SHAPE"] = _discrete("interaction", [(kind, "none") for kind in both])
    return {
        "default": {
            "network": {"NETWORK_BACKGROUND_COLOR": "#FFFFFF"},
            "node": {"NODE_BACKGROUND_COLOR": "#999999", "NODE_SHAPE": "ellipse", "NODE_LABEL_FONT_SIZE": 8, "NODE_LABEL_COLOR": "#111111", "NODE_LABEL_MAX_WIDTH": LABEL_WIDTH, "NODE_BORDER_WIDTH": 0.5, "NODE_BORDER_COLOR": "#FFFFFF", "NODE_WIDTH": 8, "NODE_HEIGHT": 8},
            "edge": {"EDGE_LINE_COLOR": "#AAAAAA", "EDGE_WIDTH": 0.8, "EDGE_TARGET_ARROW_SHAPE": "triangle" if graph.is_directed() else "none", "EDGE_TARGET_ARROW_COLOR": "#AAAAAA", "EDGE_OPACITY": 0.6},
        },
        "nodeMapping": mapping,
        "edgeMapping": edge_mapping,
    }  # fmt: skip


def _sized(graph: networkx.Graph, columns: list[Column]) -> Column | None:
    """The column of sizes, where all of them are diameters."""
    return next((column for column in columns if column.key == "size"), None) if "size" in look_keys(graph) else None


def _drawn_both_ways(graph: networkx.Graph) -> list[str]:
    """The kinds of edges that have no arrow head, of those in the graph."""
    both = both_ways(graph)
    return sorted({clean_text(kind) for _, _, key, data in edge_rows(graph) if (kind := kind_of(key, data)) in both}) if both else []


def write_cyjs(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as Cytoscape.js JSON: ``elements``, ``style``, and ``layout`` preset where nodes have places.

    Raises ExportError for a value that cannot be written and for a file that cannot be.
    """
    graph = with_flat_looks(graph)
    nodes, edges = _columns(graph, "x", "y", "viz")
    ids = name_nodes(graph)
    placed = any(look_of(data)[2] is not None for _, data in graph.nodes(data=True))
    with text_output(path) as stream:
        stream.write(
            '{"format_version":"1.0","generated_by":"mesokg","target_cytoscapejs_version":"~3",'
            f'"data":{_json(_titles(graph))},"layout":{_json({"name": "preset" if placed else "cose"})},\n"style":{_json(_cyjs_style(graph, nodes, edges))},\n'
            '"elements":{"nodes":[\n'
        )
        write_chunks(stream, _commas(_cyjs_nodes(graph, ids, nodes)))
        stream.write('],\n"edges":[\n')
        write_chunks(stream, _commas(_cyjs_edges(graph, ids, edges)))
        stream.write("]}}\n")


def _cyjs_nodes(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column]) -> Iterator[str]:
    values = _value_writer(columns)
    for node, data in graph.nodes(data=True):
        name = _json(ids[node])
        place = look_of(data)[2]
        at = "" if place is None else f',"position":{{"x":{place[0]!r},"y":{-place[1] + 0.0!r}}}'
        yield f'{{"data":{{"id":{_json("n:" + ids[node])},"name":{_label(data, name)},"node_id":{name}{values(data)}}}{at}}}'


def _cyjs_edges(graph: networkx.Graph, ids: dict[Any, str], columns: list[Column]) -> Iterator[str]:
    values = _value_writer(columns)
    # nodes and edges share one set of ids in Cytoscape.js, hence the first letter
    ends = {node: _json(f"n:{name}") for node, name in ids.items()}
    for number, (source, target, key, data) in enumerate(edge_rows(graph)):
        kind = clean_text(kind_of(key, data))
        named = f',"interaction":{_json(kind)}' if kind else ""
        yield f'{{"data":{{"id":"e:{number}","source":{ends[source]},"target":{ends[target]}{named}{values(data)}}}}}'


def _cyjs_style(graph: networkx.Graph, nodes: list[Column], edges: list[Column]) -> list[dict[str, Any]]:
    label = {"label": "data(name)", "font-size": 8, "min-zoomed-font-size": 8, "text-wrap": "ellipsis", "text-max-width": f"{LABEL_WIDTH}px"}
    style: list[dict[str, Any]] = [
        {"selector": "node", "style": {**label, "background-color": "#999999"}},
        {"selector": "edge", "style": {"width": 0.8, "line-color": "#BBBBBB", "target-arrow-color": "#BBBBBB", "curve-style": "bezier", "opacity": 0.6, "target-arrow-shape": "triangle" if graph.is_directed() else "none"}},
    ]  # fmt: skip
    if size := _sized(graph, nodes):
        style.append({"selector": f"node[{size.name}]", "style": {"width": f"data({size.name})", "height": f"data({size.name})"}})
    if name := _painted((data for _, data in graph.nodes(data=True)), nodes):
        style.append({"selector": f"node[{name}]", "style": {"background-color": f"data({name})"}})
    if name := _painted((data for *_, data in edge_rows(graph)), edges):
        style.append({"selector": f"edge[{name}]", "style": {"line-color": f"data({name})", "target-arrow-color": f"data({name})"}})
    for kind, (colour, shape) in _looks(graph).items():
        look = {"shape": _SHAPES.get(shape or "", "ellipse"), **({"background-color": colour} if colour else {})}
        style.append({"selector": f"node[{_column(nodes, 'kind')} = {_selected(kind)}]", "style": look})
    for kind in _drawn_both_ways(graph):
        style.append({"selector": f"edge[interaction = {_selected(kind)}]", "style": {"target-arrow-shape": "none"}})
    return style


def _selected(text: str) -> str:
    """A text in a selector."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
