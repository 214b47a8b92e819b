"""Views, evidence, projections, layout and look of networks."""

from __future__ import annotations

import itertools
import math
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

KEPT = {
    "label", "iri", "kind", "description", "publications", "inferred", "x", "y", "size", "color", "shape", "community", "pagerank",
    "betweenness", "degree",
}  # fmt: skip
KEPT_OF_LINKS = {"label", "kind", "description", "publications", "inferred", "weight", "counts", "color"}


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
        assert data["description"] and data["label"]
        assert kinds is None or data["kind"] in kinds
        assert None not in data.values()
    named = {p.name for p in view.projections} | (view.links or set()) | {"supportedBy", "deniedBy"}
    for *ends, key, data in graph.edges(keys=True, data=True):
        assert KEPT_OF_LINKS <= data.keys(), ends
        assert data["kind"] == key
        assert view.links is None or key in named
        assert data["weight"] >= 1 and data["counts"] and data["label"]
        assert data["inferred"] in (True, False)


def test_evidence_and_years_of_every_node_are_those_of_its_statements(graph, facts):
    """Asked of the facts, so that a view that loses best evidence or years does not pass."""
    expected = {}
    for thing in facts.things.values():
        years = thing.support.years | {int(value[:4]) for name in ("publicationYear", "startDate", "completionDate", "recordVersionDate") for value in thing.values.get(name, ())}
        level = facts.levels[min(thing.support.levels)] if thing.support.levels else None
        expected[thing.iri] = (level, min(years, default=None), max(years, default=None), len(thing.support.sources) or None)
    for node, data in graph.nodes(data=True):
        sources = data["sources"].count(";") + 1 if "sources" in data else None
        assert (data.get("best_evidence"), data.get("first_year"), data.get("last_year"), sources) == expected[data["iri"]], node
    for name in ("best_evidence", "first_year", "last_year"):
        assert sum(name in data for _, data in graph.nodes(data=True)) > 0.4 * len(graph), name
        if graph.graph["view"] in ("full", "therapies", "trials"):
            assert sum(name in data for *_, data in graph.edges(data=True)) > 0.3 * graph.number_of_edges(), name


def test_evidence_of_links_is_that_of_the_assertions(real_store, facts):
    """As SPARQL finds it: the best level and the years of affirmed statements that are not deprecated."""
    rows = real_store.query(
        """SELECT ?s ?p ?o (MIN(?order) AS ?best) (MIN(?year) AS ?first) (COUNT(DISTINCT ?paper) AS ?papers) {
          ?a mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:negated false ; mesokg:rank ?rank ; mesokg:source ?source ;
             mesokg:evidenceLevel/mesokg:evidenceOrder ?order . FILTER(?rank != mesokg:rankDeprecated && isIRI(?o))
          OPTIONAL { ?source a mesokg:Publication BIND(?source AS ?paper) } OPTIONAL { ?source mesokg:publicationYear ?stated }
          BIND(COALESCE(?stated, 9999) AS ?year)
        } GROUP BY ?s ?p ?o"""
    ).rows
    wanted = {(s.value, p.value.rsplit("/", 1)[-1], o.value): (int(best.value), None if first.value == "9999" else int(first.value), int(papers.value)) for s, p, o, best, first, papers in rows}
    graph = network_of(facts, "full")
    checked = 0
    for source, target, key, data in graph.edges(keys=True, data=True):
        found = wanted.get((graph.nodes[source]["iri"], key, graph.nodes[target]["iri"]))
        if found and not data["inferred"]:
            checked += 1
            assert (data.get("best_evidence"), data.get("first_year"), data["publications"]) == (facts.levels[found[0]], *found[1:])
    assert checked > 3000


