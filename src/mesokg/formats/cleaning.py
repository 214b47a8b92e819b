"""One cleaning pass for every network format: what a column holds, how a value is written, which names are taken.

Works on any NetworkX graph. Nothing is dropped in silence: what a format cannot carry is renamed, joined or written as
text, and what no format can carry is an ExportError that names node or edge and attribute.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, islice
from numbers import Integral, Real
from operator import itemgetter, methodcaller
from typing import TYPE_CHECKING, Any

from mesokg.errors import ExportError

if TYPE_CHECKING:
    import networkx

__all__ = [
    "Column", "Survey", "as_number", "both_ways", "clean_text", "double_text", "edge_rows", "is_colour", "kind_of", "look_keys", "look_of", "name_nodes",
    "plain", "row_writer", "said", "type_of", "with_flat_looks",
]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Characters that XML 1.0 forbids or discourages; U+0085 is among them because readers turn it into a line end."""

LONG, EXACT = 2**63, 2**53
"""Integers below it have room in 64 bits; a double holds every one up to it."""

NEAR = 256
"""Rows looked at together."""

REMEMBERED, LONGEST = 5000, 500
"""Written values kept for each column, and characters of a text up to which it is kept."""

DEEPEST = 32
"""Lists within lists up to which a list is written."""


def clean_text(text: str) -> str:
    """The text without control characters, surrogates and non-characters; line ends and tabs stay.

    >>> clean_text("a\\x00b\\tc")
    'ab\\tc'
    """
    if text.__class__ is not str:
        # the text itself, where a class has words of its own, as an Enum
        text = str.__str__(text)
    return _FORBIDDEN.sub("", text) if not text.isascii() or _CONTROL.search(text) else text


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}


def type_of(value: object, depth: int = 0) -> str:
    """``boolean``, ``long``, ``double``, ``string`` or ``list``; empty where the value, or one in a list, cannot be written.

    A list deeper than ``DEEPEST``, as one that holds itself, cannot be.

    >>> type_of(True), type_of(1), type_of(2**70), type_of((1, 2)), type_of({}), type_of([{}])
    ('boolean', 'long', 'string', 'list', '', '')
    """
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long" if -LONG <= value < LONG else "string"
    if isinstance(value, float):
        return "double"
    if isinstance(value, str | date):
        return "string"
    if isinstance(value, list | tuple | set | frozenset):
        # most lists hold what Python has words for, seen without a step of ours for each member
        if set(map(type, value)) <= _TYPES.keys():
            return "list"
        return "list" if depth < DEEPEST and all(one is None or type_of(one, depth + 1) for one in value) else ""
    return type_of(_unwrapped(value)) if _class_kind(type(value)) else ""


def _unwrapped(value: Any) -> Any:
    """A scalar of numpy as Python has it."""
    inner = value.item()
    # a long double has no other form than its own
    return inner if isinstance(inner, bool | int | float) else float(inner)


def as_number(value: object) -> float | int | None:
    """The number that a value is, also one of numpy; None for true and false, and for what is no number.

    >>> as_number(2), as_number(0.5), as_number(True), as_number("2"), as_number(None)
    (2, 0.5, None, None, None)
    """
    class_ = value.__class__
    if class_ is float or class_ is int or value is None:
        return value  # type: ignore[return-value]
    kind = _class_kind(class_)
    if kind == "long":
        return int(value)  # type: ignore[call-overload, no-any-return]
    return float(value) if kind == "double" else None  # type: ignore[arg-type]


def said(name: object) -> str:
    """A node, or two, as a message names it, also one that cannot say its name.

    >>> said("a"), said("x" * 500)[:3], len(said("x" * 500))
    ("'a'", "'xx", 121)
    """
    if type(name) is tuple and len(name) == 2:
        return f"({said(name[0])}, {said(name[1])})"
    try:
        text = repr(name)
    except Exception:  # whatever a class of somebody else raises
        return f"of class {type(name).__name__}"
    return text if len(text) <= 120 else text[:120] + "…"


def name_nodes(nodes: Iterable[Any], clean: Callable[[str], str] = clean_text) -> dict[Any, str]:
    """The id of each node: its name as text, made clean, with a number after it where another node's name reads the same.

    Raises ExportError for a node that cannot be made text.
    """
    ids: dict[Any, str] = {}
    used: set[str] = set()
    for place, node in enumerate(nodes):
        name = clean(_name_of(node, place)) or "node"
        number = 1
        fresh = name
        while fresh in used:
            number += 1
            fresh = f"{name} ({number})"
        used.add(fresh)
        ids[node] = fresh
    return ids


