"""GEXF 1.3, the format of Gephi, written as a stream (https://gexf.net/1.3, schema ``gexf.rnc``).

NetworkX writes 1.2 without edge ``kind``, so Gephi joins parallel edges of different properties; every official schema
refuses its files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TextIO

from mesokg.errors import ExportError
from mesokg.formats.cleaning import (
    LONGEST, REMEMBERED, Column, Survey, as_number, both_ways, clean_text, double_text, edge_rows, is_colour, kind_of, look_keys, look_of, name_nodes, plain, said, type_of,
)
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_chunks", "write_gexf"]

NODE_NAMES = ("id", "label", "pid", "for", "interval", "timeset", "timestamp", "start", "end", "startopen", "endopen")
EDGE_NAMES = (
    "id", "label", "source", "target", "type", "kind", "weight", "thickness", "interval", "timeset", "timestamp", "start", "end",
)
"""Attribute names that Gephi, or the format, keeps for itself; whatever their case, since Gephi ignores it."""

SMALLEST, LARGEST = 1e-6, 3e38
"""Written for a weight that is not above zero, which Gephi refuses, or past a float's range; ``weight_given`` has it as given."""

CHUNK = 4096
"""Elements gathered before a write."""

_SPECIAL = re.compile('[&<>"\t\n\r\x85\u2028]')
_UNSAFE = re.compile('[\x00-\x1f\x7f&<>"]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _escape(text: str) -> str:
    """Text as the value of an attribute; tabs and line ends as references, or readers turn them into spaces."""
    if text.__class__ is str and text.isascii() and _UNSAFE.search(text) is None:
        return text
    text = clean_text(text)
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"&#{ord(found[0])};", text)


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
                    if len(value) < LONGEST:
                        if len(seen) >= REMEMBERED:
                            seen.clear()
                        seen[value] = done
                parts.append(done)
            elif class_ is int and kind == "long":
                parts.append(f'{head}{value}"/>')
            elif class_ is bool and kind == "boolean":
                parts.append(head + yes_no[value])
            else:
                parts.append(f'{head}{text(plain(value, kind))}"/>')
        return f"<attvalues>{''.join(parts)}</attvalues>" if parts else ""

    return write


def _name_of_row(row: tuple[Any, ...]) -> str:
    return f"node {said(row[0])}" if len(row) == 1 else f"edge {said(row)}"


class _Times:
    """The times of nodes and edges, in words of the format of time: ISO dates, or numbers."""

    def __init__(self, timeformat: object) -> None:
        self.timeformat = timeformat
        self.wanted = {
            "date": "an ISO date (2020-02-29)", "dateTime": "an ISO date and time", "integer": "a whole number",
        }.get(str(timeformat), "a number")  # fmt: skip

    def _moment(self, value: Any) -> tuple[str, Any]:
        """The moment as text, and as what can be compared. Raises ValueError for what is none."""
        if self.timeformat in ("date", "dateTime"):
            text = value.isoformat() if isinstance(value, date) else value
            if not isinstance(text, str):
                raise ValueError
            if self.timeformat == "date":
                day = date.fromisoformat(text)
                return day.isoformat(), day
            moment = datetime.fromisoformat(text)
            return moment.isoformat(), moment
        number = as_number(value)
        if number is None or not math.isfinite(number) or (self.timeformat == "integer" and not isinstance(number, int)):
            raise ValueError
        return (str(number) if isinstance(number, int) else double_text(number)), number

    def bounds(self, start: Any, end: Any) -> str:
        """``start`` and ``end`` as attributes. Raises ValueError that says what is no moment, or that the end is before the start."""
        found, moments = "", []
        for name, value in (("start", start), ("end", end)):
            if value is None:
                continue
            try:
                text, moment = self._moment(value)
            except (TypeError, ValueError, OverflowError):
                raise ValueError(f"{said(value)} is not {self.wanted}") from None
            found += f' {name}="{text}"'
            moments.append(moment)
        try:
            backwards = len(moments) == 2 and moments[1] < moments[0]
        except TypeError:
            raise ValueError(f"one of {said(start)} and {said(end)} names a time zone, the other does not") from None
        if backwards:
            raise ValueError(f"the end {said(end)} is before the start {said(start)}")
        return found

    def of(self, data: Mapping[Any, Any], *row: Any) -> tuple[str, str]:
        """Attributes and child element for the times of a node or edge: ``intervals``, pairs with None for an open end.

        Raises ExportError, naming the row, where they are no pairs of moments.
        """
        intervals = data.get("intervals")
        if intervals is None:
            return "", ""
        try:
            if isinstance(intervals, str | bytes | Mapping):
                raise TypeError
            pairs = [(start, end) for start, end in intervals]
        except (TypeError, ValueError):
            raise ExportError(
                f"{_name_of_row(row)}, attribute 'intervals': {said(intervals)} is no list of pairs of start and end, with None for an open end"
            ) from None
        try:
            bounds = [self.bounds(start, end) for start, end in pairs]
        except ValueError as error:
            raise ExportError(f"{_name_of_row(row)}, attribute 'intervals': {error}") from None
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
    return repr(max(-LARGEST, min(LARGEST, value)))