def test_sources_are_as_good_as_their_best_statement_of_the_thing(real_store, facts):
    """As SPARQL finds it: the best level, and the number, of what a source affirms or denies of a thing."""
    rows = real_store.query(
        """SELECT ?s ?source ?negated (MIN(?order) AS ?best) (COUNT(DISTINCT ?a) AS ?n) {
          ?a mesokg:subject ?s ; mesokg:negated ?negated ; mesokg:rank ?rank ; mesokg:source ?source ;
             mesokg:evidenceLevel/mesokg:evidenceOrder ?order . FILTER(?rank != mesokg:rankDeprecated)
        } GROUP BY ?s ?source ?negated"""
    ).rows
    wanted = {(s.value, source.value, negated.value): (facts.levels[int(best.value)], float(n.value)) for s, source, negated, best, n in rows}
    graph = network_of(facts, "evidence")
    links = [link for link in graph.edges(keys=True, data=True) if link[2] in ("supportedBy", "deniedBy")]
    for thing, source, key, data in links:
        ends = graph.nodes[thing]["iri"], graph.nodes[source]["iri"]
        assert (data["best_evidence"], data["weight"]) == wanted[(*ends, str(key == "deniedBy").lower())], ends
    assert len({data["best_evidence"] for *_, data in links}) > 5


def test_a_denial_is_as_good_as_the_best_statement_that_denies():
    mkg = "https://w3id.org/mesokg/id/"
    facts = _tiny()
    facts.levels[2] = "phase II"
    facts.statements[mkg + "a", mkg + "paper"] = ([5], [5, 2, 5])
    graph = network_of(facts, "evidence")
    found = {key: (data["best_evidence"], data["weight"], data["first_year"]) for *_, key, data in graph.edges("mkg:a", keys=True, data=True)}
    assert found == {"supportedBy": ("animal model", 1.0, 2011), "deniedBy": ("phase II", 3.0, 2011)}


def test_labels_and_words_are_whole(graph, facts, real_store):
    """Only pictures cut; the texts of other ontologies are nobody's to copy."""
    for _, data in graph.nodes(data=True):
        assert data["label"] == facts.things[data["iri"]].label
    if graph.graph["view"] == "full":
        longest = real_store.query("SELECT (MAX(STRLEN(?l)) AS ?m) { ?x rdfs:label ?l }").rows[0][0].value
        assert max(len(data["label"]) for _, data in graph.nodes(data=True)) <= int(longest)
        assert any(len(data["label"]) > 100 for _, data in graph.nodes(data=True))
        assert not any(data["label"].endswith("…") for _, data in graph.nodes(data=True))
        mechanisms = {data["label"]: data["description"] for _, data in graph.nodes(data=True) if data["kind"] == "mechanism"}
        assert "has broader: extrinsic apoptotic signaling pathway" in mechanisms["TRAIL death-receptor apoptosis"]
        constructs = {data["label"]: data["description"] for _, data in graph.nodes(data=True) if data["kind"] == "construct"}
        assert constructs["adenoviral merlin"].startswith("growth-suppressing construct; carries: merlin (NF2) gene; has backbone: adenoviral vector")


def test_links_are_described_as_in_the_ontology(graph):
    from mesokg.networks.views import STATEMENTS
    from mesokg.vocabulary import read_vocabulary

    terms = {one.name: one.definition for one in read_vocabulary().properties.values()}
    terms |= {name: told for name, (_, told) in STATEMENTS.items()} | {p.name: p.told for p in VIEWS[graph.graph["view"]].projections}
    for *_, key, data in graph.edges(keys=True, data=True):
        assert data["description"] == terms[key]
        # a weight of 1 that counts no source does not say that it counts sources
        assert (data["counts"] == "sources") <= ("sources" in data and data["weight"] == data["sources"].count(";") + 1), key


