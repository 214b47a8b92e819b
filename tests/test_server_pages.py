"""What pages show: every statement with its source, why inferences hold, sources that differ, drawings and colours."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))
from running import serving

from mesokg.identifiers import compact
from mesokg.server.look import href


@pytest.fixture(scope="module")
def http(real_build, tmp_path_factory):
    log = tmp_path_factory.mktemp("pages") / "log"
    with serving("--build", real_build, log=log) as address, httpx.Client(base_url=address, timeout=30, headers={"Accept": "text/html"}) as client:
        yield client
    assert "Traceback" not in log.read_text()


def _part(page: str, name: str) -> str:
    """The section of a page with this id; fails where there is none."""
    return page.split(f'id="{name}"', 1)[1].split("</section>")[0]


def _rows(store, query: str) -> list[tuple[str, ...]]:
    return [tuple("" if term is None else term.value for term in row) for row in store.query(query)]


# ---------------------------------------------------------------- why


def test_an_inferred_statement_leads_to_its_sources(http, real_store):
    """From the mark on the page of a therapy to the sources of what it follows from."""
    page = http.get("/id/therapy-rad-ifn").text
    links = [unescape(one) for one in re.findall(r'href="(/why\?[^"]*)" class="mark inferred"', page)]
    assert links
    for link in links:
        why = http.get(link)
        assert why.status_code == 200, link
        assert "Why this holds" in why.text, link
    wanted = next(link for link in links if "usesVector" in link)
    told = http.get(wanted).text
    assert "usesVector SubPropertyChain: involvesConstruct o hasBackbone" in told
    # every source of the premises is there
    for (source,) in _rows(real_store, "SELECT DISTINCT ?source { ?a mesokg:subject mkg:construct-rad-ifn ; mesokg:predicate mesokg:hasBackbone ; mesokg:source ?source }"):
        assert f'href="{href(source)}"' in told


def test_each_class_says_why(http, real_store):
    page = http.get("/id/therapy-rad-ifn").text
    links = [unescape(one) for one in re.findall(r'href="(/why\?[^"]*rdf%3Atype[^"]*)"', page)]
    classes = _rows(real_store, "SELECT DISTINCT ?c { mkg:therapy-rad-ifn a ?c . ?c rdfs:label ?l }")
    assert {parse_qs(urlsplit(one).query)["o"][0] for one in links} == {compact(c) for (c,) in classes}
    assert "CytokineGeneTherapy EquivalentTo" in http.get(next(one for one in links if one.endswith("CytokineGeneTherapy"))).text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400), ("s=mkg:therapy-rad-ifn", 400), ("s=mkg:nothing&p=a&o=mesokg:Therapy", 200), ("s=<script>&p=a&o=b", 404),
        ("s=mkg:therapy-rad-ifn&p=mesokg:usesVector&o=%3Cscript%3Ealert(1)%3C/script%3E", 200), ("s=http://[x&p=a&o=mesokg:Therapy", 404),
    ],
)
def test_why_of_nonsense(http, query, status):
    answer = http.get("/why?" + query)
    assert answer.status_code == status
    assert "<script>alert" not in answer.text
    if status == 200:
        assert "does not hold here" in answer.text


# ---------------------------------------------------------------- sources in tables and plots


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/id/therapy-rad-ifn", "mechanism"), ("/id/therapy-rad-ifn", "made"), ("/id/therapy-rad-ifn", "trials"), ("/id/trial-NCT02414269", "arms"),
        ("/id/trial-NCT02414269", "outcomes"), ("/id/trial-NCT02414269", "status"), ("/id/mechanism-car-t-cell-cytotoxicity", "therapies"), ("/thing/HGNC:7371", "therapies"), ("/thing/HGNC:7371", "alterations"),
    ],
)
def test_every_row_has_its_source(http, path, part):
    found = _part(http.get(path).text, part)
    rows = re.findall(r"<li>.*?</svg></li>" if part in ("outcomes", "alterations") else r"<tr><td>.*?</tr>" if "<tbody>" in found else r"<figure>.*?</figure>" if part == "made" else r"<li.*?</li>", found)
    assert rows
    for row in rows:
        assert re.search(r'class="tip">.*?href="/(id/(publication|record|page)-|why\?)', row), row[:400]


def test_a_tip_links_to_the_publisher_too(http):
    page = http.get("/id/therapy-rad-ifn").text
    assert re.search(r'href="https://pubmed\.ncbi\.nlm\.nih\.gov/\d+"[^>]*>↗', page)
    assert re.search(r'href="https://clinicaltrials\.gov/study/NCT\d{8}"[^>]*>↗', page)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/id/publication-DOI-10-1038-cgt-2011-86", "Seen in: "),
        ("/thing/HGNC:7371", "record of HGNC:7371"),
        ("/id/country-us", "Tells which thing this is"),
    ],
)
def test_what_only_tells_which_thing_it_is_says_so(http, path, words):
    page = http.get(path, headers={"Accept": "text/html"}).text
    everything = page.partition('id="all"')[2].partition("</section>")[0]
    bare = [item for item in re.findall(r"<li>(.*?)</li>", everything, re.S) if 'class="src"' not in item]
    assert bare == []
    assert words in everything


def test_terms_of_the_ontology_have_no_such_mark(http):
    assert ">identity</button>" not in http.get("/ontology/Trial", headers={"Accept": "text/html"}).text


def test_a_row_of_an_answer_leads_to_its_sources(http):
    page = http.get("/ask/which_therapies_target_gene", params={"target": "MSLN"}).text
    links = [unescape(one) for one in re.findall(r'href="(/behind\?[^"]*)"', page)]
    assert len(links) == page.split("<tbody>")[1].split("</tbody>")[0].count("<tr>")
    behind = http.get(next(one for one in links if "therapy-crs-207" in one)).text
    assert 'href="/id/publication-' in behind or 'href="/id/record-' in behind
    for bad in ("", "?t=x", "?t=%3Chttp://e/a%3E%20.%20%3Chttp://e/b%3E%20%3Chttp://e/c%3E%20%3Chttp://e/d%3E", "?t=%22text%22"):
        assert http.get("/behind" + bad).status_code == 400, bad


# ---------------------------------------------------------------- sources that differ


def test_sources_that_differ_stand_side_by_side(http, real_store):
    """On every trial for which sources give several values of a property that has one, each value with its sources."""
    rows = _rows(real_store, """SELECT DISTINCT ?trial ?p ?o ?source WHERE {
        { SELECT ?trial ?p ?at WHERE { ?trial a mesokg:Trial . ?a mesokg:subject ?trial ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:negated false . ?p a owl:FunctionalProperty .
            OPTIONAL { ?a mesokg:asOf ?when } BIND(COALESCE(STR(?when), "") AS ?at) FILTER(!STRENDS(STR(?p), "Precision")) } GROUP BY ?trial ?p ?at HAVING(COUNT(DISTINCT ?o) > 1) }
        ?a mesokg:subject ?trial ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:negated false ; mesokg:source ?source }""")
    trials = {trial for trial, *_ in rows}
    assert len(trials) > 3
    for trial in trials:
        part = _part(http.get(href(trial)).text, "disagreements")
        assert part.count('class="answer"') >= 2
        for source in {source for one, _, _, source in rows if one == trial}:
            assert f'href="{href(source)}"' in part, (trial, source)


def test_a_status_that_changed_is_history(http):
    """Recruiting in 2019 and not any more today is no disagreement; the newest stands last."""
    page = http.get("/id/trial-NCT03710876").text
    assert 'id="disagreements"' not in page
    history = re.findall(r"<time>(.*?)</time> (.*?) <", _part(page, "status"))
    assert len(history) >= 3
    assert history[0][0] == "2019-10-10"
    assert history[-1][0].startswith("checked ") and history[-1][1] == "active, not recruiting"


def test_an_outranked_measurement_stands_beside_the_other(http, real_store):
    rows = _rows(real_store, """SELECT DISTINCT ?trial ?m WHERE { ?a mesokg:predicate mesokg:hasMeasurement ; mesokg:subject ?o ; mesokg:object ?m ; mesokg:rank/skos:notation "deprecated" . ?o mesokg:outcomeOf ?trial }""")
    assert rows
    for trial, measurement in rows:
        part = _part(http.get(href(trial)).text, "outcomes")
        assert f'href="{href(measurement)}"' in part
        assert "outranked" in part


def test_percentages_keep_their_denominators(http, real_store):
    """A share that a source gives without the count still says of how many, or that this was not reported."""
    rows = _rows(real_store, """SELECT ?trial ?m ?value ?N WHERE { ?o mesokg:hasMeasurement ?m ; mesokg:outcomeOf ?trial . ?m mesokg:value ?value ; mesokg:resultUnit/skos:notation "percent" .
        OPTIONAL { ?m mesokg:denominator ?N } FILTER NOT EXISTS { ?m mesokg:numerator ?n } }""")
    assert len([row for row in rows if row[3]]) > 20
    pages: dict[str, str] = {}
    for trial, measurement, _, denominator in rows:
        page = pages.setdefault(trial, _part(http.get(href(trial)).text, "outcomes"))
        shown = re.findall(rf'href="{re.escape(href(measurement))}">([^<]*)</a></td>', page)
        assert shown, (trial, measurement)
        assert all(one.find(f"% of {denominator}") > 0 if denominator else "denominator not reported" in one for one in shown), (trial, measurement, shown)


# ---------------------------------------------------------------- drawings


def test_the_schematic_has_every_part(http, real_store):
    """Each component and payload of the construct of each therapy is drawn, once for wide and once for narrow screens."""
    rows = _rows(real_store, """SELECT DISTINCT ?t ?part WHERE { ?t a mesokg:Therapy . { ?t mesokg:hasConstruct ?c } UNION { ?t mesokg:administersCells/mesokg:transducedWith ?c }
        { ?x mesokg:partOfConstruct ?c ; mesokg:component ?part } UNION { ?c mesokg:carries ?part } }""")
    assert len({t for t, _ in rows}) > 30
    labels = {iri: label for iri, label in _rows(real_store, "SELECT ?x ?l { ?x rdfs:label ?l }")}
    for therapy in sorted({t for t, _ in rows}):
        page = _part(http.get(href(therapy)).text, "made")
        for drawn in re.split(r'class="narrow"', page):
            for part in (part for t, part in rows if t == therapy):
                # two parts with one name are drawn once
                assert f'href="{href(part)}"' in drawn or unescape(drawn).count(labels[part]), (therapy, part)


def test_a_scale_is_easy_to_read():
    from mesokg.server.drawings import Interval, interval_plot

    drawn = interval_plot([Interval("a", 5.9, 3.0, 7.0, "5.9 months")], "months", "survival")
    assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn) == ["0", "2", "4", "6", "8"]
    # a point of the value, an interval of the limits
    assert 'cx="231.2"' in drawn and 'x1="122.5"' in drawn and 'x2="272.5"' in drawn


def test_colours_are_those_of_the_networks(http):
    """In the style sheet, and in the data of the network page, which the browser draws by."""
    from mesokg.networks.styles import read_styles

    styles = read_styles()
    sheet = http.get("/static/explorer.css").text.split("@media (prefers-color-scheme: dark) {\n  /*")[0]
    used = re.findall(r"\.(?:kind|swatch)\.k-(\w+) \{ (?:border-color|background): (#[0-9a-f]{6})", sheet)
    assert len(used) > 20
    for kind, colour in used:
        assert colour.upper() == styles[kind].colour.upper(), kind
    kinds = http.get("/graph.json").json()["kinds"]
    assert kinds and all(about["colour"] == styles[kind].colour for kind, about in kinds.items())


def test_the_matrix_counts_trials(http):
    """The number in a cell is that of the list it leads to."""
    page = http.get("/").text.split('class="matrix"')[1].split("</table>")[0]
    cells = re.findall(r'href="(/trials\?[^"]*)" aria-label="[^"]*">(\d+)</a>', page)
    assert len(cells) > 10
    for link, number in cells:
        listed = http.get(unescape(link)).text
        assert listed.split("<tbody>")[1].split("</tbody>")[0].count("<tr>") == int(number), link


def test_a_number_leads_to_what_it_counts(http):
    """Each number of the start page that is one of a kind of things, to as many of them."""
    tiles = re.findall(r'<a href="(/[^"]*)"><b>([\d,]+)</b>', http.get("/").text)
    assert len(tiles) == 8
    counted = [(link, int(number.replace(",", ""))) for link, number in tiles if not link.startswith("/ask/")]
    assert len(counted) == 6
    for link, number in counted:
        assert re.search(r"<h1>(\d+)", http.get(unescape(link)).text)[1] == str(number), link


def test_bars_for_wide_and_for_narrow_screens(http):
    """The same trials in both, each bar named."""
    from mesokg.server.drawings import stacked_bars

    page = http.get("/").text
    wide, narrow = (set(re.findall(r'aria-label="(\d{4}: [^"]*)"', page.split(f'class="bars {kind}"')[1].split("</svg>")[0])) for kind in ("broad", "narrow"))
    assert wide == narrow and len(wide) > 20
    # the last year is not written over the one before
    assert ">2026<" not in stacked_bars({1995: {"a": 1}, 2026: {"a": 1}}, [("a", "a")], lambda year, key: "/", "bars")
    assert ">2029<" in stacked_bars({1995: {"a": 1}, 2029: {"a": 1}}, [("a", "a")], lambda year, key: "/", "bars")


def test_a_share_of_known_people_has_its_interval(http):
    """Of a percentage without a count too, if it is a plain share; one that survive is estimated and has none."""
    def drawn(path: str, words: str) -> list[str]:
        return [row for row in re.findall(r"<li>.*?</svg></li>", _part(http.get(path).text, "outcomes")) if f"<b>{words}<" in row or f"{words} " in row]

    responses, survivals = drawn("/id/therapy-gavo-cel", "31 % of 16"), drawn("/id/trial-NCT02414269", "83 % of 18")
    assert responses and all('class="interval"' in row for row in responses)
    assert survivals and not any('class="interval"' in row for row in survivals)
    altered = re.findall(r"<li>.*?</svg></li>", _part(http.get("/thing/HGNC:1787").text, "alterations"))
    assert altered
    for row in altered:
        assert ('class="interval"' in row) == ("denominator not reported" not in row), row


def test_a_source_without_a_number_is_cited_by_its_name(http, real_store):
    """In the tips of outcomes, where the other sources are PubMed, DOI or registry numbers."""
    rows = _rows(real_store, """SELECT DISTINCT ?source ?l { ?a mesokg:subject/mesokg:outcomeOf mkg:trial-NCT02414269 ; mesokg:predicate mesokg:hasMeasurement ; mesokg:source ?source . ?source rdfs:label ?l
        FILTER NOT EXISTS { ?source mesokg:pmid|mesokg:doi|mesokg:registryIdentifier ?number } }""")
    assert rows
    part = unescape(_part(http.get("/id/trial-NCT02414269").text, "outcomes"))
    for source, label in rows:
        assert f'<a href="{href(source)}">{label}</a>' in part
    # and of single statements, on the page of an outcome and for a link of the network
    outcome, source, label = _rows(real_store, """SELECT ?o ?source ?l { ?a mesokg:subject ?o ; mesokg:predicate mesokg:hasMeasurement ; mesokg:source ?source . ?o mesokg:outcomeOf mkg:trial-NCT02414269 . ?source rdfs:label ?l
        FILTER NOT EXISTS { ?source mesokg:pmid|mesokg:doi|mesokg:registryIdentifier ?number } } ORDER BY ?o LIMIT 1""")[0]
    assert f'<a href="{href(source)}">{label}</a>' in unescape(http.get(href(outcome)).text)
    ends = _rows(real_store, """SELECT ?s ?o ?l { ?a mesokg:subject ?s ; mesokg:predicate mesokg:developer ; mesokg:object ?o ; mesokg:source ?source . ?source rdfs:label ?l
        FILTER NOT EXISTS { ?source mesokg:pmid|mesokg:doi|mesokg:registryIdentifier ?number } } ORDER BY ?s ?o ?l LIMIT 1""")
    assert ends
    for one, other, name in ends:
        told = http.get("/edge.json", params={"source": one, "kind": "developer", "target": other}).json()
        assert name in {each["citation"] for each in told["sources"]}


def test_words_that_stand_together_have_a_space_between(http):
    assert "</a> <span" in _part(http.get("/id/therapy-rad-ifn").text, "outcomes")


# ---------------------------------------------------------------- forms, downloads, words


def test_values_are_suggested_for_parameters(http):
    from mesokg.questions import read_questions

    offered = http.get("/suggest", params={"question": "which_therapies_target_gene", "parameter": "target", "q": "ms"}).json()
    assert "MSLN" in {one["value"] for one in offered}
    for name, question in read_questions().items():
        for parameter in question.parameters:
            if parameter.type != "thing":
                continue
            for one in http.get("/suggest", params={"question": name, "parameter": parameter.name, "q": ""}).json()[:2]:
                answer = http.get(f"/ask/{name}", params={parameter.name: one["value"]})
                assert answer.status_code == 200
                assert 'role="alert"' not in answer.text, (name, one)


def test_every_product_can_be_downloaded_from_the_page(http, real_build):
    page = http.get("/download/").text
    links = set(re.findall(r'href="/download/([^"]+)"', page))
    assert links == {path.relative_to(real_build).as_posix() for path in real_build.rglob("*") if path.is_file()}
    receipt = json.loads((real_build / "receipt.json").read_text())
    assert f"Version {receipt['mesokg']}" in page


def test_pages_name_no_blank_node(http):
    for path in ("/thing/HGNC:7371", "/ontology/Therapy", "/id/therapy-rad-ifn"):
        assert "_:" not in http.get(path).text
