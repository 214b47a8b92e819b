"""GEXF 1.3, the format of Gephi, written as a stream (https://gexf.net/1.3, schema ``gexf.rnc``).

NetworkX writes 1.2 without edge ``kind``, so Gephi joins parallel edges of different properties; every official schema
refuses its files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import LONG, Column, Survey, clean_text, edge_rows, is_colour, look_keys, look_of, plain
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["double_text", "is_number", "name_nodes", "write_chunks", "write_gexf"]

NODE_NAMES = ("id", "label", "pid", "for", "interval", "timeset", "timestamp", "start", "end", "startopen", "endopen")
EDGE_NAMES = (
    "id", "label", "source", "target", "type", "kind", "weight", "thickness", "interval", "timeset", "timestamp", "start", "end",
)
"""Attribute names that Gephi, or the format, keeps for itself; whatever their case, since Gephi ignores it."""

SMALLEST = 1e-6
"""Written for a weight that is not above zero, which Gephi refuses; the weight as given stands in ``weight_given``."""

REMEMBERED = 5000
"""Escaped texts kept for each column."""

CHUNK = 4096
"""Elements gathered before a write."""

_SPECIAL = re.compile('[&<>"\t\n\r\x85\u2028]')
_UNSAFE = re.compile('[\x00-\x1f\x7f&<>"]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _escape(text: str) -> str:
    """Text as the value of an attribute; tabs and line ends as references, or readers turn them into spaces."""
    if text.isascii() and _UNSAFE.search(text) is None:
        return text
    text = clean_text(text)
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"&#{ord(found[0])};", text)


def double_text(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


_TEXT: dict[str, Callable[[Any], str]] = {
    "string": _escape,
    "double": double_text,
    "long": str,
    "boolean": lambda value: "true" if value else "false",
}


def _declare(columns: list[Column], class_: str, *, moving: bool = False, first: int = 0) -> Iterator[str]:
    if columns:
        yield f'    <attributes class="{class_}" mode="{"dynamic" if moving else "static"}">\n'
        for number, column in enumerate(columns, first):
            yield f'      <attribute id="{number}" title="{_escape(column.name)}" type="{column.kind}"/>\n'
        yield "    </attributes>\n"


def _value_writer(columns: list[Column]) -> Callable[[Mapping[Any, Any]], str]:
    """A function from attributes to ``<attvalues>``; texts that come again are escaped once."""
    plan = [(c.key, f'<attvalue for="{n}" value="', c.kind, _TEXT[c.kind], {}) for n, c in enumerate(columns)]
    yes_no = {True: 'true"/>', False: 'false"/>'}

    def write(data: Mapping[Any, Any]) -> str:
        parts = []
        get = data.get
        for key, head, kind, text, seen in plan:
            value = get(key)
            if value is None:
                continue
            class_ = value.__class__
            if class_ is str:
                done = seen.get(value)
                if done is None:
                    done = f'{head}{_escape(value)}"/>'
                    if len(value) < 100:
                        if len(seen) >= REMEMBERED:
                            seen.clear()
                        seen[value] = done
                parts.append(done)
            elif class_ is int and kind != "string":
                if not -LONG <= value < LONG:
                    raise _TooWide(key)
                parts.append(f'{head}{value}"/>' if kind == "long" else f'{head}{double_text(float(value))}"/>')
            elif class_ is bool:
                parts.append(head + yes_no[value])
            else:
                parts.append(f'{head}{text(plain(value, kind))}"/>')
        return f"<attvalues>{''.join(parts)}</attvalues>" if parts else ""

    return write


def name_nodes(nodes: Iterable[Any]) -> dict[Any, str]:
    """The id of each node: its name as text, with a number after it where another node's name reads the same."""
    ids: dict[Any, str] = {}
    used: set[str] = set()
    for node in nodes:
        name = clean_text(str(node)) or "node"
        number = 1
        fresh = name
        while fresh in used:
            number += 1
            fresh = f"{name} ({number})"
        used.add(fresh)
        ids[node] = fresh
    return ids


def _times(data: Mapping[Any, Any]) -> tuple[str, str]:
    """Attributes and child element for the times of a node or edge: ``intervals``, pairs with None for an open end."""
    intervals = data.get("intervals") or ()
    bounds = [
        "".join(f' {name}="{_escape(str(value))}"' for name, value in zip(("start", "end"), pair, strict=True) if value is not None)
        for pair in intervals
    ]
    if len(bounds) == 1:
        return bounds[0], ""
    spells = "".join(f"<spell{bound}/>" for bound in bounds)
    return "", f"<spells>{spells}</spells>" if spells else ""


def _colour(colour: str | None) -> str:
    if colour is None:
        return ""
    return _COLOURS.get(colour) or _new_colour(colour)