def test_projections_are_as_good_as_their_best_way(graph, facts):
    """A way is as good as its weakest step: walked here once more, from each link by itself, and counted."""
    from mesokg.identifiers import compact

    leads: dict[tuple[str, str], list[tuple[str, int | None]]] = {}
    for link in facts.links:
        levels = facts.supported(link).levels
        level = min(levels) if levels else None
        leads.setdefault((link.source, link.name), []).append((link.target, level))
        leads.setdefault((link.target, "^" + link.name), []).append((link.source, level))

    def ways(thing: str, path: tuple[str, ...], worst: int, passed: tuple[str, ...]):
        if not path:
            yield thing, worst, passed
            return
        for name in path[0].split("|"):
            for end, level in leads.get((thing, name), ()):
                yield from ways(end, path[1:], max(worst, level or 0), (*passed, end))

    view = VIEWS[graph.graph["view"]]
    shown = [thing.iri for thing in facts.things.values() if view.kinds is None or thing.class_name in view.kinds]
    for projection in view.projections:
        best: dict[tuple[str, str], int] = {}
        counted: dict[tuple[str, str], set[str]] = {}
        for start in shown:
            for end, worst, passed in ways(start, projection.path, 0, ()):
                if end == start or end not in shown:
                    continue
                pair = (compact(start), compact(end)) if projection.ordered or start < end else (compact(end), compact(start))
                counted.setdefault(pair, set()).add(passed[projection.via - 1])
                if worst:
                    best[pair] = min(worst, best.get(pair, worst))
        found = {(s, t): (data.get("best_evidence"), data["weight"]) for s, t, key, data in graph.edges(keys=True, data=True) if key == projection.name}
        assert found
        # all of them, and no other
        assert found == {pair: (facts.levels[best[pair]] if pair in best else None, len(things)) for pair, things in counted.items()}, projection.name


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


def test_the_page_of_the_views_is_what_its_script_writes(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent / "readers")
    from renew_docs import views_page

    assert (Path(__file__).parents[1] / "docs" / "networks.md").read_text(encoding="utf-8") == views_page()


def test_what_a_weight_counts_is_told_as_it_is(graph):
    sections = _sections((Path(__file__).parents[1] / "docs" / "networks.md").read_text(encoding="utf-8"))
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\w -]+) \|$", sections[graph.graph["view"]], re.MULTILINE))
    assert rows or VIEWS[graph.graph["view"]].links is None
    for *_, key, data in graph.edges(keys=True, data=True):
        if rows:
            assert data["counts"] == rows[key] or (rows[key] == "itself" and data["counts"] == "the link itself, which needs no source"), key


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


def test_a_weight_without_sources_says_why():
    mkg = "https://w3id.org/mesokg/id/"
    facts = _tiny()
    facts.support[mkg + "a", "targets", mkg + "g"] = Support({mkg + "paper"}, {5}, {2011})
    # stated once, but nothing that counts states it any more
    facts.support[mkg + "b", "targets", mkg + "h"] = Support()
    said = {(s, t): data["counts"] for s, t, data in network_of(facts, "therapies").edges(data=True)}
    assert said["mkg:a", "mkg:g"] == "sources"
    assert said["mkg:b", "mkg:g"] == "the link itself, which needs no source"
    assert said["mkg:b", "mkg:h"] == "the link itself, of which every statement was superseded or denied"
    assert said["mkg:b", "mkg:m"] == "the link itself, inferred in a way that is not followed to its sources"
    # inferred from what needs no source, or from what was superseded
    facts.support[mkg + "b", "engages", mkg + "m"] = Support()
    assert network_of(facts, "therapies").edges["mkg:b", "mkg:m", "engages"]["counts"] == "the link itself, inferred from what has no source that counts"


def test_claimed_is_not_shown():
    graph = network_of(_tiny(), "therapies")
    to_mechanism = {(s, k) for s, t, k in graph.edges(keys=True) if t == "mkg:m"}
    assert to_mechanism == {("mkg:a", "claimsToEngage"), ("mkg:b", "engages")}
    claim = graph.edges["mkg:a", "mkg:m", "claimsToEngage"]
    assert (claim["publications"], claim["best_evidence"], claim["first_year"]) == (1, "animal model", 2011)


