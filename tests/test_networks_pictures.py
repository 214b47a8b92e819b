"""The picture of every view: names that must be there, lines that lead to the right name, nothing on top of anything."""

from __future__ import annotations

import itertools
import math
import os
import re
import shutil
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import networkx
import pytest

from mesokg.formats import svg
from mesokg.networks import VIEWS, network_of
from mesokg.networks.facts import Facts, read_facts

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


@pytest.fixture(scope="session")
def facts(real_store) -> Facts:
    return read_facts(real_store)


class Picture:
    """One view drawn: the file, and the labels as they were put."""

    def __init__(self, graph: networkx.Graph, path: Path) -> None:
        put: list[list] = []
        whole = svg._place_labels

        def listening(nodes, kept, grown):
            labels = whole(nodes, kept, grown)
            put.append([nodes, labels, kept])
            return labels

        svg._place_labels = listening
        try:
            svg.write_svg(graph, path)
        finally:
            svg._place_labels = whole
        self.graph, self.path = graph, path
        self.nodes, self.labels, self.kept = put[-1]
        self.root = ElementTree.parse(path).getroot()
        self.groups = {group.get("id"): group for group in self.root if group.get("id")}


@pytest.fixture(scope="session", params=sorted(VIEWS))
def picture(request, facts, tmp_path_factory) -> Picture:
    return Picture(network_of(facts, request.param), tmp_path_factory.mktemp("pictures") / f"{request.param}.svg")


def _meet(one: Box, other: Box, least: float = 0.5) -> bool:
    return one[0] < other[2] - least and other[0] < one[2] - least and one[1] < other[3] - least and other[1] < one[3] - least


