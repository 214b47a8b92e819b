"""What pages show: every statement with its source, why inferences hold, sources that differ, drawings and colours."""

from __future__ import annotations

import json
import re
import sys
from html import escape, unescape
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


_SOURCE = re.compile(r'<span class="one"><a href="(/id/(?:publication|record|page)-[^"]*)">')


@pytest.mark.parametrize("path", ["/id/therapy-rad-ifn", "/id/therapy-oncos-102", "/thing/HGNC:7371"])
def test_a_tip_of_an_inferred_statement_has_the_sources_of_its_premises(http, real_store, path):
    """Of statements and of classes: for each premise that a source states, who states it and where, as the whole proof has it."""
    from mesokg.explain import explain

    page = http.get(path).text
    asked = sorted({unescape(one) for one in re.findall(r' data-why="([^"]*)"', page)})
    inferred = {unescape(one) for one in re.findall(r'href="(/why\?[^"]*)" class="mark', page)}
    assert set(asked) == inferred and any("rdf%3Atype" in one for one in asked) and any("rdf%3Atype" not in one for one in asked)
    several = 0
    for address in asked[::3]:
        triple = [parse_qs(urlsplit(address).query)[name][0] for name in "spo"]
        leaves = {node.triple: node for node in explain(real_store.oxigraph, *triple).walk() if node.kind != "inferred"}.values()
        wanted = {href(one.source) for node in leaves for one in node.assertions}
        brief = http.get(address + "&brief=1")
        assert brief.status_code == 200 and "<html" not in brief.text
        cited = _SOURCE.findall(brief.text)
        assert set(cited) <= wanted and bool(cited) == bool(wanted), address
        if " more</span>" not in brief.text:
            assert set(cited) == wanted, address
        for node in leaves:
            if node.assertions:
                assert any(f", {escape(place)}" in brief.text for one in node.assertions for place in one.locators), (address, node)
        assert brief.text.count('class="premise"') == sum(bool(node.assertions) for node in leaves)
        unsourced = sum(not node.assertions for node in leaves)
        assert ("no source" in brief.text or not wanted) if unsourced else "no source" not in brief.text
        several += len(wanted) > 1
    assert several


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("s=mkg:therapy-rad-ifn&p=a&o=mesokg:Therapy", "Stated in the tables; no claim, so that it needs no source"),
        ("s=mkg:therapy-rad-ifn&p=mesokg:hasConstruct&o=mkg:construct-rad-ifn", ", interventions"),
        ("s=mkg:trial-penn-adhsvtk-1995&p=mesokg:startDate&o=1995-01-01T00:00:00Z", ", interview"),
        ("s=mesokg:OncolyticVirotherapy&p=rdfs:subClassOf&o=mesokg:InVivoGeneTherapy", "Found by a reasoner from the axioms of the ontology"),
        ("s=mkg:nothing&p=a&o=mesokg:Therapy", "This does not hold here"),
    ],
)
def test_a_tip_of_what_follows_from_nothing(http, query, words):
    answer = http.get(f"/why?{query}&brief=1")
    assert answer.status_code == 200
    assert words in answer.text and "Follows from" not in answer.text


def test_a_tip_lists_no_more_than_it_has_room_for(http, real_store):
    """The first sources of each premise, and how many are left out."""
    page = http.get("/thing/HGNC:7371").text
    briefs = [http.get(unescape(one) + "&brief=1").text for one in sorted(set(re.findall(r' data-why="([^"]*)"', page)))]
    assert max(len(_SOURCE.findall(one)) for one in briefs) <= 12
    cut = [one for one in briefs if re.search(r"and \d+ more</span>", one)]
    assert cut and all(len(_SOURCE.findall(one)) >= 4 for one in cut)


@pytest.mark.parametrize("brief", ["", "&brief=1"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400), ("s=mkg:therapy-rad-ifn", 400), ("s=mkg:nothing&p=a&o=mesokg:Therapy", 200), ("s=<script>&p=a&o=b", 404),
        ("s=mkg:therapy-rad-ifn&p=mesokg:usesVector&o=%3Cscript%3Ealert(1)%3C/script%3E", 200), ("s=http://[x&p=a&o=mesokg:Therapy", 404),
    ],
)
def test_why_of_nonsense(http, query, status, brief):
    answer = http.get("/why?" + query + brief)
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


def test_every_source_with_an_address_is_linked_to_it(http, real_store):
    """Web pages, and records of registries other than ClinicalTrials.gov, in tables, plots and lists; nothing but http and https."""
    from mesokg.describe import Evidence
    from mesokg.server.evidence import sources

    rows = _rows(real_store, """SELECT DISTINCT ?trial ?source ?url { ?a mesokg:subject ?trial ; mesokg:source ?source . ?trial a mesokg:Trial . ?source mesokg:url ?url FILTER NOT EXISTS { ?source mesokg:pmid|mesokg:doi ?number } }""")
    assert any("jRCT" in source for _, source, _ in rows) and any("/page-" in source for _, source, _ in rows)
    pages: dict[str, str] = {}
    for trial, source, url in rows:
        page = pages.setdefault(trial, http.get(href(trial)).text)
        tips = re.findall(rf'<span class="one"><a href="{re.escape(href(source))}">[^<]*</a>(.*?)<span class="level">', page)
        wanted = r"https://clinicaltrials\.gov/study/NCT\d+" if "/record-NCT" in source else re.escape(escape(url))
        assert tips and all(re.match(rf'<span> <a href="{wanted}" rel="external noopener" aria-label="[^"]+">↗</a></span>', tip) for tip in tips), (trial, source, tips)

    def tip(url: str) -> str:
        return sources([Evidence("mkg:page-x", "a page", "", "web page", "normal", False, "", "", "", url)])

    assert 'href="https://e.org/a?b=1&amp;c=&quot;&gt;"' in tip('https://e.org/a?b=1&c=">')
    assert all("↗" not in tip(bad) for bad in ("", "javascript:alert(1)", "data:text/html,x", "//e.org", "/id/x"))


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


