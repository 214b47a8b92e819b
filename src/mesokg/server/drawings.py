"""Drawings in SVG: bars over time, interval plots, and the schematic of a construct. Colours come from the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from mesokg.server.html import Markup, el

__all__ = ["Block", "Interval", "interval_plot", "schematic", "share", "stacked_bars"]


def stacked_bars(years: dict[int, dict[str, int]], order: Sequence[tuple[str, str]], link: Any, title: str) -> Markup:
    """Bars by year, each stacked by key in the order given; ``link(year, key)`` is where a piece leads. For wide and for narrow screens."""
    if not years:
        return el("p", "No trial has a start date yet.")
    first, last = min(years), max(years)
    top = max(sum(parts.values()) for parts in years.values())
    return Markup(_bars(years, order, link, title, first, last, top, 22, "bars broad") + _bars(years, order, link, title, first, last, top, max(4, min(22, 310 // (last - first + 1))), "bars narrow"))


def _bars(years: dict[int, dict[str, int]], order: Sequence[tuple[str, str]], link: Any, title: str, first: int, last: int, top: int, step: int, cls: str) -> Markup:
    unit = max(8, min(28, 190 // max(top, 1)))
    base = top * unit + 28
    width = (last - first + 1) * step + 46
    pieces: list[Any] = [el("text", "trials", x=4, y=12)]
    every = 1 if top <= 4 else 2 if top <= 10 else 5
    for level in range(0, top + 1, every):
        y = base - level * unit
        pieces += [el("line", x1=30, x2=width - 8, y1=y, y2=y, cls="grid"), el("text", level, x=24, y=y + 4, text_anchor="end")]
    for year in range(first, last + 1):
        x, y = 34 + (year - first) * step, base
        for key, words in order:
            number = years.get(year, {}).get(key, 0)
            if number:
                y -= number * unit
                what = f"{year}: {number} {'trial' if number == 1 else 'trials'}, {words}"
                pieces.append(el("a", el("rect", el("title", what), x=x, y=y, width=step - max(1, step // 5), height=number * unit - 1, cls=f"s-{key}"), href=link(year, key), aria_label=what))
        # the last year is named where the name before leaves room
        if (year - first) % 5 == 0 or (year == last and (year - first) % 5 * step > 36):
            pieces.append(el("text", year, x=x + step / 2 - 2, y=base + 18, text_anchor="middle"))
    return el("svg", el("title", title), pieces, viewBox=f"0 0 {width} {base + 26}", cls=cls, role="group", aria_label=title)


@dataclass(frozen=True)
class Interval:
    """One line of an interval plot; numbers in the unit of the plot. ``note`` and ``source`` are shown beside it.

    ``below`` and ``above`` say that it goes on beyond what is drawn, as a limit is not given or the value is one itself.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    note: str
    link: str = ""
    source: Any = None
    below: bool = False
    above: bool = False