def _name_of(node: Any, place: int) -> str:
    if node.__class__ is str:
        return node  # type: ignore[no-any-return]
    try:
        return str(node)
    except Exception as error:  # whatever a class of somebody else raises
        raise ExportError(
            f"node {said(node)}, number {place + 1} of the graph, attribute 'id': its name cannot be written: "
            f"str() of a {type(node).__name__} raises {type(error).__name__}"
        ) from error


def kind_of(key: Any, data: Mapping[Any, Any]) -> str:
    """The kind of an edge: its attribute ``kind``, else its key, where that is text with something in it; else empty."""
    kind = data.get("kind")
    kind = kind if isinstance(kind, str) and kind else key
    # without the words that a class has of its own, as an Enum
    return str.__str__(kind) if isinstance(kind, str) else ""


def both_ways(graph: networkx.Graph) -> frozenset[str]:
    """The kinds of links without a direction: those in the graph attribute ``undirected`` of a directed graph."""
    named = graph.graph.get("undirected") if graph.is_directed() else None
    if not isinstance(named, list | tuple | set | frozenset):
        return frozenset()
    return frozenset(str.__str__(kind) for kind in named if isinstance(kind, str))


def _common(kinds: set[str]) -> str:
    kinds = {"string" if kind == "list" else kind for kind in kinds}
    if len(kinds) == 1:
        return next(iter(kinds))
    return "double" if kinds == {"long", "double"} else "string"


def double_text(value: float) -> str:
    """A number as XML Schema, CSV for Neo4j and JavaScript have it.

    >>> double_text(0.5), double_text(-math.inf), double_text(math.nan)
    ('0.5', '-Infinity', 'NaN')
    """
    if math.isfinite(value):
        return repr(value)
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def plain(value: Any, kind: str) -> Any:
    """The value as a bool, int, float or str that fits a column of this kind; None stays None.

    >>> plain(["b", "a"], "string"), plain({"b", "a"}, "string"), plain(3, "double"), plain(True, "string")
    ('b; a', 'a; b', 3.0, 'true')
    """
    if value is None:
        return None
    if type(value) not in _TYPES and not isinstance(value, str | bool | int | float | date | list | tuple | set | frozenset):
        value = _unwrapped(value)
    if kind == "string":
        if isinstance(value, str):
            return clean_text(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, list | tuple | set | frozenset):
            parts = (plain(one, "string") for one in value if one is not None)
            return "; ".join(sorted(parts) if isinstance(value, set | frozenset) else parts)
        return double_text(float(value)) if isinstance(value, float) else str(int(value))
    if kind == "double":
        return float(value)
    if kind == "long":
        return int(value)
    return bool(value)


@dataclass(frozen=True)
class Column:
    """One attribute of nodes or edges: its key in the graph, the name to write, and its type in words of this module."""

    key: str
    name: str
    kind: str