@pytest.mark.parametrize("source", ["publication-PMID36856952", "publication-PMID19211796", "publication-PMID36705549", "page-nih-grant-uh3-kitv", "record-NCT01503177"])
def test_the_page_of_a_source_tells_all_that_it_says(http, real_store, source):
    """A row for each statement, with where it stands in the source; what was looked for and is not reported has its row too."""
    wanted: dict[tuple[str, ...], set[str]] = {}
    for subject, named, prop, words, target, label, negated, place, precision in _rows(real_store, f"""SELECT DISTINCT ?s ?sl ?p ?pl ?o ?ol ?negated ?place ?precision {{ ?a mesokg:source mkg:{source} ; mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:negated ?negated ; mesokg:locator ?place .
            OPTIONAL {{ ?a mesokg:object ?o OPTIONAL {{ ?o rdfs:label ?ol }} }} OPTIONAL {{ ?s rdfs:label ?sl }} OPTIONAL {{ ?p rdfs:label ?pl }}
            BIND(IRI(CONCAT(STR(?p), "Precision")) AS ?pp) OPTIONAL {{ ?b mesokg:subject ?s ; mesokg:predicate ?pp ; mesokg:source mkg:{source} ; mesokg:locator ?place ; mesokg:object/skos:notation ?precision }} }}"""):
        if precision:
            target = target[: {"year": 4, "month": 7, "day": 10}[precision]]
        what = (href(target), label) if label else ("", compact(target) if target else "not reported")
        wanted.setdefault((href(subject), named or compact(subject), ("not " if negated == "true" else "") + (words or compact(prop)), *what), set()).add(place)
    assert wanted
    page = http.get(f"/id/{source}").text
    assert f">What it says ({len(wanted)})</h2>" in page
    part = _part(page, "says")
    assert re.findall(r"<th[^>]*>([^<]*)</th>", part) == ["About", "Says", "What", "Where in the source"]
    rows = re.findall(r'<tr><td><a href="([^"]*)">([^<]*)</a></td><td>([^<]*)</td><td>(?:<a href="([^"]*)">)?([^<]*)(?:</a>)?</td><td>([^<]*)</td></tr>', part)
    assert len(rows) == part.count("<tr>") - 1 == len(wanted)
    shown = {tuple(unescape(cell) for cell in row[:5]): unescape(row[5]) for row in rows}
    assert shown.keys() == wanted.keys()
    for key, places in wanted.items():
        # a place may have a comma of its own, so places in any order are compared as letters
        assert sorted(shown[key]) == sorted(", ".join(places)), key
    if source == "publication-PMID19211796":
        assert any(what == "not reported" for *_, what in wanted)


def test_a_long_list_of_what_a_source_says_is_cut_and_says_so(http, real_store):
    ((source, number),) = _rows(real_store, "SELECT ?source (COUNT(DISTINCT ?a) AS ?n) { ?a mesokg:source ?source } GROUP BY ?source ORDER BY DESC(?n) LIMIT 1")
    assert int(number) > 500
    page = http.get(href(source)).text
    assert ">What it says (500+)</h2>" in page
    assert _part(page, "says").count("<tr>") == 501


def test_the_page_of_a_gene_is_headed_by_its_name_too(http, real_store):
    """Under the symbol, with the mark of what only tells which gene it is."""
    rows = _rows(real_store, "SELECT ?gene ?symbol ?name { ?gene mesokg:geneName ?name ; mesokg:symbol ?symbol } ORDER BY ?gene")
    assert len(rows) > 100
    for gene, symbol, name in rows[::20]:
        (head,) = re.findall(r'<div class="head">(.*?)</div>', http.get(href(gene)).text)
        (shown,) = re.findall(r'</h1><p class="full-name">([^<]*) <span class="src"><button type="button" class="mark">identity</button>(.*?)</p>', head)
        assert unescape(shown[0]) == name and f"<h1>{escape(symbol)}</h1>" in head
        assert f"record of {compact(gene)}" in shown[1]
    assert 'class="full-name"' not in http.get("/id/therapy-rad-ifn").text


def test_each_other_name_has_its_sources(http, real_store):
    """In the heading; the same sources in the data of the thing."""
    said: dict[str, dict[str, set[tuple[str, str]]]] = {}
    for thing, name, source, place in _rows(real_store, """SELECT ?s ?o ?source ?place { ?a mesokg:predicate skos:altLabel ; mesokg:subject ?s ; mesokg:object ?o ; mesokg:source ?source ; mesokg:locator ?place }"""):
        said.setdefault(thing, {}).setdefault(name, set()).add((source, place))
    assert sum(map(len, said.values())) > 100
    for thing in sorted(said)[::12]:
        page = http.get(href(thing)).text
        (shown,) = re.findall(r'<span class="about">also called </span>(.*?)</p>', page)
        marked = dict(re.findall(r'(?:^|, )([^<>]*?) <span class="src"><button type="button" class="mark"[^>]*>\d+ sources?</button><span class="tip">(.*?)</span></span></span>', shown))
        assert {unescape(name) for name in marked} == said[thing].keys(), thing
        for name, tip in marked.items():
            for source, place in said[thing][unescape(name)]:
                assert f'href="{href(source)}"' in tip and f", {escape(place)}" in unescape(tip), (thing, name)
        # the heading has them, and they are no statement of the page beside it
        assert 'title="skos:altLabel"' not in page
        found = http.get(href(thing) + ".json" if href(thing).startswith("/id/") else href(thing), headers={"Accept": "application/json"}).json()
        told = {one["value"]: {(one_["source"], one_["locator"]) for one_ in one["evidence"]} for one in found["statements"] if one["property"] == "skos:altLabel"}
        assert told == {name: {(compact(source), ", ".join(p for s, p in those if s == source)) for source, _ in those} for name, those in said[thing].items()}
        assert sorted(found["synonyms"]) == sorted(told)