def write_gexf(graph: networkx.Graph, path: Target | TextIO) -> None:
    """Write any NetworkX graph as GEXF 1.3.

    Node attributes ``label``, ``color`` (#RRGGBB), ``size``, ``x``, ``y``, ``z`` and ``shape`` (or NetworkX's ``viz``)
    and edge attributes ``label``, ``kind`` (else the edge key, if it is text), ``weight`` and ``color`` become what the
    format has for them; where one of an attribute's values cannot, all have a column beside. A weight that Gephi refuses stands as given in ``weight_given``, with all the others. ``size`` is
    a diameter in the units of x and y, and its half is written, since Gephi and Gephi Lite read a radius. All others are
    typed columns: one type per attribute (mixed ones are text), lists joined by "; ", missing values left out, reserved
    names with ``_attribute`` after them.

    Edges of a directed graph are directed, but for the kinds in the graph attribute ``undirected``; where these are all,
    the graph is undirected. NetworkX refuses files with both.

    A graph attribute ``timeformat`` (``date``, ``dateTime``, ``integer`` or ``double``) makes the file dynamic: nodes and
    edges stand in it for their ``intervals``, pairs of start and end with None for an open end. The graph attribute
    ``spans`` (node to attribute to (value, start, end)) makes attributes of nodes dynamic: they have each value for its time.

    Parallel edges of different kinds stay apart in Gephi; of parallel edges of one kind it asks what to make.

    ``path`` may be ``-``, or an open stream of text. Raises ExportError for a value that cannot be written (naming node or edge and attribute)
    and for a file that cannot be.
    """
    times = _Times(graph.graph["timeformat"]) if graph.graph.get("timeformat") in _TIMEFORMATS else None
    ids = name_nodes(graph)
    spans = _read_spans(graph, times) if times else {}
    changing = sorted({name for attributes in spans.values() for name in attributes})
    look = look_keys(graph, most=LARGEST)
    seen_nodes, seen_edges = Survey(graph, "node"), Survey(graph, "edge")
    skipped = ("intervals",) if times else ()
    labels = seen_nodes.only("label", str)
    nodes = seen_nodes.columns(taken=NODE_NAMES, skip=(*look, *(["label"] if labels else []), *skipped, *changing))
    if changing:
        seen_nodes.check(*changing)
    moving = _moving_columns(changing, nodes)
    rows = seen_edges.rows
    written = [name for name in ("label", "kind") if seen_edges.only(name, str)]
    if seen_edges.only("color", str) and ("color" not in seen_edges.classes or all(is_colour(colour) for data in rows() if (colour := data.get("color")) is not None)):
        written.append("color")
    lines = _Lines(graph, ids, written, times)
    odd = _are_odd(seen_edges.weights)
    edges = seen_edges.columns(taken=EDGE_NAMES, skip=[*written, *skipped, *([] if odd else ["weight"])])
    if odd:
        edges = weight_given(edges)
    with text_output(path) as stream:
        stream.writelines(_head(graph, nodes, edges, moving, times, lines.default))
        write_chunks(stream, _nodes(graph, ids, nodes, _Moving(moving, len(nodes), spans), times))
        stream.write("    </nodes>\n    <edges>\n")
        write_chunks(stream, lines.written(edges))
        stream.write("    </edges>\n  </graph>\n</gexf>\n")


