"""Every network format with ugly input: a correct file, or an error that names node or edge and attribute."""

from __future__ import annotations

import csv
import enum
import itertools
import json
import math
import os
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import networkx
import numpy
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesokg.errors import ExportError, UsageError
from mesokg.formats import EXPORTS, find_export, write_network_products
from mesokg.formats.apart import networks_apart
from mesokg.formats.cleaning import DEEPEST, clean_text
from mesokg.formats.gexf import write_gexf
from mesokg.formats.graphml import write_graphml
from mesokg.formats.kgx import read_biolink
from mesokg.networks.styles import read_styles
from mesokg.release import assemble

GEXF = "{http://gexf.net/1.3}"
NOBODY = 65534
VIZ = "{http://gexf.net/1.3/viz}"
GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"

UGLY = {
    "quotes": "\"it's\" <b>&amp;</b>",
    "emoji": "🧬🦠 T\u200d-cell",
    "nul": "a\x00b\x1fc\ud800d\ufffee",
    "right to left": "ميزوثيليوما مرض",
    "long": "x" * 100_000,
    "lines": "one\ntwo\tthree\r\nfour",
    "spaces": "  both ends  ",
}


def read_gexf(path: Path) -> tuple[dict, list[tuple]]:
    """Nodes by id, edges in order: attribute values by title, typed as declared; label, kind, weight beside them."""
    root = ElementTree.parse(path).getroot()
    types = {
        block.get("class"): {a.get("id"): (a.get("title"), a.get("type")) for a in block} for block in root.iter(f"{GEXF}attributes")
    }
    read = {"string": str, "long": int, "double": lambda t: float(t.replace("Infinity", "inf")), "boolean": lambda t: t == "true"}

    def values(element, class_):
        found = {}
        for value in element.iter(f"{GEXF}attvalue"):
            title, kind = types[class_][value.get("for")]
            found[title] = read[kind](value.get("value"))
        return found

    nodes = {n.get("id"): {"label": n.get("label"), **values(n, "node")} for n in root.iter(f"{GEXF}node")}
    edges = [
        (e.get("source"), e.get("target"), e.get("kind"), float(e.get("weight")), values(e, "edge"), e.get("id"))
        for e in root.iter(f"{GEXF}edge")
    ]
    return nodes, edges


def looks_of_gexf(path: Path) -> tuple[list[dict], list[dict]]:
    """What the format has a place of its own for: colour, size, position and shape of each node; label, colour and type of each edge."""
    root = ElementTree.parse(path).getroot()

    def colour(element) -> dict:
        found = element.find(f"{VIZ}color")
        return {} if found is None else {"color": "#{:02X}{:02X}{:02X}".format(*(int(found.get(c)) for c in "rgb"))}

    nodes = []
    for node in root.iter(f"{GEXF}node"):
        look = colour(node)
        for name in ("size", "shape"):
            if (found := node.find(f"{VIZ}{name}")) is not None:
                look[name] = found.get("value") if name == "shape" else float(found.get("value"))
        if (found := node.find(f"{VIZ}position")) is not None:
            look |= {name: float(found.get(name)) for name in "xyz"}
        nodes.append(look)
    edges = [{"label": edge.get("label"), "type": edge.get("type"), **colour(edge)} for edge in root.iter(f"{GEXF}edge")]
    return nodes, edges


def read_graphml(path: Path) -> tuple[dict, list[tuple]]:
    root = ElementTree.parse(path).getroot()
    keys = {k.get("id"): (k.get("attr.name"), k.get("attr.type")) for k in root.iter(f"{GRAPHML}key")}
    read = {"string": str, "long": int, "int": int, "double": lambda t: float(t.replace("Infinity", "inf")), "boolean": lambda t: t == "true"}

    def values(element):
        found = {}
        for data in element.iter(f"{GRAPHML}data"):
            name, kind = keys[data.get("key")]
            found[name] = read[kind](data.text or "")
        return found

    nodes = {n.get("id"): values(n) for n in root.iter(f"{GRAPHML}node")}
    edges = [(e.get("source"), e.get("target"), values(e), e.get("id")) for e in root.iter(f"{GRAPHML}edge")]
    return nodes, edges


def ugly_graph() -> networkx.MultiDiGraph:
    graph = networkx.MultiDiGraph()
    for name, text in UGLY.items():
        graph.add_node(name, label=text, note=text, kind="thing")
    graph.add_node("bare")
    graph.add_node("mixed", size="big", ID=5, id=True, Label=2.5, pid=[1, "b", None], when=date(2020, 2, 29), huge=2**80, set={"b", "a"})
    graph.add_edge("quotes", "emoji", key="joins", weight=0)
    graph.add_edge("quotes", "emoji", key="joins too", weight=-2.5)
    graph.add_edge("quotes", "emoji", key=3, kind="joins")
    graph.add_edge("nul", "nul", weight=math.nan, color="#00ff00", source="paper")
    return graph


@pytest.mark.parametrize("name", EXPORTS)
def test_ugly_graphs_are_written(name: str, tmp_path: Path):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    graph = ugly_graph()
    target = tmp_path / f"ugly{EXPORTS[name].extension}"
    EXPORTS[name].write(graph, target)
    files = [target] if target.is_file() else sorted(target.iterdir())
    assert files and not [p for p in tmp_path.rglob("*.new")]
    for path in files:
        if path.suffix in (".gexf", ".graphml", ".svg"):
            ElementTree.parse(path)
        elif path.suffix in (".cx2", ".cyjs"):
            json.loads(path.read_text(encoding="utf-8"))
        if path.suffix != ".parquet":
            assert "\x00" not in path.read_text(encoding="utf-8")


def test_gexf_keeps_what_is_ugly(tmp_path: Path):
    write_gexf(ugly_graph(), tmp_path / "u.gexf")
    nodes, edges = read_gexf(tmp_path / "u.gexf")
    for name, text in UGLY.items():
        assert nodes[name]["label"] == nodes[name]["note"] == clean_text(text)
    assert nodes["bare"]["label"] == "bare"
    mixed = nodes["mixed"]
    assert mixed["size"] == "big"
    # names that Gephi keeps for itself, whatever their case
    assert {k: v for k, v in mixed.items() if k.lower().startswith(("id", "label_", "pid"))} == {
        "ID_attribute": 5, "id_attribute_attribute": True, "Label_attribute": 2.5, "pid_attribute": "1; b",
    }  # fmt: skip
    assert (mixed["when"], mixed["huge"], mixed["set"]) == ("2020-02-29", str(2**80), "a; b")
    kinds = [(kind, weight > 0) for _, _, kind, weight, _, _ in edges]
    assert kinds == [("joins", True), ("joins too", True), ("joins", True), (None, True)]
    assert [values.get("weight_given") for *_, values, _ in edges][:3] == [0.0, -2.5, None]
    assert edges[3][4]["source_attribute"] == "paper"
    assert len({identifier for *_, identifier in edges}) == len(edges)


def hard_graph() -> networkx.MultiDiGraph:
    """Ugly labels, a node without one, an attribute of mixed type, loops, and parallel edges of one kind."""
    graph = networkx.MultiDiGraph()
    for number, (name, text) in enumerate(UGLY.items()):
        graph.add_node(name, label=text, mixed=(number, "a few", 2.5, True)[number % 4])
    graph.add_node("bare")
    for number in range(3):
        graph.add_edge("quotes", "emoji", key=number, kind="joins", note=UGLY["lines"])
    graph.add_edge("emoji", "quotes", key="joins")
    graph.add_edge("bare", "bare", key="loops")
    graph.add_edge("bare", "bare", key="loops too")
    return graph


Read = tuple[dict[str, tuple[str, str]], list[tuple[str, str, str]]]
"""Label and mixed value of each node, as text; source, target and kind of each edge."""


def _read_xml(path: Path) -> Read:
    if path.suffix == ".graphml":
        nodes, edges = read_graphml(path)
        return {n: (d["label"], d.get("mixed", "")) for n, d in nodes.items()}, [(s, t, d["interaction"]) for s, t, d, _ in edges]
    nodes, edges = read_gexf(path)
    return {n: (d["label"], d.get("mixed", "")) for n, d in nodes.items()}, [(s, t, kind) for s, t, kind, *_ in edges]


def _read_cx2(path: Path) -> Read:
    parts = {key: value for part in json.loads(path.read_text(encoding="utf-8")) for key, value in part.items()}
    name_of = {node["id"]: node["v"]["node_id"] for node in parts["nodes"]}
    nodes = {node["v"]["node_id"]: (node["v"]["name"], node["v"].get("mixed", "")) for node in parts["nodes"]}
    return nodes, [(name_of[edge["s"]], name_of[edge["t"]], edge["v"]["interaction"]) for edge in parts["edges"]]


def _read_cyjs(path: Path) -> Read:
    elements = json.loads(path.read_text(encoding="utf-8"))["elements"]
    nodes = {d["node_id"]: (d["name"], d.get("mixed", "")) for d in (node["data"] for node in elements["nodes"])}
    return nodes, [(d["source"][2:], d["target"][2:], d["interaction"]) for d in (edge["data"] for edge in elements["edges"])]


def _read_csv(path: Path) -> Read:
    with (path / "nodes.csv").open(encoding="utf-8", newline="") as stream:
        nodes = {row["id:ID"]: (row["label"] or row["id:ID"], row["mixed"]) for row in csv.DictReader(stream)}
    with (path / "edges.csv").open(encoding="utf-8", newline="") as stream:
        return nodes, [(row[":START_ID"], row[":END_ID"], row[":TYPE"].lower().replace("_", " ")) for row in csv.DictReader(stream)]