def _crosses(box: Box, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether a line goes through a box (Liang and Barsky 1984, doi:10.1145/357332.357333)."""
    low, high = 0.0, 1.0
    across, down = end[0] - start[0], end[1] - start[1]
    for p, q in ((-across, start[0] - box[0]), (across, box[2] - start[0]), (-down, start[1] - box[1]), (down, box[3] - start[1])):
        if p == 0:
            if q < 0:
                return False
        elif p < 0:
            low = max(low, q / p)
        else:
            high = min(high, q / p)
    return low < high - 0.01


def test_therapies_trials_and_hubs_are_named(picture):
    named = {label.node.name for label in picture.labels}
    for node, data in picture.graph.nodes(data=True):
        assert node in named or data["kind"] not in ("therapy", "trial"), data["label"]
    hubs = sorted(picture.graph.nodes(data=True), key=lambda pair: (-pair[1]["pagerank"], pair[0]))
    assert {node for node, _ in hubs[: max(15, min(60, len(hubs) // 6))]} <= named
    if len(hubs) < 200:
        assert len(named) > 0.88 * len(hubs)
    # a page of hundreds of nodes is full, not empty
    assert len(named) > 900 or len(named) > 0.55 * len(hubs)


def test_names_that_must_be_there_are_whole(picture):
    for label in picture.labels:
        if label.node.must and len(label.node.label) <= 90:
            assert " ".join(label.lines) == label.node.label
        assert len(label.lines) <= svg.MOST_LINES and max(map(len, label.lines)) <= svg.LONGEST


def test_the_note_counts_the_names_left_out(picture):
    missing = len(picture.nodes) - len(picture.labels)
    found = re.search(r'<text id="note"[^>]*>([\d,]+) of ([\d,]+) names left out', picture.path.read_text(encoding="utf-8"))
    assert (found is not None) == (missing > 0)
    if found:
        assert (found[1], found[2]) == (f"{missing:,}", f"{len(picture.nodes):,}")


def test_no_label_is_on_another_or_on_a_line_to_another(picture):
    rows = [(label, row) for label in picture.labels for row in label.rows]
    cells: dict[tuple[int, int], list] = {}
    for label, row in rows:
        for key in itertools.product(range(int(row[0] // 200), int(row[2] // 200) + 1), range(int(row[1] // 200), int(row[3] // 200) + 1)):
            cells.setdefault(key, []).append((label, row))
    for together in cells.values():
        for (label, row), (other, its) in itertools.combinations(together, 2):
            assert label is other or not _meet(row, its), (label.node.label, other.node.label)
    for label in picture.labels:
        if label.apart:
            start = (label.node.x, label.node.y)
            far = math.dist(start, label.end)
            share = min(1.0, label.node.radius / far) if far else 0.0
            rim = (start[0] + share * (label.end[0] - start[0]), start[1] + share * (label.end[1] - start[1]))
            crossed = [other.node.label for other, row in rows if other is not label and _crosses(row, rim, label.end)]
            assert not crossed, f"the line to {label.node.label} crosses {crossed}"


def test_labels_hide_next_to_no_node(picture):
    """None in a picture of up to 200 nodes, a handful in the largest."""
    hidden = set()
    dots = sorted(picture.nodes, key=lambda node: node.x)
    for label in picture.labels:
        for row in label.rows:
            for node in dots:
                if row[0] - 30 < node.x < row[2] + 30 and row[1] - 30 < node.y < row[3] + 30:
                    away = math.hypot(node.x - min(max(node.x, row[0]), row[2]), node.y - min(max(node.y, row[1]), row[3]))
                    if away < 0.8 * node.radius:
                        hidden.add(label.node.label)
    assert len(hidden) <= (0 if len(picture.nodes) <= 200 else 6), hidden


def test_no_text_is_cut_at_the_border(picture):
    left, top, width, height = map(float, picture.root.get("viewBox").split())
    for label in picture.labels:
        assert all(left <= row[0] and row[2] <= left + width and top <= row[1] and row[3] <= top + height for row in label.rows)
        # nor is it under the title, the note or the legend
        assert not any(_meet(label.box, kept) for kept in picture.kept)
    texts = {(text.text or "") for text in picture.groups["labels"]}
    assert texts == {line for label in picture.labels for line in label.lines}


def test_a_browser_finds_no_label_wider_than_was_kept_for_it(facts, tmp_path: Path):
    """With the fonts of this machine: what is measured here is what is seen."""
    program = os.environ.get("MESOKG_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if os.environ.get("MESOKG_REQUIRE_TOOLS") != "1":
        pytest.importorskip("playwright", reason="playwright is not installed: no label is measured")
        if not program:
            pytest.skip("chromium is not installed: no label is measured")
    from playwright.sync_api import sync_playwright

    drawn = Picture(network_of(facts, "trials"), tmp_path / "t.svg")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(drawn.path.as_uri())
        widths = page.evaluate("[...document.querySelectorAll('#labels text')].map(text => text.getBBox().width)")
        browser.close()
    kept = [(line, svg._room(line, label.size)) for label in drawn.labels for line in label.lines]
    assert len(widths) == len(kept)
    wide = [(line, width, room) for width, (line, room) in zip(widths, kept, strict=True) if width > room]
    assert not wide


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308, float("inf"), float("nan"), -1, True, "big", None, 2**70])
@pytest.mark.parametrize("name", ["size", "pagerank", "x", "y"])
def test_numbers_past_all_measure_are_drawn(name: str, value: object, tmp_path: Path):
    graph = networkx.path_graph(["a", "b", "c"], networkx.DiGraph)
    for number, node in enumerate(graph):
        graph.nodes[node].update(x=10.0 * number, y=0.0, size=4.0, pagerank=0.3)
    graph.nodes["b"][name] = value
    svg.write_svg(graph, tmp_path / "g.svg")
    text = (tmp_path / "g.svg").read_text(encoding="utf-8")
    assert not re.search(r"\b(nan|inf)\b", text)
    assert text.count("<circle") == 3


def test_a_label_that_is_a_number_is_shown(tmp_path: Path):
    numpy = pytest.importorskip("numpy")
    graph = networkx.Graph()
    for node, label in {"a": 5, "b": 0, "c": 2.5, "d": numpy.int64(7), "e": False, "f": date(2020, 5, 1), "g": 10**30, "h": None, "i": ""}.items():
        graph.add_node(node, label=label)
    svg.write_svg(graph, tmp_path / "g.svg")
    group = next(group for group in ElementTree.parse(tmp_path / "g.svg").getroot() if group.get("id") == "labels")
    assert sorted(text.text for text in group) == sorted(["5", "0", "2.5", "7", "false", "2020-05-01", str(10**30), "h", "i"])


def test_a_kind_of_any_length_leaves_room_for_the_network(tmp_path: Path):
    graph = networkx.path_graph(["a", "b", "c"], networkx.DiGraph)
    for number, node in enumerate(graph):
        graph.nodes[node].update(x=10.0 * number, y=0.0, kind="W" * 250, label=node)
    drawn = Picture(graph, tmp_path / "g.svg")
    assert [node.x for node in drawn.nodes] == sorted(node.x for node in drawn.nodes)
    assert drawn.nodes[-1].x - drawn.nodes[0].x > 50
    legend = " ".join(text.text or "" for text in drawn.groups["legend"])
    assert "W" * 39 + "…" in legend and "W" * 40 not in legend


def test_no_more_names_are_put_than_a_page_holds(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(svg, "MOST_LABELS", 30)
    graph = networkx.Graph(named=["star"])
    for number in range(200):
        graph.add_node(number, x=float(number % 20) * 30, y=float(number // 20) * 30, size=2.0, kind="star" if number % 2 else "dust", pagerank=number / 200)
    drawn = Picture(graph, tmp_path / "g.svg")
    assert 25 <= len(drawn.labels) <= 30
    assert all(label.node.must for label in drawn.labels)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("MSLN", [("MSLN",)]),
        ("gavocabtagene autoleucel", [("gavocabtagene autoleucel",), ("gavocabtagene", "autoleucel")]),
        ("retroviral vector for T-cell transduction", [("retroviral vector for", "T-cell transduction")]),
        ("T-cell killing through an engineered receptor", [("T-cell killing through", "an engineered receptor")]),
        ("x" * 100, [("x" * 33 + "…",)]),
        ("ab " + "x" * 100_000, None),
        ("word " * 40, None),
    ],
)
def test_labels_are_broken_between_words(text: str, wanted):
    ways = svg._lines(" ".join(text.split()))
    for number, lines in enumerate(wanted or ()):
        assert lines in ways, number
    for lines in ways:
        assert len(lines) <= svg.MOST_LINES and all(0 < len(line) <= svg.LONGEST for line in lines)
        assert len(text) <= 90 or lines[-1].endswith("…")


def test_a_graph_may_name_kinds_that_must_be_named(tmp_path: Path):
    """Among many nodes in one place those kinds have a label, and odd values of the attribute harm nothing."""
    graph = networkx.Graph(named=["star", 5, None])
    for number in range(160):
        graph.add_node(number, x=float(number % 20), y=float(number // 20), size=0.5, label=f"a rather long label {number}", kind="star" if number % 60 == 7 else "dust", pagerank=0.1)
    drawn = Picture(graph, tmp_path / "g.svg")
    named = {label.node.name for label in drawn.labels}
    assert {number for number in range(160) if number % 60 == 7} <= named
    for odd in (5, "star", None, {"a": 1}):
        graph.graph["named"] = odd
        svg.write_svg(graph, tmp_path / "g.svg")