_TIMEFORMATS = ("date", "dateTime", "double", "integer")


def weight_given(columns: list[Column]) -> list[Column]:
    """The columns with that of the weights under another name than ``weight``, which is the format's own."""
    names = {c.name.lower() for c in columns if c.key != "weight"}
    given = next(name for n in range(len(names) + 1) if (name := "weight_given" + "_attribute" * n) not in names)
    return [Column(c.key, given, c.kind) if c.key == "weight" else c for c in columns]


def _moving_columns(names: list[str], others: list[Column]) -> list[Column]:
    taken = {*NODE_NAMES, *(column.name.lower() for column in others)}
    columns = []
    for key in names:
        name = clean_text(key) or "attribute"
        while name.lower() in taken:
            name += "_attribute"
        taken.add(name.lower())
        columns.append(Column(key, name, "string"))
    return columns


Spans = dict[Any, dict[str, list[tuple[str, str]]]]
"""Node to attribute to values, as text, each with its time in attributes of the format."""


def _read_spans(graph: networkx.Graph, times: _Times) -> Spans:
    """What the graph attribute ``spans`` says changes. Raises ExportError, naming node and attribute, where it says that otherwise."""
    given = graph.graph.get("spans") or {}
    found: Spans = {}
    if not isinstance(given, Mapping):
        raise ExportError(f"graph attribute 'spans': {said(given)} is no dictionary of nodes")
    for node, attributes in given.items():
        if not isinstance(attributes, Mapping):
            raise ExportError(f"node {said(node)}, graph attribute 'spans': {said(attributes)} is no dictionary of attributes")
        for name, values in attributes.items():
            where = f"node {said(node)}, attribute {said(name)} of the graph attribute 'spans'"
            try:
                if not isinstance(name, str) or isinstance(values, str | bytes | Mapping):
                    raise TypeError
                triples = [(value, start, end) for value, start, end in values]
            except (TypeError, ValueError):
                raise ExportError(f"{where}: {said(values)} is no list of value, start and end under a name that is text") from None
            for value, start, end in triples:
                if value is not None and not type_of(value):
                    raise ExportError(f"{where}: a {type(value).__name__} cannot be written; use text, a number, true or false, or a date")
                try:
                    bounds = times.bounds(start, end)
                except ValueError as error:
                    raise ExportError(f"{where}: {error}") from None
                if value is not None:
                    found.setdefault(node, {}).setdefault(name, []).append((str(plain(value, "string")), bounds))
    return found


def _weight_text(value: Any) -> str:
    """The weight that Gephi takes, or the nearest that it does; 1 where there is none, or no number."""
    if value.__class__ is float and SMALLEST <= value <= LARGEST:
        return repr(value)
    weight = as_number(value)
    if weight is None:
        return "1.0"
    return double_text(float(max(SMALLEST, min(LARGEST, weight))) if weight == weight else SMALLEST)


def _are_odd(weights: Iterable[float | int | None]) -> bool:
    """Whether one of the weights is written otherwise than given: no number, refused by Gephi, or more exact than a double."""
    return not all(weight is not None and SMALLEST <= weight <= LARGEST and float(weight) == weight for weight in weights)


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

    def __init__(self, columns: list[Column], first: int, spans: Spans) -> None:
        self.columns = list(enumerate(columns, first))
        self.spans = spans

    def values(self, node: Any, data: Mapping[Any, Any]) -> str:
        found: list[str] = []
        changing = self.spans.get(node, {})
        for number, column in self.columns:
            values = changing.get(column.key)
            if values is None:
                given = data.get(column.key)
                values = [] if given is None else [(str(plain(given, "string")), "")]
            found += [f'<attvalue for="{number}" value="{_escape(value)}"{bounds}/>' for value, bounds in values]
        return "".join(found)


def _head(
    graph: networkx.Graph, nodes: list[Column], edges: list[Column], moving: list[Column], times: _Times | None, default: str
) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">\n'
    yield "  <meta>\n    <creator>mesokg</creator>\n"
    title = ": ".join(str(graph.graph[name]) for name in ("name", "description") if graph.graph.get(name))
    if title:
        yield f"    <description>{_escape(title)}</description>\n"
    yield "  </meta>\n"
    dated = f' timeformat="{times.timeformat}" timerepresentation="interval"' if times else ""
    directed = f' defaultedgetype="{default}"' if default else ""
    yield f'  <graph{directed} idtype="string" mode="{"dynamic" if times else "static"}"{dated}>\n'
    yield from _declare(nodes, "node")
    yield from _declare(moving, "node", moving=True, first=len(nodes))
    yield from _declare(edges, "edge")
    yield "    <nodes>\n"


