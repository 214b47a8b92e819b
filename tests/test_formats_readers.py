"""Every file opened by the real thing: jing, Gephi, graphology, Cytoscape.js, ndex2, kgx.

``python tests/readers/install.py`` fetches the programs. Where one is missing its tests are skipped with the reason, and
fail where MESOKG_REQUIRE_TOOLS is 1. ``python tests/readers/renew_docs.py`` writes what each saw into the how-to.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import networkx
import pytest

from mesokg.formats import EXPORTS
from mesokg.formats.cleaning import clean_text
from mesokg.networks.views import VIEWS as DECLARED

READERS = Path(__file__).parent / "readers"
SCHEMA = Path(__file__).resolve().parents[2] / "shared" / "conformance" / "gexf" / "specs" / "1.3" / "gexf.rnc"
VIEWS = tuple(DECLARED)
DOCS = Path(__file__).resolve().parents[1] / "docs"
FORMATS = {"gexf": "{}.gexf", "gexf-timeline": "{}-timeline.gexf", "gexf-history": "{}-history.gexf", "graphml": "{}.graphml", "cyjs": "{}.cyjs", "cx2": "{}.cx2"}


def absent(what: str, how: str) -> None:
    """Skip with the reason; fail where the tools are required."""
    text = f"{what} is not here: not verified; {how}"
    if os.environ.get("MESOKG_REQUIRE_TOOLS") == "1":
        pytest.fail(text)
    pytest.skip(text)


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        absent(name, "install it")
    return found or ""


def ugly() -> networkx.MultiDiGraph:
    """Labels and values that have broken readers, self-loops, parallel edges of one kind, odd weights."""
    graph = networkx.MultiDiGraph(name="ugly")
    texts = ['"quotes" & <tags>', "🧬 T\u200d-cell", "nul\x00\x1b[0m", "ميزوثيليوما", "x" * 100_000, "two\nlines\tand a tab", "", None]
    for number, text in enumerate(texts):
        graph.add_node(f"n{number} & \"<\"", **({} if text is None else {"label": text, "note": text}), kind="thing", x=float(number), y=1.0)
    names = list(graph)
    graph.add_node("typed", label="typed", ID="taken", Label="taken too", Kind=[1, 2], mixed=1, kind="thing", x=0.0, y=9.0)
    graph.add_node("typed too", label="typed", mixed="one", flag=True, share=0.5, kind="thing", x=3.0, y=9.0)
    for number, name in enumerate(names):
        graph.add_edge(name, "typed", key="joins", weight=number)
    graph.add_edge("typed", "typed", key="loops")
    for number in range(3):
        graph.add_edge(names[0], names[1], key=number, kind="parallel", weight=0.5)
    graph.add_edge(names[0], names[1], key="other kind")
    graph.add_edge(names[1], names[0], key="other kind")
    return graph


@pytest.fixture(scope="module")
def networks(real_store):
    from mesokg.networks import network_of
    from mesokg.networks.facts import read_facts

    facts = read_facts(real_store)
    return {**{view: network_of(facts, view) for view in VIEWS}, "ugly": ugly()}


@pytest.fixture(scope="module")
def files(networks, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    for view, graph in networks.items():
        for name, pattern in FORMATS.items():
            EXPORTS[name].write(graph, folder / pattern.format(view))
        EXPORTS["kgx"].write(graph, folder / f"{view}-kgx")
    return folder


def kinds_of(graph: networkx.MultiDiGraph) -> dict[str, int]:
    return dict(Counter(data.get("kind", key) for *_, key, data in graph.edges(keys=True, data=True)))


def undirected_of(graph: networkx.MultiDiGraph) -> dict[str, int]:
    return {kind: number for kind, number in kinds_of(graph).items() if kind in graph.graph.get("undirected", ())}


def total_weight(graph: networkx.MultiDiGraph) -> float:
    return sum(max(1e-6, float(data.get("weight", 1.0))) for *_, data in graph.edges(data=True))


GEXF = ("{}.gexf", "{}-timeline.gexf", "{}-history.gexf")


@pytest.fixture(scope="module")
def jing(files: Path) -> dict[str, list[str]]:
    """What jing finds wrong with each file, all read in one process."""
    names = [pattern.format(view) for view in (*VIEWS, "ugly") for pattern in GEXF]
    command = tool("jing")
    if not SCHEMA.is_file():
        absent("the GEXF 1.3 schema", f"put it at {SCHEMA}")
    done = subprocess.run([command, "-c", str(SCHEMA), *(str(files / name) for name in names)], capture_output=True, encoding="utf-8", check=False, timeout=300)
    lines = done.stdout.splitlines()
    assert bool(lines) == bool(done.returncode), done.stderr[-2000:]
    found = {name: [line for line in lines if f"{os.sep}{name}:" in line] for name in names}
    assert sum(map(len, found.values())) == len(lines), lines[:10]
    return found


@pytest.mark.parametrize("view", [*VIEWS, "ugly"])
@pytest.mark.parametrize("pattern", GEXF)
def test_the_official_schema_accepts_gexf(jing, view: str, pattern: str):
    assert jing[pattern.format(view)] == []


def test_the_official_schema_refuses_what_networkx_writes(networks, tmp_path: Path):
    """So that a schema that accepts everything would be noticed."""
    command = tool("jing")
    if not SCHEMA.is_file():
        absent("the GEXF 1.3 schema", f"put it at {SCHEMA}")
    networkx.write_gexf(networkx.path_graph(3), tmp_path / "n.gexf")
    assert subprocess.run([command, "-c", str(SCHEMA), str(tmp_path / "n.gexf")], capture_output=True, check=False).returncode != 0


# ---------------------------------------------------------------- Gephi


def read_with_gephi(paths: list[Path]) -> dict[str, dict]:
    java = tool("java")
    jars = sorted((READERS / "gephi" / "target").glob("gephi-toolkit-*-all.jar"))
    if not jars:
        absent("the Gephi Toolkit", "run python tests/readers/install.py")
    done = subprocess.run(
        [java, "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", str(jars[-1]), str(READERS / "gephi" / "ReadWithGephi.java"), *map(str, paths)],
        capture_output=True, encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            one = json.loads(line[len("RESULT ") :])
            found[one["file"]] = one
    assert len(found) == len(paths), done.stderr[-3000:] + done.stdout[-1000:]
    return found


@pytest.fixture(scope="module")
def gephi(files: Path) -> dict[str, dict]:
    names = [pattern.format(view) for view in (*VIEWS, "ugly") for pattern in ("{}.gexf", "{}-timeline.gexf", "{}.graphml")]
    return read_with_gephi([files / name for name in (*names, "trials-history.gexf")])


def columns_of_gexf(path: Path, class_: str) -> dict[str, str]:
    import xml.etree.ElementTree as ElementTree

    names = {"string": "String", "long": "Long", "double": "Double", "boolean": "Boolean"}
    space = "{http://gexf.net/1.3}"
    return {
        attribute.get("title", ""): names[attribute.get("type", "")]
        for block in ElementTree.parse(path).getroot().iter(f"{space}attributes")
        if block.get("class") == class_
        for attribute in block
    }


def problems(issues: list[str]) -> list[str]:
    return [issue for issue in issues if issue != "INFO: GEXF version 1.3"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("pattern", ["{}.gexf", "{}-timeline.gexf"])
def test_gephi_sees_all_of_a_gexf_file(networks, files: Path, gephi, view: str, pattern: str):
    graph, seen = networks[view], gephi[pattern.format(view)]
    assert problems(seen["issues"]) == []
    assert (seen["nodes"], seen["edges"]) == (len(graph), graph.number_of_edges())
    assert seen["edge_types"] == kinds_of(graph)
    assert seen["weight"] == pytest.approx(total_weight(graph))
    assert seen["undirected"] == undirected_of(graph)
    assert seen["labelled"] == seen["coloured"] == len(graph)
    # places as given, and the diameter that Gephi draws, which is twice what it calls the size
    looks = {node: [data["x"], data["y"], data["size"] / 2, data["size"]] for node, data in graph.nodes(data=True)}
    assert seen["looks"] == {node: pytest.approx(look, rel=1e-6) for node, look in looks.items()}
    # the columns are those of the file, and those of the graph but for what the format has a place of its own for
    rows = {"node": [data for _, data in graph.nodes(data=True)], "edge": [data for *_, data in graph.edges(data=True)]}
    placed = {"node": {"label", "x", "y", "size", "color", "shape"}, "edge": {"label", "kind", "weight", "color"}}
    for class_ in ("node", "edge"):
        assert seen[f"{class_}_columns"] == columns_of_gexf(files / pattern.format(view), class_)
        assert set(seen[f"{class_}_columns"]) == {name for data in rows[class_] for name in data} - placed[class_]


@pytest.mark.parametrize("view", VIEWS)
def test_gephi_has_a_timeline(networks, gephi, view: str):
    from datetime import datetime, timezone

    from mesokg.networks.timeline import add_times

    seen = gephi[f"{view}-timeline.gexf"]
    assert seen["dynamic"] is True and seen["time_format"] == "DATE"
    assert gephi[f"{view}.gexf"]["dynamic"] is False
    dated = add_times(networks[view])
    assert seen["dated"] == sum("intervals" in data for _, data in dated.nodes(data=True))
    days = [day for *_, data in [*dated.nodes(data=True), *dated.edges(data=True)] for pair in data.get("intervals", ()) for day in pair if day]
    first, last = (datetime.fromtimestamp(float(at) / 1000, timezone.utc).date().isoformat() for at in seen["time"].split())
    assert (first, last) == (min(days), max(days))


@pytest.mark.parametrize("view", VIEWS)
def test_nodes_do_not_overlap_in_gephi_more_than_in_ours(networks, gephi, view: str):
    def overlapping(circles: list[tuple[float, float, float]]) -> int:
        """Pairs of circles, each a middle and a diameter, that cover a tenth of the smaller one's diameter or more."""
        by_place = sorted(circles)
        widest = max(diameter for *_, diameter in circles)
        number = 0
        for place, (x, y, wide) in enumerate(by_place):
            for other_x, other_y, other_wide in by_place[place + 1 :]:
                if other_x - x > widest:
                    break
                number += ((other_x - x) ** 2 + (other_y - y) ** 2) ** 0.5 < (wide + other_wide) / 2 - 0.1 * min(wide, other_wide)
        return number

    ours = overlapping([(data["x"], data["y"], data["size"]) for _, data in networks[view].nodes(data=True)])
    assert overlapping([(x, y, diameter) for x, y, _, diameter in gephi[f"{view}.gexf"]["looks"].values()]) == ours
    if view != "full":
        assert ours == 0