def _two_ways() -> Facts:
    """Two therapies with two targets in common: each is stated well for one of them and badly for the other."""
    mkg = "https://w3id.org/mesokg/id/"
    things = {mkg + name: Thing(mkg + name, kind, name, [], {}, Support()) for name, kind in (("a", "Therapy"), ("b", "Therapy"), ("g", "Gene"), ("h", "Gene"))}
    levels = {("a", "g"): {1}, ("b", "g"): {6}, ("a", "h"): {5, 8}, ("b", "h"): {4}}
    links = [Link(mkg + s, "targets", mkg + o, False) for s, o in levels]
    support = {(mkg + s, "targets", mkg + o): Support({mkg + s + o}, found, set()) for (s, o), found in levels.items()}
    return Facts(things, links, support, {}, {}, {}, {number: f"level {number}" for number in range(1, 10)}, {})


def test_a_projection_does_not_mix_the_best_of_several_ways():
    shares = network_of(_two_ways(), "similar-therapies").edges["mkg:a", "mkg:b", "sharesTarget"]
    # by g the weakest is 6, by h it is 5; the best statement of all, of level 1, proves nothing of what b targets
    assert shares["best_evidence"] == "level 5"
    assert shares["sources"].count(";") == 3


def test_what_is_denied_or_superseded_supports_nothing():
    from mesokg.networks.facts import _evidence

    a, g, levels = "mkg-a", "mkg-g", {"good": 1, "bad": 6}
    p = "https://w3id.org/mesokg/ontology/targets"
    normal, deprecated = "https://w3id.org/mesokg/ontology/rankNormal", "https://w3id.org/mesokg/ontology/rankDeprecated"
    rows = [
        (a, p, g, "affirms", "bad", "false", normal), (a, p, g, "denies", "good", "true", normal), (a, p, g, "outdated", "good", "false", deprecated),
        (a, p, "x", "denies", "good", "true", normal), (g, p, a, "outdated", "good", "false", deprecated), (a, p, g, "unranked", "bad", "false", None),
    ]  # fmt: skip

    class Store:
        def query(self, sparql):
            return type("Answer", (), {"rows": [tuple(value if value is None else type("Term", (), {"value": value}) for value in row) for row in rows]})

    published = {"affirms": 2005, "denies": 2001, "outdated": 1999, "unranked": 2007}
    support, denied, about, against, statements = _evidence(Store(), {a: "Therapy", g: "Gene"}, levels, published)
    assert support[a, "targets", g] == about[a] == about[g] == Support({"affirms", "unranked"}, {6}, {2005, 2007})
    assert denied[a, "targets", g] == against[a] == against[g] == Support({"denies"}, {1}, {2001})
    assert statements == {(a, "affirms"): ([6], []), (a, "denies"): ([], [1, 1]), (a, "unranked"): ([6], [])}
    # a link that was stated stays one, though nothing supports it any more
    assert support[g, "targets", a] == Support()


def test_denials_have_attributes_of_their_own():
    from dataclasses import replace

    facts, mkg = _tiny(), "https://w3id.org/mesokg/id/"
    facts.things[mkg + "a"] = replace(facts.things[mkg + "a"], denied=Support({mkg + "paper", mkg + "page"}, {5}, {2011}))
    facts.denied[mkg + "a", "targets", mkg + "g"] = Support({mkg + "paper"}, {5}, {2011})
    graph = network_of(facts, "therapies")
    assert (graph.nodes["mkg:a"]["publications"], graph.nodes["mkg:a"]["denials"], graph.nodes["mkg:a"]["denied_by"]) == (0, 1, "mkg:page; mkg:paper")
    assert (graph.edges["mkg:a", "mkg:g", "targets"]["denials"], graph.edges["mkg:a", "mkg:g", "targets"]["publications"]) == (1, 0)
    assert "denials" not in graph.nodes["mkg:b"] and "first_year" not in graph.nodes["mkg:a"]


