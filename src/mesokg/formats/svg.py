"""A picture of a network as SVG, for papers and for people without any tool: nodes, labels that do not collide, legend.

Only shapes, lines and text: no script, no font file, no outside reference.
"""

from __future__ import annotations

import math
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from mesokg.formats.cleaning import Survey, as_number, both_ways, clean_text, edge_rows, is_colour, kind_of, look_of, plain, type_of
from mesokg.formats.output import Target, text_output

if TYPE_CHECKING:
    import networkx

__all__ = ["write_svg"]

WIDTH = 1800.0
"""Pixels across, legend included, of a picture of up to ROOMY nodes; larger ones grow, or their names had no room."""

ROOMY = 350
WIDEST = 2.2
"""How many times as wide as WIDTH the widest picture is."""

MARGIN = 30.0
FONT = "'DejaVu Sans', Verdana, Arial, sans-serif"
SMALL, LARGE = 11.0, 19.0
"""Font sizes in pixels of the least and the most important node."""

CROWD = 600
"""Nodes from which on lines have no heads, and only names that must not be left out may stand apart from their node."""

HUBS, SHARE, MOST_HUBS = 15, 6, 60
"""So many of the most important nodes, or one in SHARE of them up to the last number: these, and the kinds in the graph
attribute ``named``, are labelled even where a dot is in the way."""

CLOSE = 90.0
"""Pixels within which other nodes crowd a node."""

FARTHEST = 7.0
"""How far from a node its label may stand, joined to it by a line, in radii of the node."""

FAR = 420
"""The same for a node that must have its label, in pixels."""

LINKS = 16
"""Kinds of links up to which the legend shows them."""

LONGEST = 34
"""Characters of one line of a label, which has three lines at most; the whole is in the tooltip."""

MOST_LINES = 3
SHORT, BROKEN = 12, 24
"""Characters up to which a label is never broken in two lines, and from which on it is rather broken than written in one."""

GAP = 0.8
"""Pixels between the tip of an arrow and the rim of its node, so that the white line around the node stays."""


Box = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(eq=False)
class _Node:
    name: Any
    x: float
    y: float
    radius: float
    colour: str
    shape: str
    label: str
    importance: float
    kind: str
    tip: str
    named: bool = False
    hub: bool = False

    @property
    def must(self) -> bool:
        """Whether its label must not be left out."""
        return self.named or self.hub

    @property
    def reach(self) -> float:
        """How far the drawn shape goes from its middle: diamonds and triangles beyond the radius."""
        return self.radius * (1.2 if self.shape in ("diamond", "triangle") else 1.0)

    def away(self, point: tuple[float, float]) -> float:
        """How far a point is outside the drawn shape; below 0 inside."""
        x, y, r = point[0] - self.x, point[1] - self.y, self.radius
        if self.shape == "square":
            side = r * 0.885
            across, down = abs(x) - side, abs(y) - side
            return math.hypot(across, down) if across > 0 and down > 0 else max(across, down)
        if self.shape == "diamond":
            return (abs(x) + abs(y) - r * 1.2) / math.sqrt(2)
        if self.shape == "triangle":
            # from the tip (0, -1.2 r) down to the corners (1.1 r, 0.8 r): 2 across for 1.1 down
            return max(y - r * 0.8, (2 * abs(x) - 1.1 * (y + r * 1.2)) / math.hypot(2, 1.1))
        return math.hypot(x, y) - r

    @property
    def dot(self) -> Box:
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius


def text_width(text: str, size: float) -> float:
    """Width in pixels, on the safe side: 0.64 em for a letter, 1.1 em for wide characters and emoji.

    >>> text_width("abc", 10)
    19.2
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" or ord(c) > 0x1F000 for c in text)
    return round(size * (0.64 * (len(text) - wide) + 1.1 * wide), 2)


_LETTERS = {
    **dict.fromkeys("iljtfrI.,:;'|()[]-/! ", 0.42), **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&", 0.79), **dict.fromkeys("wMm", 0.98), **dict.fromkeys("W@%", 1.0),
}  # fmt: skip
"""Widths of letters in em, on the safe side for DejaVu Sans and Verdana; all others 0.65."""


def _room(text: str, size: float) -> float:
    """Width to keep for a label: more than for most text where it is of capitals."""
    return max(text_width(text, size), size * sum(_LETTERS.get(c, 0.65) for c in text))


def _text(value: object) -> str:
    """A value as one line of text."""
    return " ".join(str(plain(value, "string")).split()) if type_of(value) else ""


def _cut(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip(" ,;:") + "…"


def _broken(text: str, number: int) -> tuple[str, ...]:
    """The text in this number of lines, the longest as short as can be; in fewer where it has too few words.

    >>> _broken("retroviral vector for T-cell transduction", 2)
    ('retroviral vector for', 'T-cell transduction')
    """
    words = text.split(" ")
    if number < 2 or len(words) < 2:
        return (text,)
    ways = [(head, *_broken(" ".join(words[at:]), number - 1)) for at in range(1, len(words)) if len(head := " ".join(words[:at])) < len(text)]
    return min(ways, key=lambda lines: (max(map(len, lines)), len(lines)))


@lru_cache(maxsize=2 * 5000)
def _lines(text: str) -> list[tuple[str, ...]]:
    """The ways to write a label, best first: in one line where it is short, in two, in three where they are too long.

    >>> _lines("short"), _lines("gavocabtagene autoleucel")[0]
    ([('short',)], ('gavocabtagene autoleucel',))
    """
    whole = _cut(text, MOST_LINES * LONGEST)
    ways = [lines for lines in (_broken(whole, number) for number in range(1, MOST_LINES + 1)) if max(map(len, lines)) <= LONGEST]
    if not ways:
        return [_filled(whole)]
    if len(ways) > 1 and len(ways[0]) == 1 and len(whole) > BROKEN:
        ways[:2] = ways[1::-1]
    return ways[:2] if len(whole) > SHORT else ways[:1]


def _filled(text: str) -> tuple[str, ...]:
    """The text in lines as full as its words allow, cut where it ends too late or a word is longer than a line."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= LONGEST or not lines[-1]:
            lines[-1] = longer
        elif len(lines) < MOST_LINES:
            lines.append(word)
        else:
            lines[-1] = longer
            break
    return tuple(_cut(line, LONGEST) for line in lines)


def _number(value: object) -> float:
    """A finite number; what is past the largest is the largest, what is no number is 0."""
    if isinstance(value, bool) or not (isinstance(value, int) or type_of(value) in ("long", "double")):
        return 0.0
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = math.copysign(math.inf, 1 if value > 0 else -1)  # type: ignore[operator]
    return 0.0 if math.isnan(number) else max(-sys.float_info.max, min(sys.float_info.max, number))


VAST = 1e150
"""Coordinates and sizes are cut to this, or their differences and products would be infinite."""


def _near(value: float) -> float:
    return max(-VAST, min(VAST, value))


