"""Drawings in SVG: bars over time, interval plots, and the schematic of a construct. Colours come from the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mesokg.server.html import Markup, el

__all__ = ["Block", "Interval", "interval_plot", "schematic", "share", "stacked_bars"]


def stacked_bars(years: dict[int, dict[str, int]], order: Sequence[tuple[str, str]], link: Any, title: str) -> Markup:
    """Bars by year, each stacked by key in the order given; ``link(year, key)`` is where a piece leads."""
    if not years:
        return el("p", "No trial has a start date yet.")
    first, last = min(years), max(years)
    top = max(sum(parts.values()) for parts in years.values())
    step, unit = 22, max(8, min(28, 190 // max(top, 1)))
    base = top * unit + 12
    width = (last - first + 1) * step + 46
    pieces: list[Any] = []
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
                pieces.append(el("a", el("rect", el("title", what), x=x, y=y, width=step - 4, height=number * unit - 1, cls=f"s-{key}"), href=link(year, key), aria_label=what))
        if (year - first) % 5 == 0 or year == last:
            pieces.append(el("text", year, x=x + step / 2 - 2, y=base + 18, text_anchor="middle"))
    return el("svg", el("title", title), pieces, viewBox=f"0 0 {width} {base + 26}", cls="bars", role="group", aria_label=title)


@dataclass(frozen=True)
class Interval:
    """One line of an interval plot; numbers in the unit of the plot. ``note`` is shown at the right."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    note: str
    link: str = ""
    kind: str = ""


def _wilson(numerator: int, denominator: int) -> tuple[float, float]:
    """The 95 % Wilson score interval in percent (Wilson 1927, JASA 22:209-212)."""
    z, p = 1.959964, numerator / denominator
    middle = (p + z * z / (2 * denominator)) / (1 + z * z / denominator)
    half = z * ((p * (1 - p) + z * z / (4 * denominator)) / denominator) ** 0.5 / (1 + z * z / denominator)
    return max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half))


def share(numerator: int, denominator: int) -> tuple[float, float, float]:
    """A share in percent with its interval.

    >>> [round(x, 1) for x in share(0, 12)]
    [0.0, 0.0, 24.2]
    """
    low, high = _wilson(numerator, denominator)
    return 100 * numerator / denominator, low, high


def interval_plot(lines: Sequence[Interval], unit: str, title: str, *, top: float | None = None) -> Markup:
    """Points with intervals on one scale that begins at zero; the same numbers stand beside them as text."""
    known = [x for line in lines for x in (line.value, line.low, line.high) if x is not None]
    limit = top or max([*known, 1.0]) * 1.05
    row, left, width = 40, 10, 300
    height = len(lines) * row + 30

    def x(value: float) -> float:
        return round(left + min(value, limit) / limit * width, 1)

    pieces: list[Any] = []
    ticks = 4
    for tick in range(ticks + 1):
        value = limit * tick / ticks
        pieces += [
            el("line", x1=x(value), x2=x(value), y1=4, y2=height - 22, cls="grid"),
            el("text", f"{value:.0f}" if limit >= 8 else f"{value:.1f}", x=x(value), y=height - 8, text_anchor="middle"),
        ]
    for index, line in enumerate(lines):
        y = index * row + 22
        if line.low is not None and line.high is not None:
            pieces.append(el("line", x1=x(line.low), x2=x(line.high), y1=y, y2=y, cls="interval"))
        if line.value is not None:
            pieces.append(el("circle", el("title", f"{line.label}: {line.note}"), cx=x(line.value), cy=y, r=5, cls="point"))
    drawn = el("svg", el("title", title), pieces, viewBox=f"0 0 {width + 24} {height}", cls="intervals", role="img", aria_label=f"{title}; the numbers are in the list beside it")
    texts = [el("li", el("a", line.label, href=line.link, title=line.label) if line.link else line.label, el("b", line.note)) for line in lines]
    return el("div", el("ol", texts, cls="interval-rows"), el("div", drawn, el("p", unit, cls="unit")), cls="interval-plot")


@dataclass(frozen=True)
class Block:
    """One part of a construct: what it is, its kind for the colour, and its page."""

    label: str
    kind: str
    words: str
    link: str


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


def schematic(vector: str, vector_words: str, blocks: Sequence[Block], *, cell: str = "", complete: bool = False, viral: bool = True) -> Markup:
    """The vector as a frame, its parts in order from left to right; a cell around it where cells are changed."""
    count = max(len(blocks), 1)
    per_row = min(count, 4)
    # few parts have room for their whole names
    width_each, gap, pad = {1: 320, 2: 240, 3: 190}.get(per_row, 160), 8, 26
    letters, row = width_each // 8, 78
    rows = -(-count // per_row)
    inner = per_row * (width_each + gap) - gap
    width = max(inner + 2 * pad, 360) + (36 if cell else 0)
    height = rows * row + 74 + (40 if cell else 0)
    off = 18 if cell else 0
    pieces: list[Any] = []
    if cell:
        pieces += [
            el("rect", x=2, y=2, width=width - 4, height=height - 4, rx=34, cls="cell"),
            el("text", _short(cell, 60), x=24, y=24, cls="caption"),
        ]
    top = 32 if cell else 2
    pieces += [
        el("rect", x=2 + off, y=top, width=width - 4 - 2 * off, height=rows * row + 62, rx=22 if viral else 6, cls="vector"),
        el("text", _short(vector, 58), x=pad + off, y=top + 24, cls="caption strong"),
    ]
    for index, block in enumerate(blocks):
        x, y = pad + off + (index % per_row) * (width_each + gap), top + 40 + (index // per_row) * row
        if index % per_row:
            pieces.append(el("line", x1=x - gap, x2=x, y1=y + 32, y2=y + 32, cls="backbone"))
        pieces.append(
            el(
                "a",
                el("title", f"{block.words}: {block.label}"),
                el("rect", x=x, y=y, width=width_each, height=64, rx=5, cls=f"part k-{block.kind}"),
                el("text", _short(block.words, letters + 2), x=x + 8, y=y + 18, cls="kind"),
                [el("text", line, x=x + 8, y=y + 36 + 16 * number) for number, line in enumerate(_two_lines(block.label, letters))],
                href=block.link,
            )
        )
    if not blocks:
        pieces.append(el("text", "no part is recorded", x=pad + off, y=top + 70, cls="caption"))
    pieces.append(el("text", vector_words + (" · all parts listed" if complete else ""), x=pad + off, y=top + rows * row + 54, cls="caption"))
    whole = "; ".join(f"{block.words} {block.label}" for block in blocks)
    return el("svg", el("title", f"{vector}: {whole}"), pieces, viewBox=f"0 0 {width} {height}", cls="schematic", role="group", aria_label=f"Schematic of {vector}")