def test_names_that_no_assertion_is_made_of_say_where_they_were_seen(http):
    """Those of a gene or an organisation, that were listed to find it by; terms of the ontology have words of our own."""
    (gene,) = re.findall(r'<span class="about">also called </span>(.*?)</p>', http.get("/thing/HGNC:7371").text)
    assert gene.startswith("CAK1, MPF <span") and "Seen in: HGNC, October 2025; <a" in gene and "record of HGNC:7371" in gene
    (organisation,) = re.findall(r'<span class="about">also called </span>(.*?)</p>', http.get("/id/organisation-targovax").text)
    assert "Seen in: " in organisation and "record of" not in organisation
    (record,) = re.findall(r'<span class="about">also called </span>(.*?)</p>', http.get("/id/record-NCT00299962").text)
    assert "Seen in: " in record
    assert 'class="mark">names<' not in http.get("/ontology/ArmouredChimericAntigenReceptorTCellTherapy").text


def test_places_of_names_are_links_where_they_can_be():
    from mesokg.server.evidence import _place

    assert 'href="https://pubmed.ncbi.nlm.nih.gov/12345678"' in str(_place("PMID:12345678"))
    assert 'href="https://clinicaltrials.gov/study/NCT01234567"' in str(_place("ClinicalTrials.gov NCT01234567"))
    assert _place("NCT01234567 and others") == "NCT01234567 and others"


def test_marks_are_told_apart_by_those_who_hear_them(http):
    """Each says what it belongs to, and begins with what is seen; a row of a table names what it is about."""
    for path in ("/id/therapy-rad-ifn", "/id/trial-NCT03710876", "/thing/HGNC:7371", "/therapies", "/trials"):
        page = http.get(path).text
        marks = re.findall(r'<(?:button|a)([^>]*) class="mark[^"]*"([^>]*)>(\d+ sources?|inferred)<', page)
        assert len(marks) > 3, path
        for before, after, words in marks:
            label = re.search(r'aria-label="([^"]*)"', before + after)
            assert label and label[1].startswith(words) and len(label[1]) > len(words) + 2, (path, words)
            assert len(unescape(label[1])) < 140
    trial = http.get("/id/trial-NCT03710876").text
    (arms,) = re.findall(r"<h2>Arms and doses</h2>.*?<tbody>(.*?)</tbody>", trial, re.S)
    firsts = re.findall(r"<tr><t[dh][^>]*>(.*?)</t[dh]>", arms)
    assert len(firsts) > 2 and all(re.sub(r"<[^>]*>", "", one).strip() for one in firsts)


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
    """With the number that its source gives, in the plot and in the table, and both are said to differ."""
    rows = _rows(real_store, """SELECT DISTINCT ?trial ?o ?m ?n ?value WHERE { ?a mesokg:predicate mesokg:hasMeasurement ; mesokg:subject ?o ; mesokg:object ?m ; mesokg:rank/skos:notation "deprecated" . ?o mesokg:outcomeOf ?trial .
        OPTIONAL { ?b mesokg:subject ?m ; mesokg:predicate mesokg:numerator ; mesokg:object ?n } OPTIONAL { ?c mesokg:subject ?m ; mesokg:predicate mesokg:value ; mesokg:object ?value } }""")
    assert rows
    for trial, outcome, measurement, numerator, value in rows:
        part = _part(http.get(href(trial)).text, "outcomes")
        words = f"{numerator} of " if numerator else f"{float(value):g} "
        listed = re.search(rf'<tr>(?:(?!</tr>).)*<a href="{re.escape(href(measurement))}">([^<]*)</a></td>.*?</tr>', part)
        assert listed and listed[1].startswith(words), (measurement, listed)
        assert ">outranked<" in listed[0] and ">sources differ<" in listed[0]
        (drawn,) = (row for row in re.findall(r"<li>.*?</svg></li>", part) if f'href="{href(measurement)}"' in row)
        assert f"<b>{words}" in drawn and "<circle" in drawn and ">outranked<" in drawn and ">sources differ<" in drawn
        others = {m for (m,) in _rows(real_store, f"SELECT ?m {{ <{outcome}> mesokg:hasMeasurement ?m }}")}
        assert others
        for other in others:
            (shown,) = (row for row in re.findall(r"<li>.*?</svg></li>", part) if f'href="{href(other)}"' in row)
            assert ">sources differ<" in shown and ">outranked<" not in shown