def _nodes(graph: networkx.Graph) -> list[_Node]:
    found = []
    number = max(1, len(graph))
    named = graph.graph.get("named")
    named = {_text(kind) for kind in named} if isinstance(named, list | tuple | set | frozenset) else set()
    for position, (node, data) in enumerate(graph.nodes(data=True)):
        colour, size, place, shape = look_of(data)
        if place is None:
            # a ring for graphs that were never laid out
            angle = 2 * math.pi * position / number
            place = (12.0 * number * math.cos(angle) / math.pi, 12.0 * number * math.sin(angle) / math.pi, 0.0)
        label = _text(data.get("label")) or _text(str(node))
        kind = _text(data.get("kind"))
        rank = max(0.0, _number(data.get("pagerank", data.get("size", 1.0))))
        tip = f"{label} ({kind})" if kind else label
        found.append(
            _Node(
                node, _near(place[0]), -_near(place[1]), (8.0 if size is None else _near(size)) / 2, colour or "#777777", shape or "disc",
                label, rank, kind, tip[:300], bool(kind) and kind in named,
            )
        )
    for hub in sorted(found, key=_first)[: max(HUBS, min(MOST_HUBS, number // SHARE))]:
        hub.hub = True
    return found


def _first(node: _Node) -> tuple[float, str]:
    """The order of importance."""
    return -node.importance, str(node.name)


MORE = (1.0, 1.12, 1.25, 1.5)
"""How many times as large a picture becomes in which a name that must not be left out found no room."""


def _growth(nodes: list[_Node]) -> float:
    """How many times as large as usual a picture of so many nodes is."""
    return max(1.0, min(WIDEST, math.sqrt(len(nodes) / ROOMY)))


def _fit(nodes: list[_Node], left: float, grown: float) -> tuple[float, float]:
    """Move and scale the nodes into the space right of the legend; width and height of the picture."""
    wide_enough, above = WIDTH * grown, MARGIN + 60 * grown
    if not nodes:
        return left + 2 * MARGIN, 200.0
    low_x, high_x = min(n.x - n.radius for n in nodes), max(n.x + n.radius for n in nodes)
    low_y, high_y = min(n.y - n.radius for n in nodes), max(n.y + n.radius for n in nodes)
    wide, tall = max(high_x - low_x, 1.0), max(high_y - low_y, 1.0)
    scale = min((wide_enough - left - 2 * MARGIN) / wide, 1.6 * wide_enough / tall, 12.0)
    for node in nodes:
        node.x = left + MARGIN + (node.x - low_x) * scale
        node.y = above + (node.y - low_y) * scale
        node.radius = max(1.6, min(26.0, node.radius * scale))
    return left + wide * scale + 2 * MARGIN, above + tall * scale + MARGIN


class _Taken:
    """Boxes that labels must not touch, by cell of a grid."""

    CELL = 60.0

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], list[Box]] = {}

    def _keys(self, box: Box) -> Iterator[tuple[int, int]]:
        for column in range(int(box[0] // self.CELL), int(box[2] // self.CELL) + 1):
            for row in range(int(box[1] // self.CELL), int(box[3] // self.CELL) + 1):
                yield column, row

    def add(self, box: Box) -> None:
        for key in self._keys(box):
            self.cells.setdefault(key, []).append(box)

    def meets(self, box: Box) -> bool:
        for key in self._keys(box):
            for other in self.cells.get(key, ()):
                if box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]:
                    return True
        return False

    def touched(self, box: Box) -> set[Box]:
        return {
            other
            for key in self._keys(box)
            for other in self.cells.get(key, ())
            if box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        }


@dataclass
class _Label:
    """A label of one or more lines and the box kept for it, wider than its letters; ``anchor`` is the side on which it meets its node.

    ``apart`` is set where the label stands away from its node and a line joins the two.
    """

    node: _Node
    lines: tuple[str, ...]
    size: float
    box: Box
    anchor: str
    apart: bool = False

    @property
    def x(self) -> float:
        return {"start": self.box[0], "middle": (self.box[0] + self.box[2]) / 2, "end": self.box[2]}[self.anchor]

    @property
    def baselines(self) -> list[float]:
        return [self.box[1] + self.size * (ROW * number + 0.95) for number in range(len(self.lines))]

    @property
    def rows(self) -> Iterator[Box]:
        """The box of each line."""
        for number, line in enumerate(self.lines):
            width, top = _room(line, self.size), self.box[1] + self.size * ROW * number
            left = self.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
            yield left, top, left + width, top + self.size * ROW

    @property
    def end(self) -> Point:
        """The point of the label that is nearest to the node."""
        x, y = self.node.x, self.node.y
        return min(((min(max(x, left), right), min(max(y, top), bottom)) for left, top, right, bottom in self.rows), key=lambda at: math.dist(at, (x, y)))

    @property
    def leader(self) -> list[Box]:
        """Small boxes along the line from the rim of the node to the label."""
        (x, y), node = self.end, self.node
        far = math.hypot(x - node.x, y - node.y)
        steps = int(far / 4) + 1
        shares = [step / steps for step in range(steps + 1)]
        spots = [(node.x + share * (x - node.x), node.y + share * (y - node.y)) for share in shares if share * far >= node.radius]
        return [(across - 2, down - 2, across + 2, down + 2) for across, down in spots]


ROW = 1.2
"""Height of a line of a label, in sizes of its font."""


def _covers(box: Box, dot: Box) -> bool:
    """Whether a label hides some of a round dot; the corners of the dot's box are empty."""
    x, y, radius = (dot[0] + dot[2]) / 2, (dot[1] + dot[3]) / 2, (dot[2] - dot[0]) / 2
    return math.hypot(x - min(max(x, box[0]), box[2]), y - min(max(y, box[1]), box[3])) < radius


def _spots(radius: float, width: float, height: float) -> Iterator[tuple[float, float, str]]:
    """Where a label may touch its node: the offset of its middle, and the side on which it meets the node; best first."""
    beside, above = radius + 3 + width / 2, radius + 2 + height / 2
    yield from ((beside, 0.0, "start"), (-beside, 0.0, "end"), (0.0, above, "middle"), (0.0, -above, "middle"))
    slant = 0.7 * radius + 2
    for across, down in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        yield across * (slant + width / 2), down * (slant + height / 2), "start" if across > 0 else "end"
    # where many nodes are near each other: a little higher or lower, or with one end above or below the node
    for across, down in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        yield across * beside, down * 0.4 * height, "start" if across > 0 else "end"
    for share in (0.25, 0.5):
        for across, down in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            yield across * share * width, down * above, "start" if across > 0 else "end"


def _away(radius: float, width: float, height: float, farthest: int) -> Iterator[tuple[float, float, str]]:
    """Places for a label that found none at its node, nearest first."""
    for reach in (*range(12, min(farthest, 100), 8), *range(100, farthest, 14)):
        turns = 16 if reach < 60 else 32
        for turn in range(turns):
            across, down = math.cos(turn * 2 * math.pi / turns), math.sin(turn * 2 * math.pi / turns)
            side = "start" if across > 0.5 else "end" if across < -0.5 else "middle"
            yield across * (radius + reach + width / 2), down * (radius + reach + height / 2), side


class _Labels:
    """Labels put one after another, each where it touches no label, no line to a label and, if it can be, no node."""

    def __init__(self, nodes: list[_Node], kept: list[Box]) -> None:
        self.dots, self.words, self.leaders = _Taken(), _Taken(), _Taken()
        for box in kept:
            self.words.add(box)
        for node in nodes:
            self.dots.add(node.dot)
        self.placed: list[_Label] = []

    def _is_free(self, label: _Label, *, cross: bool) -> bool:
        """Whether the line to the label touches nothing, or the label would seem to be that of another node."""
        for spot in label.leader:
            if self.words.meets(spot) or not cross and self.leaders.meets(spot):
                return False
            if any(_covers(spot, dot) for dot in self.dots.touched(spot) if dot != label.node.dot):
                return False
        return True

    def crowd(self, node: _Node) -> int:
        """How many other nodes are close."""
        return len(self.dots.touched((node.x - CLOSE, node.y - CLOSE, node.x + CLOSE, node.y + CLOSE)))

    def put(self, node: _Node, size: float, *, farthest: int = 0, cover: bool = False) -> bool:
        """Put the label at its node or, with ``farthest``, apart from it; ``cover`` allows a place over other nodes, or a
        line across another line."""
        least, good = math.inf, None
        for lines in _lines(node.label):
            width, height = max(_room(line, size) for line in lines), size * ROW * len(lines)
            offsets = _away(node.reach, width, height, farthest) if farthest else _spots(node.reach, width, height)
            for across, down, anchor in offsets:
                x, y = node.x + across, node.y + down
                box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
                if self.words.meets(box) or self.leaders.meets(box):
                    continue
                hidden = sum((dot[2] - dot[0]) ** 2 for dot in self.dots.touched(box) if _covers(box, dot))
                if hidden < least and (cover or not hidden):
                    label = _Label(node, lines, size, box, anchor, bool(farthest))
                    if not farthest or self._is_free(label, cross=cover):
                        least, good = hidden, label
                        if not least:
                            break
            if good is not None and not least:
                break
        if good is None:
            return False
        self.words.add(good.box)
        if good.apart:
            for spot in good.leader:
                self.leaders.add(spot)
        self.placed.append(good)
        return True


MOST_LABELS = 5000
"""So many nodes at most are given a label, those that must have one and the most important: the page is full long before."""

TRIES, HOPELESS = 5, 8
"""How often labels that must be there are put anew, the ones that found no place first, where these are not too many."""


def _place_labels(nodes: list[_Node], kept: list[Box], grown: float) -> list[_Label]:
    """Those that must be there first, then the most important; ``kept`` are boxes for other things."""
    highest = max((node.importance for node in nodes), default=0.0) or 1.0
    large = LARGE * math.sqrt(grown)
    sizes = {id(node): round(SMALL + (large - SMALL) * math.sqrt(node.importance / highest), 1) for node in nodes}
    ranked = sorted(nodes, key=lambda node: (not node.must, *_first(node)))[:MOST_LABELS]
    labels, hard = _Labels(nodes, kept), list[_Node]()
    # a picture without these names tells no story: they may be smaller, stand far off, and at last cover a dot; first
    # those with the least room
    must = sorted((node for node in ranked if node.must), key=lambda one: -labels.crowd(one))
    first: list[_Node] = []
    for turn in range(TRIES if len(nodes) < 2 * CROWD else 1):
        if turn:
            # named kinds that once found no place stay before hubs that found none
            first += [node for node in hard if node.named and node not in first]
            early = dict.fromkeys([*first, *hard])
            labels, must = _Labels(nodes, kept), [*early, *(node for node in must if node not in early)]
        hard = [
            node for node in must
            if not labels.put(node, sizes[id(node)]) and not labels.put(node, SMALL) and not labels.put(node, SMALL, farthest=FAR)
        ]  # fmt: skip
        if not hard or len(hard) > HOPELESS:
            break
    for node in sorted(hard, key=lambda one: not one.named):
        labels.put(node, SMALL, farthest=FAR // 3, cover=True) or labels.put(node, SMALL, cover=True)
    left = [node for node in ranked if not node.must and not labels.put(node, sizes[id(node)]) and not labels.put(node, SMALL)]
    if len(nodes) < CROWD:
        for node in sorted(left, key=lambda one: -one.radius):
            labels.put(node, SMALL, farthest=max(20, int(FARTHEST * node.radius)))
    return labels.placed


def _shape(node: _Node) -> str:
    x, y, r = node.x, node.y, node.radius
    look = f'fill="{node.colour}" stroke="#FFFFFF" stroke-width="0.8"'
    if node.shape == "square":
        side = r * 1.77
        return f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}" {look}>'
    if node.shape == "diamond":
        return f'<polygon points="{x:.1f},{y - r * 1.2:.1f} {x + r * 1.2:.1f},{y:.1f} {x:.1f},{y + r * 1.2:.1f} {x - r * 1.2:.1f},{y:.1f}" {look}>'
    if node.shape == "triangle":
        return f'<polygon points="{x:.1f},{y - r * 1.2:.1f} {x + r * 1.1:.1f},{y + r * 0.8:.1f} {x - r * 1.1:.1f},{y + r * 0.8:.1f}" {look}>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" {look}>'


def write_svg(graph: networkx.Graph, path: Target) -> None:
    """Draw any NetworkX graph: positions, colours, sizes and shapes of its nodes where it has them, else a ring of dots.

    Labels that would cover another label or a node are left out, the least important first, and a note says how many;
    those of the most important nodes, and of the kinds in the graph attribute ``named``, come last. Every node tells its
    whole label when pointed at. Links of a directed graph have a head at their target, but for the kinds in the graph
    attribute ``undirected``. ``path`` may be ``-``. Raises ExportError where a name cannot be written, naming the node
    or edge and the attribute, or the file.
    """
    Survey(graph, "node").check("kind", "label")
    Survey(graph, "edge").check("kind", "label")
    nodes = _nodes(graph)
    kinds = Counter(node.kind for node in nodes if node.kind)
    links = _links(graph)
    lines = len(kinds) + len(links) + (1 if kinds and links else 0)
    counted = [*((_cut(kind), number) for kind, number in kinds.items()), *((link.name, link.number) for link in links)]
    title = _text(graph.graph.get("name")) or "Network"
    story = _text(graph.graph.get("description"))
    for more in MORE:
        grown = _growth(nodes) * more
        legend = (34 + max(text_width(f"{name}  {number:,}", 15) for name, number in counted) + 12) * grown if lines else 0.0
        width, height = _fit(nodes, legend, grown)
        across = WIDTH * grown
        kept = [(-across, 0.0, legend, MARGIN + (50 + 24.0 * lines) * grown), (-across, -600.0, 2 * across, MARGIN + 36 * grown)]
        labels = _place_labels(nodes, kept, grown)
        missing = {id(node) for node in nodes if node.must} - {id(label.node) for label in labels}
        if not missing or len(missing) > HOPELESS or more == MORE[-1]:
            break
        nodes = _nodes(graph)
    # labels at the border may stand outside the nodes; the picture grows so that no text is cut
    left = min([0.0, *(label.box[0] - 8 for label in labels)])
    right = max([width, MARGIN + text_width(title, 24 * grown) + MARGIN, *(label.box[2] + 8 for label in labels)])
    bottom = max([height, MARGIN + (60 + 24.0 * lines) * grown + 40, *(label.box[3] + 8 for label in labels)])
    top = 0.0
    heads = _Heads()
    edges = list(_edges(graph, {node.name: node for node in nodes}, heads))
    legend_lines = list(_legend(title, nodes, kinds, links, heads, left, grown))
    with text_output(path) as stream:
        stream.write(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}" width="{right - left:.0f}" height="{bottom - top:.0f}" '
            f'font-family="{FONT}">\n<title>{_xml(title)}</title>\n'
        )
        if story:
            stream.write(f"<desc>{_xml(story)}</desc>\n")
        stream.write(f'<rect x="{left:.0f}" y="{top:.0f}" width="{right - left:.0f}" height="{bottom - top:.0f}" fill="#FFFFFF"/>\n')
        stream.writelines(heads.definitions())
        stream.writelines(edges)
        stream.write('<g id="nodes">\n')
        for node in sorted(nodes, key=lambda n: (n.importance, str(n.name))):
            shape = _shape(node)
            stream.write(f"{shape}<title>{_xml(node.tip)}</title></{shape[1:].split(' ', 1)[0]}>\n")
        stream.write('</g>\n<g id="leaders" stroke="#777777" stroke-width="0.7">\n')
        for label in labels:
            if label.apart:
                x, y = label.end
                stream.write(f'<path d="M{label.node.x:.1f} {label.node.y:.1f}L{x:.1f} {y:.1f}"/>\n')
        stream.write('</g>\n<g id="labels" fill="#111111" stroke="#FFFFFF" stroke-width="3" paint-order="stroke" stroke-linejoin="round">\n')
        for label in labels:
            # the direction of the picture says which end is the start, whatever the script of the label
            for line, y in zip(label.lines, label.baselines, strict=True):
                stream.write(f'<text x="{label.x:.1f}" y="{y:.1f}" font-size="{label.size}" text-anchor="{label.anchor}">{_xml(line)}</text>\n')
        stream.write("</g>\n")
        stream.writelines(legend_lines)
        if len(labels) < len(nodes):
            unnamed = len(nodes) - len(labels)
            stream.write(
                f'<text id="note" x="{left + MARGIN:.1f}" y="{MARGIN + 32 * grown:.1f}" font-size="{13 * grown:.1f}" fill="#555555">'
                f"{unnamed:,} of {len(nodes):,} names left out for want of room</text>\n"
            )
        stream.write("</svg>\n")


def _xml(text: str) -> str:
    return escape(clean_text(text), quote=True)


def _line_colour(data: Mapping[Any, Any]) -> str:
    colour = data.get("color")
    return clean_text(colour) if isinstance(colour, str) and is_colour(colour) else "#AAAAAA"


@dataclass(frozen=True)
class _Link:
    """A kind of link in the legend: its name, most frequent colour and number, and whether its lines may have a head."""

    name: str
    colour: str
    number: int
    pointed: bool


def _links(graph: networkx.Graph) -> list[_Link]:
    """Each kind of link, the most frequent first; none where there are too many."""
    found: dict[str, Counter[str]] = {}
    pointed: set[str] = set()
    points = _points(graph)
    for source, target, key, data in edge_rows(graph):
        name = _text(data.get("label")) or _text(data.get("kind")) or (_text(key) if isinstance(key, str) else "")
        if name:
            found.setdefault(_cut(name), Counter())[_line_colour(data)] += 1
            if source != target and points(key, data):
                pointed.add(_cut(name))
        if len(found) > LINKS:
            return []
    ranked = sorted(found.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return [_Link(name, min(colours, key=lambda colour: (-colours[colour], colour)), colours.total(), name in pointed) for name, colours in ranked]


def _points(graph: networkx.Graph) -> Callable[[Any, Mapping[Any, Any]], bool]:
    """Whether a link of this key and these attributes is drawn with a head.

    None is in an undirected or a crowded graph, nor one of the kinds that the graph attribute ``undirected`` names.
    """
    if not graph.is_directed() or len(graph) >= CROWD:
        return lambda key, data: False
    both = both_ways(graph)
    return lambda key, data: kind_of(key, data) not in both


class _Heads:
    """The arrow heads in use: one marker for each colour and length.

    A marker of its own for each colour, since few programs but browsers give one the colour of its line.
    """

    def __init__(self) -> None:
        self.names: dict[tuple[str, int], str] = {}

    def name(self, colour: str, length: int) -> str:
        """The attribute that puts such a head on a line."""
        name = self.names.setdefault((colour, length), f"head{len(self.names) + 1}")
        return f' marker-end="url(#{name})"'

    def definitions(self) -> Iterator[str]:
        if self.names:
            yield "<defs>\n"
            for (colour, length), name in self.names.items():
                half = length * 0.4
                # the line ends where the head begins, or a thick one would show beside the tip
                yield (
                    f'<marker id="{name}" markerUnits="userSpaceOnUse" markerWidth="{length}" markerHeight="{2 * half:g}" '
                    f'refX="0.5" refY="{half:g}" orient="auto"><path d="M0 0L{length} {half:g}L0 {2 * half:g}z" fill="{colour}"/></marker>\n'
                )
            yield "</defs>\n"


def _at(curve: tuple[Point, Point, Point], share: float) -> Point:
    """The point of a quadratic curve at this share of it."""
    (a, b), (c, d), (e, f) = curve
    rest = 1 - share
    return rest * rest * a + 2 * rest * share * c + share * share * e, rest * rest * b + 2 * rest * share * d + share * share * f


def _last(curve: tuple[Point, Point, Point], high: float, outside: Callable[[Point], bool]) -> float:
    """The last share of the curve before ``high`` that is outside of something around its end; 0 where none is."""
    low = 0.0
    if not outside(_at(curve, low)):
        return low
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if outside(_at(curve, middle)) else (low, middle)
    return low


def _edges(graph: networkx.Graph, at: dict[Any, _Node], heads: _Heads) -> Iterator[str]:
    """Lines, curved where several join the same two nodes, all bent the same way from source to target.

    Those with a direction have a head whose tip is at the rim of the target, where the two nodes leave room for it.
    """
    yield '<g id="edges" fill="none" stroke-opacity="0.7">\n'
    drawn: Counter[frozenset[Any]] = Counter()
    thin = 0.9 if graph.number_of_edges() < 1500 else 0.5
    points = _points(graph)
    for source, target, key, data in edge_rows(graph):
        one, other = at[source], at[target]
        colour = _line_colour(data)
        weight = as_number(data.get("weight", 1.0))
        heavy = math.log1p(weight) if weight is not None and 0 < weight < 1e300 else 0.0
        width = min(7.0, thin * (0.6 + heavy))
        stroke = f'stroke="{colour}" stroke-width="{width:.1f}"'
        if one is other:
            loop = one.radius + 8
            yield f'<circle cx="{one.x:.1f}" cy="{one.y - loop:.1f}" r="{loop - 2:.1f}" {stroke}/>\n'
            continue
        pair = frozenset((source, target))
        number = drawn[pair]
        drawn[pair] += 1
        bend = 0.08 + 0.09 * number
        x, y = (one.x + other.x) / 2 + (other.y - one.y) * bend, (one.y + other.y) / 2 - (other.x - one.x) * bend
        end_x, end_y = other.x, other.y
        if points(key, data):
            length = round(6 + 2 * width)
            curve = ((one.x, one.y), (x, y), (end_x, end_y))
            tip = _last(curve, 1.0, lambda point, node=other: node.away(point) > GAP)
            rim = _at(curve, tip)
            share = _last(curve, tip, lambda point, rim=rim, length=length: math.dist(point, rim) > length)
            if share and one.away(_at(curve, share)) > 1:
                (x, y), (end_x, end_y) = (one.x + share * (x - one.x), one.y + share * (y - one.y)), _at(curve, share)
                stroke += heads.name(colour, length)
        yield f'<path d="M{one.x:.1f} {one.y:.1f}Q{x:.1f} {y:.1f} {end_x:.1f} {end_y:.1f}" {stroke}/>\n'
    yield "</g>\n"


def _legend(title: str, nodes: list[_Node], kinds: Counter[str], links: list[_Link], heads: _Heads, left: float, grown: float) -> Iterator[str]:
    x, y = left + MARGIN, MARGIN + 14 * grown
    font, row, half = f'font-size="{15 * grown:.1f}"', 24 * grown, 5 * grown
    yield f'<g id="legend" fill="#111111">\n<text x="{x:.1f}" y="{y:.1f}" font-size="{24 * grown:.1f}" font-weight="bold">{_xml(title)}</text>\n'
    example = {node.kind: node for node in nodes}
    for number, (kind, count) in enumerate(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))):
        line = y + 44 * grown + row * number
        like = example[kind]
        mark = _shape(_Node(None, x + 8 * grown, line - half, 7.5 * grown, like.colour, like.shape, "", 0.0, kind, ""))
        yield f'{mark[:-1]}/>\n<text x="{x + 24 * grown:.1f}" y="{line:.1f}" {font}>{_xml(_cut(kind))}  {count:,}</text>\n'
    y += row * (len(kinds) + (1 if kinds else 0)) + 44 * grown
    for number, link in enumerate(links):
        line = y + row * number
        long, head = (8 * grown, heads.name(link.colour, 10)) if link.pointed else (16 * grown, "")
        yield f'<path d="M{x:.1f} {line - half:.1f}h{long:g}" stroke="{link.colour}" stroke-width="{3 * grown:.1f}"{head}/>\n'
        yield f'<text x="{x + 24 * grown:.1f}" y="{line:.1f}" {font}>{_xml(link.name)}  {link.number:,}</text>\n'
    yield "</g>\n"