def _nodes(
    graph: networkx.Graph, ids: dict[Any, str], columns: list[Column], moving: _Moving, times: _Times | None
) -> Iterator[str]:
    write = _value_writer(columns)

    def values(node: Any, data: Mapping[Any, Any]) -> str:
        static, changing = write(data), moving.values(node, data) if moving.columns else ""
        if not changing:
            return static
        return f"{static.removesuffix('</attvalues>') or '<attvalues>'}{changing}</attvalues>"

    for node, data in graph.nodes(data=True):
        label = data.get("label")
        colour, size, place, shape = look_of(data)
        bounds, spells = times.of(data, node) if times else ("", "")
        viz = _colour(colour)
        if size is not None:
            viz += f'<viz:size value="{_number(size / 2)}"/>'
        if place is not None:
            viz += '<viz:position x="{}" y="{}" z="{}"/>'.format(*map(_number, place))
        if shape is not None:
            viz += f'<viz:shape value="{shape}"/>'
        identifier = _escape(ids[node])
        # Gephi shows nothing for a node without a label, so its id stands in
        shown = _escape(label) if isinstance(label, str) and label else identifier
        yield f'      <node id="{identifier}" label="{shown}"{bounds}>{values(node, data)}{spells}{viz}</node>\n'


class _Lines:
    """The edges of a graph; ``default`` is the type of all edges, empty where each has its own."""

    def __init__(self, graph: networkx.Graph, ids: dict[Any, str], written: list[str], times: _Times | None) -> None:
        self.graph, self.ids, self.times = graph, ids, times
        # where all are good, none is looked at
        self.with_label, self.with_colour = (name in written for name in ("label", "color"))
        self.default = "directed" if graph.is_directed() else "undirected"
        self.both = both_ways(graph)
        if self.both:
            found = {kind_of(key, data) in self.both for *_, key, data in edge_rows(graph)}
            # Gephi drops every edge of a type other than the default, and takes both types where there is none
            self.default = "" if len(found) == 2 else "undirected" if True in found else "directed"

    def _head(self, kind: str, label: str | None, weight: Any) -> str:
        head = "" if self.default else f' type="{"undirected" if kind in self.both else "directed"}"'
        head += f' kind="{_escape(kind)}"' if kind else ""
        head += f' label="{_escape(label)}"' if label else ""
        # a weight that is missing is 1, by the format's own default; written because readers differ
        return f'{head} weight="{_weight_text(weight)}"'

    def written(self, columns: list[Column]) -> Iterator[str]:
        values = _value_writer(columns)
        escaped = {node: _escape(name) for node, name in self.ids.items()}
        heads: dict[Any, str] = {}
        number = 0
        with_label, with_colour, times = self.with_label, self.with_colour, self.times
        for source, target, key, data in edge_rows(self.graph):
            get = data.get
            kind = get("kind")
            if kind.__class__ is not str or not kind:
                kind = kind_of(key, data)
            label = get("label")
            if not with_label and not isinstance(label, str):
                label = None
            weight = get("weight")
            class_ = weight.__class__
            if class_ is float or class_ is int or weight is None:
                head = heads.get((kind, label, weight))
                if head is None:
                    if len(heads) >= REMEMBERED:
                        heads.clear()
                    heads[kind, label, weight] = head = self._head(kind, label, weight)
            else:
                # few, and some of them cannot be remembered
                head = self._head(kind, label, weight)
            bounds, spells = times.of(data, source, target) if times else ("", "")
            colour = get("color")
            if not with_colour and not (isinstance(colour, str) and is_colour(colour)):
                colour = None
            viz = _colour(colour) if colour else ""
            yield (
                f'      <edge id="{number}" source="{escaped[source]}" target="{escaped[target]}"{head}{bounds}>{values(data)}{spells}{viz}</edge>\n'
            )
            number += 1