def test_a_measurement_of_a_therapy_names_its_arm(http, real_store):
    """What the control arm shows is not what the therapy does: each row of a table names its arm first, and controls are marked."""
    rows = _rows(real_store, """SELECT DISTINCT ?t ?m ?arm ?role WHERE { ?trial mesokg:investigates ?t . ?t a mesokg:Therapy . ?o mesokg:outcomeOf ?trial ; mesokg:hasMeasurement ?m ; mesokg:inArm ?a . ?a rdfs:label ?arm . OPTIONAL { ?a mesokg:armRole/skos:notation ?role } }""")
    assert any(role == "active comparator" for *_, role in rows)
    pages: dict[str, str] = {}
    for therapy, measurement, arm, role in rows:
        page = pages.setdefault(therapy, unescape(_part(http.get(href(therapy)).text, "outcomes")))
        cells = re.findall(rf'<tr><td>((?:(?!</td>).)*)</td><td><a href="{re.escape(href(measurement))}">', page)
        assert cells, (therapy, measurement)
        for cell in cells:
            # without the number of the trial, which stands in the link before
            assert re.sub(r" \(\w+\)$", "", arm) in cell, (measurement, cell)
            assert ("control arm" in cell) == ("comparator" in role), (measurement, cell)


def test_lines_of_a_plot_over_several_trials_name_their_trial(http, real_store):
    rows = _rows(real_store, """SELECT DISTINCT ?t ?name WHERE { ?trial mesokg:investigates ?t ; rdfs:label ?name . ?o mesokg:outcomeOf ?trial ; mesokg:hasMeasurement ?m . ?m mesokg:value ?v }""")
    names: dict[str, set[str]] = {}
    for therapy, name in rows:
        names.setdefault(therapy, set()).add(name)
    several = {therapy: found for therapy, found in names.items() if len(found) > 1}
    assert several
    lines = 0
    for therapy, found in several.items():
        part = unescape(_part(http.get(href(therapy)).text, "outcomes"))
        for what in re.findall(r'<li><span class="what">(.*?)</span>', part):
            lines += 1
            assert any(name in re.sub(r"<[^>]*>", "", what) for name in found), (therapy, what)
    assert lines


def test_dates_are_as_precise_as_their_sources(http, real_store):
    """Nowhere on the page of a trial does a year or a month of a source turn into a day."""
    rows = _rows(real_store, """SELECT DISTINCT ?trial ?day ?precision WHERE { ?trial a mesokg:Trial . ?a mesokg:subject ?trial ; mesokg:predicate ?p ; mesokg:object ?day ; mesokg:source ?source ; mesokg:locator ?place ; mesokg:negated false .
        BIND(IRI(CONCAT(STR(?p), "Precision")) AS ?pp) ?b mesokg:subject ?trial ; mesokg:predicate ?pp ; mesokg:source ?source ; mesokg:locator ?place ; mesokg:object/skos:notation ?precision }""")
    rows += _rows(real_store, """SELECT DISTINCT ?trial ?day ?precision WHERE { ?a mesokg:subject ?trial ; mesokg:predicate mesokg:status ; mesokg:asOf ?day ; mesokg:asOfPrecision/skos:notation ?precision . ?trial a mesokg:Trial }""")
    assert {precision for *_, precision in rows} == {"year", "month", "day"}
    known = {(trial, day[:10]) for trial, day, precision in rows if precision == "day"}
    pages: dict[str, str] = {}
    for trial, day, precision in rows:
        page = pages.setdefault(trial, re.sub(r'<span class="level">[^<]*</span>', "", http.get(href(trial)).text))
        short = day[: {"year": 4, "month": 7, "day": 10}[precision]]
        assert re.search(rf"[> ]{short}[ <]", page), (trial, day, precision)
        if (trial, day[:10]) not in known:
            facts = "".join(one.partition("</section>")[0] for one in re.split(r'(?=<dl class="facts">|id="(?:disagreements|status|all|outranked)")', page)[1:])
            assert not re.search(rf"<(?:b|dd|li|time)>{day[:10]}", facts), (trial, day, precision)
    page = http.get("/id/trial-NCT01119664").text
    assert "<dt>Start</dt><dd>2010-04 " in page
    assert "<b>2010-04</b>" in _part(page, "disagreements") and "<b>2011</b>" in _part(page, "disagreements")


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


def _chain(http, therapy: str) -> tuple[str, str, list[str]]:
    """The drawing of a construct for wide screens: as it is, its words, and its parts from first to last."""
    drawn = _part(http.get(f"/id/therapy-{therapy}").text, "made").split('class="narrow"')[0]
    return drawn, unescape(drawn), re.findall(r'<a href="/id/((?:component|payload|deletion)[^"]*)"><title>', drawn)


def test_only_parts_of_known_order_are_joined(http, real_store):
    """They come first; what has no order, what is carried and what was deleted stands apart."""
    from mesokg.server.drawings import Block, schematic

    drawn, words, parts = _chain(http, "m28z1xxpd1dnr")
    words = words.partition("</title>")[2]
    order = [compact(part).partition(":")[2] for part, _ in _rows(real_store, "SELECT ?c ?n { ?x mesokg:partOfConstruct mkg:construct-m28z1xxpd1dnr ; mesokg:component ?c ; mesokg:partOrder ?n } ORDER BY ?n")]
    assert len(order) == 3 and parts[:3] == order
    assert drawn.count('class="backbone"') == 2
    assert words.index("1XX CD3 zeta") < words.index(">order not stated<") < words.index("PD-1 dominant negative receptor</title>") < words.index("M28z1XXPD1DNR gene</title>")
    unordered, words, parts = _chain(http, "a2b694")
    assert 'class="backbone"' not in unordered and ">order not stated<" in words and ">in this order<" not in words
    assert parts[-1].startswith("payload-")

    def block(name: str, kind: str, order: int | None = None) -> Block:
        return Block(name, kind, kind.lower(), "/", order)

    blocks = [block("gene", "Payload"), block("loose", "Component"), block("lost", "Deletion"), *(block(f"p{n}", "Component", n) for n in (12, 1, 3, 2, 11))]
    whole = "".join(schematic("v", "", blocks))
    wide, narrow = whole.split('class="narrow"')
    assert re.findall(r"<title>\w+: ([^<]*)</title>", wide)[-8:] == ["p1", "p2", "p3", "p11", "p12", "loose", "gene", "lost"]
    # four joints of five parts; one that leads to the next row is drawn at both its ends
    assert wide.count('class="backbone"') == 5 and narrow.count('class="backbone"') == 6