def test_gephi_sees_what_changes_over_time(networks, gephi):
    graph, seen = networks["trials"], gephi["trials-history.gexf"]
    assert problems(seen["issues"]) == []
    assert (seen["nodes"], seen["edges"]) == (len(graph), graph.number_of_edges())
    changing = {name for name, kind in seen["node_columns"].items() if kind == "IntervalStringMap"}
    assert changing == {"status", "phase", "enrolment_actual", "enrolment_planned"}


def test_gephi_sees_all_of_an_ugly_file(networks, gephi):
    graph = networks["ugly"]
    for name in ("ugly.gexf", "ugly-timeline.gexf"):
        seen = gephi[name]
        assert seen["nodes"] == len(graph) and seen["labelled"] == len(graph)
        # parallel edges of one kind are in the file; Gephi asks what to do with them, and adds their weights up unless told otherwise
        assert problems(seen["issues"]) == ["INFO: Parallel edges detected, remember to choose a merge strategy"]
        assert set(seen["edge_types"]) == set(kinds_of(graph))
        assert seen["edges"] == sum(seen["edge_types"].values())
        assert seen["edges"] == len({(s, t, data.get("kind", key)) for s, t, key, data in graph.edges(keys=True, data=True)})
        assert seen["weight"] == pytest.approx(total_weight(graph))