class Survey:
    """Which classes of values each attribute has, and the first row of each, found in one pass over nodes or edges.

    ``integers`` has the least and the greatest of each attribute that has some; ``weights`` the different values of the
    attribute ``weight`` as numbers, None among them where one is no number.
    """

    def __init__(self, graph: networkx.Graph, what: str) -> None:
        self.graph, self.what = graph, what
        self.classes: dict[Any, dict[type, int]] = {}
        self.integers: dict[Any, tuple[int, int]] = {}
        self.weights: set[float | int | None] = set()
        self._whole: dict[Any, tuple[type, ...]] = {}
        shapes: set[tuple[Any, ...]] = set()
        rows, number = self.rows(), 0
        # most of the time is reaching the rows: what is asked of their values is asked while they are at hand
        while near := list(islice(rows, NEAR)):
            for data in near:
                # most rows have one of a few shapes: the same attributes, of the same classes
                shape = (*data, *map(type, data.values()))
                if shape not in shapes:
                    shapes.add(shape)
                    self._learn(shape, number)
                number += 1
            self._measure(near)

    def _learn(self, shape: tuple[Any, ...], number: int) -> None:
        """Take note of the classes of a row, the first of its shape."""
        half = len(shape) // 2
        for key, class_ in zip(shape[:half], shape[half:], strict=True):
            classes = self.classes.setdefault(key, {})
            if class_ not in classes:
                classes[class_] = number
                if _class_kind(class_) == "long":
                    self._whole[key] = (*self._whole.get(key, ()), class_)

    def _measure(self, near: list[Mapping[Any, Any]]) -> None:
        """Take note of integers and weights of these rows."""
        for key, classes in self._whole.items():
            found = [value for data in near if isinstance(value := data.get(key), classes)]
            if found:
                found += self.integers.get(key, ())
                self.integers[key] = int(min(found)), int(max(found))
        if "weight" in self.classes:
            self.weights.update([as_number(weight) for data in near if (weight := data.get("weight")) is not None])

    def rows(self) -> Iterator[Mapping[Any, Any]]:
        """The attributes of each node or edge, in order."""
        if self.what == "node":
            return (data for _, data in self.graph.nodes(data=True))
        return _edge_data(self.graph)

    def name(self, number: int) -> object:
        """The node, or the pair of nodes, of one row."""
        if self.what == "node":
            return next(islice(self.graph, number, None))
        return next(islice(edge_rows(self.graph), number, None))[:2]

    def only(self, key: Any, *allowed: type) -> bool:
        """Whether this attribute is of these classes wherever it stands (also where it stands nowhere)."""
        return all(issubclass(class_, (*allowed, type(None))) for class_ in self.classes.get(key, ()))

    def check(self, *keys: Any) -> None:
        """Raise ExportError, naming row and attribute, where one of these attributes, or a node's name, cannot be written."""
        for key in keys:
            self._kinds(key)
        if self.what == "node":
            for place, node in enumerate(self.graph):
                _name_of(node, place)

    def _kinds(self, key: Any) -> set[str]:
        """The kinds of the values of an attribute. Raises ExportError for a value that cannot be written."""
        kinds = set()
        for class_, number in self.classes.get(key, {}).items():
            if class_ is type(None):
                continue
            kind = _class_kind(class_)
            if not kind:
                raise ExportError(
                    f"{self.what} {said(self.name(number))}, attribute {said(key)}: a {class_.__name__} cannot be written; use text, a number, true or false, a date, or a list of these"
                )
            kinds.add(kind)
        if "list" in kinds:
            self._check_lists(key)
        return kinds

    def _check_lists(self, key: Any) -> None:
        for number, data in enumerate(self.rows()):
            value = data.get(key)
            if isinstance(value, list | tuple | set | frozenset) and not type_of(value):
                raise ExportError(
                    f"{self.what} {said(self.name(number))}, attribute {said(key)}: a list that holds {_odd(value)} cannot be written; use text, numbers, true or false, or dates in it"
                )

    def _column_name(self, key: Any) -> str:
        try:
            return clean_text(str(key))
        except Exception as error:  # whatever a class of somebody else raises
            number = next(iter(self.classes[key].values()))
            raise ExportError(
                f"{self.what} {said(self.name(number))}, attribute {said(key)}: its name cannot be written: "
                f"str() of a {type(key).__name__} raises {type(error).__name__}"
            ) from error

    def _is_held(self, key: Any, kind: str) -> bool:
        """Whether a column of this kind, ``long`` or ``double``, has room for every integer of an attribute of numbers."""
        least, greatest = self.integers[key]
        if not -LONG <= least <= greatest < LONG:
            return False
        if kind == "long" or -EXACT <= least <= greatest <= EXACT:
            return True
        return all(float(value) == int(value) for data in self.rows() if isinstance(value := data.get(key), self._whole[key]))

    def _is_finite(self, key: Any) -> bool:
        return all(math.isfinite(float(value)) for data in self.rows() if (value := data.get(key)) is not None)

    def columns(self, *, taken: Iterable[str], skip: Iterable[str] = (), finite: bool = False) -> list[Column]:
        """The columns of all attributes, sorted by name.

        ``taken`` are names that the format keeps for itself, whatever their case; an attribute of such a name becomes
        ``name_attribute``. ``skip`` are keys written in another way. An attribute with an integer past 64 bits, or with one
        that no double holds beside doubles, is text; with ``finite`` also one with an infinite number or NaN.
        Raises ExportError for a value that cannot be written, naming the row and the attribute.
        """
        skipped = set(skip)
        found: dict[Any, set[str]] = {}
        for key in self.classes:
            if key in skipped:
                continue
            if kinds := self._kinds(key):
                found[key] = kinds
        names: set[str] = set()
        reserved = {name.lower() for name in taken}
        columns = []
        for written, key in sorted(((self._column_name(key), key) for key in found), key=itemgetter(0)):
            name = written or "attribute"
            while name.lower() in reserved or name.lower() in names:
                name += "_attribute"
            names.add(name.lower())
            kind = _common(found[key])
            if "long" in found[key] and kind != "string" and not self._is_held(key, kind):
                kind = "string"
            if finite and kind == "double" and not self._is_finite(key):
                kind = "string"
            columns.append(Column(key, name, kind))
        return columns