def test_every_kind_of_a_payload_is_said(http, real_store):
    rows = _rows(real_store, """SELECT ?t ?p ?kind WHERE { ?t a mesokg:Therapy . { ?t mesokg:hasConstruct ?c } UNION { ?t mesokg:administersCells/mesokg:transducedWith ?c } ?c mesokg:carries ?p . ?p mesokg:encodes/mesokg:formKind/skos:notation ?kind }""")
    kinds: dict[tuple[str, str], set[str]] = {}
    for therapy, payload, kind in rows:
        kinds.setdefault((therapy, payload), set()).add(kind)
    assert max(map(len, kinds.values())) > 3
    for (therapy, payload), found in kinds.items():
        drawn = _part(http.get(href(therapy)).text, "made")
        assert f'href="{href(payload)}"><title>payload: {", ".join(sorted(found, key=str.lower))}: ' in drawn, (therapy, payload)
        (shown, *_) = re.findall(rf'href="{re.escape(href(payload))}">.*?</a>', drawn)
        text = " ".join(re.findall(r'class="kind">([^<]*)<', shown))
        assert text == f"payload: {', '.join(sorted(found, key=str.lower))}", (therapy, payload)


def test_a_lineage_tells_both_ways_and_what_changed(http, real_store):
    """Each predecessor and successor with its name, and each change in words, all with their sources or why they hold."""
    ways = {}
    for one, way, other, label in _rows(real_store, "SELECT DISTINCT ?t ?p ?o ?l { VALUES ?p { mesokg:succeeds mesokg:succeededBy } ?t ?p ?o ; a mesokg:Therapy . ?o rdfs:label ?l }"):
        ways.setdefault(one, set()).add((compact(way).removeprefix("mesokg:"), other, label))
    changes = {}
    for one, words, source in _rows(real_store, "SELECT DISTINCT ?t ?o ?source { ?a mesokg:subject ?t ; mesokg:predicate mesokg:changeFromPredecessor ; mesokg:object ?o ; mesokg:negated false ; mesokg:source ?source ; mesokg:rank/skos:notation ?rank . ?t mesokg:changeFromPredecessor ?o FILTER(?rank != 'deprecated') }"):
        changes.setdefault(one, {}).setdefault(words, set()).add(source)
    assert len(ways) > 10 and len(changes) > 8
    assert {way for found in ways.values() for way, *_ in found} == {"succeeds", "succeededBy"}
    for therapy in {*ways, *changes}:
        part = _part(http.get(href(therapy)).text, "lineage")
        lines = dict(re.findall(r"<li><b>(.*?)</b> (.*?)</li>", part))
        assert lines.keys() == {{"succeeds": "Follows", "succeededBy": "Followed by"}[way] for way, *_ in ways.get(therapy, ())}, therapy
        for way, title in (("succeeds", "Follows"), ("succeededBy", "Followed by")):
            wanted = {(href(other), label) for one, other, label in ways.get(therapy, ()) if one == way}
            names = {label for _, label in wanted}
            linked = [(place, unescape(label)) for place, label in re.findall(r'<a href="([^"]*)">([^<]*)</a>', lines.get(title, "")) if unescape(label) in names]
            assert sorted(linked) == sorted(wanted), (therapy, way)
            # a mark for each of them
            assert lines.get(title, "").count('class="src"') == len(wanted), (therapy, way)
        said = dict(re.findall(r'<p>([^<]*) (<span class="src">.*?)</p>', part))
        assert {unescape(words) for words in said} == changes.get(therapy, {}).keys(), therapy
        for words, tip in said.items():
            assert all(f'href="{href(source)}"' in tip for source in changes[therapy][unescape(words)]), (therapy, words)
    (alone, *_) = sorted(set(one for (one,) in _rows(real_store, "SELECT ?t { ?t a mesokg:Therapy ; rdfs:label ?l }")) - {*ways, *changes})
    assert 'id="lineage"' not in http.get(href(alone)).text