_COLOURS: dict[str, str] = {}


def _new_colour(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    if len(_COLOURS) >= REMEMBERED:
        _COLOURS.clear()
    _COLOURS[colour] = text = f'<viz:color r="{red}" g="{green}" b="{blue}"/>'
    return text


def _number(value: float) -> str:
    """A finite number that an xsd:float holds."""
    return repr(max(-3e38, min(3e38, value)))


def write_gexf(graph: networkx.Graph, path: Target) -> None:
    """Write any NetworkX graph as GEXF 1.3.

    Node attributes ``label``, ``color`` (#RRGGBB), ``size``, ``x``, ``y``, ``z`` and ``shape`` (or NetworkX's ``viz``)
    and edge attributes ``label``, ``kind`` (else the edge key, if it is text), ``weight``, ``color`` and ``thickness``
    become what the format has for them. All others are typed columns: one type per attribute (mixed ones are text),
    lists joined by "; ", missing values left out, reserved names with ``_attribute`` after them.
    A graph attribute ``timeformat`` (``date`` or ``double``) makes the file dynamic: nodes and edges stand in it for
    their ``intervals``, pairs of start and end with None for an open end. The graph attribute ``spans`` (node to
    attribute to (value, start, end)) makes attributes of nodes dynamic: they have each value for its time.

    Parallel edges of different kinds stay apart in Gephi; of parallel edges of one kind it asks what to make.

    ``path`` may be ``-``. Raises ExportError for a value that cannot be written (naming node or edge and attribute)
    and for a file that cannot be.
    """
    dynamic = graph.graph.get("timeformat") in ("date", "dateTime", "double", "integer")
    times = ("intervals",) if dynamic else ()
    spans: dict[Any, dict[str, Any]] = graph.graph.get("spans", {}) if dynamic else {}
    changing = sorted({name for attributes in spans.values() for name in attributes})
    look = look_keys(graph)
    seen_nodes, seen_edges = Survey(graph, "node"), Survey(graph, "edge")
    labels = seen_nodes.only("label", str)
    nodes = seen_nodes.columns(taken=NODE_NAMES, skip=(*look, *(["label"] if labels else []), *times, *changing))
    moving = [Column(name, name, "string") for name in changing]
    rows = seen_edges.rows
    written = [name for name in ("label", "kind") if seen_edges.only(name, str)]
    if "color" in seen_edges.classes and seen_edges.only("color", str) and all(
        is_colour(colour) for data in rows() if (colour := data.get("color")) is not None
    ):
        written.append("color")
    weighted = seen_edges.only("weight", float) or all(is_number(data.get("weight")) for data in rows())
    ids = name_nodes(graph)
    # Integers past 64 bits and weights not above zero are rare, and looking for them takes as long as writing: a file
    # is begun without, and once more where one turns up. Standard output cannot be begun again.
    eager = os.fspath(path) == "-"
    wide: set[Any] | None = None if eager else set()
    odd = eager and weighted and any(not _is_weight(data.get("weight")) for data in rows())
    while True:
        skip = [*written, *times, *(["weight"] if weighted and not odd else [])]
        edges = seen_edges.columns(taken=EDGE_NAMES, skip=skip, wide=wide)
        if odd:
            names = {c.name.lower() for c in edges}
            given = next(name for n in range(len(names) + 1) if (name := "weight_given" + "_attribute" * n) not in names)
            edges = [Column(c.key, given, c.kind) if c.key == "weight" else c for c in edges]
        try:
            with text_output(path) as stream:
                stream.writelines(_head(graph, nodes, edges, moving, dynamic))
                write_chunks(stream, _nodes(graph, ids, nodes, labels, _Moving(moving, len(nodes), spans), dynamic))
                stream.write("    </nodes>\n    <edges>\n")
                write_chunks(stream, _edges(graph, ids, edges, written, weighted, odd, dynamic))
                stream.write("    </edges>\n  </graph>\n</gexf>\n")
            return
        except _TooWide as found:
            assert wide is not None
            wide.add(found.args[0])
        except _OddWeight:
            odd = True


class _TooWide(Exception):
    """An integer past 64 bits; the argument is the key of its attribute."""


class _OddWeight(Exception):
    """A weight that Gephi would refuse."""


def _is_weight(weight: float | None) -> bool:
    return weight is None or SMALLEST <= weight < 3e38


def is_number(value: object) -> bool:
    """Whether the value is missing or a number that fits a double, as a weight must be."""
    if value is None or isinstance(value, float):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**300


def write_chunks(stream: Any, parts: Iterator[str]) -> None:
    gathered: list[str] = []
    for part in parts:
        gathered.append(part)
        if len(gathered) >= CHUNK:
            stream.write("".join(gathered))
            gathered.clear()
    stream.write("".join(gathered))


class _Moving:
    """The values of a node that change, each with its time; one that does not change has none."""

    def __init__(self, columns: list[Column], first: int, spans: Mapping[Any, Mapping[str, Any]]) -> None:
        self.columns = list(enumerate(columns, first))
        self.spans = spans

    def values(self, node: Any, data: Mapping[Any, Any]) -> str:
        found: list[str] = []
        changing = self.spans.get(node, {})
        for number, column in self.columns:
            plain_value = data.get(column.key)
            for value, start, end in changing.get(column.key, [] if plain_value is None else [(plain_value, None, None)]):
                times = "".join(f' {name}="{_escape(day)}"' for name, day in (("start", start), ("end", end)) if day)
                found.append(f'<attvalue for="{number}" value="{_escape(plain(value, "string"))}"{times}/>')
        return "".join(found)


def _head(graph: networkx.Graph, nodes: list[Column], edges: list[Column], moving: list[Column], dynamic: bool) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">\n'
    yield "  <meta>\n    <creator>mesokg</creator>\n"
    title = ": ".join(str(graph.graph[name]) for name in ("name", "description") if graph.graph.get(name))
    if title:
        yield f"    <description>{_escape(title)}</description>\n"
    yield "  </meta>\n"
    kind = "directed" if graph.is_directed() else "undirected"
    times = f' timeformat="{graph.graph["timeformat"]}" timerepresentation="interval"' if dynamic else ""
    yield f'  <graph defaultedgetype="{kind}" idtype="string" mode="{"dynamic" if dynamic else "static"}"{times}>\n'
    yield from _declare(nodes, "node")
    yield from _declare(moving, "node", moving=True, first=len(nodes))
    yield from _declare(edges, "edge")
    yield "    <nodes>\n"


def _nodes(
    graph: networkx.Graph, ids: dict[Any, str], columns: list[Column], labels: bool, moving: _Moving, dynamic: bool
) -> Iterator[str]:
    write = _value_writer(columns)

    def values(node: Any, data: Mapping[Any, Any]) -> str:
        static, changing = write(data), moving.values(node, data) if moving.columns else ""
        if not changing:
            return static
        return f"{static.removesuffix('</attvalues>') or '<attvalues>'}{changing}</attvalues>"

    for node, data in graph.nodes(data=True):
        label = data.get("label") if labels else None
        colour, size, place, shape = look_of(data)
        bounds, spells = _times(data) if dynamic else ("", "")
        viz = _colour(colour)
        if size is not None:
            viz += f'<viz:size value="{_number(size)}"/>'
        if place is not None:
            viz += '<viz:position x="{}" y="{}" z="{}"/>'.format(*map(_number, place))
        if shape is not None:
            viz += f'<viz:shape value="{shape}"/>'
        identifier = _escape(ids[node])
        # Gephi shows nothing for a node without a label, so its id stands in
        shown = _escape(label) if label else identifier
        yield f'      <node id="{identifier}" label="{shown}"{bounds}>{values(node, data)}{spells}{viz}</node>\n'


def _edges(
    graph: networkx.Graph, ids: dict[Any, str], columns: list[Column], written: list[str], weighted: bool, odd: bool, dynamic: bool
) -> Iterator[str]:
    values = _value_writer(columns)
    escaped = {node: _escape(name) for node, name in ids.items()}
    heads: dict[Any, str] = {}
    number = 0
    with_label, with_kind, with_colour = (name in written for name in ("label", "kind", "color"))
    for source, target, key, data in edge_rows(graph):
        get = data.get
        kind = get("kind") if with_kind else None
        if kind is None and isinstance(key, str):
            kind = key
        label = get("label") if with_label else None
        weight = get("weight") if weighted else None
        head = heads.get((kind, label, weight))
        if head is None:
            if not odd and not _is_weight(weight):
                raise _OddWeight
            head = f' kind="{_escape(kind)}"' if kind else ""
            head += f' label="{_escape(label)}"' if label else ""
            # a weight that is missing is 1, by the format's own default; written because readers differ
            shown = 1.0 if weight is None else max(SMALLEST, min(3e38, float(weight))) if weight == weight else SMALLEST
            head += f' weight="{double_text(shown)}"'
            if len(heads) >= REMEMBERED:
                heads.clear()
            heads[kind, label, weight] = head
        bounds, spells = _times(data) if dynamic else ("", "")
        colour = get("color") if with_colour else None
        viz = _colour(colour) if colour else ""
        yield (
            f'      <edge id="{number}" source="{escaped[source]}" target="{escaped[target]}"{head}{bounds}>{values(data)}{spells}{viz}</edge>\n'
        )
        number += 1