def _odd(value: Any, above: tuple[int, ...] = ()) -> str:
    """The first member that cannot be written, however deep it lies: its class, in words."""
    above = (*above, id(value))
    for one in value:
        if one is None or type_of(one, len(above)):
            continue
        if id(one) in above:
            return "itself"
        if not isinstance(one, list | tuple | set | frozenset):
            return f"a {type(one).__name__}"
        return _odd(one, above) if len(above) < DEEPEST else f"lists more than {DEEPEST} deep"
    return ""


def _class_kind(class_: type) -> str:
    if issubclass(class_, bool):
        return "boolean"
    for base, kind in ((int, "long"), (float, "double"), (str, "string"), (date, "string")):
        if issubclass(class_, base):
            return kind
    if issubclass(class_, list | tuple | set | frozenset):
        return "list"
    name = class_.__name__
    if class_.__module__ == "numpy" and not name.startswith("timedelta"):
        # its numbers tell Python what they are, its truth values do not
        return "boolean" if name in ("bool", "bool_") else "long" if issubclass(class_, Integral) else "double" if issubclass(class_, Real) else ""
    return ""


def row_writer(columns: list[Column], cells: Iterable[Callable[[Any], str]]) -> Callable[[Mapping[Any, Any]], list[str]]:
    """A function from the attributes of a row to what is written of each column, empty where the row has no value.

    ``cells`` makes that of a value: for each column a function of a text as given, or of any other value as ``plain`` has it.
    """
    # rows have few sets of attributes, and most values come again: each is looked up, and made, once
    plan = {
        column.key: (number, column.key, column.kind, cell, {}, {}, {})
        for number, (column, cell) in enumerate(zip(columns, cells, strict=True))
    }
    steps_of: dict[tuple[Any, ...], list[tuple[int, Any, str, Callable[[Any], str], dict[Any, str], dict[Any, str], dict[Any, str]]]] = {}
    empty = [""] * len(columns)

    def write(data: Mapping[Any, Any]) -> list[str]:
        shape = tuple(data)
        steps = steps_of.get(shape)
        if steps is None:
            if len(steps_of) >= REMEMBERED:
                steps_of.clear()
            steps = steps_of[shape] = [plan[key] for key in shape if key in plan]
        row = empty.copy()
        for number, key, kind, cell, texts, integers, truths in steps:
            value = data[key]
            if value is None:
                continue
            class_ = value.__class__
            # 1, 1.0 and True are equal, and not written alike
            if class_ is str:
                seen = texts
            elif class_ is int:
                seen = integers
            elif class_ is bool:
                seen = truths
            else:
                row[number] = cell(plain(value, kind))
                continue
            done = seen.get(value)
            if done is None:
                done = cell(value if class_ is str else plain(value, kind))
                if class_ is not str or len(value) <= LONGEST:
                    if len(seen) >= REMEMBERED:
                        seen.clear()
                    seen[value] = done
            row[number] = done
        return row

    return write


_values = methodcaller("values")


def _edge_data(graph: networkx.Graph) -> Iterator[Mapping[Any, Any]]:
    if not graph.is_directed():
        return (data for *_, data in graph.edges(data=True))
    # walked several times, so without a step of Python for each edge
    targets = chain.from_iterable(map(_values, map(itemgetter(1), graph.adjacency())))
    return chain.from_iterable(map(_values, targets)) if graph.is_multigraph() else targets


def edge_rows(graph: networkx.Graph) -> Iterator[tuple[Any, Any, Any, Mapping[Any, Any]]]:
    """Source, target, key and attributes of each edge; the key is None where the graph has no parallel edges."""
    if graph.is_directed():
        # the dictionaries themselves: three times as fast as the view of the edges, in the same order
        if graph.is_multigraph():
            for source, targets in graph.adjacency():
                for target, keys in targets.items():
                    for key, data in keys.items():
                        yield source, target, key, data
        else:
            for source, targets in graph.adjacency():
                for target, data in targets.items():
                    yield source, target, None, data
    elif graph.is_multigraph():
        yield from graph.edges(keys=True, data=True)
    else:
        for source, target, data in graph.edges(data=True):
            yield source, target, None, data


def _number(value: object) -> float | None:
    if value.__class__ is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type, return-value]
    found = as_number(value)
    if found is None:
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


_COLOUR = re.compile("#[0-9A-Fa-f]{6}")