def test_a_chain_of_effects_is_in_its_order(http, real_store):
    """Every step stands after those that come before it, names them, and lies deeper; nothing is left out or told twice."""
    labels: dict[str, dict[str, set[str]]] = {}
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for therapy, step, standing, label in _rows(real_store, """SELECT DISTINCT ?t ?s ?standing ?l { VALUES (?p ?standing) { (mesokg:showsMechanism "shown") (mesokg:claimsMechanism "claimed") (mesokg:refutesMechanism "refuted") }
            ?s mesokg:stepOf ?t ; ?p ?m . ?t a mesokg:Therapy . ?m rdfs:label ?l }"""):
        labels.setdefault(therapy, {}).setdefault(step, set()).add(label)
        wanted.setdefault(therapy, set()).add((href(step), standing, label))
    before = _rows(real_store, "SELECT ?t ?s ?next { ?s mesokg:stepOf ?t ; mesokg:precedesStep ?next . ?next mesokg:stepOf ?t . ?t a mesokg:Therapy }")
    assert len(before) > 20
    turned = 0
    for therapy in {one for one, *_ in before}:
        lines = re.findall(r'<li class="depth-(\d)">(.*?)</li>', _part(http.get(href(therapy)).text, "mechanism"))
        steps = [re.search(r'<a href="([^"]*)">step</a>', line)[1] for _, line in lines]
        shown = [(step, *map(unescape, re.match(r'<span class="standing \w+">(\w+)</span><a href="[^"]*">([^<]*)</a>', line).groups())) for step, (_, line) in zip(steps, lines, strict=True)]
        assert sorted(shown) == sorted(wanted[therapy]), therapy
        depth = {step: int(number) for step, (number, _) in zip(steps, lines, strict=True)}
        after = {step: {unescape(one) for one in re.findall(r'<span class="about"> after ([^<]*)</span>', line)} for step, (_, line) in zip(steps, lines, strict=True)}
        first: dict[str, set[str]] = {}
        for one, step, following in before:
            if one == therapy:
                assert max(place for place, found in enumerate(steps) if found == href(step)) < steps.index(href(following)), (therapy, following)
                assert depth[href(step)] < depth[href(following)] or depth[href(step)] == 4, (therapy, following)
                first.setdefault(following, set()).update(labels[therapy][step])
                turned += min(labels[therapy][step]) > min(labels[therapy][following])
        for step in labels[therapy]:
            # the names of what comes before stand in one list
            told = {name for listed in after[href(step)] for name in first.get(step, ()) if name in listed}
            assert told == first.get(step, set()) and bool(after[href(step)]) == (step in first), (therapy, step)
            if step not in first:
                assert depth[href(step)] == 0, (therapy, step)
    # the order of names would not do
    assert turned


def test_targets_read_forwards(http):
    read = [" ".join(re.sub(r"<[^>]*>", " ", re.sub(r'<span class="src">.*', "", line)).split()) for line in re.findall(r"<li>(.*?)</li>", _part(http.get("/id/therapy-a2b694").text, "targets"))]
    assert "recognises antigen MSLN" in read and "silences B2M" in read


def test_a_limit_that_is_not_given_is_left_open(http):
    """An arrow goes on from a lower bound, and from an interval with one limit; a range without a value is drawn too."""
    from mesokg.server.drawings import Interval, interval_plot

    def strip(*given, **more) -> str:
        return re.search(r'<svg viewBox="[^"]*" class="strip" aria-hidden="true">(.*?)</svg></li>', interval_plot([Interval("a", *given, note="n", **more)], "months", "t", top=40.0))[1]

    assert 'x1="85.0"' in strip(10.0, None, None, above=True) and 'x2="310"' in strip(10.0, None, None, above=True) and 'd="M310 ' in strip(10.0, None, None, above=True)
    assert 'x1="10"' in strip(10.0, None, 20.0, below=True) and 'x2="160.0"' in strip(10.0, None, 20.0, below=True) and 'd="M10 ' in strip(10.0, None, 20.0, below=True)
    assert "<path" not in strip(10.0, 5.0, 20.0) and "interval" not in strip(10.0, None, None)
    assert "<circle" not in strip(None, 5.0, 20.0) and "interval" in strip(None, 5.0, 20.0)
    drawn = re.findall(r"<li>.*?</svg></li>", _part(http.get("/id/therapy-oncos-102").text, "outcomes"))
    for words in ("at least 18.2 months", "6.8 months (from 2.6, no upper limit given)"):
        found = [row for row in drawn if f"<b>{words}" in row]
        assert found and all('class="interval"' in row and 'd="M310 ' in row for row in found), words
    (range_only,) = (row for row in drawn if "<b>21.9 to 25 months" in row)
    assert 'class="interval"' in range_only and "<circle" not in range_only
    alterations = re.findall(r"<li>.*?</svg></li>", _part(http.get("/thing/HGNC:1787").text, "alterations"))
    assert [row for row in alterations if "<b>&gt; 80 %" in row and 'd="M310 ' in row]


def test_rows_stand_by_arm_and_then_by_time(http):
    labels = [unescape(one) for one in re.findall(r'<li><span class="what"><a href="[^"]*">([^<]*)</a>', _part(http.get("/id/therapy-oncos-102").text, "outcomes").split("Median overall survival")[1].split("<details")[0])]
    # the trial stands first, then the arm
    arms = [label.split("; ")[1] for label in labels]
    assert len(set(arms)) == 3
    # each arm once, the control last
    assert len([one for one, before in zip(arms, ["", *arms], strict=False) if one != before]) == 3
    assert "control arm" in labels[-1] and "control arm" not in labels[0]
    months = [int(found[1]) for label in labels if "; ONCOS-102 with" in label and (found := re.search(r"(\d+) months of follow-up", label))]
    assert len(months) == 4 and months == sorted(months)


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


def test_colours_in_the_dark_are_those_of_the_networks_too(http):
    """Lighter only where they could not be told from the ground, and then no lighter than they must be; none is altered otherwise."""
    from mesokg.networks.styles import read_styles
    from mesokg.server.shades import DARK_GROUND, contrast, in_the_dark

    styles, sheet = read_styles(), http.get("/static/explorer.css").text
    assert f"--page: {DARK_GROUND.lower()};" in sheet.split("prefers-color-scheme: dark", 1)[1]
    assert 1 < contrast("#332288", DARK_GROUND) < 1.6 < 3 <= contrast(in_the_dark("#332288"), DARK_GROUND) < 3.1
    for of, what in (("swatch", "background"), ("kind", "border-color")):
        light, dark = (dict(re.findall(rf"\.{of}\.k-(\w+) {{ {what}: (#[0-9a-f]{{6}})", part)) for part in sheet.split("@media (prefers-color-scheme: dark) {\n  /*"))
        for kind in light:
            assert dark.get(kind, light[kind]).upper() == in_the_dark(styles[kind].colour).upper(), (of, kind)
    kinds = http.get("/graph.json").json()["kinds"]
    assert all(about["dark"] == in_the_dark(styles[kind].colour) for kind, about in kinds.items())


