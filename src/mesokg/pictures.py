"""Draws what a query looks for: a box for each thing, in it the properties that are asked, arrows to further things.

Boxes stand in columns, the thing that the answer begins with on the left and each other as far from it as the query goes
to reach it, so that an arrow leads to a neighbouring column or to the same, and never across a box of another column.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

__all__ = ["Link", "Pattern", "draw", "read_pattern"]

NEEDED, OPTIONAL, ABSENT = range(3)

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|<[^<>"{}|^`\\\s]*>|#[^\n]*|[?$]\w+|_:\w+|@[A-Za-z-]+|\^\^|[A-Za-z]\w*:\w(?:[\w.-]*\w)?|[A-Za-z_]\w*|-?\d[\d.]*|&&|\|\||!=|\S'
)
_AFTER = {"GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET"}
_LABELS = {"label", "prefLabel", "notation"}


@dataclass(frozen=True)
class Link:
    """A triple pattern: variables with their question mark, all else in words; ``kind`` says whether it must hold."""

    subject: str
    words: str
    object: str
    kind: int = NEEDED


@dataclass
class Pattern:
    """All triple patterns of a query, the variables of its answer, and the values that a variable is given.

    ``same`` has the variables that BIND or AS gives another name, by that name: of ``BIND(COALESCE(?arm, "none") AS ?group)``
    it is ``?arm``. One that is reckoned from others, as by CONCAT, is none of them.
    """

    links: list[Link] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    same: dict[str, list[str]] = field(default_factory=dict)


def read_pattern(sparql: str) -> Pattern:
    """The pattern of a SELECT query that our gate lets through, subqueries and all alternatives included.

    >>> read_pattern('SELECT ?x { ?x a ex:Cat ; ex:likes/^ex:eats ?y OPTIONAL { ?y ?p "a b" } }').links  # doctest: +NORMALIZE_WHITESPACE
    [Link(subject='?x', words='a', object='Cat', kind=0), Link(subject='?x', words='likes / ^eats', object='?y', kind=0),
     Link(subject='?y', words='?p', object='"a b"', kind=1)]
    """
    return _Reader(sparql).pattern


class _Reader:
    def __init__(self, sparql: str) -> None:
        tokens = [token for token in _TOKEN.findall(sparql) if not token.startswith("#")]
        self.tokens = tokens[next(i for i, token in enumerate(tokens) if token.upper() == "SELECT") :]
        self.place = self.unnamed = 0
        self.pattern = Pattern()
        self.found: dict[tuple[str, str, str], int] = {}
        self.pattern.answer = self._head(NEEDED)
        self._group(NEEDED)
        self.pattern.links = [Link(*key, kind) for key, kind in self.found.items()]

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else "}"

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1] if self.place <= len(self.tokens) else "}"

    def _head(self, kind: int) -> list[str]:
        """The variables of a SELECT, up to its group; of an expression the one that it is called."""
        names, depth, first = [], 0, self.place
        while self.next not in ("{", "}"):
            token = self.take()
            if token == "(" and not depth:
                first = self.place
            depth += (token == "(") - (token == ")")
            if token.startswith("?") and (not depth or self.tokens[self.place - 2].upper() == "AS"):
                names.append(token)
            if token == ")" and not depth:
                self._named(self.tokens[first : self.place - 1], kind)
        return names

    def _named(self, tokens: list[str], kind: int) -> None:
        """Note what ``expression AS ?name`` gives another name; what must not be so is no such thing."""
        if len(tokens) > 2 and tokens[-2].upper() == "AS" and kind != ABSENT:
            known = self.pattern.same.setdefault(tokens[-1], [])
            known += [name for name in dict.fromkeys(_values_of(tokens[:-2]) or ()) if name not in known]

    def _group(self, kind: int) -> None:
        self.take()
        while (token := self.next) != "}":
            word = token.upper()
            if word == "SELECT":
                self._head(kind)
                self._group(kind)
            elif word in _AFTER:
                while self.next != "}":
                    self.take()
            elif word in ("OPTIONAL", "MINUS"):
                self.take()
                self._group(ABSENT if word == "MINUS" else max(kind, OPTIONAL))
            elif word in ("FILTER", "BIND"):
                self.take()
                self._expression(kind)
            elif word == "VALUES":
                self.take()
                self._values()
            elif word in ("GRAPH", "SERVICE"):
                self.place += 2
                self._group(kind)
            elif word == "{":
                self._group(kind)
            elif word in (".", "UNION"):
                self.take()
            else:
                self._properties(self._term(kind), kind)
        self.take()

    def _expression(self, kind: int) -> None:
        """What follows FILTER or BIND; groups in it are read, as far as they are joined to nothing else they may hold or not."""
        depth, first = 0, self.place
        while True:
            token = self.take()
            depth += (token == "(") - (token == ")")
            if token.upper() == "EXISTS":
                absent = self.tokens[self.place - 2].upper() == "NOT"
                plain = not depth and self.place - first <= 2
                self._group(ABSENT if absent and plain else max(kind, NEEDED if plain else OPTIONAL))
            if not depth and token in (")", "EXISTS") or self.place >= len(self.tokens):
                self._named(self.tokens[first + 1 : self.place - 1], kind)
                return

    def _values(self) -> None:
        names = [self.take()]
        if names == ["("]:
            names = []
            while self.next != ")":
                names.append(self.take())
            self.take()
        self.take()
        position = 0
        while self.next != "}":
            if self.next in "()":
                self.take()
                continue
            value = self._term(NEEDED)
            known = self.pattern.values.setdefault(names[position % len(names)], [])
            if value not in known:
                known.append(value)
            position += 1
        self.take()

    def _term(self, kind: int) -> str:
        token = self.take()
        if token == "[":
            self.unnamed += 1
            name = f"_:{self.unnamed}"
            if self.next != "]":
                self._properties(name, kind)
            self.take()
            return name
        if token.startswith('"'):
            if self.next == "^^":
                self.place += 2
            elif self.next.startswith("@"):
                self.take()
            return token
        return _short(token)

    def _properties(self, subject: str, kind: int) -> None:
        while self.next not in (".", "}", "]"):
            if self.next == ";":
                self.take()
                continue
            if self.next.upper() in ("OPTIONAL", "FILTER", "BIND", "VALUES", "MINUS", "{", "GRAPH", "UNION", *_AFTER):
                return
            words = self._path()
            while True:
                key = subject, words, self._term(kind)
                self.found[key] = min(kind, self.found.get(key, kind))
                if self.next != ",":
                    break
                self.take()

    def _path(self) -> str:
        """A property or property path in words."""
        said = self._step()
        while self.next in ("/", "|"):
            sign = self.take()
            said += (" / " if sign == "/" else " | ") + self._step()
        return said

    def _step(self) -> str:
        sign = self.take() if self.next in ("^", "!") else ""
        if self.next == "(":
            self.take()
            said = f"({self._path()})"
            self.take()
        else:
            said = _short(self.take())
        if self.next in ("*", "+", "?"):
            said += self.take()
        return sign + said


def _values_of(tokens: list[str]) -> list[str] | None:
    """The variables whose value an expression takes as it is, none for a constant; None where it makes a value of its own."""
    if len(tokens) == 1:
        return tokens if tokens[0].startswith("?") else []
    head = tokens[0].upper()
    if head not in ("COALESCE", "IF") or tokens[1] != "(" or tokens[-1] != ")":
        return [] if "(" not in tokens and tokens[0].startswith('"') else None
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens[2:-1]:
        depth += (token in "({") - (token in ")}")
        if token == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    taken = [_values_of(part) for part in (parts[1:] if head == "IF" else parts) if part]
    return None if None in taken else [name for names in taken for name in names or ()]


def _short(token: str) -> str:
    if token.startswith("<"):
        return re.split("[/#]", token[1:-1])[-1]
    local = token.rpartition(":")[2]
    return token if token.startswith(("?", "_:")) or local[:1].isdigit() else local


# ---------------------------------------------------------------- from links to boxes

_SIZE = 13
_LINE, _PAD, _GAP_X, _GAP_Y = 18, 9, 64, 20
_LONGEST = 54


_EM = {letter: em for letters, em in (("ijl|' ", 0.32), ("ftr/().,:;-_", 0.42), ("mwMW", 0.98), ("ABCDEFGHKLNOPQRSTUVXYZ", 0.72)) for letter in letters}


def _wide(text: str, *, bold: bool = False) -> float:
    """About the width of a text in a sans-serif face, rather more than less."""
    return _SIZE * (1.12 if bold else 1.0) * sum(_EM.get(letter, 0.62) for letter in text)


@dataclass
class _Row:
    words: str
    value: str
    kind: int
    to: _Box | None = None

    @property
    def text(self) -> str:
        return f"{self.property} {self.value}".strip()

    @property
    def property(self) -> str:
        """The words of the property, cut where there is no room for both these and the value."""
        room = max(12, _LONGEST - len(self.value))
        return self.words if len(self.words) <= room else f"{self.words[: room - 1]}…"


@dataclass(eq=False)
class _Box:
    name: str
    classes: list[str] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    near: list[_Box] = field(default_factory=list)
    column: int = 0
    x: float = 0
    y: float = 0
    width: float = 0
    """That of the widest in the column, so that no arrow runs behind a box."""

    @property
    def title(self) -> str:
        name = "" if self.name.startswith("_:") else self.name
        kinds = " or ".join(self.classes[:2]) + (" …" if len(self.classes) > 2 else "")
        return f"{name}: {kinds}" if name and kinds else name or kinds or "(unnamed)"

    @property
    def least_width(self) -> float:
        return 2 * _PAD + max(60, _wide(self.title, bold=True), *(_wide(row.property) + _wide(f" {row.value}", bold=True) for row in self.rows))

    @property
    def height(self) -> float:
        return _LINE * (1 + len(self.rows)) + (10 if self.rows else 6)


def _is_open(term: str) -> bool:
    return term.startswith(("?", "_:"))


def _other_names(pattern: Pattern) -> tuple[list[Link], dict[str, list[str]]]:
    """The links with one name for each thing that has two, the one in the answer; and the names that may be either of several things."""
    asked = {term for link in pattern.links for term in (link.subject, link.object)}
    same = {name: known for name, names in pattern.same.items() if name in asked and (known := [one for one in names if one in asked and one != name])}
    linked = {frozenset((link.subject, link.object)) for link in pattern.links}
    called: dict[str, str] = {}
    for name, (first, *others) in same.items():
        # two that a link sets apart are two things, if of one kind
        if not others and frozenset((name, first)) not in linked:
            one, other = called.get(first, first), called.get(name, name)
            kept, gone = (other, one) if other in pattern.answer and one not in pattern.answer else (one, other)
            called = {key: kept if value == gone else value for key, value in called.items()} | {gone: kept}
            called.pop(kept, None)
    found: dict[tuple[str, str, str], int] = {}
    for link in pattern.links:
        key = called.get(link.subject, link.subject), link.words, called.get(link.object, link.object)
        found[key] = min(link.kind, found.get(key, link.kind))
    either = {called.get(name, name): list(dict.fromkeys(called.get(one, one) for one in names)) for name, names in same.items() if len(names) > 1}
    return [Link(*key, kind) for key, kind in found.items()], either


def _boxes(pattern: Pattern) -> list[_Box]:
    """The things that are asked about: subjects, and values that two subjects share. All else are rows in their boxes."""
    classes: dict[str, list[str]] = {}
    links: list[Link] = []
    named, either = _other_names(pattern)
    for link in named:
        if link.words == "a" and link.kind != ABSENT:
            classes.setdefault(link.subject, []).append(link.object)
        elif link.words not in _LABELS or link.object in pattern.values:
            links.append(link)
    links = _joined(links, keep={*pattern.answer, *classes, *pattern.values, *either, *(one for names in either.values() for one in names)})
    subjects = dict.fromkeys(link.subject for link in links)
    reached: dict[str, set[str]] = {}
    for link in links:
        if _is_open(link.object):
            reached.setdefault(link.object, set()).add(link.subject)
    shared = [name for name, by in reached.items() if len(by) > 1]
    # what may be either of several things is drawn beside them, where it is asked of further things
    either = {name: names for name, names in either.items() if name in subjects and any(one in subjects or one in reached for one in names)}
    names = dict.fromkeys([*subjects, *shared, *(one for names in either.values() for one in names if one in reached)]) or dict.fromkeys(link.subject for link in named)
    boxes = {name: _Box(name, classes.get(name, [])) for name in names}
    for link in links:
        box, to = boxes[link.subject], boxes.get(link.object)
        value = "" if link.object.startswith("_:") else link.object
        if to is None and link.object in classes:
            value += f" ({classes[link.object][0]})"
        box.rows.append(_Row(link.words, value, link.kind, to if to is not box else None))
        if to and to is not box:
            box.near.append(to)
            to.near.append(box)
    for name, others in either.items():
        for to in (boxes[one] for one in others if one in boxes and one != name):
            boxes[name].rows.append(_Row("is", to.name, OPTIONAL, to))
            boxes[name].near.append(to)
            to.near.append(boxes[name])
    return list(boxes.values())


def _joined(links: list[Link], keep: set[str]) -> list[Link]:
    """The links with each variable left out that only leads from one thing to the next."""
    while True:
        for middle in dict.fromkeys(link.object for link in links if _is_open(link.object) and link.object not in keep):
            into = [link for link in links if link.object == middle]
            out = [link for link in links if link.subject == middle]
            if len(into) == len(out) == 1 and middle not in (into[0].subject, out[0].object) and _is_open(out[0].object) and into[0].kind == out[0].kind:
                parts = [f"({link.words})" if " | " in link.words else link.words for link in (into[0], out[0])]
                place = links.index(into[0])
                links[place] = Link(into[0].subject, " / ".join(parts), out[0].object, into[0].kind)
                links = [link for link in dict.fromkeys(links) if link is not out[0]]
                break
        else:
            return links


# ---------------------------------------------------------------- places


def _components(boxes: list[_Box], answer: list[str]) -> Iterator[list[list[_Box]]]:
    """Boxes that are linked, as columns from the one that the answer begins with."""
    order = {name: place for place, name in enumerate(answer)}
    left = sorted(boxes, key=lambda box: (order.get(box.name, len(order)), -len(box.near)))
    while left:
        columns: list[list[_Box]] = []
        seen, waiting = {left[0]}, deque([left[0]])
        left[0].column = 0
        while waiting:
            box = waiting.popleft()
            if box.column == len(columns):
                columns.append([])
            columns[box.column].append(box)
            for other in box.near:
                if other not in seen:
                    seen.add(other)
                    other.column = box.column + 1
                    waiting.append(other)
        left = [box for box in left if box not in seen]
        yield columns


def _spread(wanted: list[float], heights: list[float]) -> list[float]:
    """Tops as near as possible to the wanted ones, in this order and with a gap between."""
    offsets, at = [], 0.0
    for height in heights:
        offsets.append(at)
        at += height + _GAP_Y
    blocks: list[tuple[float, int]] = []
    for top, offset in zip(wanted, offsets, strict=True):
        total, number = top - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / number:
            before = blocks.pop()
            total, number = total + before[0], number + before[1]
        blocks.append((total, number))
    flat = [total / number for total, number in blocks for _ in range(number)]
    return [top + offset for top, offset in zip(flat, offsets, strict=True)]


def _centre(box: _Box) -> float:
    return box.y + box.height / 2


def _place(columns: list[list[_Box]]) -> None:
    for column in columns:
        for box, top in zip(column, _spread([0.0] * len(column), [box.height for box in column]), strict=True):
            box.y = top
    for turn in range(12):
        for column in columns if turn % 2 else reversed(columns):
            wanted = {box: sum(map(_centre, box.near)) / len(box.near) if box.near else _centre(box) for box in column}
            column.sort(key=lambda box: wanted[box])
            tops = _spread([wanted[box] - box.height / 2 for box in column], [box.height for box in column])
            for box, top in zip(column, tops, strict=True):
                box.y = top
        for column in columns:
            for box in column:
                box.rows.sort(key=lambda row: (row.to is None, _centre(row.to) if row.to else 0))


# ---------------------------------------------------------------- drawing

_LOOK = {NEEDED: ("#566", ""), OPTIONAL: ("#889", ' stroke-dasharray="6 4"'), ABSENT: ("#a33", ' stroke-dasharray="2 3"')}
_SAID = {OPTIONAL: "slanted, broken line: where it is known", ABSENT: "red, dotted line: must not be so"}


def draw(pattern: Pattern, title: str) -> str:
    """The picture as SVG, the same for the same pattern; what the answer shows is bold."""
    boxes = _boxes(pattern)
    bottom, width = 0.0, 520.0
    for columns in _components(boxes, pattern.answer):
        _place(columns)
        top = min(box.y for column in columns for box in column)
        x = 10.0
        for column in columns:
            wide = max(box.least_width for box in column)
            for box in column:
                box.x, box.y, box.width = x, box.y - top + bottom + 10, wide
            x += wide + _GAP_X
        width = max(width, x - _GAP_X + 40)
        bottom = max(box.y + box.height for column in columns for box in column) + 14
    below = [line for said in _notes(pattern, boxes) for line in _wrapped(said, width - 20)]
    height = bottom + 6 + _LINE * len(below) + 8
    answer = set(pattern.answer)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" font-family="sans-serif" font-size="{_SIZE}">',
        f"<title>{escape(title)}</title>",
        "<defs>",
        *(
            f'<marker id="end{kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
            for kind, (colour, _) in _LOOK.items()
        ),
        "</defs>",
    ]
    parts += [_arrow(box, number, row) for box in boxes for number, row in enumerate(box.rows) if row.to]
    for box in boxes:
        parts += _drawn(box, answer)
    for number, line in enumerate(below):
        parts.append(f'<text x="10" y="{bottom + 6 + _LINE * (number + 0.75):.0f}" fill="#555">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>"])


def _arrow(box: _Box, number: int, row: _Row) -> str:
    to = row.to
    assert to is not None
    y1, y2 = box.y + 5 + _LINE * (number + 1.5), to.y + 5 + _LINE / 2
    right, left = box.x + box.width, box.x
    if to.column > box.column:
        x1, x2, bend = right, to.x, (to.x - right) / 2
        curve = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    elif to.column < box.column:
        x1, x2 = left, to.x + to.width
        bend = (x1 - x2) / 2
        curve = f"M{x1:.0f} {y1:.0f}C{x1 - bend:.0f} {y1:.0f} {x2 + bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    else:
        x1, x2 = right, to.x + to.width
        far = max(x1, x2) + 34
        curve = f"M{x1:.0f} {y1:.0f}C{far:.0f} {y1:.0f} {far:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    colour, dashes = _LOOK[row.kind]
    return f'<path d="{curve}" fill="none" stroke="{colour}" stroke-width="1.3"{dashes} marker-end="url(#end{row.kind})"/>'


def _drawn(box: _Box, answer: set[str]) -> Iterable[str]:
    yield f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="5" fill="#fff" stroke="#456"/>'
    fill = "#dfe8f5" if box.name in answer else "#eee"
    if box.rows:
        yield f'<path d="M{box.x:.0f} {box.y + _LINE + 6:.0f}h{box.width:.0f}" stroke="#456"/>'
    yield f'<rect x="{box.x + 1:.0f}" y="{box.y + 1:.0f}" width="{box.width - 2:.0f}" height="{_LINE + 4}" rx="4" fill="{fill}"/>'
    weight = ' font-weight="bold"' if box.name in answer else ""
    yield f'<text x="{box.x + _PAD:.0f}" y="{box.y + _LINE:.0f}"{weight}>{escape(box.title)}</text>'
    for number, row in enumerate(box.rows):
        y = box.y + 7 + _LINE * (number + 1.75)
        said = escape(row.text)
        if row.value in answer:
            said = f'{escape(row.property)} <tspan font-weight="bold">{escape(row.value)}</tspan>'
        slanted = ' font-style="italic"' if row.kind == OPTIONAL else ""
        yield f'<text x="{box.x + _PAD:.0f}" y="{y:.0f}" fill="{_LOOK[row.kind][0] if row.kind == ABSENT else "#333"}"{slanted}>{said}</text>'


def _notes(pattern: Pattern, boxes: list[_Box]) -> Iterator[str]:
    """What stands below: the values that a variable is given, and what the kinds of lines mean."""
    for name, values in pattern.values.items():
        more = f" and {len(values) - 8} more" if len(values) > 8 else ""
        yield f"{name}: {', '.join(values[:8])}{more}"
    used = {row.kind for box in boxes for row in box.rows}
    yield "; ".join(["bold: in the answer", *(said for kind, said in _SAID.items() if kind in used)])


def _wrapped(text: str, width: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and _wide(f"{lines[-1]} {word}") > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