def test_what_a_view_without_places_gets(facts, monkeypatch, caplog):
    """A layout computed as the table's was, and a warning that it is not the same everywhere."""
    numpy = pytest.importorskip("numpy")
    from mesokg.networks import layout, unplaced
    from mesokg.networks.renew import lay_out

    monkeypatch.setattr(layout, "read_layout", dict)
    graph = network_of(facts, "trials")
    assert re.search(r"nodes of trials have no place in the table of places, so all are laid out here, and may stand elsewhere on another machine", caplog.text)
    laid = lay_out(unplaced(facts, "trials"))
    assert {node: (data["x"], data["y"]) for node, data in graph.nodes(data=True)} == laid
    # linked nodes stand nearer to each other than others: no ball
    place = {node: numpy.array(at) for node, at in laid.items()}
    linked = numpy.median([numpy.linalg.norm(place[s] - place[t]) for s, t in graph.edges()])
    anyhow = numpy.median([numpy.linalg.norm(place[s] - place[t]) for s, t in itertools.combinations(graph, 2)])
    assert linked < 0.4 * anyhow
    # few without a place are put beside their neighbours, without a computation
    known = dict(list(laid.items())[: int(0.85 * len(laid))])
    monkeypatch.setattr(layout, "_computed", lambda *_: pytest.fail("computed"))
    graph = unplaced(facts, "trials")
    place_nodes(graph, known)
    assert all((graph.nodes[node]["x"], graph.nodes[node]["y"]) == at for node, at in known.items())


def test_a_layout_that_cannot_be_computed_is_warned_of(facts, monkeypatch, caplog):
    from mesokg.networks import layout

    monkeypatch.setattr(layout, "read_layout", dict)
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    graph = network_of(facts, "lineage")
    assert re.search(r"nodes of lineage have no place.*pip install mesokg\[layout\].*python -m mesokg\.networks\.renew --build", caplog.text)
    assert all({"x", "y"} <= data.keys() for _, data in graph.nodes(data=True))
    monkeypatch.undo()
    monkeypatch.setattr(layout, "read_layout", dict)
    monkeypatch.setattr(layout, "MOST", 100)
    network_of(facts, "lineage")
    assert re.search(r"take long to lay out; run `python -m mesokg\.networks\.renew", caplog.text)