def test_schematics_have_the_colours_of_kinds_and_can_be_read(http):
    """By light and in the dark, words have 4.5 to 1 or more (WCAG 2.2, 1.4.3), and the frame of a part without a kind of its own
    3 to 1 (1.4.11). The frames of cells, vectors, payloads and binders have the colours of their kinds, whose contrast is not
    measured here.
    """
    from mesokg.networks.styles import read_styles, rgb

    styles, sheet = read_styles(), http.get("/static/explorer.css").text
    dark = {word: colour for word, colour in re.findall(r"--(\w+): (#[0-9a-f]{6})", sheet.split("prefers-color-scheme: dark", 1)[1].split("}", 1)[0])}
    light = {word: colour for word, colour in re.findall(r"--(\w+): (#[0-9a-f]{6})", sheet.split("@media", 1)[0])}
    frame = {}
    for part, kind in (("cell", "CellProduct"), ("vector", "Vector"), ("part", "Component"), ("k-Payload", "Payload"), ("k-AntigenBinder", "Antigen")):
        frame[part] = re.findall(rf"\.schematic \.{part} {{ [^}}]*?stroke: (#[0-9a-f]{{6}})", sheet)
        assert frame[part][0].upper() == styles[kind].colour.upper(), part

    def luminance(colour: str) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in rgb(colour)))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        darker, lighter = sorted(map(luminance, (one, other)))
        return (lighter + 0.05) / (darker + 0.05)

    for scheme, part in ((light, frame["part"][0]), (dark, frame["part"][-1])):
        for ground in ("page", "panel"):
            assert min(contrast(scheme[word], scheme[ground]) for word in ("ink", "soft")) >= 4.5
            assert contrast(part, scheme[ground]) >= 3


def test_words_can_be_read_wherever_they_lie(http):
    """Where axe leaves the contrast to judge: on panels, on cells of the matrix, and on the shadow at the side of a wide table."""
    sheet = http.get("/static/explorer.css").text
    schemes = [sheet.split("@media", 1)[0], sheet.split("prefers-color-scheme: dark", 1)[1].split("\n}", 1)[0]]
    heats = [float(one) for one in re.findall(r"\.heat\d a \{ background: rgba\(var\(--heat\), ([.\d]+)\)", sheet)]
    assert len(heats) == 4

    def luminance(colour: tuple[float, ...]) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in colour))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    worst = []
    for scheme in schemes:
        colours = {word: tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4)) for word, digits in re.findall(r"--(\w+): #([0-9a-f]{6})", scheme)}
        heat = tuple(map(int, re.search(r"--heat: (\d+), (\d+), (\d+)", scheme).groups()))
        *shade, share = map(float, re.search(r"--shade: rgba\((\d+), (\d+), (\d+), ([.\d]+)\)", scheme).groups())

        def over(colour, much, ground=colours["page"]):
            return tuple(a * much + b * (1 - much) for a, b in zip(colour, ground, strict=True))

        grounds = [colours["page"], colours["panel"], over(shade, share)]
        pairs = [(colours[word], ground) for word in ("ink", "soft", "link", "denied", "shown", "claimed") for ground in grounds]
        pairs += [(colours["ink"], over(heat, much)) for much in heats]
        ratios = []
        for pair in pairs:
            darker, lighter = sorted(map(luminance, pair))
            ratios.append((lighter + 0.05) / (darker + 0.05))
        worst.append(min(ratios))
    assert min(worst) >= 4.5
    # as docs/how-to-serve.md says
    assert [round(one, 1) for one in worst] == [4.6, 4.9]