def _read_kgx(path: Path) -> Read:
    """A cell of KGX is one line; the column ``mixed`` is none of its own."""
    nodes, edges = (
        [dict(zip(rows[0].split("\t"), row.split("\t"), strict=True)) for row in rows[1:]]
        for rows in ((path / f"{name}.tsv").read_text(encoding="utf-8").removesuffix("\n").split("\n") for name in ("nodes", "edges"))
    )
    kinds = [(row["subject"], row["object"], row["original_predicate"].removeprefix("mesokg:")) for row in edges]
    return {row["id"]: (row["name"], "") for row in nodes}, kinds


def _read_parquet(path: Path) -> Read:
    parquet = pytest.importorskip("pyarrow.parquet")
    nodes = {row["id"]: (row["label"] or row["id"], row["mixed"] or "") for row in parquet.read_table(path / "nodes.parquet").to_pylist()}
    edges = [(row["src"], row["dst"], row["relationship"]) for row in parquet.read_table(path / "edges.parquet").to_pylist()]
    return nodes, edges


def _read_svg(path: Path) -> Read:
    """Tooltips, which are one line of 300 characters at most; edges have no ends, but each has its own line or loop."""
    root = ElementTree.parse(path).getroot()
    nodes, edges = (next(group for group in root if group.get("id") == name) for name in ("nodes", "edges"))
    tips = [shape[0].text or "" for shape in nodes]
    return dict.fromkeys(sorted(tips), ("", "")), [("", "", line.tag.rsplit("}", 1)[-1]) for line in edges]


READ = {
    "gexf": _read_xml, "gexf-timeline": _read_xml, "gexf-history": _read_xml, "graphml": _read_xml, "cx2": _read_cx2, "cytoscape": _read_cx2, "cyjs": _read_cyjs,
    "csv": _read_csv, "kgx": _read_kgx, "parquet": _read_parquet, "svg": _read_svg,
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_every_format_keeps_what_is_hard(name: str, tmp_path: Path):
    graph = hard_graph()
    path = tmp_path / f"g{EXPORTS[name].extension}"
    EXPORTS[name].write(graph, path)
    nodes, edges = READ[name](path)
    cleaned = {node: clean_text(data.get("label", node)) for node, data in graph.nodes(data=True)}
    wanted = [("quotes", "emoji", "joins")] * 3 + [("emoji", "quotes", "joins"), ("bare", "bare", "loops"), ("bare", "bare", "loops too")]
    if name == "svg":
        assert list(nodes) == sorted(" ".join(text.split())[:300] for text in cleaned.values())
        assert sorted(line for *_, line in edges) == ["circle"] * 2 + ["path"] * 4
        return
    if name == "kgx":
        cleaned = {node: " ".join(text.split()) for node, text in cleaned.items()}
    assert {node: label for node, (label, _) in nodes.items()} == cleaned
    assert sorted(edges) == sorted(wanted)
    if name != "kgx":
        mixed = ["0", "a few", "2.5", "true", "4", "a few", "2.5", ""]
        assert [value for _, value in nodes.values()] == mixed


@pytest.mark.parametrize("name", [name for name in EXPORTS if name != "svg"])
def test_nodes_whose_names_read_the_same_stay_apart(name: str, tmp_path: Path):
    graph = networkx.MultiDiGraph([(1, "1", "a"), ("1", "1\x00", "b"), ("1\x00", "1 (2)", "c")])
    path = tmp_path / f"g{EXPORTS[name].extension}"
    networkx.set_node_attributes(graph, {node: {"label": "x", "mixed": "x"} for node in graph})
    EXPORTS[name].write(graph, path)
    nodes, edges = READ[name](path)
    assert len(nodes) == 4
    assert [(source, target) for source, target, _ in edges] == list(itertools.pairwise(nodes))


@pytest.mark.parametrize("name", ["gexf", "graphml", "cx2", "cyjs", "csv"])
@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("node", "node 'a', attribute 'odd': a dict cannot be written"),
        ("list", "node 'a', attribute 'odd': a list that holds a dict cannot be written"),
        ("edge", r"edge \('a', 'b'\), attribute 'odd': a object cannot be written"),
    ],
)
def test_what_cannot_be_written_is_named(name: str, where: str, message: str, tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", "b")])
    if where == "node":
        graph.nodes["a"]["odd"] = {"a": 1}
    elif where == "list":
        graph.nodes["a"]["odd"] = ["b", [{"a": 1}]]
    else:
        graph.edges["a", "b", 0]["odd"] = object()
    with pytest.raises(ExportError, match=message):
        EXPORTS[name].write(graph, tmp_path / "x")
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize(("label", "said"), [({"en": "mesothelin"}, "a dict"), (["mesothelin", b"x"], "a list that holds a bytes")])
def test_a_node_whose_label_is_no_text_is_named(name: str, label: object, said: str, tmp_path: Path):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    graph = networkx.MultiDiGraph([("a", "b", "joins")])
    graph.nodes["b"]["label"] = label
    with pytest.raises(ExportError, match=f"node 'b', attribute 'label': {said} cannot be written"):
        EXPORTS[name].write(graph, tmp_path / "x")
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize(("name", "key"), [("kgx", "kind"), ("kgx", "sources"), ("svg", "kind"), ("svg", "label")])
def test_a_link_whose_name_is_no_text_is_named(name: str, key: str, tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", "b", "joins")])
    graph.edges["a", "b", "joins"][key] = {"en": "joins"}
    with pytest.raises(ExportError, match=rf"edge \('a', 'b'\), attribute '{key}': a dict cannot be written"):
        EXPORTS[name].write(graph, tmp_path / "x")


@pytest.mark.parametrize("name", EXPORTS)
def test_no_permission_is_an_export_error(name: str, tmp_path: Path):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    closed = tmp_path / "file"
    closed.write_text("not a folder")
    with pytest.raises(ExportError, match="cannot be"):
        EXPORTS[name].write(networkx.path_graph(3), closed / "graph")
    if not hasattr(os, "geteuid"):
        return  # Windows lets one write into a read-only folder
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IREAD | stat.S_IEXEC)
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(NOBODY)  # nothing is forbidden to an administrator
    try:
        with pytest.raises(ExportError, match="ermission"):
            EXPORTS[name].write(networkx.path_graph(3), locked / "graph")
    finally:
        if administrator:
            os.seteuid(0)
        locked.chmod(stat.S_IRWXU)
    assert not list(locked.iterdir())


def test_a_failed_write_leaves_the_last_file(tmp_path: Path):
    target = tmp_path / "g.gexf"
    write_gexf(networkx.path_graph(3), target)
    before = target.read_bytes()

    class Breaks(list):
        def __iter__(self):
            raise OSError(28, "No space left on device")

    graph = networkx.MultiDiGraph(timeformat="date")
    graph.add_node("a", intervals=Breaks([1]))
    with pytest.raises(ExportError, match="No space left"):
        write_gexf(graph, target)
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["g.gexf"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path):
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    graph = networkx.path_graph(3)
    # neither of which is written as given
    graph.edges[1, 2].update(weight=-1, wide=2**70)
    write_gexf(graph, pipe)
    reader.join()
    assert ElementTree.fromstring(seen[0]).find(f".//{GEXF}edge") is not None and pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
def test_a_full_device_is_an_export_error():
    with pytest.raises(ExportError, match="No space left"):
        write_gexf(networkx.path_graph(3), "/dev/full")
    assert Path("/dev/full").is_char_device()
    code = "import networkx; from mesokg.formats.gexf import write_gexf; write_gexf(networkx.path_graph(3), '-')"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert "ExportError: standard output: cannot be written: No space left" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "link.gexf").symlink_to(tmp_path / "there.gexf")
    write_gexf(networkx.path_graph(3), tmp_path / "link.gexf")
    assert (tmp_path / "link.gexf").is_symlink() and (tmp_path / "there.gexf").is_file()


def test_an_unknown_format_gets_the_choices():
    with pytest.raises(UsageError, match="there is no format 'gefx'; did you mean gexf"):
        find_export("gefx")


def test_a_folder_does_not_go_to_standard_output():
    with pytest.raises(ExportError, match="folder of files"):
        EXPORTS["csv"].write(networkx.path_graph(2), "-")


TEXT = st.text(st.characters(codec=None), max_size=20)
NUMPY = st.one_of(
    st.booleans().map(numpy.bool_), st.integers(-(2**63), 2**63 - 1).map(numpy.int64), st.integers(0, 2**64 - 1).map(numpy.uint64),
    st.floats(width=32).map(numpy.float32), st.floats().map(numpy.float64), TEXT.map(numpy.str_),
)  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), TEXT, st.dates(), st.lists(st.one_of(st.integers(), TEXT, NUMPY), max_size=3), NUMPY,
    st.sampled_from([10**400, -(10**400), "#0072b2", "disc", "square"]),
)  # fmt: skip
NAMES = [
    "label", "kind", "weight", "id", "x", "y", "z", "size", "shape", "color", "Type", "r", "intervals", "spans", "pagerank", "weight_given", "node_id",
]  # fmt: skip
ATTRIBUTES = st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXT.filter(bool)), VALUES, max_size=4)
LOOKS = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.floats(allow_nan=False), st.integers(-1000, 1000), NUMPY) for name in ("x", "y", "z", "size", "pagerank")}
)  # fmt: skip