def _wilson(p: float, denominator: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share in percent (Wilson 1927, JASA 22:209-212)."""
    z = 1.959964
    middle = (p + z * z / (2 * denominator)) / (1 + z * z / denominator)
    half = z * ((p * (1 - p) + z * z / (4 * denominator)) / denominator) ** 0.5 / (1 + z * z / denominator)
    return max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half))


def share(numerator: float, denominator: int) -> tuple[float, float, float]:
    """A share in percent with its interval.

    >>> [round(x, 1) for x in share(0, 12)]
    [0.0, 0.0, 24.2]
    """
    low, high = _wilson(numerator / denominator, denominator)
    return 100 * numerator / denominator, low, high


_LEFT, _WIDTH, _STRIP = 10, 300, 26


def _limit(most: float) -> float:
    """The end of a scale of four equal steps that are easy to read, at or above ``most``.

    >>> _limit(5.9), _limit(23.9), _limit(88), _limit(0.3)
    (8.0, 40.0, 100.0, 0.4)
    """
    power = 10.0 ** math.floor(math.log10(most / 4))
    return next(round(4 * factor * power, 10) for factor in (1, 2, 2.5, 5, 10) if 4 * factor * power >= most * 0.999999)


def interval_plot(lines: Sequence[Interval], unit: str, title: str, *, top: float | None = None) -> Markup:
    """Points with intervals, each beside its words, numbers and source, on one scale that begins at zero."""
    known = [x for line in lines for x in (line.value, line.low, line.high) if x is not None]
    limit = top or _limit(max([*known, 0.0]) or 1.0)
    whole = _WIDTH + 2 * _LEFT + 4

    def x(value: float) -> float:
        return round(_LEFT + min(value, limit) / limit * _WIDTH, 1)

    ticks = [limit * number / 4 for number in range(5)]
    grid = [el("line", x1=x(tick), x2=x(tick), y1=-8, y2=_STRIP + 8, cls="grid") for tick in ticks]

    def strip(line: Interval) -> Markup:
        pieces: list[Any] = [grid]
        known = [x(one) for one in (line.low, line.value, line.high) if one is not None]
        left, right = _LEFT if line.below else min(known, default=0), _LEFT + _WIDTH if line.above else max(known, default=0)
        if left < right and (line.below or line.above or None not in (line.low, line.high)):
            pieces.append(el("line", x1=left, x2=right, y1=_STRIP // 2, y2=_STRIP // 2, cls="interval"))
        pieces += [el("path", d=f"M{at} {_STRIP // 2}l{-6 * way} -5v10z", cls="point") for at, way, there in ((left, -1, line.below), (right, 1, line.above)) if there]
        if line.value is not None:
            pieces.append(el("circle", el("title", f"{line.label}: {line.note}"), cx=x(line.value), cy=_STRIP // 2, r=5, cls="point"))
        # the numbers stand beside it as text
        return el("svg", pieces, viewBox=f"0 0 {whole} {_STRIP}", cls="strip", aria_hidden="true")

    rows = [
        el("li", el("span", el("a", line.label, href=line.link) if line.link else line.label, cls="what"), el("span", el("b", line.note), " ", line.source, cls="result"), strip(line))
        for line in lines
    ]
    numbers = [el("text", f"{tick:g}", x=x(tick), y=12, text_anchor="middle") for tick in ticks]
    axis = el("div", el("svg", numbers, viewBox=f"0 0 {whole} 18", cls="strip", aria_hidden="true"), el("p", unit, cls="unit"), cls="axis")
    return el("div", el("ol", rows, cls="interval-rows", aria_label=title), axis, cls="interval-plot")


@dataclass(frozen=True)
class Block:
    """One part of a construct: what it is, its kind for the colour, and its page; ``order`` where it stands in the chain, None where nobody says so."""

    label: str
    kind: str
    words: str
    link: str
    order: int | None = None


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _two_lines(text: str, length: int) -> list[str]:
    """The text broken between words into two lines of so many characters; what does not fit is cut.

    >>> _two_lines("HLA-A*02 binder of the blocking receptor", 19)
    ['HLA-A*02 binder of', 'the blocking…']
    """
    if len(text) <= length:
        return [text]
    space = text.rfind(" ", 0, length + 1)
    at = space if space > 0 else length
    rest = text[at:].strip()
    if len(rest) <= length:
        return [text[:at], rest]
    space = rest.rfind(" ", 0, length)
    return [text[:at], rest[: space if space > length // 2 else length - 1] + "…"]


def _lines(text: str, length: int, most: int) -> list[str]:
    """The text in at most so many lines of at most so many characters, the last one cut where it is longer."""
    lines = wrap(text, length, break_long_words=True) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], _short(" ".join(lines[most - 1 :]), length)]


def _groups(blocks: Sequence[Block]) -> list[tuple[str, list[Block], bool]]:
    """What is drawn apart, each with its words and whether it is a chain: ordered parts, parts of no known order, and the rest.

    The gene that is carried codes for the chain, or for something else; what was deleted is not there. Neither is a part of it.
    """
    parts = [block for block in blocks if block.kind not in ("Payload", "Deletion")]
    chain = sorted((block for block in parts if block.order is not None), key=lambda block: block.order or 0)
    loose = [block for block in parts if block.order is None]
    rest = [block for block in blocks if block.kind == "Payload"] + [block for block in blocks if block.kind == "Deletion"]
    found = [("in this order" if len(chain) > 1 else "", chain, True), ("order not stated" if len(parts) > 1 else "", loose, False), ("", rest, False)]
    return [group for group in found if group[1]]


def schematic(vector: str, vector_words: str, blocks: Sequence[Block], *, cell: str = "", complete: bool = False, viral: bool = True) -> list[Markup]:
    """The vector as a frame: its ordered parts joined from left to right, under them what has no order, what is carried
    and what was deleted, none of them joined; a cell around it where cells are changed.

    Drawn twice where it has more than two parts: the second time two in a row, for narrow screens, which show only that.
    """
    drawn = [_schematic(vector, vector_words, blocks, 4, cell=cell, complete=complete, viral=viral)]
    if len(blocks) > 2:
        drawn = [el("div", drawn, cls="broad"), el("div", _schematic(vector, vector_words, blocks, 2, cell=cell, complete=complete, viral=viral), cls="narrow")]
    return drawn


def _schematic(vector: str, vector_words: str, blocks: Sequence[Block], most: int, *, cell: str, complete: bool, viral: bool) -> Markup:
    groups = _groups(blocks)
    per_row = min(max((len(group) for _, group, _ in groups), default=1), most)
    # few parts have room for their whole names
    width_each, gap, pad = {1: 320, 2: 240 if most > 2 else 160, 3: 200}.get(per_row, 176), 8, 26
    letters = width_each // 8
    inner = per_row * (width_each + gap) - gap
    width = max(inner + 2 * pad, 360) + (36 if cell else 0)
    off = 18 if cell else 0
    line = int((width - 2 * pad - 2 * off) / 6.2)
    top = 32 if cell else 2
    drawn: list[Any] = []
    left, y = pad + off, top + 36
    for caption, group, chained in groups:
        if caption:
            drawn.append(el("text", caption, x=left, y=y + 11, cls="kind"))
            y += 18
        kinds = [_lines(block.words, letters + 4, 4) for block in group]
        for start in range(0, len(group), per_row):
            # boxes that stand beside each other are of one height
            tall = max(map(len, kinds[start : start + per_row]))
            high = 50 + 14 * tall
            for index in range(start, min(start + per_row, len(group))):
                block, x = group[index], left + (index - start) * (width_each + gap)
                if chained and index:
                    # at the begin of a row the chain comes in from the row above
                    drawn.append(el("line", x1=x - (gap if index > start else 14), x2=x, y1=y + high // 2, y2=y + high // 2, cls="backbone"))
                if chained and index - start == per_row - 1 and index + 1 < len(group):
                    drawn.append(el("line", x1=x + width_each, x2=x + width_each + 14, y1=y + high // 2, y2=y + high // 2, cls="backbone"))
                drawn.append(
                    el(
                        "a",
                        el("title", f"{block.words}: {block.label}"),
                        el("rect", x=x, y=y, width=width_each, height=high, rx=5, cls=f"part k-{block.kind}"),
                        [el("text", text, x=x + 8, y=y + 18 + 14 * number, cls="kind") for number, text in enumerate(kinds[index])],
                        [el("text", text, x=x + 8, y=y + 22 + 14 * tall + 16 * number) for number, text in enumerate(_two_lines(block.label, letters))],
                        href=block.link,
                    )
                )
            y += high + 10
        y += 6
    if not blocks:
        drawn.append(el("text", "no part is recorded", x=left, y=y + 16, cls="caption"))
        y += 30
    drawn.append(el("text", vector_words + (" · all parts listed" if complete else ""), x=left, y=y + 10, cls="caption"))
    bottom = y + 24
    height = bottom + 2 + (10 if cell else 0)
    pieces: list[Any] = []
    if cell:
        pieces += [
            el("rect", x=2, y=2, width=width - 4, height=height - 4, rx=34, cls="cell"),
            el("text", _short(cell, line), x=24, y=24, cls="caption"),
        ]
    pieces += [
        el("rect", x=2 + off, y=top, width=width - 4 - 2 * off, height=bottom - top, rx=22 if viral else 6, cls="vector"),
        el("text", _short(vector, line), x=left, y=top + 24, cls="caption strong"),
        drawn,
    ]
    whole = "; ".join(f"{block.words} {block.label}" for block in blocks)
    return el("svg", el("title", f"{vector}: {whole}"), pieces, viewBox=f"0 0 {width} {height}", width=width, cls="schematic", role="group", aria_label=f"Schematic of {vector}")