def test_strategies_have_colours_of_their_own(http):
    """Those of one table, none near that of a kind of thing, and all apart for the colour-blind too."""
    from itertools import combinations

    from mesokg.networks.styles import read_styles, rgb
    from mesokg.server.overview import STRATEGIES

    sheet = http.get("/static/explorer.css").text
    assert dict(re.findall(r"\.s-([\w-]+) \{ fill: (#[0-9a-f]{6}); background: \2; \}", sheet)) == {key: colour for key, _, colour, _ in STRATEGIES}

    def linear(colour: str) -> list[float]:
        return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in rgb(colour))]

    def oklab(light: list[float]) -> list[float]:
        # Ottosson 2020, https://bottosson.github.io/posts/oklab/
        def times(matrix, vector):
            return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]

        cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], light)
        return times([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]], [max(0.0, one) ** (1 / 3) for one in cones])

    def apart(one: list[float], other: list[float]) -> float:
        return sum((a - b) ** 2 for a, b in zip(oklab(one), oklab(other), strict=True)) ** 0.5

    # Machado 2009, of people without red, green or blue cones
    blind = [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
    colours = [linear(colour) for _, _, colour, _ in STRATEGIES]
    for one, other in combinations(colours, 2):
        assert apart(one, other) > 0.15
        for matrix in blind:
            seen = [[sum(a * b for a, b in zip(row, colour, strict=True)) for row in matrix] for colour in (one, other)]
            assert apart(*seen) > 0.08
    for colour in colours:
        assert min(apart(colour, linear(style.colour)) for style in read_styles().values()) > 0.05


def test_every_row_of_the_lists_has_its_sources(http):
    for path, number in (("/therapies", 40), ("/trials", 40)):
        rows = re.findall(r"<tr><td>.*?</tr>", http.get(path).text)
        assert len(rows) > number
        for row in rows:
            assert re.search(r'class="tip">.*?href="/id/(publication|record|page)-', row), row[:300]


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
        # a bound, as "> 80 %", is no interval
        assert ('class="interval"' in row and "<path" not in row) == ("denominator not reported" not in row), row


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


# ---------------------------------------------------------------- search


def test_a_register_number_leads_to_the_trial(http, real_store):
    """Each number under which a trial is registered: the trial first, then the record."""
    rows = _rows(real_store, "SELECT ?trial ?record ?number { ?trial mesokg:registeredAs ?record . ?record mesokg:registryIdentifier ?number }")
    assert {"NCT03710876", "NCT02414269", "2017-003169-82"} <= {number for *_, number in rows}
    for trial, record, number in rows:
        offered = http.get("/suggest", params={"q": number}).json()
        assert [one["href"] for one in offered[:2]] == [href(trial), href(record)], number
        found = re.findall(r'<li><a href="([^"]*)">', http.get("/search", params={"q": number}).text.split('class="plain found"')[1])
        assert found[0] == href(trial), number
    (begun, *_) = http.get("/suggest", params={"q": "NCT0371"}).json()
    assert begun["label"] == "NCT03710876: INFINITE" and begun["kind"] == "trial"


# ---------------------------------------------------------------- forms, downloads, words


def test_terms_of_the_ontology_are_named_in_answers(http):
    """A unit is called months, not by its id; a large number has its commas, a year has none."""
    from mesokg.questions import read_questions

    for name in read_questions():
        answer = http.get(f"/ask/{name}").text
        body = answer.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in answer else ""
        assert not re.findall(r">(mesokg:\w+)</a></td>", body), name
    from pyoxigraph import Literal, NamedNode

    from mesokg.server.asking import _cell

    unit = NamedNode("https://w3id.org/mesokg/ontology/resultUnitMonths")
    assert ">months</a>" in _cell(unit, {unit.value: "months"})
    assert (_cell(Literal(60000000), {}), _cell(Literal(2019), {}), _cell(Literal("26968202"), {})) == ("60,000,000", "2019", "26968202")


def test_terms_of_the_ontology_have_pages_in_words(http):
    """Headed by what they are, with no word of a standard of the web in it."""
    for path, kind in (("Therapy", "class of the ontology"), ("usesVector", "property between things"), ("startDate", "property with a value"), ("resultUnitMonths", "result unit")):
        page = http.get(f"/ontology/{path}").text
        assert re.search(r'<p class="kind[^"]*">([^<]*)</p>', page)[1] == kind
        rows = re.findall(r"<dt>(.*?)</dt>", page)
        assert rows and not [row for row in rows if re.search(r">(?:rdfs|owl|skos|dcterms|IAO):", row)], path


def test_the_sources_behind_a_row_know_what_was_asked(http):
    page = http.get("/ask/what_is_the_strongest_evidence").text
    links = [unescape(one) for one in re.findall(r'href="(/behind\?[^"]*)"', page)]
    assert len(links) > 60
    bare = [link for link in links[::4] if "No statement of a source" in http.get(link).text]
    assert bare == []


def test_the_sources_behind_a_row_are_those_of_what_was_asked(http):
    """Not of what the question asks where no value is given."""
    page = http.get("/ask/what_does_source_say", params={"source": "PMID:37501016"}).text
    link = next(unescape(one) for one in re.findall(r'href="(/behind\?[^"]*)"', page))
    cited = set(re.findall(r'href="/id/(publication-[^"]*|record-[^"]*|page-[^"]*)"', http.get(link).text.split("<table")[1]))
    assert cited == {"publication-PMID37501016"}


def test_behind_a_row_a_triple_without_a_source_is_called_what_it_is(http):
    ontology = "https://w3id.org/mesokg/ontology/"
    for subject, target, words in (
        ("https://w3id.org/mesokg/id/trial-NCT03710876", "Trial", "<td>stated (curated tables)</td>"),
        (f"{ontology}ViralVector", "Vector", ">inferred: why</a>"),
    ):
        page = http.get("/behind", params={"t": [f"<{subject}>", f"<{ontology}{target}>"]}).text
        assert page.count(words) == 1, page


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


def test_a_value_of_which_the_graph_tells_nothing_is_said_to_be_one(http):
    """A gene that no therapy targets may be asked for; the answer is empty, and the page says what may be asked for instead."""
    page = http.get("/ask/which_therapies_target_gene", params={"target": "TP53"}).text
    (told,) = re.findall(r'<p class="problem" role="status">(.*?)</p>', page)
    assert "TP53" in told and "there are " in told
    assert 'role="status"' not in http.get("/ask/which_therapies_target_gene", params={"target": "MSLN"}).text
    # this therapy is not among those offered, and has rows all the same
    page = http.get("/ask/what_is_the_chain_of_effects", params={"therapy": "mkg:therapy-ata3271"}).text
    assert re.search(r">\d+ rows", page) and 'role="status"' not in page


def test_every_product_can_be_downloaded_from_the_page(http, real_build):
    page = http.get("/download/").text
    links = set(re.findall(r'href="/download/([^"]+)"', page))
    assert links == {path.relative_to(real_build).as_posix() for path in real_build.rglob("*") if path.is_file()}
    receipt = json.loads((real_build / "receipt.json").read_text())
    assert f"Version {receipt['mesokg']}" in page


def test_pages_name_no_blank_node(http):
    for path in ("/thing/HGNC:7371", "/ontology/Therapy", "/id/therapy-rad-ifn"):
        assert "_:" not in http.get(path).text
