"""Views, evidence, projections, layout and look of networks."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mesokg.errors import UsageError
from mesokg.networks import VIEWS, network, network_of
from mesokg.networks.facts import Facts, Link, Support, Thing, read_facts
from mesokg.networks.layout import place_nodes, read_layout
from mesokg.networks.styles import SHAPES, read_styles, rgb
from mesokg.networks.views import SYMMETRIC
from mesokg.resources import folder

KEPT = {"label", "iri", "kind", "publications", "inferred", "x", "y", "size", "color", "shape", "community", "pagerank", "betweenness", "degree"}


@pytest.fixture(scope="session")
def facts(real_store) -> Facts:
    return read_facts(real_store)


@pytest.fixture(scope="session", params=sorted(VIEWS))
def graph(request, facts):
    return network_of(facts, request.param)


def test_every_view_holds_what_it_declares(graph):
    view = VIEWS[graph.graph["view"]]
    kinds = {read_styles()[name].kind for name in view.kinds} if view.kinds else None
    for node, data in graph.nodes(data=True):
        assert KEPT <= data.keys(), node
        assert kinds is None or data["kind"] in kinds
        assert None not in data.values()
    named = {p.name for p in view.projections} | (view.links or set()) | {"supportedBy", "deniedBy"}
    for _, _, key, data in graph.edges(keys=True, data=True):
        assert data["kind"] == key
        assert view.links is None or key in named
        assert data["weight"] >= 1 and data["counts"] and data["label"]
        assert data["inferred"] in (True, False)


def test_links_that_hold_both_ways_are_named(graph):
    text = (folder("ontology") / "mesokg.ttl").read_text(encoding="utf-8")
    terms = re.findall(r"^mesokg:(\w+) a ([^;]*) ;", text, re.MULTILINE)
    assert {name for name, classes in terms if "owl:SymmetricProperty" in classes} == SYMMETRIC
    both_ways = SYMMETRIC | {p.name for p in VIEWS[graph.graph["view"]].projections if not p.ordered}
    assert graph.graph["undirected"] == sorted(both_ways)


@pytest.mark.parametrize("view", [view for view in VIEWS.values() if view.links is not None], ids=lambda view: view.name)
def test_every_link_of_a_view_can_join_its_kinds(view):
    """A link whose subjects or objects are of no kind of the view would never be drawn."""
    from mesokg.identifiers import term
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    terms = {one.name: one for one in vocabulary.properties.values()}
    kinds = [term(name) for name in view.kinds]
    for name in view.links:
        for classes in (terms[name].domains, terms[name].ranges):
            assert not classes or any(vocabulary.is_a(one, kind) or vocabulary.is_a(kind, one) for one in classes for kind in kinds), name


def _sections(page: str) -> dict[str, str]:
    """The text of each section of a page, by the name in its heading."""
    return {part.split("`")[1] if part[0] == "`" else part.split("\n")[0]: part for part in page.split("\n## ")[1:]}


def test_the_page_of_the_views_says_what_they_hold(graph):
    """Renew it where this fails: python tests/readers/renew_docs.py."""
    sections = _sections((Path(__file__).parents[1] / "docs" / "networks.md").read_text(encoding="utf-8"))
    view = VIEWS[graph.graph["view"]]
    named = set(re.findall(r"^\| `(\w+)` \|", sections[view.name], re.MULTILINE))
    assert view.links is None or {key for *_, key in graph.edges(keys=True)} <= named
    wanted = {projection.name for projection in view.projections} | (view.links or set()) | ({"supportedBy", "deniedBy"} if view.evidence else set())
    assert named == wanted
    kinds = re.search(r"^Nodes: (.*)\.$", sections[view.name], re.MULTILINE)[1].split(", ")
    assert sorted(kinds) == sorted(read_styles()[name].kind for name in view.kinds or read_styles())
    for section, rows in (("Attributes of nodes", graph.nodes(data=True)), ("Attributes of links", graph.edges(data=True))):
        told = set(re.findall(r"`(\w+)`", sections[section]))
        assert {name for *_, data in rows for name in data} <= told


def test_years_and_evidence_come_with_statements(graph):
    stated = [d for *_, d in graph.edges(data=True) if d.get("publications")]
    for data in stated:
        assert data["sources"].count(";") + 1 >= data["publications"]
        assert data.get("first_year", 0) <= data.get("last_year", 0)
    if graph.graph["view"] in ("full", "therapies", "evidence"):
        assert stated


def test_nothing_of_the_full_view_is_lost(facts):
    graph = network_of(facts, "full")
    assert len(graph) == len(facts.things)
    assert graph.number_of_edges() == len(facts.links)
    assert len({data["iri"] for _, data in graph.nodes(data=True)}) == len(facts.things)


def test_links_left_out_are_said_more_exactly_by_others(facts, real_store):
    """Each object triple between things is in the view, or follows from one that is."""
    here = {(link.source, link.name, link.target) for link in facts.links}
    rows = real_store.query(
        """SELECT ?s ?p ?o WHERE { GRAPH mkgg:facts { ?s ?p ?o } ?p a owl:ObjectProperty FILTER(?p != mesokg:hasBroader) }"""
    ).rows
    asserted = {
        (s.value, p.value.rsplit("/", 1)[-1], o.value) for s, p, o in rows if s.value in facts.things and o.value in facts.things
    }
    assert asserted
    assert asserted <= here


def test_a_view_is_asked_for_by_a_name_that_exists(facts):
    with pytest.raises(UsageError, match=r"there is no view 'terapies'; did you mean therapies"):
        network_of(facts, "terapies")


def test_an_empty_view_says_so():
    nothing = Facts({}, [], {}, {}, {}, {}, {}, {})
    with pytest.raises(UsageError, match="the view 'trials' is empty"):
        network_of(nothing, "trials")


def _tiny() -> Facts:
    """Two therapies with one target, of which one was claimed, and one shown, to engage a mechanism."""
    mkg = "https://w3id.org/mesokg/id/"
    kinds = {"a": "Therapy", "b": "Therapy", "g": "Gene", "h": "Gene", "s": "MechanismStep", "t": "MechanismStep", "m": "Mechanism"}
    things = {mkg + name: Thing(mkg + name, kind, name, [], {}, Support()) for name, kind in kinds.items()}
    links = [
        Link(mkg + s, p, mkg + o, inferred)
        for s, p, o, inferred in (
            ("a", "targets", "g", False), ("b", "targets", "g", False), ("b", "targets", "h", False),
            ("s", "stepOf", "a", False), ("s", "claimsMechanism", "m", False),
            ("t", "stepOf", "b", False), ("t", "showsMechanism", "m", False), ("b", "engages", "m", True),
        )
    ]  # fmt: skip
    support = {(mkg + "s", "claimsMechanism", mkg + "m"): Support({mkg + "paper"}, {5}, {2011})}
    things[mkg + "paper"] = Thing(mkg + "paper", "Publication", "paper", [], {"publicationYear": ["2011"]}, Support())
    return Facts(things, links, support, {}, {}, {}, {5: "animal model"}, {mkg + "paper": 2011})


def test_projections_count_what_they_say():
    graph = network_of(_tiny(), "similar-therapies")
    assert list(graph.edges(data="weight")) == [("mkg:a", "mkg:b", 1.0)]
    assert graph.edges["mkg:a", "mkg:b", "sharesTarget"]["counts"] == "genes and antigens"
    graph = network_of(_tiny(), "targets")
    assert list(graph.edges(keys=True)) == [("mkg:g", "mkg:h", "sharesTherapy")]


def test_claimed_is_not_shown():
    graph = network_of(_tiny(), "therapies")
    to_mechanism = {(s, k) for s, t, k in graph.edges(keys=True) if t == "mkg:m"}
    assert to_mechanism == {("mkg:a", "claimsToEngage"), ("mkg:b", "engages")}
    claim = graph.edges["mkg:a", "mkg:m", "claimsToEngage"]
    assert (claim["publications"], claim["best_evidence"], claim["first_year"]) == (1, "animal model", 2011)


def test_the_table_of_places_covers_the_views(graph):
    """Renew it on purpose where this fails: python -m mesokg.networks.renew --build build."""
    known = read_layout()[graph.graph["view"]]
    missing = [node for node in graph if node not in known]
    assert len(missing) <= max(3, len(graph) // 10), f"{len(missing)} of {len(graph)} nodes have no place"


def test_new_nodes_stand_beside_their_neighbours():
    import networkx

    graph = networkx.MultiDiGraph([("old", "new"), ("new", "newer")])
    graph.add_node("alone")
    place_nodes(graph, {"old": (100.0, 0.0)})
    assert 50 < graph.nodes["new"]["x"] < 150 and abs(graph.nodes["newer"]["y"]) < 100
    assert all({"x", "y"} <= data.keys() for _, data in graph.nodes(data=True))


def test_no_two_nodes_stand_on_one_point(graph):
    places = [(data["x"], data["y"]) for _, data in graph.nodes(data=True)]
    assert len(set(places)) >= 0.99 * len(places)


def test_a_layout_is_the_same_each_time_and_parts_nodes():
    numpy = pytest.importorskip("numpy")
    import networkx

    from mesokg.networks.renew import lay_out

    graph = networkx.MultiDiGraph(networkx.connected_caveman_graph(6, 8))
    graph.add_nodes_from(["x", "y"])
    for _, data in graph.nodes(data=True):
        data["size"] = 10.0
    first, again = lay_out(graph), lay_out(graph)
    assert first == again
    place = numpy.array([first[node] for node in graph])
    apart = numpy.sqrt(((place[:, None] - place[None]) ** 2).sum(2)) + numpy.eye(len(place)) * 1e9
    assert apart.min() > 9.0
    # members of a cave stand closer together than the caves do
    caves = place[:48].reshape(6, 8, 2)
    inside = numpy.linalg.norm(caves - caves.mean(1, keepdims=True), axis=2).mean()
    between = numpy.linalg.norm(caves.mean(1)[:, None] - caves.mean(1)[None], axis=2)[numpy.triu_indices(6, 1)].mean()
    assert between > 2 * inside


def test_every_community_is_in_one_piece(facts):
    import networkx

    from mesokg.networks.measures import _communities, neighbours

    near = neighbours(network_of(facts, "full"))
    number_of = _communities(near)
    plain = networkx.Graph([(a, b) for a, links in enumerate(near) for b in links])
    plain.add_nodes_from(range(len(near)))
    members = [[node for node, number in enumerate(number_of) if number == wanted] for wanted in range(max(number_of) + 1)]
    assert all(networkx.is_connected(plain.subgraph(group)) for group in members)
    assert [len(group) for group in members] == sorted(map(len, members), reverse=True)
    # a partition no better than chance has a modularity of 0
    assert networkx.community.modularity(plain, members) > 0.6


def test_every_table_has_a_style(real_store):
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    wanted = {spec.class_iri.rsplit("/", 1)[-1] for spec in vocabulary.tables.values()}
    wanted |= {spec.row_class.rsplit("/", 1)[-1] for spec in vocabulary.tables.values() if spec.row_class}
    styles = read_styles()
    assert set(styles) == wanted
    assert len({style.kind for style in styles.values()}) == len(styles)
    assert all(style.shape in SHAPES and style.size > 0 for style in styles.values())


# Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113: full protanopia and deuteranopia, linear RGB
SIGHT = {
    "all three cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


def _lab(colour: str, matrix) -> tuple[float, float, float]:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in rgb(colour))]
    r, g, b = (min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in matrix)
    x, y, z = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, 0.2126 * r + 0.7152 * g + 0.0722 * b, (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("view", [view for view in VIEWS.values() if view.kinds], ids=lambda view: view.name)
def test_kinds_of_a_view_are_told_apart_by_colour_or_shape(view, sight):
    """Two kinds of one view differ in shape, or by 12 units of CIELAB in the eyes of everybody."""
    styles = [read_styles()[name] for name in sorted(view.kinds)]
    for one, other in itertools.combinations(styles, 2):
        distance = sum((a - b) ** 2 for a, b in zip(_lab(one.colour, SIGHT[sight]), _lab(other.colour, SIGHT[sight]), strict=True)) ** 0.5
        assert one.shape != other.shape or distance >= 12, f"{one.kind} and {other.kind}: {distance:.0f}"


@pytest.mark.parametrize("seed", ["0", "77"])
def test_products_are_the_same_bytes_under_any_hash_seed(real_build: Path, tmp_path: Path, seed: str):
    code = (
        "import sys; from pathlib import Path; from mesokg.builds import load_build; from mesokg.formats import write_network_products;"
        "write_network_products(load_build(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    import os

    from mesokg.builds import load_build
    from mesokg.formats import write_network_products

    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    write_network_products(load_build(real_build), one)
    subprocess.run([sys.executable, "-c", code, str(real_build), str(other)], check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    files = sorted(p.relative_to(one).as_posix() for p in one.rglob("*") if p.is_file())
    assert files == [
        "kgx/edges.tsv", "kgx/nodes.tsv", "mesokg-timeline.gexf", "mesokg.cx2", "mesokg.gexf", "mesokg.graphml", "tables/edges.csv", "tables/nodes.csv",
    ]  # fmt: skip
    for name in files:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_projections_are_told_apart_from_links_between_the_same_kinds(graph):
    """By colour: a projection that looks like another link between the same two kinds of nodes says nothing in a picture."""
    projections = {projection.name for projection in VIEWS[graph.graph["view"]].projections}
    seen: dict[frozenset[str], dict[str, str]] = {}
    for source, target, key, data in graph.edges(keys=True, data=True):
        seen.setdefault(frozenset((graph.nodes[source]["kind"], graph.nodes[target]["kind"])), {})[key] = data["color"]
    for between, colours in seen.items():
        for one, other in itertools.combinations(sorted(colours), 2):
            if {one, other} & projections:
                assert colours[one] != colours[other], f"{one} and {other} between {sorted(between)}"


def test_links_with_a_colour_of_their_own_exist():
    from mesokg.networks.styles import LINKS
    from mesokg.vocabulary import read_vocabulary

    known = {term.name for term in read_vocabulary().properties.values()} | {p.name for view in VIEWS.values() for p in view.projections}
    assert set(LINKS) <= known
    assert set(LINKS.values()) <= set(read_styles())


def test_what_a_trial_gives_stands_with_the_trial():
    import networkx

    from mesokg.networks.timeline import add_times

    graph = networkx.MultiDiGraph()
    graph.add_node("trial", start_date="2003-04-01", completion_date="2006-01-01", first_year=2003)
    graph.add_node("therapy", first_year=2008)
    graph.add_node("paper", publication_year=2008)
    graph.add_node("japan")
    graph.add_edge("trial", "therapy", key="investigates", kind="investigates", first_year=2008)
    graph.add_edge("trial", "japan", key="country", kind="country", first_year=2008)
    graph.add_edge("trial", "paper", key="supportedBy", kind="supportedBy", first_year=2008)
    dated = add_times(graph)
    assert dated.nodes["therapy"]["intervals"] == [("2003-04-01", None)]
    assert "intervals" not in dated.nodes["japan"]
    whole = [("2003-04-01", "2006-01-01")]
    assert [data["intervals"] for *_, data in dated.edges(data=True)] == [whole, whole, [("2008-01-01", None)]]
    assert dated.nodes["paper"]["intervals"] == [("2008-01-01", None)]


def test_links_of_trials_last_as_long_as_the_trial(facts):
    from mesokg.networks.timeline import PLANNED, add_times

    dated = add_times(network_of(facts, "full"))
    checked = 0
    for source, _, key, data in dated.edges(keys=True, data=True):
        if key in PLANNED and "start_date" in dated.nodes[source]:
            checked += 1
            assert data["intervals"] == dated.nodes[source]["intervals"], (source, key)
    assert checked > 100


def test_from_python(real_build: Path):
    import mesokg

    graph = mesokg.open(real_build).network("therapies")
    assert graph.nodes["HGNC:7371"]["label"] == "MSLN"
    assert graph.in_degree("HGNC:7371") > 10


def test_from_a_raw_store(real_store):
    assert len(network(real_store.oxigraph, "trials")) == len(network(real_store, "trials"))