def test_the_table_of_places_covers_the_views(graph):
    """Renew it on purpose where this fails: python -m mesokg.networks.renew --build build."""
    known = read_layout()[graph.graph["view"]]
    missing = [node for node in graph if node not in known]
    assert len(missing) <= max(3, len(graph) // 10), f"{len(missing)} of {len(graph)} nodes have no place"


def test_new_nodes_stand_beside_their_neighbours():
    import networkx

    graph = networkx.MultiDiGraph([("old", "new"), ("new", "newer")])
    graph.add_node("alone")
    known = {f"known {number}": (30.0 * number, -200.0) for number in range(20)}
    graph.add_nodes_from(known)
    place_nodes(graph, {"old": (100.0, 0.0), **known})
    assert 50 < graph.nodes["new"]["x"] < 150 and abs(graph.nodes["newer"]["y"]) < 100
    assert all({"x", "y"} <= data.keys() for _, data in graph.nodes(data=True))


def test_new_nodes_cover_no_other():
    import networkx

    graph = networkx.MultiDiGraph([("old", f"new {number}") for number in range(40)])
    graph.add_edges_from((f"lone {number}", "lone 0") for number in range(1, 6))
    known = {"old": (0.0, 0.0)} | {f"known {number}": (25.0 * (number % 20), 40.0 + number // 20) for number in range(220)}
    for node in [*graph, *known]:
        graph.add_node(node, size=18.0)
    place_nodes(graph, known)
    new = [node for node in graph if node not in known]
    for node in new:
        at = graph.nodes[node]["x"], graph.nodes[node]["y"]
        near = min(math.dist(at, (data["x"], data["y"])) for other, data in graph.nodes(data=True) if other != node)
        assert near > 17.8, node
        assert not node.startswith("new") or math.hypot(*at) < 101


def test_places_for_many_nodes_without_neighbours_are_found_at_once():
    """Each is looked at a few times, however many wait."""
    import networkx

    looked = 0

    class Counted(networkx.MultiDiGraph):
        def successors(self, n):
            nonlocal looked
            looked += 1
            return super().successors(n)

    graph = Counted()
    graph.add_nodes_from(f"alone {number}" for number in range(300))
    graph.add_edges_from((f"chain {number}", f"chain {number + 1}") for number in range(300))
    known = {f"known {number}": (number % 50 * 30.0, number // 50 * 30.0) for number in range(4000)}
    graph.add_nodes_from(known)
    place_nodes(graph, known)
    assert looked < 6 * 601
    # in the outer third, so that three of them do not make the picture of thousands smaller
    widest = max(math.hypot(*at) for at in known.values())
    assert all(0.69 * widest < math.hypot(graph.nodes[node]["x"], graph.nodes[node]["y"]) < widest for node in graph if node.startswith("alone"))
    # each stands beside the one before
    for number in range(300):
        one, other = graph.nodes[f"chain {number}"], graph.nodes[f"chain {number + 1}"]
        assert math.dist((one["x"], one["y"]), (other["x"], other["y"])) == pytest.approx(25, abs=0.2)


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


# Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113: full protanopia, deuteranopia and tritanopia, linear RGB
SIGHT = {
    "all three cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def _lab(colour: str, matrix) -> tuple[float, float, float]:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in rgb(colour))]
    r, g, b = (min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in matrix)
    x, y, z = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, 0.2126 * r + 0.7152 * g + 0.0722 * b, (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def _apart(one: str, other: str, sight: str) -> float:
    """The distance of two colours in CIELAB, in these eyes."""
    return sum((a - b) ** 2 for a, b in zip(_lab(one, SIGHT[sight]), _lab(other, SIGHT[sight]), strict=True)) ** 0.5


def _close(kinds, sight: str, least: float) -> list[str]:
    styles = [read_styles()[name] for name in sorted(kinds)]
    pairs = ((one, other, _apart(one.colour, other.colour, sight)) for one, other in itertools.combinations(styles, 2))
    return [f"{one.kind} and {other.kind}: {distance:.0f}" for one, other, distance in pairs if distance < least]


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("view", [view for view in VIEWS.values() if view.kinds and len(view.kinds) <= 10], ids=lambda view: view.name)
def test_kinds_of_a_view_are_told_apart_by_colour_alone(view, sight):
    """Gephi draws no shapes."""
    assert not _close(view.kinds, sight, 14)


@pytest.mark.parametrize("sight", SIGHT)
def test_kinds_of_the_full_view_are_told_apart_by_colour(facts, sight):
    """Those of more than 2 % of the nodes well, all others as far as so many colours can be."""
    from collections import Counter

    counted = Counter(thing.class_name for thing in facts.things.values())
    often = {name for name, number in counted.items() if number > 0.02 * len(facts.things)}
    assert len(often) >= 15
    assert not _close(often, sight, 12)
    assert not _close(read_styles(), sight, 7)


def test_every_view_of_few_kinds_is_tested_by_colour():
    assert {view.name for view in VIEWS.values() if not view.kinds or len(view.kinds) > 10} == {"full"}


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


def test_a_trial_first_reported_after_its_end_does_not_run_for_ever():
    import networkx

    from mesokg.networks.timeline import add_times

    graph = networkx.MultiDiGraph()
    graph.add_node("late", completion_date="2010-06-01", first_year=2015)
    graph.add_node("known", completion_date="2020-06-01", first_year=2015)
    graph.add_node("odd", start_date="2016-01-01", completion_date="2010-06-01", first_year=2015)
    dated = add_times(graph)
    assert {node: data["intervals"] for node, data in dated.nodes(data=True)} == {
        "late": [(None, "2010-06-01")], "known": [("2015-01-01", "2020-06-01")], "odd": [("2016-01-01", None)],
    }  # fmt: skip


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