@st.composite
def graphs(draw):
    graph = draw(st.sampled_from([networkx.MultiDiGraph, networkx.Graph, networkx.DiGraph, networkx.MultiGraph]))()
    if draw(st.booleans()):
        graph.graph["undirected"] = draw(st.lists(TEXT, max_size=2))
    names = draw(st.lists(st.one_of(st.integers(0, 9), TEXT), min_size=1, max_size=6, unique_by=lambda n: (type(n), n)))
    for name in names:
        graph.add_node(name)
        graph.nodes[name].update({**draw(ATTRIBUTES), **draw(LOOKS)})
    for _ in range(draw(st.integers(0, 8))):
        one, other = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        key = graph.add_edge(one, other)
        (graph.edges[one, other, key] if graph.is_multigraph() else graph.edges[one, other]).update(draw(ATTRIBUTES))
    return graph


def python_of(value: object) -> object:
    """A value of numpy as Python has it."""
    return value.item() if isinstance(value, numpy.generic) else value


def as_text(value: object) -> str:
    """What a value reads as, whatever the column it stood in."""
    value = python_of(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(as_text(v) for v in value if v is not None)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return clean_text(value) if isinstance(value, str) else value.isoformat() if isinstance(value, date) else str(value)


def same(read: object, given: object) -> bool:
    given = python_of(given)
    if isinstance(read, bool) or isinstance(given, bool):
        return read is given or read == as_text(given)
    if isinstance(given, int | float) and isinstance(read, int | float):
        return read == given or (isinstance(given, float) and math.isnan(read) and math.isnan(given))
    return read == as_text(given)


def is_there(key: str, value: object, read: dict[str, object], look: dict[str, object]) -> bool:
    """Whether a value stands in its own place, as given but for the case of a colour, or in a column of its name."""
    if key == "color" and isinstance(value, str) and look.get(key) == value.upper():
        return True
    if key == "size" and look.get(key) is not None and same(2 * look[key], value):
        return True
    if key != "size" and key in look and look[key] is not None and same(look[key], value):
        return True
    name = clean_text(key).lower() or "attribute"
    return any(same(one, value) for column, one in read.items() if column.lower().startswith((name, "weight_given" if key == "weight" else name)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(graph=graphs())
def test_gexf_and_graphml_and_parquet_round_trip(graph, tmp_path: Path):
    """Each node, each edge and each value given is in the file once, as given but for characters no file can hold."""
    write_gexf(graph, tmp_path / "g.gexf")
    nodes, edges = read_gexf(tmp_path / "g.gexf")
    looks, heads = looks_of_gexf(tmp_path / "g.gexf")
    assert len(nodes) == len(graph)
    assert len(edges) == graph.number_of_edges()
    for (identifier, found), look, (node, data) in zip(nodes.items(), looks, graph.nodes(data=True), strict=True):
        assert identifier.startswith(clean_text(str(node)) or "node")
        for key, value in data.items():
            if value is not None and not (key == "label" and value == ""):
                assert is_there(key, value, found, look), (key, value, found, look)
    ids = dict(zip(graph, nodes, strict=True))
    for (source, target, kind, weight, found, _), head, (one, other, data) in zip(edges, heads, graph.edges(data=True), strict=True):
        assert (source, target) == (ids[one], ids[other])
        assert weight > 0
        for key, value in data.items():
            if value is not None and not (key in ("label", "kind") and clean_text(str(value)) == ""):
                assert is_there(key, value, found, {**head, "kind": kind, "weight": weight}), (key, value, found, head)

    write_graphml(graph, tmp_path / "g.graphml")
    nodes, edges = read_graphml(tmp_path / "g.graphml")
    assert (len(nodes), len(edges)) == (len(graph), graph.number_of_edges())
    assert len({identifier for *_, identifier in edges}) == len(edges)
    for found, (_, data) in zip(nodes.values(), graph.nodes(data=True), strict=True):
        look = {name: found[name] for name in ("size", "shape", "x", "y", "z") if name in found}
        if "r" in found:
            look["color"] = "#{r:02X}{g:02X}{b:02X}".format(**found)
        elif isinstance(data.get("x"), int | float) and isinstance(data.get("y"), int | float):
            look.setdefault("z", 0.0)  # a flat graph has no heights
        for key, value in data.items():
            if value is not None and not (key == "label" and value == ""):
                assert is_there(key, value, found, {"z": 0.0, **look} if "x" in look else look), (key, value, found)
    for (_, _, found, _), (*_, data) in zip(edges, graph.edges(data=True), strict=True):
        for key, value in data.items():
            if value is not None and not (key in ("label", "kind") and clean_text(str(value)) == ""):
                assert is_there(key, value, found, {"kind": found.get("interaction")}), (key, value, found)

    parquet = pytest.importorskip("pyarrow.parquet")
    EXPORTS["parquet"].write(graph, tmp_path / "p")
    rows = parquet.read_table(tmp_path / "p" / "nodes.parquet").to_pylist()
    assert [row.pop("id") for row in rows] == list(ids.values())
    links = parquet.read_table(tmp_path / "p" / "edges.parquet").to_pylist()
    assert [(row.pop("src"), row.pop("dst")) for row in links] == [(ids[one], ids[other]) for one, other in graph.edges()]
    for row, data in zip([*rows, *links], [data for *_, data in [*graph.nodes(data=True), *graph.edges(data=True)]], strict=True):
        assert sum(value is not None for name, value in row.items() if name != "relationship") == sum(value is not None for value in data.values())
        for key, value in data.items():
            if value is not None:
                assert is_there(key, value, row, {}), (key, value, row)


DAYS = st.one_of(st.none(), st.dates(), st.dates().map(date.isoformat), VALUES)
TIMES = st.one_of(VALUES, st.lists(st.tuples(DAYS, DAYS), max_size=3), st.lists(st.tuples(DAYS), max_size=2))


def days_of(times: object) -> list[tuple[str | None, str | None]] | None:
    """Pairs of ISO dates, or None for what is none: said once more, in other words than the writer's."""
    if not isinstance(times, list) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in times):
        return None
    found = []
    for pair in times:
        days = []
        for day in pair:
            try:
                days.append(day if day is None else date.fromisoformat(day.isoformat() if type(day) is date else str.__str__(day)).isoformat())
            except (TypeError, ValueError):
                return None
        if None not in days and days[1] < days[0]:
            return None
        found.append(tuple(days))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(TIMES, min_size=2, max_size=2), spans=st.one_of(st.none(), VALUES, st.lists(st.tuples(VALUES, DAYS, DAYS), max_size=2)))
def test_times_are_written_or_named(times, spans, tmp_path: Path):
    graph = networkx.MultiDiGraph(timeformat="date")
    graph.add_node("a", intervals=times[0])
    graph.add_edge("a", "a", key="joins", intervals=times[1])
    if spans is not None:
        graph.graph["spans"] = {"a": {"status": spans}}
    wanted = [[] if given is None else days_of(given) for given in times]
    changes = None if spans is None else [days_of([(start, end)]) for _, start, end in spans] if isinstance(spans, list) and all(isinstance(one, tuple) for one in spans) else [None]
    if changes is None and None not in wanted:
        changes = []
    try:
        write_gexf(graph, tmp_path / "t.gexf")
    except ExportError as error:
        told = str(error)
        named = [("node 'a', attribute 'intervals': ", wanted[0]), ("edge ('a', 'a'), attribute 'intervals': ", wanted[1])]
        by_span = told.startswith("node 'a', attribute 'status' of the graph attribute 'spans': ") and (not changes or None in changes)
        assert by_span or any(told.startswith(words) and days is None for words, days in named), told
        return
    assert None not in wanted and None not in (changes or [])
    root = ElementTree.parse(tmp_path / "t.gexf").getroot()
    for element, days in zip([next(root.iter(f"{GEXF}node")), next(root.iter(f"{GEXF}edge"))], wanted, strict=True):
        spells = [(spell.get("start"), spell.get("end")) for spell in element.iter(f"{GEXF}spell")] or [(element.get("start"), element.get("end"))]
        assert spells == (days or [(None, None)])


@pytest.mark.parametrize(
    ("timeformat", "intervals", "said"),
    [
        ("date", 5, "5 is no list of pairs of start and end"),
        ("date", "2020", "'2020' is no list of pairs"),
        ("date", {"2020-01-01": "2021-01-01"}, "is no list of pairs"),
        ("date", [("2020-01-01",)], "is no list of pairs"),
        ("date", [("soon", None)], "'soon' is not an ISO date"),
        ("date", [("2020-02-30", None)], "'2020-02-30' is not an ISO date"),
        ("date", [("2021-01-01", "2020-01-01")], "the end '2020-01-01' is before the start '2021-01-01'"),
        ("dateTime", [("2020-01-01T00:00:00", "2020-01-01T00:00:00+00:00")], "names a time zone"),
        ("double", [(math.nan, None)], "nan is not a number"),
        ("integer", [(0.5, None)], "0.5 is not a whole number"),
    ],
)
def test_intervals_that_are_none_are_named(timeformat: str, intervals: object, said: str, tmp_path: Path):
    graph = networkx.DiGraph([("a", "b")], timeformat=timeformat)
    graph.edges["a", "b"]["intervals"] = intervals
    with pytest.raises(ExportError, match=rf"edge \('a', 'b'\), attribute 'intervals': .*{re.escape(said)}"):
        write_gexf(graph, tmp_path / "t.gexf")
    assert not list(tmp_path.iterdir())


def test_every_format_of_time_is_written(tmp_path: Path):
    given = {
        "date": (date(2020, 2, 29), None), "dateTime": (datetime(2020, 2, 29, 12), "2021-01-01T00:00:00"), "double": (numpy.float32(0.5), 2), "integer": (numpy.int64(-3), 2**70),
    }  # fmt: skip
    read = {"date": ("2020-02-29", None), "dateTime": ("2020-02-29T12:00:00", "2021-01-01T00:00:00"), "double": ("0.5", "2"), "integer": ("-3", str(2**70))}
    for timeformat, pair in given.items():
        graph = networkx.Graph(timeformat=timeformat)
        graph.add_node("a", intervals=[pair])
        write_gexf(graph, tmp_path / "t.gexf")
        node = next(ElementTree.parse(tmp_path / "t.gexf").getroot().iter(f"{GEXF}node"))
        assert (node.get("start"), node.get("end")) == read[timeformat]


@pytest.mark.parametrize(("graph_attribute", "given"), [("spans", 5), ("spans", {"a": 5}), ("spans", {"a": {"status": [("b", "c")]}}), ("over_time", {"a": {"status": "b"}}), ("over_time", 5)])
def test_changes_that_are_none_are_named(graph_attribute: str, given: object, tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", "b", "joins")])
    graph.graph[graph_attribute] = given
    if graph_attribute == "spans":
        graph.graph["timeformat"] = "date"
    with pytest.raises(ExportError, match=f"graph attribute '{graph_attribute}'"):
        EXPORTS["gexf-history"].write(graph, tmp_path / "t.gexf")


def test_years_and_days_that_are_none_give_no_times(tmp_path: Path):
    graph = networkx.MultiDiGraph()
    for name, data in {"a": {"first_year": 20200}, "b": {"first_year": -44}, "c": {"start_date": "soon"}, "d": {"start_date": "2020-02-29T10:00"}}.items():
        graph.add_node(name, **data)
    EXPORTS["gexf-timeline"].write(graph, tmp_path / "t.gexf")
    root = ElementTree.parse(tmp_path / "t.gexf").getroot()
    assert [node.get("start") for node in root.iter(f"{GEXF}node")] == [None, None, None, "2020-02-29"]


@pytest.mark.parametrize("name", EXPORTS)
def test_numbers_of_numpy_are_numbers(name: str, tmp_path: Path):
    """The same file as from Python's own numbers: weights, places, sizes and all others."""
    graphs = []
    for whole, half, truth in ((int, float, bool), (numpy.int64, numpy.float32, numpy.bool_)):
        graph = networkx.MultiDiGraph()
        for number in range(4):
            graph.add_node(f"n{number}", x=half(number * number), y=whole(number), size=half(4.5), degree=whole(number), rank=half(0.5), seen=truth(number), some=[half(0.5)])
        graph.add_edges_from([("n0", "n1", "joins", {"weight": whole(5)}), ("n1", "n2", "joins", {"weight": half(2.5)}), ("n2", "n3", "joins", {"weight": whole(0)})])
        graphs.append(graph)
    for number, graph in enumerate(graphs):
        EXPORTS[name].write(graph, tmp_path / str(number))
    written = [[path.read_bytes() for path in sorted([folder, *folder.rglob("*")]) if path.is_file()] for folder in (tmp_path / "0", tmp_path / "1")]
    assert written[0] and written[0] == written[1]
    if name == "gexf":
        _, edges = read_gexf(tmp_path / "1")
        assert [weight for _, _, _, weight, *_ in edges] == [5.0, 2.5, 1e-06]
        looks, _ = looks_of_gexf(tmp_path / "1")
        assert [(look["x"], look["y"], look["size"]) for look in looks] == [(number * number, number, 2.25) for number in range(4)]


def test_one_bad_value_spoils_no_other(tmp_path: Path):
    graph = networkx.MultiDiGraph()
    graph.add_node("a", label="first", color="#0072B2", size=4, x=1, y=2)
    graph.add_node("b", label=5, color="blue", size="big", x="left", y=2)
    graph.add_edge("a", "b", key="joins", weight=3, label="joins", color="#0072B2")
    graph.add_edge("a", "b", key="cuts", weight="heavy", label=5, color="blue", kind=1)
    graph.add_edge("b", "a", key="cuts", weight=10**400)
    write_gexf(graph, tmp_path / "g.gexf")
    nodes, edges = read_gexf(tmp_path / "g.gexf")
    looks, heads = looks_of_gexf(tmp_path / "g.gexf")
    assert [(node["label"], node["label_attribute"]) for node in nodes.values()] == [("first", "first"), ("b", "5")]
    assert looks == [{"color": "#0072B2", "size": 2.0, "x": 1.0, "y": 2.0, "z": 0.0}, {}]
    assert (nodes["b"]["color"], nodes["b"]["size"], nodes["b"]["x"], nodes["b"]["y"]) == ("blue", "big", "left", 2)
    assert [(kind, weight, values["weight_given"]) for _, _, kind, weight, values, _ in edges] == [("joins", 3.0, "3"), ("cuts", 1.0, "heavy"), ("cuts", 3e38, str(10**400))]
    assert [head.get("label") for head in heads] == ["joins", None, None] and heads[0]["color"] == "#0072B2"
    write_graphml(graph, tmp_path / "g.graphml")
    nodes, edges = read_graphml(tmp_path / "g.graphml")
    assert [node["label"] for node in nodes.values()] == ["first", "b"]
    assert [(values.get("weight"), values["weight_given"]) for _, _, values, _ in edges] == [(3.0, "3"), (None, "heavy"), (None, str(10**400))]


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def endless() -> list:
    value: list = [1, []]
    value[1].append(value)
    return value


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize(("value", "said"), [(endless(), "a list that holds itself"), (nested(100_000), f"a list that holds lists more than {DEEPEST} deep")], ids=["itself", "deep"])
def test_a_list_without_end_is_named(name: str, value: list, said: str, tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", "b", "joins")])
    graph.nodes["b"]["label"] = value
    with pytest.raises(ExportError, match=f"node 'b', attribute 'label': {said} cannot be written"):
        EXPORTS[name].write(graph, tmp_path / "x")
    graph.nodes["b"]["label"] = nested(DEEPEST - 1)
    EXPORTS[name].write(graph, tmp_path / "y")


class Nameless:
    """Somebody's class that cannot say its name."""

    def __init__(self, *, shown: bool) -> None:
        self.shown = shown

    def __str__(self) -> str:
        raise ValueError

    def __repr__(self) -> str:
        return "<no name>" if self.shown else str(self)


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize(("shown", "said"), [(True, "node <no name>, number 2 of the graph"), (False, "node of class Nameless, number 2 of the graph")])
def test_a_node_that_cannot_say_its_name_is_named(name: str, shown: bool, said: str, tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", Nameless(shown=shown), "joins")])
    with pytest.raises(ExportError, match=f"{said}, attribute 'id': its name cannot be written: .* raises ValueError"):
        EXPORTS[name].write(graph, tmp_path / "x")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_attribute_that_cannot_say_its_name_is_named(tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", "b", "joins")])
    graph.edges["a", "b", "joins"][Nameless(shown=True)] = 1
    with pytest.raises(ExportError, match=r"edge \('a', 'b'\), attribute <no name>: its name cannot be written"):
        write_gexf(graph, tmp_path / "x")


# ---------------------------------------------------------------- links without a direction


def mixed_graph() -> networkx.MultiDiGraph:
    graph = networkx.MultiDiGraph(undirected=["overlaps", "meets"])
    graph.add_edges_from([("a", "b", "follows"), ("a", "b", "overlaps"), ("b", "c", 0, {"kind": "overlaps"}), ("c", "a", "overlaps", {"kind": "follows"})])
    return graph


def types_of_gexf(graph: networkx.Graph, path: Path) -> tuple[str | None, list[str | None]]:
    write_gexf(graph, path)
    _, heads = looks_of_gexf(path)
    return ElementTree.parse(path).getroot().find(f"{GEXF}graph").get("defaultedgetype"), [head["type"] for head in heads]


def test_gexf_tells_links_without_a_direction(tmp_path: Path):
    graph = mixed_graph()
    # Gephi drops edges of another type than the default, so there is none
    wanted = {("a", "b", "follows"): "directed", ("a", "b", "overlaps"): "undirected", ("b", "c", 0): "undirected", ("c", "a", "overlaps"): "directed"}
    assert types_of_gexf(graph, tmp_path / "g") == (None, [wanted[edge] for edge in graph.edges(keys=True)])
    only = graph.edge_subgraph([("a", "b", "overlaps"), ("b", "c", 0)])
    assert types_of_gexf(only, tmp_path / "g") == ("undirected", [None, None])
    assert not networkx.read_gexf(tmp_path / "g").is_directed()
    none = graph.edge_subgraph([("a", "b", "follows")])
    assert types_of_gexf(none, tmp_path / "g") == ("directed", [None])
    assert types_of_gexf(networkx.MultiGraph(graph), tmp_path / "g")[0] == "undirected"
    for odd in (5, "overlaps", [["overlaps"]], None):
        graph.graph["undirected"] = odd
        assert types_of_gexf(graph, tmp_path / "g") == ("directed", [None] * 4)


def test_cytoscape_draws_no_head_on_links_without_a_direction(tmp_path: Path):
    graph = mixed_graph()
    EXPORTS["cx2"].write(graph, tmp_path / "c")
    style = next(part["visualProperties"][0] for part in json.loads((tmp_path / "c").read_text(encoding="utf-8")) if "visualProperties" in part)
    assert style["default"]["edge"]["EDGE_TARGET_ARROW_SHAPE"] == "triangle"
    shapes = style["edgeMapping"]["EDGE_TARGET_ARROW_SHAPE"]
    assert (shapes["type"], shapes["definition"]["attribute"]) == ("DISCRETE", "interaction")
    assert shapes["definition"]["map"] == [{"v": "overlaps", "vp": "none"}]
    EXPORTS["cyjs"].write(graph, tmp_path / "j")
    rules = {rule["selector"]: rule["style"] for rule in json.loads((tmp_path / "j").read_text(encoding="utf-8"))["style"]}
    assert rules["edge"]["target-arrow-shape"] == "triangle"
    assert rules['edge[interaction = "overlaps"]'] == {"target-arrow-shape": "none"} and 'edge[interaction = "meets"]' not in rules


def test_graphml_is_directed_throughout_since_networkx_reads_no_other(tmp_path: Path):
    write_graphml(mixed_graph(), tmp_path / "g")
    back = networkx.read_graphml(tmp_path / "g")
    assert back.is_directed() and back.number_of_edges() == 4


def test_cx2_has_colours_of_edges_and_nodes_of_one_kind_that_differ(tmp_path: Path):
    graph = networkx.MultiDiGraph([("a", "b", "joins", {"color": "#0072B2", "Color": "paint"}), ("b", "a", "joins", {"color": "#D55E00"})])
    networkx.set_node_attributes(graph, {"a": {"kind": "thing", "color": "#0072B2", "size": 3.0}, "b": {"kind": "thing", "color": "#D55E00", "Size": "small"}})
    EXPORTS["cx2"].write(graph, tmp_path / "c")
    parts = {key: value for part in json.loads((tmp_path / "c").read_text(encoding="utf-8")) for key, value in part.items()}
    style = parts["visualProperties"][0]

    def passed(mapping: str, name: str, rows: str) -> list[object]:
        assert style[mapping][name]["type"] == "PASSTHROUGH"
        return [row["v"].get(style[mapping][name]["definition"]["attribute"]) for row in parts[rows]]

    for name in ("EDGE_LINE_COLOR", "EDGE_TARGET_ARROW_COLOR"):
        assert passed("edgeMapping", name, "edges") == ["#0072B2", "#D55E00"]
    assert passed("nodeMapping", "NODE_BACKGROUND_COLOR", "nodes") == ["#0072B2", "#D55E00"]
    assert passed("nodeMapping", "NODE_WIDTH", "nodes") == [3.0, None]
    # a colour that is none is left to the default
    graph.edges["a", "b", "joins"]["color"] = "blue"
    EXPORTS["cx2"].write(graph, tmp_path / "c")
    assert "EDGE_LINE_COLOR" not in (tmp_path / "c").read_text(encoding="utf-8").split('"edgeMapping"')[1]


def test_sizes_are_radii_for_gephi_and_diameters_for_cytoscape(tmp_path: Path):
    graph = networkx.Graph()
    graph.add_node("flat", size=10.0, x=1.5, y=-2.0)
    graph.add_node("viz", viz={"size": 3.0, "position": {"x": 4.0, "y": 5.0, "z": 0.0}})
    write_gexf(graph, tmp_path / "g")
    assert [(look["size"], look["x"], look["y"]) for look in looks_of_gexf(tmp_path / "g")[0]] == [(5.0, 1.5, -2.0), (3.0, 4.0, 5.0)]
    # and once more, by way of NetworkX
    write_gexf(networkx.read_gexf(tmp_path / "g"), tmp_path / "h")
    assert looks_of_gexf(tmp_path / "h") == looks_of_gexf(tmp_path / "g")
    write_graphml(graph, tmp_path / "m")
    assert [node["size"] for node in read_graphml(tmp_path / "m")[0].values()] == [5.0, 3.0]
    EXPORTS["cyjs"].write(graph, tmp_path / "j")
    assert json.loads((tmp_path / "j").read_text(encoding="utf-8"))["elements"]["nodes"][0]["data"]["size"] == 10.0


def test_no_two_things_of_a_graphml_file_have_one_id(facts_graph, tmp_path: Path):
    write_graphml(facts_graph, tmp_path / "g")
    ids = [element.get("id") for element in ElementTree.parse(tmp_path / "g").getroot().iter() if element.get("id")]
    assert len(set(ids)) == len(ids) > len(facts_graph) + facts_graph.number_of_edges()


def test_a_shape_that_is_none_is_a_text(tmp_path: Path):
    graph = networkx.MultiDiGraph()
    graph.add_node("a", shape="\x1f<star>")
    graph.add_node("b", shape="square")
    write_gexf(graph, tmp_path / "g.gexf")
    nodes, _ = read_gexf(tmp_path / "g.gexf")
    assert ["<star>" in found.values() for found in nodes.values()] == [True, False]
    assert (tmp_path / "g.gexf").read_text(encoding="utf-8").count("<viz:shape") == 1
    write_graphml(graph, tmp_path / "g.graphml")
    nodes, _ = read_graphml(tmp_path / "g.graphml")
    assert ["<star>" in found.values() for found in nodes.values()] == [True, False]


def json_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def one_line(value: object) -> str:
    return "" if value is None else " ".join(as_text(value).split())


def assert_there(given: dict, read: dict, look: dict) -> None:
    """Each value given is in the row read, as given but for characters no file can hold; a height of 0 and an empty name may be left out."""
    for key, value in given.items():
        empty = value is None or (key in ("label", "kind") and as_text(value) == "") or (key == "z" and python_of(value) == 0)
        assert empty or is_there(key, value, read, look), (key, value, read, look)


def columns_hold_all(document: list[dict], nodes: list[dict], edges: list[dict]) -> None:
    """CX2: each value is in its row, and of the type declared for its column."""
    parts = {key: value for part in document for key, value in part.items()}
    types = {"string": str, "long": int, "double": (int, float), "boolean": bool}
    for name, rows in (("nodes", nodes), ("edges", edges)):
        declared = parts["attributeDeclarations"][0][name]
        for given, row in zip(rows, parts[name], strict=True):
            look = {axis: -row[axis] if axis == "y" else row[axis] for axis in "xyz" if axis in row}
            assert_there(given, row["v"], look)
            assert all(isinstance(value, types[declared[column]["d"]]) for column, value in row["v"].items()), row


def assert_in_csv(given: dict, cells: list[tuple[str, str]]) -> None:
    """Each value is in a cell under its name; a number as one that reads the same."""
    for key, value in given.items():
        if value is None:
            continue
        name = clean_text(key).lower().replace(":", "_") or "attribute"
        found = [cell for column, cell in cells if column.lower().startswith(name)]
        number = python_of(value)
        if isinstance(number, int | float) and not isinstance(number, bool):
            assert any(cell == as_text(value) or reads_as(cell, number) for cell in found), (key, value, found)
        else:
            assert as_text(value) in found, (key, value, found)


def reads_as(cell: str, number: float) -> bool:
    try:
        return float(cell) == number or (math.isnan(float(cell)) and math.isnan(number))
    except (ValueError, OverflowError):
        return False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(graph=graphs())
def test_every_other_format_takes_any_graph(graph, tmp_path: Path):
    for name in ("cx2", "cyjs", "csv", "kgx", "svg"):
        EXPORTS[name].write(graph, tmp_path / name)
    for name in ("gexf-timeline", "gexf-history"):
        try:
            EXPORTS[name].write(graph, tmp_path / name)
        except ExportError as error:
            assert re.match(r"(node|edge) .*, attribute 'intervals': ", str(error), re.DOTALL) and any(
                data.get("intervals") is not None for *_, data in [*graph.nodes(data=True), *graph.edges(data=True)]
            )
    nodes = [data for _, data in graph.nodes(data=True)]
    edges = [data for *_, data in graph.edges(data=True)]
    columns_hold_all(json_of(tmp_path / "cx2"), nodes, edges)
    elements = json_of(tmp_path / "cyjs")["elements"]
    assert len({element["data"]["id"] for part in elements.values() for element in part}) == len(nodes) + len(edges)
    for given, element in zip(nodes, elements["nodes"], strict=True):
        x, y = (element["position"]["x"], -element["position"]["y"]) if "position" in element else (None, None)
        assert_there(given, element["data"], {"x": x, "y": y})
    for given, element in zip(edges, elements["edges"], strict=True):
        assert_there(given, element["data"], {})
    for name, rows in (("nodes", nodes), ("edges", edges)):
        with (tmp_path / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            head, *read = csv.reader(stream)
        for given, row in zip(rows, read, strict=True):
            assert_in_csv(given, list(zip(head, row, strict=True)))
    nodes_read, edges_read = (
        [dict(zip(rows[0].split("\t"), row.split("\t"), strict=True)) for row in rows[1:]]
        for rows in ((tmp_path / "kgx" / f"{name}.tsv").read_text(encoding="utf-8").removesuffix("\n").split("\n") for name in ("nodes", "edges"))
    )
    for given, row in zip(nodes, nodes_read, strict=True):
        assert row["name"] == (one_line(given.get("label")) or row["id"]) and row["kind"] == one_line(given.get("kind"))
    for given, row in zip(edges, edges_read, strict=True):
        assert row["weight"] == one_line(given.get("weight"))
    ElementTree.parse(tmp_path / "svg")


def test_networkx_reads_gexf_and_graphml_back(facts_graph, tmp_path: Path):
    write_gexf(facts_graph, tmp_path / "g.gexf")
    back = networkx.read_gexf(tmp_path / "g.gexf")
    assert set(back) == set(facts_graph)
    assert back.number_of_edges() == facts_graph.number_of_edges()
    for node, data in facts_graph.nodes(data=True):
        read = back.nodes[node]
        for key in ("label", "kind", "iri", "publications", "pagerank", "inferred"):
            assert read[key] == data[key]
        assert read["viz"]["position"]["x"] == data["x"] and 2 * read["viz"]["size"] == pytest.approx(data["size"])
    write_graphml(facts_graph, tmp_path / "g.graphml")
    back = networkx.read_graphml(tmp_path / "g.graphml")
    assert (set(back), back.number_of_edges()) == (set(facts_graph), facts_graph.number_of_edges())


@pytest.fixture(scope="module")
def facts_graph(real_store):
    from mesokg.networks import network

    return network(real_store, "therapies")


def test_graphml_keeps_height_and_shape(tmp_path: Path):
    graph = networkx.Graph()
    graph.add_node("deep", x=1.0, y=2.0, z=3.5, shape="diamond", size=4.0, color="#0072B2")
    graph.add_node("flat", x=1.0, y=2.0)
    write_graphml(graph, tmp_path / "g.graphml")
    nodes, _ = read_graphml(tmp_path / "g.graphml")
    assert nodes["deep"] == {"label": "deep", "name": "deep", "x": 1.0, "y": 2.0, "z": 3.5, "shape": "diamond", "size": 2.0, "r": 0, "g": 114, "b": 178}
    assert nodes["flat"]["z"] == 0.0
    graph.nodes["deep"]["z"] = 0
    write_graphml(graph, tmp_path / "g.graphml")
    assert "z" not in read_graphml(tmp_path / "g.graphml")[0]["flat"]


def test_colours_are_those_of_the_table_in_every_format(facts_graph, tmp_path: Path):
    colour_of = {style.kind: style.colour for style in read_styles().values()}
    for name in ("gexf", "graphml", "cx2", "cyjs", "svg"):
        EXPORTS[name].write(facts_graph, tmp_path / name)
    root = ElementTree.parse(tmp_path / "gexf").getroot()
    title = next(a.get("id") for b in root.iter(f"{GEXF}attributes") if b.get("class") == "node" for a in b if a.get("title") == "kind")
    for node in root.iter(f"{GEXF}node"):
        kind = next(v.get("value") for v in node.iter(f"{GEXF}attvalue") if v.get("for") == title)
        shown = node.find(f"{VIZ}color")
        assert "#{:02X}{:02X}{:02X}".format(*(int(shown.get(c)) for c in "rgb")) == colour_of[kind]
        assert shown.get("a") is None
    for data in read_graphml(tmp_path / "graphml")[0].values():
        assert "#{r:02X}{g:02X}{b:02X}".format(**data) == colour_of[data["kind"]]
    parts = {key: value for part in json.loads((tmp_path / "cx2").read_text(encoding="utf-8")) for key, value in part.items()}
    mapped = {m["v"]: m["vp"] for m in parts["visualProperties"][0]["nodeMapping"]["NODE_BACKGROUND_COLOR"]["definition"]["map"]}
    used = {data["kind"] for _, data in facts_graph.nodes(data=True)}
    assert mapped == {kind: colour_of[kind] for kind in used}
    cyjs = json.loads((tmp_path / "cyjs").read_text(encoding="utf-8"))
    styled = {s["selector"]: s["style"].get("background-color") for s in cyjs["style"]}
    assert all(styled[f'node[kind = "{kind}"]'] == colour_of[kind] for kind in used)
    picture = (tmp_path / "svg").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:circle|rect|polygon)[^>]*fill="(#[0-9A-F]{6})" stroke', picture)) == {colour_of[k] for k in used}


def test_the_legend_names_kinds_of_nodes_and_links(facts_graph, tmp_path: Path):
    EXPORTS["svg"].write(facts_graph, tmp_path / "t.svg")
    legend = next(group for group in ElementTree.parse(tmp_path / "t.svg").getroot() if group.get("id") == "legend")
    told = [text.text for text in legend if text.tag.endswith("text")][1:]
    nodes = Counter(data["kind"] for _, data in facts_graph.nodes(data=True))
    links = Counter(data["label"] for *_, data in facts_graph.edges(data=True))
    assert sorted(told) == sorted(f"{name}  {number:,}" for name, number in (*nodes.items(), *links.items()))
    # what was shown, what is only claimed and what failed are told apart
    colours = {text.text.split("  ")[0]: line.get("stroke") for line, text in itertools.pairwise(legend) if line.tag.endswith("path")}
    assert len({colours[name] for name in ("engages", "claims to engage", "failed to engage")}) == 3
    many = networkx.MultiDiGraph([("a", "b", f"kind {number}") for number in range(40)])
    EXPORTS["svg"].write(many, tmp_path / "m.svg")
    assert "kind 1" not in (tmp_path / "m.svg").read_text(encoding="utf-8")


def test_no_two_columns_of_a_csv_file_have_one_name(tmp_path: Path):
    graph = networkx.Graph()
    graph.add_node("n", **{"a:b": "one", "a_b": "two", "A:B": "three"})
    EXPORTS["csv"].write(graph, tmp_path / "c")
    with (tmp_path / "c" / "nodes.csv").open(encoding="utf-8", newline="") as stream:
        head, row = csv.reader(stream)
    assert len({name.lower() for name in head}) == len(head) == 5
    assert sorted(row) == ["Node", "n", "one", "three", "two"]


def test_no_label_of_a_picture_is_cut_or_covers_another(facts_graph, tmp_path: Path):
    from mesokg.formats.svg import SMALL, text_width

    EXPORTS["svg"].write(facts_graph, tmp_path / "t.svg")
    root = ElementTree.parse(tmp_path / "t.svg").getroot()
    left, top, width, height = map(float, root.get("viewBox").split())
    group = next(g for g in root if g.get("id") == "labels")
    boxes = []
    for text in group:
        size = float(text.get("font-size"))
        assert size >= SMALL
        wide = text_width(text.text, size)
        x, y = float(text.get("x")) - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor")], float(text.get("y"))
        boxes.append((x, y - size, x + wide, y + size * 0.25))
        assert left <= boxes[-1][0] and boxes[-1][2] <= left + width
        assert top <= boxes[-1][1] and boxes[-1][3] <= top + height
    # almost everything is named, and every therapy but those in the thick of it
    assert len(boxes) > 0.85 * len(facts_graph)
    dots = [(float(c.get("cx")), float(c.get("cy")), float(c.get("r"))) for c in next(g for g in root if g.get("id") == "nodes") if c.tag.endswith("circle")]
    assert dots
    for x, y, radius in dots:
        for one in boxes:
            reach = math.hypot(x - min(max(x, one[0]), one[2]), y - min(max(y, one[1] + 2), one[3] - 2))
            assert reach > 0.8 * radius, f"a label hides the node at {x}, {y}"
    lines = [tuple(map(float, re.findall(r"[-.0-9]+", path.get("d")))) for path in next(g for g in root if g.get("id") == "leaders")]
    assert lines
    for x, y, to_x, to_y in lines:
        # each begins in the middle of a node and ends at a label
        assert any(abs(to_x - min(max(to_x, b[0]), b[2])) < 3 and abs(to_y - min(max(to_y, b[1]), b[3])) < 8 for b in boxes)
        for at_x, at_y, radius in dots:
            if (at_x, at_y) != (x, y):
                near = [math.hypot(x + k / 20 * (to_x - x) - at_x, y + k / 20 * (to_y - y) - at_y) for k in range(21)]
                assert min(near) > 0.8 * radius, "a line from a label to its node crosses another node"
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert not (one[0] < other[2] - 1 and other[0] < one[2] - 1 and one[1] < other[3] - 1 and other[1] < one[3] - 1)


def heads_of(path: Path) -> tuple[list[tuple[float, float] | None], set[str]]:
    """The tip of the head of each line, None where it has none; and the names of the heads that are defined."""
    root = ElementTree.parse(path).getroot()
    long = {marker.get("id"): float(marker.get("markerWidth")) - float(marker.get("refX")) for marker in root.iter(f"{SVG}marker")}
    tips: list[tuple[float, float] | None] = []
    for line in next(group for group in root if group.get("id") == "edges"):
        name = (line.get("marker-end") or "").removeprefix("url(#").removesuffix(")")
        if not name:
            tips.append(None)
            continue
        bent_x, bent_y, x, y = map(float, re.findall(r"[-.0-9]+", line.get("d"))[-4:])
        far = math.hypot(x - bent_x, y - bent_y)
        tips.append((x + (x - bent_x) / far * long[name], y + (y - bent_y) / far * long[name]))
    return tips, set(long)


SVG = "{http://www.w3.org/2000/svg}"
CORNERS = {
    "square": ((-0.885, -0.885), (0.885, -0.885), (0.885, 0.885), (-0.885, 0.885)),
    "diamond": ((0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)),
    "triangle": ((0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)),
}


def outside(shape: str, x: float, y: float, radius: float) -> float:
    """How far a point is from the rim of a shape around 0, 0; below 0 inside."""
    if shape == "disc":
        return math.hypot(x, y) - radius
    corners = [(radius * a, radius * b) for a, b in CORNERS[shape]]
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    inside = all((c - a) * (y - b) - (d - b) * (x - a) > 0 for (a, b), (c, d) in sides)
    far = []
    for (a, b), (c, d) in sides:
        share = min(1.0, max(0.0, ((x - a) * (c - a) + (y - b) * (d - b)) / ((c - a) ** 2 + (d - b) ** 2)))
        far.append(math.hypot(x - a - share * (c - a), y - b - share * (d - b)))
    return -min(far) if inside else min(far)


@pytest.mark.parametrize("shape", ["disc", "square", "diamond", "triangle"])
def test_the_tip_of_a_head_is_at_the_rim_of_its_node(shape: str, tmp_path: Path):
    graph = networkx.MultiDiGraph()
    for turn in range(24):
        graph.add_node(turn, x=40 * math.cos(turn * math.pi / 12), y=40 * math.sin(turn * math.pi / 12), size=2.0)
        graph.add_edge(turn, "middle", key="follows", weight=1 + 40 * (turn % 2))
    graph.add_node("middle", x=0.0, y=0.0, size=4.0, shape=shape, kind="middle")
    EXPORTS["svg"].write(graph, tmp_path / "g.svg")
    tips, defined = heads_of(tmp_path / "g.svg")
    assert len(tips) == 24 and None not in tips
    # one for thin lines, one for thick ones, one for the legend
    assert len(defined) == 3
    root = ElementTree.parse(tmp_path / "g.svg").getroot()
    small = [(float(c.get("cx")), float(c.get("cy")), float(c.get("r"))) for c in next(g for g in root if g.get("id") == "nodes") if c.find(f"{SVG}title").text != "middle (middle)"]
    x, y = (sum(at[axis] for at in small) / 24 for axis in (0, 1))
    for tip in tips:
        assert 0 < outside(shape, tip[0] - x, tip[1] - y, 2 * small[0][2]) < 2


def test_only_links_with_a_direction_have_heads(tmp_path: Path):
    graph = networkx.MultiDiGraph(undirected=["overlapsWith"])
    for number, (x, y) in enumerate(((0, 0), (50, 0), (50, 50), (0, 50), (2, 0))):
        graph.add_node(number, x=float(x), y=float(y), size=5.0)
    graph.add_edges_from([(0, 1, "follows"), (1, 2, "overlapsWith"), (2, 3, 0, {"kind": "overlapsWith"}), (3, 3, "follows"), (1, 0, "follows"), (0, 4, "follows")])

    def headed(one: networkx.Graph) -> set[tuple[object, object]]:
        EXPORTS["svg"].write(one, tmp_path / "g.svg")
        tips, defined = heads_of(tmp_path / "g.svg")
        text = (tmp_path / "g.svg").read_text(encoding="utf-8")
        assert set(re.findall(r"url\(#(.*?)\)", text)) == defined
        return {(source, target) for (source, target, *_), tip in zip(one.edges, tips, strict=True) if tip}

    # nodes that touch leave no room, and a loop has no end
    assert headed(graph) == {(0, 1), (1, 0)}
    assert headed(networkx.MultiGraph(graph)) == set()
    assert headed(networkx.DiGraph([(0, 1)])) == {(0, 1)}
    crowd = networkx.relabel_nodes(networkx.path_graph(600, networkx.DiGraph), str)
    assert headed(crowd) == set()


def test_the_lineage_shows_which_followed_which(real_store, tmp_path: Path):
    from mesokg.networks import network

    graph = network(real_store, "lineage")
    EXPORTS["svg"].write(graph, tmp_path / "l.svg")
    tips, _ = heads_of(tmp_path / "l.svg")
    bare = [pair for (*pair, _), tip in zip(graph.edges(keys=True), tips, strict=True) if tip is None]
    assert len(bare) < 0.02 * len(tips)
    legend = next(group for group in ElementTree.parse(tmp_path / "l.svg").getroot() if group.get("id") == "legend")
    assert all(line.get("marker-end") for line in legend if line.tag.endswith("path"))


def test_the_timeline_has_trial_dates_and_open_ends(real_store, tmp_path: Path):
    from mesokg.networks import network

    EXPORTS["gexf-timeline"].write(network(real_store, "trials"), tmp_path / "t.gexf")
    root = ElementTree.parse(tmp_path / "t.gexf").getroot()
    assert root.find(f"{GEXF}graph").get("mode") == "dynamic"
    spans = {n.get("id"): (n.get("start"), n.get("end")) for n in root.iter(f"{GEXF}node")}
    trials = {node: span for node, span in spans.items() if node.startswith("mkg:trial") and span[0]}
    assert any(end for _, end in trials.values()) and any(end is None for _, end in trials.values())
    for element in [*root.iter(f"{GEXF}node"), *root.iter(f"{GEXF}edge")]:
        start, end = element.get("start"), element.get("end")
        assert all(date.fromisoformat(day) for day in (start, end) if day)
        assert not (start and end and end < start)


def test_kgx_says_what_is_denied(real_store, tmp_path: Path):
    from mesokg.networks import network

    EXPORTS["kgx"].write(network(real_store, "therapies"), tmp_path / "k")
    with (tmp_path / "k" / "edges.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    negated = {row["original_predicate"]: row["negated"] for row in rows}
    assert negated["mesokg:failedToEngage"] == "true"
    assert {value for name, value in negated.items() if name != "mesokg:failedToEngage"} == {"false"}


def test_cytoscape_is_told_to_map_width_and_height(facts_graph, tmp_path: Path):
    EXPORTS["cx2"].write(facts_graph, tmp_path / "c")
    whole = json.loads((tmp_path / "c").read_text(encoding="utf-8"))
    parts = {key: value for part in whole for key, value in part.items()}
    assert parts["visualEditorProperties"] == [{"properties": {"nodeSizeLocked": False, "arrowColorMatchesEdge": True}}]
    assert {"NODE_WIDTH", "NODE_HEIGHT"} <= parts["visualProperties"][0]["nodeMapping"].keys()
    # every aspect is announced, with the number of its elements
    assert {one["name"]: one["elementCount"] for one in parts["metaData"]} == {
        name: len(found) for name, found in parts.items() if name not in ("CXVersion", "hasFragments", "metaData", "status")
    }


def test_biolink_terms_are_for_classes_and_properties_of_ours(real_store):
    from mesokg.vocabulary import read_vocabulary

    names = {p.name for p in read_vocabulary().properties.values()}
    assert set(read_biolink()["class"]) == set(read_styles())
    assert set(read_biolink()["property"]) <= names


def test_no_biolink_predicate_says_more_than_the_property(real_store, tmp_path: Path):
    from mesokg.networks import network
    from mesokg.resources import folder

    with (folder("ontology") / "mappings" / "biolink.sssom.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))
    match = {(row["subject_id"].removeprefix("mesokg:"), row["object_id"].removeprefix("biolink:")): row["predicate_id"] for row in rows}
    true = {"skos:exactMatch", "skos:closeMatch", "skos:broadMatch"}
    assert [pair for pair in read_biolink()["property"].items() if match[pair] not in true] == []
    # and what a predicate wants at its start stands there
    EXPORTS["kgx"].write(network(real_store, "full"), tmp_path / "k")
    nodes, edges = ([line.split("\t") for line in (tmp_path / "k" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]] for name in ("nodes", "edges"))
    category = {row[0]: row[1] for row in nodes}
    ends = {(category[row[1]], category[row[3]]) for row in edges if row[2] == "biolink:gene_associated_with_condition"}
    assert ends == {("biolink:Gene", "biolink:Disease")}


def test_duckdb_reads_the_parquet_tables(facts_graph, tmp_path: Path):
    pytest.importorskip("pyarrow")
    duckdb = pytest.importorskip("duckdb")
    EXPORTS["parquet"].write(facts_graph, tmp_path / "t")
    base = (tmp_path / "t").as_posix()
    hubs = duckdb.sql(
        f"""SELECT n.label, count(*) AS n FROM '{base}/edges.parquet' e JOIN '{base}/nodes.parquet' n ON n.id = e.dst
        WHERE n.kind = 'gene' GROUP BY n.label ORDER BY n DESC, n.label"""
    ).fetchall()
    assert hubs[0][0] == "MSLN"
    assert sum(n for _, n in hubs) == sum(1 for _, t in facts_graph.edges() if facts_graph.nodes[t]["kind"] == "gene")


@pytest.mark.parametrize("module", ["mesokg.formats", "mesokg.networks", "mesokg.export_command"])
def test_importing_is_light(module: str):
    code = f"import sys, {module}; print([m for m in ('networkx', 'numpy', 'pyoxigraph', 'rdflib', 'curies') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["svg", "--view", "therapies", "-o", "t.svg"], 0, "t.svg: "),
        (["csv", "--view", "trials"], 0, "mesokg-trials/: "),
        (["gefx"], 2, "there is no format 'gefx'; did you mean gexf"),
        (["gexf", "--view", "trails"], 2, "there is no view 'trails'; did you mean trials"),
        ([], 2, "mesokg export --list"),
        (["gexf", "-o", "nowhere/at/all.gexf"], 2, "cannot be written"),
        (["gexf", "-o", "."], 2, "it is a folder and this format is one file; name a file in it, such as network"),
        (["csv", "-o", "taken"], 2, "taken: the folder cannot be made: a file of this name is there, and this format is a folder of files"),
    ],
)
def test_the_command(arguments, code, said, real_build: Path, tmp_path: Path, monkeypatch):
    from click.testing import CliRunner

    from mesokg.cli import main

    monkeypatch.chdir(tmp_path)
    Path("taken").touch()
    done = CliRunner().invoke(main, ["export", *arguments, "--build", str(real_build)])
    assert done.exit_code == code, done.output
    assert said in done.output


def test_the_command_writes_to_standard_output(real_build: Path):
    command = [sys.executable, "-m", "mesokg", "export", "gexf", "--view", "targets", "-o", "-", "--build", str(real_build)]
    done = subprocess.run(command, capture_output=True, check=True)
    assert ElementTree.fromstring(done.stdout).get("version") == "1.3"


class Look(str, enum.Enum):
    RED = "#CC3311"
    SQUARE = "square"
    JOINS = "joins"


class Level(enum.IntEnum):
    LOW = 2
    VAST = 2**70


@pytest.mark.parametrize("name", EXPORTS)
def test_members_of_an_enum_are_what_they_stand_for(name: str, tmp_path: Path):
    for number, (red, square, joins, low) in enumerate([(Look.RED, Look.SQUARE, Look.JOINS, Level.LOW), ("#CC3311", "square", "joins", 2)]):
        graph = networkx.MultiDiGraph(undirected=[joins], named=[joins])
        graph.add_node("a", label=joins, kind=joins, color=red, shape=square, x=1.0, y=low, size=low, level=low)
        graph.add_node("b", label="b", kind="b", x=50.0, y=50.0, size=low, level=0.5)
        graph.add_edge("a", "b", key=joins, color=red, weight=low, label=joins)
        graph.add_edge("a", "b", key="other", kind=joins, level=low)
        EXPORTS[name].write(graph, tmp_path / str(number))
    written = [[path.read_bytes() for path in sorted([folder, *folder.rglob("*")]) if path.is_file()] for folder in (tmp_path / "0", tmp_path / "1")]
    assert written[0] and written[0] == written[1]


@pytest.mark.parametrize("stream", [False, True])
def test_numbers_that_no_double_holds_are_kept(stream: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    graph = networkx.MultiDiGraph()
    graph.add_edge("a", "b", key=0, weight=2**53 + 1, level=0.5, rank=3)
    graph.add_edge("a", "b", key=1, weight=1, level=Level.VAST, rank=Level.VAST)
    write_gexf(graph, "-" if stream else tmp_path / "g.gexf")
    if stream:
        (tmp_path / "g.gexf").write_text(capfd.readouterr().out, encoding="utf-8")
    _, edges = read_gexf(tmp_path / "g.gexf")
    assert [values["weight_given"] for *_, values, _ in edges] == [2**53 + 1, 1]
    assert [values["level"] for *_, values, _ in edges] == ["0.5", str(2**70)]
    assert [values["rank"] for *_, values, _ in edges] == ["3", str(2**70)]
    write_graphml(graph, tmp_path / "g.graphml")
    _, edges = read_graphml(tmp_path / "g.graphml")
    assert [(values["weight"], values["weight_given"]) for *_, values, _ in edges] == [(2.0**53, 2**53 + 1), (1.0, 1)]


@pytest.mark.parametrize("name", ["cx2", "cyjs"])
def test_what_json_has_no_word_for_is_a_text(name: str, tmp_path: Path):
    graph = networkx.Graph()
    graph.add_nodes_from([("a", {"fold": math.inf, "p": 0.5}), ("b", {"fold": 2.5, "p": 1}), ("c", {"fold": -math.inf}), ("d", {"fold": math.nan})])
    EXPORTS[name].write(graph, tmp_path / "g")
    read = json_of(tmp_path / "g")
    rows = [node["data"] for node in read["elements"]["nodes"]] if name == "cyjs" else [node["v"] for part in read for node in part.get("nodes", ())]
    assert [row["fold"] for row in rows] == ["Infinity", "2.5", "-Infinity", "NaN"]
    assert [row.get("p") for row in rows] == [0.5, 1, None, None]


def test_integers_that_no_double_holds_make_a_column_of_texts(tmp_path: Path):
    graph = networkx.Graph()
    graph.add_node("a", exact=2**60, level=2**53 + 1)
    graph.add_node("b", exact=0.5, level=0.5)
    write_gexf(graph, tmp_path / "g.gexf")
    nodes, _ = read_gexf(tmp_path / "g.gexf")
    assert [values["exact"] for values in nodes.values()] == [2.0**60, 0.5]
    assert [values["level"] for values in nodes.values()] == [str(2**53 + 1), "0.5"]


def styled(name: str, graph: networkx.Graph, path: Path) -> tuple[list[dict], str]:
    """The values of each node, and the style as text."""
    EXPORTS[name].write(graph, path)
    whole = json.loads(path.read_text(encoding="utf-8"))
    if name == "cyjs":
        return [node["data"] for node in whole["elements"]["nodes"]], json.dumps(whole["style"])
    parts = {key: value for part in whole for key, value in part.items()}
    return [node["v"] for node in parts["nodes"]], json.dumps(parts["visualProperties"])


@pytest.mark.parametrize("name", ["cx2", "cyjs"])
def test_a_style_names_the_columns_that_are_there(name: str, tmp_path: Path):
    graph = networkx.MultiDiGraph()
    for number in range(2):
        graph.add_node(number, kind="gene", Kind="other", color=("#0072B2", "#CC3311")[number], Color="other", size=4.0, Size="other", shape="square")
    nodes, style = styled(name, graph, tmp_path / "g")
    assert [node["kind_attribute"] for node in nodes] == ["gene"] * 2
    for column in ("color_attribute", "size_attribute"):
        assert f'"attribute": "{column}"' in style or f'data({column})' in style
    graph.nodes[1]["color"] = "#0072B2"
    _, of_kinds = styled(name, graph, tmp_path / "g")
    assert ("node[kind_attribute = " if name == "cyjs" else '"attribute": "kind_attribute"') in of_kinds
    assert not re.search(r'(\[|data\(|"attribute": ")(kind|color|size)\b', style + of_kinds)


@pytest.mark.parametrize("name", ["cx2", "cyjs"])
def test_the_look_that_networkx_reads_is_kept(name: str, tmp_path: Path):
    graph = networkx.Graph()
    for number in range(2):
        graph.add_node(number, color=None, viz={"color": {"r": 204, "g": 51, "b": 17 * number}, "size": 2.0 + number, "shape": "square", "position": {"x": 1.0, "y": 2.0}})
    nodes, style = styled(name, graph, tmp_path / "g")
    assert [(node["color"], node["size"], node["shape"]) for node in nodes] == [("#CC3300", 4.0, "square"), ("#CC3311", 6.0, "square")]
    for look in ("size", "color"):
        assert f'"attribute": "{look}"' in style or f"data({look})" in style
    assert graph.nodes[0]["color"] is None, "what was given stays as it was"


def test_kgx_tells_nodes_apart_that_differ_in_spaces(tmp_path: Path):
    graph = networkx.DiGraph([("a b", "a\tb"), ("a\tb", " a b")])
    EXPORTS["kgx"].write(graph, tmp_path / "k")
    nodes, edges = (csv.DictReader((tmp_path / "k" / name).read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE) for name in ("nodes.tsv", "edges.tsv"))
    assert [row["id"] for row in nodes] == ["a b", "a b (2)", "a b (3)"]
    assert [(row["subject"], row["object"]) for row in edges] == [("a b", "a b (2)"), ("a b (2)", "a b (3)")]


def test_kgx_says_who_denies_a_link(tmp_path: Path):
    graph = networkx.MultiDiGraph(aliases={"mkg:paper": "PMID:1", "mkg:other": "PMID:2"})
    graph.add_edge("a", "b", key="targets", sources="mkg:paper", denied_by="mkg:other", denials=1, publications=1)
    graph.add_edge("a", "c", key="targets", denied_by="mkg:other; mkg:page", denials=1, publications=0)
    graph.add_edge("a", "d", key="targets")
    graph.add_edge("a", "e", key="targets", inferred=True, denied_by=["mkg:other", "mkg:page\t1"])
    graph.add_edge("a", "f", key="targets", counts="the link itself, which needs no source", denied_by="mkg:other")
    EXPORTS["kgx"].write(graph, tmp_path / "k")
    with (tmp_path / "k" / "edges.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    told = [(row["negated"], row["publications"], row["knowledge_source_records"], row["number_of_denials"], row["denied_by"]) for row in rows]
    assert told == [("false", "PMID:1", "", "1", "mkg:other"), ("true", "PMID:2", "mkg:page", "1", "mkg:other|mkg:page"), ("false", "", "", "", ""), ("false", "", "", "", "mkg:other|mkg:page 1"), ("false", "", "", "", "mkg:other")]


def test_years_of_numpy_are_years(tmp_path: Path):
    graph = networkx.MultiDiGraph()
    graph.add_node("a", first_year=numpy.int64(2011))
    EXPORTS["gexf-timeline"].write(graph, tmp_path / "t.gexf")
    assert next(ElementTree.parse(tmp_path / "t.gexf").getroot().iter(f"{GEXF}node")).get("start") == "2011-01-01"


# ---------------------------------------------------------------- networks in a process of their own


@pytest.fixture(scope="module")
def tiny() -> ox.Store:
    return assemble(Path(__file__).resolve().parent / "tiny", validate=False).store


def test_networks_written_apart_tell_why_they_cannot_be_written(tmp_path: Path, tiny: ox.Store) -> None:
    (tmp_path / "mesokg.gexf").mkdir()
    with pytest.raises(ExportError, match=r"^\S*mesokg\.gexf: "), networks_apart(tiny, tmp_path):
        pass


def test_networks_written_apart_stop_where_the_rest_fails(tmp_path: Path, tiny: ox.Store) -> None:
    with pytest.raises(ZeroDivisionError), networks_apart(tiny, tmp_path):
        raise ZeroDivisionError
    assert not list(tmp_path.glob("mesokg*")), "stopped before it could write"


def test_networks_written_apart_are_those_written_here(tmp_path: Path, tiny: ox.Store) -> None:
    here, apart = tmp_path / "here", tmp_path / "apart"
    here.mkdir()
    apart.mkdir()
    write_network_products(tiny, here)
    with networks_apart(tiny, apart):
        pass
    written = {p.relative_to(here).as_posix(): p.read_bytes() for p in here.rglob("*") if p.is_file()}
    assert written
    assert {p.relative_to(apart).as_posix(): p.read_bytes() for p in apart.rglob("*") if p.is_file()} == written


def test_networks_written_apart_warn_of_places_computed_here(tmp_path: Path, tiny: ox.Store, caplog: pytest.LogCaptureFixture) -> None:
    write_network_products(tiny, tmp_path)
    here = [record.getMessage() for record in caplog.records]
    caplog.clear()
    with networks_apart(tiny, tmp_path):
        pass
    assert [record.getMessage() for record in caplog.records] == here
    assert len(here) == 1 and re.search(r"nodes of full have no place in the table of places, so .* run `python -m mesokg\.networks\.renew", here[0])