@lru_cache(maxsize=REMEMBERED)
def is_colour(text: str) -> bool:
    """Whether the text is #RRGGBB."""
    return len(text) == 7 and _COLOUR.fullmatch(text) is not None


def look_of(data: Mapping[Any, Any]) -> tuple[str | None, float | None, tuple[float, float, float] | None, str | None]:
    """Colour (#RRGGBB), diameter, position and shape of a node: from flat attributes, or NetworkX's ``viz`` dictionary.

    ``size`` is a diameter, in the units of x and y; that of ``viz`` a radius, as in GEXF. Shapes that no drawing program
    knows are none; their text has a column of its own.
    """
    viz = data.get("viz")
    viz = viz if viz.__class__ is dict or isinstance(viz, Mapping) else {}
    colour = data.get("color")
    if isinstance(colour, str) and is_colour(colour):
        colour = clean_text(colour)
    else:
        colour = None
        channels = viz.get("color")
        if channels.__class__ is dict or isinstance(channels, Mapping):
            colour = _hexadecimal(*[as_number(channels.get(name)) for name in "rgb"])
    size = _number(data.get("size"))
    if "size" not in data:
        radius = _number(viz.get("size"))
        size = None if radius is None else _number(2.0 * radius)
    if size is not None and size < 0:
        size = None
    place = viz.get("position")
    place = place if place.__class__ is dict or isinstance(place, Mapping) else data
    x, y, z = _number(place.get("x")), _number(place.get("y")), _number(place.get("z"))
    shape = data.get("shape", viz.get("shape"))
    shape = clean_text(shape) if isinstance(shape, str) and shape in _SHAPES else None
    return colour, size, (x, y, z or 0.0) if x is not None and y is not None else None, shape


_SHAPES = ("disc", "square", "triangle", "diamond")


@lru_cache(maxsize=REMEMBERED, typed=True)
def _hexadecimal(*channels: float | int | None) -> str | None:
    """#RRGGBB of three whole numbers from 0 to 255; None of anything else."""
    if all(isinstance(channel, int) and 0 <= channel <= 255 for channel in channels):
        return "#" + "".join(f"{channel:02X}" for channel in channels)
    return None


def with_flat_looks(graph: networkx.Graph) -> networkx.Graph:
    """The graph with colours, sizes and shapes of ``viz`` in attributes of their own, for formats that style by attributes.

    A copy where a node has such a look; an attribute that is there stays.
    """
    if not any(isinstance(data.get("viz"), Mapping) for _, data in graph.nodes(data=True)):
        return graph
    flat = graph.copy()
    for _, data in flat.nodes(data=True):
        if isinstance(data.get("viz"), Mapping):
            colour, size, _, shape = look_of(data)
            for name, value in (("color", colour), ("size", size), ("shape", shape)):
                if value is not None and data.get(name) is None:
                    data[name] = value
    return flat


def look_keys(graph: networkx.Graph, *, most: float = math.inf) -> list[str]:
    """The node attributes that every node uses for its look, so that they need no column of their own.

    ``most`` is the largest number that the format holds in them; one that is written otherwise than given needs a column.
    """
    keys = ["viz"] if all(isinstance(data.get("viz", {}), Mapping) for _, data in graph.nodes(data=True)) else []

    def exact(value: Any) -> bool:
        number = _number(value)
        return number is not None and abs(number) <= most and number == as_number(value)

    tests = {
        **dict.fromkeys(("x", "y", "z"), exact),
        # its half is written to some formats, and the half of the smallest numbers is not exact
        "size": lambda value: exact(value) and value >= 0 and float(value) / 2 * 2 == float(value),
        "color": lambda value: isinstance(value, str) and is_colour(value),
        "shape": lambda value: isinstance(value, str) and value in _SHAPES,
    }
    for key, test in tests.items():
        if all(test(data[key]) for _, data in graph.nodes(data=True) if data.get(key) is not None):
            keys.append(key)
    rows = [data for _, data in graph.nodes(data=True)]
    # a place of one number, a height without a place, and what a place in ``viz`` hides would be lost
    placed = {"x", "y"} <= set(keys) and all((data.get("x") is None) == (data.get("y") is None) for data in rows)
    if not placed or any(isinstance(data.get("viz"), Mapping) and "position" in data["viz"] for data in rows):
        keys = [key for key in keys if key not in ("x", "y", "z")]
    if any(data.get("z") is not None and data.get("x") is None for data in rows):
        keys = [key for key in keys if key != "z"]
    return keys