@pytest.mark.parametrize("view", VIEWS)
def test_gephi_reads_graphml_but_joins_parallel_edges(networks, gephi, view: str):
    """GraphML has no edge types for Gephi: it joins parallel edges and adds their weights up. GEXF is the format for it."""
    graph, seen = networks[view], gephi[f"{view}.graphml"]
    assert (seen["nodes"], seen["edges"]) == (len(graph), len(set(graph.edges())))
    assert seen["weight"] == pytest.approx(total_weight(graph))
    assert seen["coloured"] == seen["labelled"] == len(graph)
    assert seen["undirected"] == {}
    assert {node: look[3] for node, look in seen["looks"].items()} == {node: pytest.approx(data["size"], rel=1e-6) for node, data in graph.nodes(data=True)}
    assert {"kind", "iri", "name"} <= set(seen["node_columns"])


# ---------------------------------------------------------------- graphology (Gephi Lite), Cytoscape.js


@pytest.fixture(scope="module")
def node_readers(files: Path) -> dict[str, dict]:
    node = tool("node")
    if not (READERS / "node" / "node_modules" / "graphology-gexf").is_dir():
        absent("graphology", "run python tests/readers/install.py")
    names = [FORMATS[name].format(view) for view in (*VIEWS, "ugly") for name in ("gexf", "gexf-timeline", "graphml", "cyjs")]
    done = subprocess.run([node, str(READERS / "node" / "read.js"), *(str(files / name) for name in names)], capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return {one["file"]: one for one in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("view", [*VIEWS, "ugly"])
@pytest.mark.parametrize("name", ["gexf", "gexf-timeline", "graphml", "cyjs"])
def test_graphology_and_cytoscape_see_all(networks, node_readers, view: str, name: str):
    graph, seen = networks[view], node_readers[FORMATS[name].format(view)]
    assert (seen["nodes"], seen["edges"]) == (len(graph), graph.number_of_edges())
    assert seen["edge_types"] == kinds_of(graph)
    assert seen["undirected"] == ({} if name == "graphml" else undirected_of(graph))
    assert seen.get("other_heads", 0) == 0
    if view != "ugly":
        assert seen["labelled"] == seen["coloured"] == len(graph)
        assert seen["placed"] == len(graph)
        if "node_columns" in seen:
            assert {"kind", "iri", "label", "color", "size", "x", "y"} - ({"color"} if name == "graphml" else set()) <= set(seen["node_columns"])


# ---------------------------------------------------------------- ndex2, kgx


@pytest.mark.parametrize("view", [*VIEWS, "ugly"])
def test_ndex2_reads_cx2(networks, files: Path, view: str):
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ndex2.cx2 import RawCX2NetworkFactory
    except ImportError:
        absent("ndex2", "pip install mesokg[test]")
    graph = networks[view]
    read = RawCX2NetworkFactory().get_cx2network(json.loads((files / f"{view}.cx2").read_text(encoding="utf-8")))
    assert (len(read.get_nodes()), len(read.get_edges())) == (len(graph), graph.number_of_edges())
    assert Counter(edge["v"]["interaction"] for edge in read.get_edges().values()) == kinds_of(graph)
    names = {node["v"]["node_id"]: node["v"]["name"] for node in read.get_nodes().values()}
    assert names == {str(node): clean_text(data.get("label") or str(node)) for node, data in graph.nodes(data=True)}
    assert read.get_visual_properties()["nodeMapping"]["NODE_LABEL"]["type"] == "PASSTHROUGH"


def kgx_python() -> Path:
    environment = READERS / "kgx-environment"
    found = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not found.exists():
        absent("kgx", "run python tests/readers/install.py")
    return found


NO_CELL_LINES = "with a CURIE prefix 'cellosaurus'"
"""Biolink 4.4.6 has no prefix for Cellosaurus, whose IRIs are our nodes for cell lines."""


@pytest.fixture(scope="module")
def kgx(files: Path) -> dict[str, dict]:
    """What kgx sees in the folder of each view, all read in one process."""
    names = [f"{view}-kgx" for view in VIEWS]
    done = subprocess.run(
        [str(kgx_python()), str(READERS / "kgx_validate.py"), *(str(files / name) for name in names)], capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {one["folder"]: one for one in (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))}


@pytest.mark.parametrize("view", VIEWS)
def test_kgx_validates(networks, kgx, view: str):
    seen, graph = kgx[f"{view}-kgx"], networks[view]
    assert (seen["nodes"], seen["edges"]) == (len(graph), graph.number_of_edges())
    messages = [text for kinds in seen["messages"].values() for texts in kinds.values() for text in texts]
    assert [text for text in messages if NO_CELL_LINES not in text] == []


# ---------------------------------------------------------------- what no program checks


@pytest.fixture(scope="module")
def named(networks) -> dict[str, str]:
    """The PMID or DOI of each publication, from its own node."""
    rows = [(node, data) for node, data in networks["full"].nodes(data=True) if data["kind"] == "publication"]
    return {node: f"PMID:{data['pmid']}" if "pmid" in data else f"doi:{data['doi']}" for node, data in rows if "pmid" in data or "doi" in data}


def kgx_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("view", VIEWS)
def test_kgx_names_the_publications_of_every_link(networks, files: Path, named, view: str):
    graph, rows = networks[view], kgx_rows(files / f"{view}-kgx" / "edges.tsv")
    told = 0
    for row, (_, _, data) in zip(rows, graph.edges(data=True), strict=True):
        sources = [source for source in data.get("sources", "").split("; ") if source]
        assert row["publications"].split("|") == ([named[source] for source in sources if source in named] or [""])
        assert row["knowledge_source_records"].split("|") == ([source for source in sources if source not in named] or [""])
        told += bool(row["publications"])
    assert told


@pytest.mark.parametrize("view", VIEWS)
def test_kgx_has_the_evidence_of_nodes_and_links(networks, files: Path, view: str):
    graph = networks[view]
    rows = [kgx_rows(files / f"{view}-kgx" / f"{name}.tsv") for name in ("nodes", "edges")]
    names = {"number_of_publications": "publications", "best_evidence": "best_evidence", "first_year": "first_year", "last_year": "last_year"}
    more = ({"kind": "kind"}, {"weight": "weight", "counts": "counts"})
    for found, data, own in zip(rows, ([d for _, d in graph.nodes(data=True)], [d for *_, d in graph.edges(data=True)]), more, strict=True):
        for row, given in zip(found, data, strict=True):
            assert {column: row[column] for column in (*names, *own)} == {column: str(given.get(key, "")) for column, key in (names | own).items()}
    assert len({row["kind"] for row in rows[0]}) == len({data["kind"] for _, data in graph.nodes(data=True)})


@pytest.mark.parametrize("view", VIEWS)
def test_cx2_has_the_colour_of_every_link_and_its_head(networks, files: Path, view: str):
    graph = networks[view]
    parts = {key: value for part in json.loads((files / f"{view}.cx2").read_text(encoding="utf-8")) for key, value in part.items()}
    style = parts["visualProperties"][0]["edgeMapping"]
    for name in ("EDGE_LINE_COLOR", "EDGE_TARGET_ARROW_COLOR"):
        assert style[name]["type"] == "PASSTHROUGH"
        attribute = style[name]["definition"]["attribute"]
        assert [edge["v"][attribute] for edge in parts["edges"]] == [data["color"] for *_, data in graph.edges(data=True)]
    headless = {one["v"] for one in style.get("EDGE_TARGET_ARROW_SHAPE", {"definition": {"map": []}})["definition"]["map"] if one["vp"] == "none"}
    assert headless == set(undirected_of(graph))


@pytest.mark.parametrize("view", VIEWS)
def test_networkx_reads_graphml_of_every_view_and_gexf_of_those_with_one_sort_of_links(networks, files: Path, view: str):
    graph = networks[view]
    back = networkx.read_graphml(files / f"{view}.graphml")
    assert (set(back), back.number_of_edges()) == (set(graph), graph.number_of_edges())
    if set(undirected_of(graph)) in (set(), set(kinds_of(graph))):
        back = networkx.read_gexf(files / f"{view}.gexf")
        assert (set(back), back.number_of_edges()) == (set(graph), graph.number_of_edges())
        assert back.is_directed() is not bool(undirected_of(graph))
    else:
        with pytest.raises(networkx.NetworkXError, match="irected edge found"):
            networkx.read_gexf(files / f"{view}.gexf")


def test_the_how_to_has_the_numbers_of_every_view(networks):
    text = (DOCS / "how-to-gephi.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([a-z-]+) \| ([0-9,]+ / [0-9,]+ / [0-9]+) \|", text, re.MULTILINE))
    assert told == {view: f"{len(networks[view]):,} / {networks[view].number_of_edges():,} / {len(kinds_of(networks[view]))}" for view in VIEWS}, (
        "run `python tests/readers/renew_docs.py`"
    )


def table(build: Path) -> list[str]:
    """What every reader sees of a build, side by side, as lines of Markdown."""
    import tempfile

    from ndex2.cx2 import RawCX2NetworkFactory

    from mesokg.builds import load_build
    from mesokg.networks import network_of
    from mesokg.networks.facts import read_facts

    facts = read_facts(load_build(build))
    graphs = {view: network_of(facts, view) for view in VIEWS}
    lines = [
        "| view | ours | Gephi, GEXF | Gephi, timeline | Gephi, GraphML | graphology, GEXF | graphology, GraphML | Cytoscape.js | ndex2, CX2 | NetworkX, GraphML |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for view, graph in graphs.items():
            for export, pattern in FORMATS.items():
                EXPORTS[export].write(graph, folder / pattern.format(view))
        seen = read_with_gephi([folder / p.format(view) for view in VIEWS for p in ("{}.gexf", "{}-timeline.gexf", "{}.graphml")])
        names = [FORMATS[n].format(view) for view in VIEWS for n in ("gexf", "graphml", "cyjs")]
        done = subprocess.run([tool("node"), str(READERS / "node" / "read.js"), *(str(folder / n) for n in names)], capture_output=True, encoding="utf-8", check=True)
        nodes = {one["file"]: one for one in map(json.loads, done.stdout.splitlines())}

        def cell(one: dict) -> str:
            return f"{one['nodes']:,} / {one['edges']:,} / {len(one['edge_types'])}"

        for view, graph in graphs.items():
            cx2 = RawCX2NetworkFactory().get_cx2network(json.loads((folder / f"{view}.cx2").read_text(encoding="utf-8")))
            back = networkx.read_graphml(folder / f"{view}.graphml")
            ours = {"nodes": len(graph), "edges": graph.number_of_edges(), "edge_types": kinds_of(graph)}
            kinds = {edge["v"]["interaction"]: 1 for edge in cx2.get_edges().values()}
            row = [
                cell(ours), cell(seen[f"{view}.gexf"]), cell(seen[f"{view}-timeline.gexf"]), cell(seen[f"{view}.graphml"]),
                cell(nodes[f"{view}.gexf"]), cell(nodes[f"{view}.graphml"]), cell(nodes[f"{view}.cyjs"]),
                cell({"nodes": len(cx2.get_nodes()), "edges": len(cx2.get_edges()), "edge_types": kinds}),
                cell({"nodes": len(back), "edges": back.number_of_edges(), "edge_types": {data["interaction"] for *_, data in back.edges(data=True)}}),
            ]  # fmt: skip
            lines.append(f"| {view} | " + " | ".join(row) + " |")
    return lines
