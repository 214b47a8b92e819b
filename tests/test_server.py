"""The endpoint over HTTP: protocol, refusals, runaways, crashes, updates, pages and linked data."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))
from running import serving

from mesokg.identifiers import NAMESPACE

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def site(real_build, tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log"
    with serving("--build", real_build, "--deadline", "20", log=log) as address:
        yield address
    # nothing unforeseen may have happened in any test
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def http(site):
    with httpx.Client(base_url=site, timeout=30) as client:
        yield client


def test_get_form_and_direct_agree(http):
    answers = [
        http.get("/sparql", params={"query": COUNT}),
        http.post("/sparql", data={"query": COUNT}),
        http.post("/sparql", content=COUNT, headers={"Content-Type": "application/sparql-query"}),
    ]
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["results"]["bindings"][0]["n"]["value"] for a in answers}) == 1


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/sparql-results+json", "application/sparql-results+json"), ("text/csv", "text/csv"),
        ("application/sparql-results+xml", "application/sparql-results+xml"), ("text/tab-separated-values", "text/tab-separated-values"),
        ("text/csv;q=0.2, application/sparql-results+xml;q=0.9", "application/sparql-results+xml"), ("*/*", "application/sparql-results+json"),
    ],
)
def test_tables_are_negotiated(http, accept, kind):
    answer = http.get("/sparql", params={"query": "SELECT ?t { ?t a mesokg:Trial } LIMIT 2"}, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize("kind", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json", "application/trig"])
def test_graphs_are_negotiated(http, kind):
    import pyoxigraph

    answer = http.get("/sparql", params={"query": "CONSTRUCT { ?t a mesokg:Trial } WHERE { ?t a mesokg:Trial }"}, headers={"Accept": kind})
    assert answer.headers["content-type"].startswith(kind)
    read = list(pyoxigraph.parse(answer.content, format=pyoxigraph.RdfFormat.from_media_type(kind)))
    trials = http.get("/sparql", params={"query": "SELECT (COUNT(DISTINCT ?t) AS ?n) { ?t a mesokg:Trial }"}).json()
    assert len(read) == int(trials["results"]["bindings"][0]["n"]["value"])


def test_format_that_nobody_has(http):
    answer = http.get("/sparql", params={"query": COUNT}, headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert answer.json()["fix"]


def test_cache_etag_and_gzip(http):
    first = http.get("/sparql", params={"query": COUNT})
    again = http.get("/sparql", params={"query": COUNT}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    large = {"query": "SELECT * { ?s ?p ?o } LIMIT 500"}
    zipped = http.get("/sparql", params=large, headers={"Accept-Encoding": "gzip"})
    plain = http.get("/sparql", params=large, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert "etag" not in http.get("/sparql", params={"query": "SELECT (RAND() AS ?r) {}"}).headers


def test_relative_iris_do_not_depend_on_the_host(http):
    """An answer that is kept for one client is sent to others, whatever host they name."""
    query = {"query": "SELECT (<rel> AS ?x) {}"}
    for host in ({"Host": "evil.example"}, {}):
        answer = http.get("/sparql", params=query, headers=host)
        assert answer.json()["results"]["bindings"][0]["x"]["value"] == NAMESPACE + "rel"
    own = http.get("/sparql", params={"query": "BASE <http://e/> " + query["query"]}).json()
    assert own["results"]["bindings"][0]["x"]["value"] == "http://e/rel"


def test_headers_on_several_lines_are_one_list(http, site):
    accept = [("Accept", "image/png"), ("Accept", "text/csv")]
    assert http.get("/sparql", params={"query": COUNT}, headers=accept).headers["content-type"].startswith("text/csv")
    for path in ("/id/therapy-rad-ifn", "/graph/inferred"):
        assert http.get(path, headers=accept).headers["content-type"].startswith("text/csv")
    assert http.get("/id/therapy-rad-ifn", headers=[("Accept", "image/png"), ("Accept", "text/html")]).headers["content-type"].startswith("text/html")
    # a graph that is soon written: the whole one takes a busy machine longer than the deadline
    stored = http.get("/store", params={"graph": "https://w3id.org/mesokg/graph/inferred"}, headers=[("Accept", "image/png"), ("Accept", "application/n-triples")])
    assert stored.headers["content-type"].startswith("application/n-triples")
    etag = http.get("/sparql", params={"query": COUNT}).headers["etag"]
    assert http.get("/sparql", params={"query": COUNT}, headers=[("If-None-Match", '"other"'), ("If-None-Match", etag)]).status_code == 304
    # but a request has one host
    host, port = site.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert raw.recv(65536).split(b" ", 2)[1] == b"400"


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_long_addresses(parser, real_build, tmp_path):
    """With either parser of HTTP: answered up to 60,000 bytes, past them told to send it by POST."""
    if parser == "httptools":
        pytest.importorskip("httptools")
    with serving(log=tmp_path / "log", settings={"build": real_build}, http=parser) as address:
        host, port = address.removeprefix("http://").split(":")
        for size in (59_900, 60_100, 65_000, 65_600, 70_000, 200_000, 400_000):
            with socket.create_connection((host, int(port)), timeout=20) as raw:
                target = "/sparql?query=ASK%7B%7D%23"
                raw.sendall(f"GET {target}{'x' * (size - len(target))} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                answer = b"".join(iter(lambda raw=raw: raw.recv(65536), b""))
            assert answer.split(b" ", 2)[1] == (b"200" if size < 60_000 else b"414"), (size, answer[:300])
            if size > 60_000:
                head, _, body = answer.partition(b"\r\n\r\n")
                assert json.loads(body)["fix"] == "send it by POST"
                # a page elsewhere can read it
                assert b"\r\naccess-control-allow-origin: *\r\n" in head.lower() and b"\r\nx-content-type-options: nosniff" in head.lower()
        assert httpx.post(address + "/sparql", data={"query": "ASK {} #" + "x" * 150_000}, timeout=20).json()["boolean"] is True


def test_answers_that_change_are_not_cached(http):
    """Neither from the cache, nor since one worker draws what another drew."""
    with ThreadPoolExecutor(8) as many:
        values = set(many.map(lambda _: http.get("/sparql", params={"query": "SELECT (STRUUID() AS ?u) {}"}).text, range(60)))
    assert len(values) == 60


def test_head_options_and_cors(http):
    head = http.head("/sparql", params={"query": COUNT})
    assert (head.status_code, head.content) == (200, b"")
    options = http.options("/sparql", headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
    assert options.status_code == 204
    assert options.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/id/therapy-rad-ifn", "/id/therapy-rad-ifn.ttl", "/thing/HGNC:7371", "/ontology", "/graph/facts", "/dataset", "/.well-known/void", "/download/void.ttl", "/", "/graph.json"])
def test_browsers_may_ask_first_for_linked_data(http, path):
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    options = http.options(path, headers=asked)
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["access-control-allow-origin"] == "*"
    assert "GET" in options.headers["access-control-allow-methods"] and "If-None-Match" in options.headers["access-control-allow-headers"]
    wrong = http.delete(path)
    assert (wrong.status_code, wrong.headers["allow"], wrong.headers["access-control-allow-origin"]) == (405, "GET, HEAD, OPTIONS", "*")


@pytest.mark.parametrize("path", ["/store?graph=https://w3id.org/mesokg/graph/inferred", "/.well-known/void", "/dataset.ttl", "/static/explorer.css"])
def test_each_encoding_has_its_etag(http, path):
    zipped, plain = (http.get(path, headers={"Accept-Encoding": one}) for one in ("gzip", "identity"))
    assert zipped.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert int(zipped.headers["content-length"]) < len(plain.content)
    assert zipped.headers["etag"] != plain.headers["etag"]
    for one, encoding in ((zipped, "gzip"), (plain, "identity")):
        assert "Accept-Encoding" in one.headers["vary"]
        again = http.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": one.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", one.headers["etag"])
    if path.startswith(("/store", "/.well-known")):
        assert "Accept" in re.split(", *", plain.headers["vary"])
        other = http.get(path, headers={"Accept-Encoding": "identity", "Accept": "application/n-triples"})
        assert other.headers["content-type"].startswith("application/n-triples") and other.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 400), (r"SELECT * { SERV\u0049CE <http://127.0.0.1:1/> { ?s ?p ?o } }", 400),
        ("SELECT * { SERVICE SILENT ?x { ?s ?p ?o } }", 400), ("SELEC", 400), ("", 400), ("SELECT * { " + "{" * 6000 + "}" * 6000 + " }", 400),
        ("SELECT " + "(" * 90 + "1" + ")" * 90 + " {}", 400), ("ASK {}" + " " * 300_000, 413),
    ],
)
def test_refused_queries_say_what_and_what_to_do(http, query, status):
    answer = http.post("/sparql", data={"query": query})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"status", "what", "fix"} <= answer.json().keys()


def test_an_error_names_the_place(http):
    answer = http.get("/sparql", params={"query": "SELECT *\nWHERE ?s"})
    assert answer.json()["where"] == {"line": 2, "column": 7}


def test_updates_are_refused(http):
    assert http.post("/sparql", data={"update": "CLEAR ALL"}).status_code == 403
    assert http.put("/store?default", content="", headers={"Content-Type": "text/turtle"}).status_code == 403
    assert http.get("/sparql", params={"update": "CLEAR ALL"}).status_code == 400


@pytest.mark.parametrize("path", ["/download/../receipt.json", "/download/%2e%2e/%2e%2e/etc/passwd", "/static/../command.py", "/static/%2e%2e%2fcommand.py", "/id/../../etc/passwd", "/download//etc/passwd"])
def test_no_path_leads_outside(site, path):
    host, port = site.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"404", b"400")
    assert b"root:" not in answer and b"import" not in answer


def test_a_runaway_ends_and_does_not_hold_up_the_others(http, site):
    point = "SELECT ?l { <https://w3id.org/mesokg/id/therapy-rad-ifn> rdfs:label ?l } #"

    def ask(number: int) -> float:
        begun = time.perf_counter()
        assert httpx.get(site + "/sparql", params={"query": f"{point}{number}"}, timeout=30).status_code == 200
        return time.perf_counter() - begun

    def run_away() -> tuple[int, float]:
        begun = time.perf_counter()
        return httpx.get(site + "/sparql", params={"query": RUNAWAY}, timeout=60).status_code, time.perf_counter() - begun

    with ThreadPoolExecutor(4) as many:
        runaways = [many.submit(run_away) for _ in range(2)]
        time.sleep(1.2)
        slowest = max(ask(number) for number in range(40))
        ended = [one.result() for one in runaways]
    # nobody waited for a runaway to end; a crowded machine alone costs less than that
    assert slowest < 2.5
    # by itself it would run for hours; waiting counts in the deadline
    assert max(took for _, took in ended) < 20 + 4
    statuses = {status for status, _ in ended}
    assert statuses <= {503, 504}
    assert 504 in statuses


def test_answer_past_the_cap_says_so(real_build, tmp_path):
    from mesokg.identifiers import PREFIXES
    from mesokg.builds import load_build
    from mesokg.server.results import write_answer

    store = load_build(real_build).oxigraph
    for name in ("json", "xml", "csv", "tsv"):
        written = write_answer(lambda: store.query("SELECT * { ?s ?p ?o }", use_default_graph_as_union=True), tabular=name, graph=None, rows=10, size=10**6, prefixes=PREFIXES)
        assert written.truncated.startswith("after 10 rows")
        if name == "json":
            read = json.loads(written.body)
            assert len(read["results"]["bindings"]) == 10 and read["truncated"]
        if name == "xml":
            from xml.etree import ElementTree

            assert len(list(ElementTree.fromstring(written.body).iter("{http://www.w3.org/2005/sparql-results#}result"))) == 10


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_rows_written_here_are_those_of_the_engine(name):
    import pyoxigraph

    from mesokg.server.results import write_answer

    hard = 'SELECT * { VALUES (?a ?b) { (<http://e/x> "a\\"b\\tc\\nd\\\\") ("é, <b>&"@en UNDEF) (1.50 "2026-01-01"^^<http://www.w3.org/2001/XMLSchema#date>) } }'
    store = pyoxigraph.Store()
    formats = pyoxigraph.QueryResultsFormat
    kind = {"json": formats.JSON, "xml": formats.XML, "csv": formats.CSV, "tsv": formats.TSV}[name]
    engine = store.query(hard).serialize(format=kind)
    ours = write_answer(lambda: store.query(hard), tabular=name, graph=None, rows=100, size=10**6, prefixes={}).body
    if name == "csv":
        assert ours == engine
        return

    def read(data: bytes) -> list[tuple[str, ...]]:
        return [tuple(map(str, row)) for row in pyoxigraph.parse_query_results(data, format=kind)]

    assert read(ours) == read(engine)


PAGES = ["/", "/therapies", "/trials", "/search?q=msln", "/ask", "/graph", "/editor", "/download/", "/id/therapy-rad-ifn", "/id/trial-NCT03710876", "/thing/HGNC:7371", "/ontology/Therapy", "/graph/facts"]


@pytest.mark.parametrize("path", PAGES)
def test_pages(http, path):
    answer = http.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    # nothing runs inline, and nothing comes from elsewhere
    assert " style=" not in answer.text and " onclick=" not in answer.text
    for part in answer.text.split("<script ")[1:]:
        assert part.startswith(('src="/static/', 'type="application/ld+json"'))


def test_every_question_has_a_page_that_answers(http):
    from mesokg.questions import read_questions

    for name in read_questions():
        answer = http.get(f"/ask/{name}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, name


def test_steps_and_outcomes_show_their_sources(http):
    """GROUP_CONCAT over IRIs gives nothing: the columns were once empty without anybody being told."""
    page = http.get("/id/therapy-rad-ifn", headers={"Accept": "text/html"}).text
    assert "/id/publication-PMID36856952" in page.split('id="mechanism"')[1].split("</section>")[0]
    page = http.get("/id/trial-NCT02414269", headers={"Accept": "text/html"}).text
    assert 'href="/id/publication-' in page.split('id="outcomes"')[1].split("</section>")[0]


def test_a_question_with_a_parameter(http):
    page = http.get("/ask/which_therapies_target_gene", params={"target": "MSLN"}, headers={"Accept": "text/html"})
    assert "CAR T" in page.text
    bad = http.get("/ask/which_therapies_target_gene", params={"target": "<script>alert(1)</script>"}, headers={"Accept": "text/html"})
    assert "<script>alert" not in bad.text
    assert 'role="alert"' in bad.text


@pytest.mark.parametrize(("suffix", "accept"), [("ttl", "text/turtle"), ("json", "application/json"), ("csv", "text/csv"), ("jsonld", "application/ld+json")])
def test_suffix_and_accept_give_the_same(http, suffix, accept):
    by_suffix = http.get(f"/id/therapy-rad-ifn.{suffix}")
    by_accept = http.get("/id/therapy-rad-ifn", headers={"Accept": accept})
    assert by_suffix.status_code == 200
    if suffix != "json":
        assert by_accept.content == by_suffix.content
    assert 'rel="cite-as"' in by_suffix.headers["link"] and 'rel="license"' in by_suffix.headers["link"]


def _shape(path: str) -> str:
    """What an address looks like: its folder and the kind that begins its name."""
    folder, _, name = path.rpartition("/")
    if folder == "id":
        return f"id/{name.partition('-')[0]}-"
    if folder == "ontology" and name and "." not in name:
        return "ontology/Class" if name[0].isupper() else "ontology/property" if name[0].islower() else "ontology/version"
    if folder.startswith("ontology/"):
        return f"{folder}/version"
    if folder.startswith("dataset/"):
        # every second part is a name: dataset/class/A/property/B/datatype/C
        return "/".join(["dataset", *path.split("/")[1::2]]) + "/"
    return path


@pytest.fixture(scope="module")
def shapes(real_build, real_store) -> dict[str, str]:
    """One address of every shape that any IRI of ours has, in the graph or in an RDF product, and of every class."""
    import pyoxigraph

    found: dict[str, str] = {}

    def take(*terms: object) -> None:
        for term in terms:
            if isinstance(term, pyoxigraph.NamedNode) and term.value.startswith(NAMESPACE):
                path = term.value.removeprefix(NAMESPACE)
                shape = _shape(path)
                found[shape] = min(path, found.get(shape, path))

    for quad in real_store.oxigraph:
        take(quad.subject, quad.predicate, quad.object, quad.graph_name)
    for name in ("queries.ttl", "void.ttl", *[f"ontology/{p.name}" for p in (real_build / "ontology").glob("*.ttl")]):
        for quad in pyoxigraph.parse(path=str(real_build / name), format=pyoxigraph.RdfFormat.TURTLE):
            take(quad.subject, quad.predicate, quad.object)
    rows = real_store.query("SELECT ?c (MIN(STR(?s)) AS ?x) WHERE { ?s a ?c FILTER(STRSTARTS(STR(?s), 'https://w3id.org/mesokg/')) } GROUP BY ?c").rows
    for row in rows:
        found[f"class {row[0].value}"] = row[1].value.removeprefix(NAMESPACE)
    # where all queries are to be asked is no thing with a page
    assert found.pop("sparql") == "sparql"
    return found


def test_shapes_are_those_that_we_know(shapes):
    plain = {shape for shape in shapes if not shape.startswith(("class ", "id/"))}
    assert plain == {"dataset", "dataset/class/", "dataset/class/property/", "dataset/class/property/class/", "dataset/class/property/datatype/", "dataset/property/", "graph/evidence", "graph/facts", "graph/inferred", "graph/metadata", "graph/ontology", "ontology", "ontology/", "ontology/Class", "ontology/property", "ontology/version", "ontology/mesokg-full.owl", "ontology/mesokg-full.owl/version", "ontology/alignment/version"}
    assert {"id/therapy-", "id/assertion-", "id/question-", "id/prefix-"} <= shapes.keys()


_DATA = {"ttl": "text/turtle", "json": "application/json", "csv": "text/csv"}


def test_every_iri_of_ours_has_its_page_and_data(http, shapes):
    """By suffix and by Accept, for each shape of IRI: of the type asked for, about the thing, and said to be."""
    import pyoxigraph

    for shape, path in shapes.items():
        iri = NAMESPACE + path
        page = http.get(f"/{path}", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), (shape, path)
        assert "<h1" in page.text
        for suffix, media in _DATA.items():
            for answer in (http.get(f"/{path}.{suffix}"), http.get(f"/{path}", headers={"Accept": media})):
                assert answer.status_code == 200, (shape, path, suffix)
                assert answer.headers["content-type"].split(";")[0] == media, (shape, path, suffix)
                if suffix == "ttl":
                    read = list(pyoxigraph.parse(answer.content, format=pyoxigraph.RdfFormat.TURTLE))
                    named = {term for quad in read for term in (quad.subject, quad.object)}
                    # of a named graph the triples are sent, of the namespace those of the ontology
                    assert read and (pyoxigraph.NamedNode(iri) in named or shape.startswith("graph/") or shape == "ontology/"), (shape, path)
                elif suffix == "json":
                    assert answer.json()["iri"] == iri, (shape, path)
                else:
                    assert len(list(csv.reader(answer.text.splitlines()))) > 1, (shape, path)
        if not path.startswith("dataset"):
            assert 'rel="cite-as"' in page.headers["link"], (shape, path)


def test_no_iri_of_ours_leads_nowhere(http, real_store):
    """Every IRI that is nothing's subject, which assertions and links name all the same; and a sample of the others."""
    import random

    ours = f"FILTER(ISIRI(?x) && STRSTARTS(STR(?x), '{NAMESPACE}'))"
    named = f"{{ {{ ?s ?p ?x }} UNION {{ ?s ?x ?o }} UNION {{ ?x ?p ?o }} UNION {{ GRAPH ?x {{ ?s ?p ?o }} }} {ours}"
    every = {row[0].value for row in real_store.query(f"SELECT DISTINCT ?x WHERE {named} }}")}
    objects = {row[0].value for row in real_store.query(f"SELECT DISTINCT ?x WHERE {named} FILTER NOT EXISTS {{ ?x ?q ?r }} }}")}
    deprecated = {iri for iri in objects if "/id/measurement-" in iri}
    assert deprecated and len(every) > 10_000
    for iri in [*sorted(objects), *random.Random(7).sample(sorted(every - objects), 20)]:
        path = "/" + iri.removeprefix(NAMESPACE)
        # the address of the endpoint answers as an endpoint does
        if path == "/sparql":
            continue
        for tail, media in (("", "text/html"), (".ttl", "text/turtle"), (".json", "application/json"), (".csv", "text/csv")):
            answer = http.get(path + tail, headers={"Accept": media})
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, media), path + tail
            if iri in deprecated:
                # all that assertions say of it, both ways, is there in each form
                assert re.search(r"[Dd]eprecated", answer.text) and re.search("hasMeasurement|has measurement", answer.text), path + tail


def test_what_is_not_ours_has_no_page(http):
    for path in ("/id/therapy-nothing", "/dataset/class/nothing", "/dataset/nothing", "/ontology/Nothing", "/ontology/1999-01-01", "/id/question-nothing", "/id/prefix-nothing", "/graph/nothing"):
        for tail in ("", ".ttl", ".json", ".csv"):
            assert http.get(path + tail).status_code == 404, path + tail


def _links(answer: httpx.Response) -> list[dict[str, str]]:
    """The targets and parameters of a Link header (RFC 8288)."""
    found = []
    for target, rest in re.findall(r"<([^>]*)>((?:;\s*[^,<]*)*)", answer.headers["link"]):
        found.append({"href": target, **dict(re.findall(r'(\w+)="([^"]*)"', rest))})
    return found


@pytest.mark.parametrize("path", ["/", "/id/therapy-rad-ifn", "/id/trial-NCT03710876", "/thing/HGNC:7371", "/ontology/Therapy", "/dataset/class/mesokg-Trial"])
def test_signposting(http, site, path):
    """FAIR Signposting, level 1: what to cite, licence, types, and data that are what the link says and lead back."""
    links = _links(http.get(path, headers={"Accept": "text/html"}))
    rels = {one["rel"] for one in links}
    assert {"cite-as", "license", "type", "describedby"} <= rels
    assert len([one for one in links if one["rel"] == "cite-as"]) == 1
    assert "describes" not in rels
    types = {one["href"] for one in links if one["rel"] == "type"}
    assert "https://schema.org/AboutPage" in types and len(types) == 2
    assert ("item" in rels) == (path == "/")
    for one in links:
        if one["rel"] in ("describedby", "item"):
            assert one["href"].startswith(site)
            answer = http.get(one["href"], headers={"Accept": one["type"]})
            assert answer.status_code == 200, one
            assert answer.headers["content-type"].split(";")[0] == one["type"], one
        if one["rel"] == "describedby":
            back = _links(answer)
            assert not [other for other in back if other["rel"] == "describedby"], one
            assert [(other["href"].removeprefix(site), other["type"]) for other in back if other["rel"] == "describes"] == [(path, "text/html")], one
            # what is said of types is said of the page, and is the same everywhere
            assert {other["href"] for other in back if other["rel"] == "type"} <= types
            assert all(other["anchor"] == site + path for other in back if other["rel"] == "type"), one
        if one["rel"] == "item":
            assert [other["href"] for other in _links(answer) if other["rel"] == "collection"] == [site + "/"]


def test_signposts_of_data_stand_for_their_own_address(http, site):
    """By Accept the data come from the address of the page; where they are by themselves is said."""
    answer = http.get("/id/therapy-rad-ifn", headers={"Accept": "text/turtle"})
    assert answer.headers["content-location"] == "/id/therapy-rad-ifn.ttl"
    # who accepts anything gets data there, and finds the data of the page all the same
    assert {one["anchor"] for one in _links(http.get("/id/therapy-rad-ifn")) if one["rel"] == "describedby"} == {site + "/id/therapy-rad-ifn"}
    thing = http.get("/thing", params={"iri": "http://identifiers.org/hgnc/7371"}, headers={"Accept": "application/json"})
    assert http.get(thing.headers["content-location"]).content == thing.content
    assert [one["href"] for one in _links(thing) if one["rel"] == "describes"] == [site + "/thing?iri=http%3A%2F%2Fidentifiers.org%2Fhgnc%2F7371"]
    types = [{one["href"] for one in _links(http.get(f"/id/trial-NCT03710876{tail}", headers={"Accept": "text/html"})) if one["rel"] == "type"} for tail in ("", ".ttl", ".jsonld", ".json", ".csv", ".nt")]
    assert types == [{"https://schema.org/AboutPage", "https://schema.org/MedicalTrial"}] * 6


def test_the_landing_page_is_a_dataset_of_bioschemas(http):
    """The properties that the profile Dataset 1.0 calls minimum, and those of its recommended that apply."""
    text = http.get("/", headers={"Accept": "text/html"}).text
    data = json.loads(text.split('<script type="application/ld+json">')[1].split("</script>")[0])
    assert {"@context", "@type", "@id", "name", "description", "url", "identifier", "keywords", "license"} <= data.keys()
    assert {"version", "distribution", "creator", "isAccessibleForFree"} <= data.keys()
    assert data["@type"] == "Dataset"
    assert data["http://purl.org/dc/terms/conformsTo"]["@id"].startswith("https://bioschemas.org/profiles/Dataset/")
    assert 50 <= len(data["description"]) <= 5000
    for one in data["distribution"]:
        assert http.head(one["contentUrl"]).status_code in (200, 303), one


def test_void_and_description_know_the_address(http, site):
    assert f"<{site}/sparql>" in http.get("/.well-known/void").text
    assert f"endpoint> <{site}/sparql>" in http.get("/sparql", headers={"Accept": "application/n-triples"}).text
    assert "sh:SPARQLSelectExecutable" in http.get("/examples.ttl").text


def test_downloads_are_those_of_the_receipt(http, real_build):
    import hashlib

    receipt = json.loads((real_build / "receipt.json").read_text())
    page = http.get("/download/", headers={"Accept": "text/html"}).text
    for name, about in receipt["files"].items():
        assert about["sha256"] in page
    data = http.get("/download/void.ttl").content
    assert hashlib.sha256(data).hexdigest() == receipt["files"]["void.ttl"]["sha256"]


def test_a_label_cannot_be_markup():
    from mesokg.server.html import document, el

    evil = '"><script>alert(1)</script>'
    page = document(evil, el("p", evil, title=evil), description=evil, query=evil, json_ld=json.dumps({"name": evil})).decode()
    assert "<script>alert" not in page
    assert el("a", "x", href="javascript:alert(1)") == "<a>x</a>"


# ---------------------------------------------------------------- updates


def test_updates(tmp_path):
    with serving("--allow-update", "--store", tmp_path / "store", log=tmp_path / "log") as address, httpx.Client(base_url=address, timeout=20) as client:
        assert client.post("/sparql", data={"update": "INSERT DATA { <http://e/a> <http://e/b> 1 }"}).status_code == 204
        assert client.get("/sparql", params={"query": "ASK { <http://e/a> <http://e/b> 1 }"}).json()["boolean"] is True
        assert client.post("/sparql", data={"update": "LOAD <http://127.0.0.1:1/x>"}).status_code == 403
        assert client.post("/sparql", data={"update": "INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"}).status_code == 403
        # a page elsewhere, or another name for this machine, may not write
        assert client.post("/sparql", data={"update": "CLEAR ALL"}, headers={"Origin": "https://evil.example"}).status_code == 403
        assert client.post("/sparql", data={"update": "CLEAR ALL"}, headers={"Host": "evil.example"}).status_code == 421
        # nor may it read answers, errors among them
        page = {"Origin": "https://evil.example"}
        for answer in (
            client.get("/sparql", params={"query": "ASK {}"}, headers=page), client.get("/sparql", params={"query": "ASK"}, headers=page), client.get("/nothing", headers=page),
            client.post("/sparql", data={"update": "CLEAR ALL"}, headers=page), client.get("/", headers={**page, "Host": "evil.example"}), client.delete("/id/x", headers=page),
            client.options("/sparql", headers=page), client.options("/id/x", headers=page), client.get("/store?graph=http://e/none", headers=page), client.get("/sparql?query=" + "x" * 61_000, headers=page),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")], answer.request.url
        # what changes is never kept
        read = client.get("/store?default", headers={"Accept-Encoding": "gzip"})
        assert "etag" not in read.headers and read.headers["cache-control"] == "no-store" and "Accept-Encoding" in read.headers["vary"]


def test_pages_follow_updates(tmp_path):
    """Lists show what the store holds, also where they were looked at before."""
    with serving("--allow-update", "--store", tmp_path / "store", log=tmp_path / "log") as address, httpx.Client(base_url=address, timeout=30, headers={"Accept": "text/html"}) as client:
        named = "PREFIX mesokg: <https://w3id.org/mesokg/ontology/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>"
        assert ">0 therapies<" in client.get("/therapies").text
        assert client.post("/sparql", data={"update": named + 'INSERT DATA { <http://e/t> a mesokg:Therapy ; rdfs:label "a new one" }'}).status_code == 204
        assert ">1 therapy<" in client.get("/therapies").text and "a new one" in client.get("/search", params={"q": "new"}).text
        assert client.delete("/store?default").status_code == 204
        assert ">0 therapies<" in client.get("/therapies").text
        assert "in front of another" not in client.get("/download/").text


def test_updates_need_their_token(tmp_path):
    with serving("--allow-update", "--store", tmp_path / "store", "--token", "secret", log=tmp_path / "log") as address:
        assert httpx.post(address + "/sparql", data={"update": "CLEAR ALL"}).status_code == 401
        assert httpx.post(address + "/sparql", data={"update": "CLEAR ALL"}, headers={"Authorization": "Bearer secret"}).status_code == 204


def test_a_token_is_made_where_none_is_given_and_told_once(tmp_path, monkeypatch):
    monkeypatch.delenv("MESOKG_TOKEN", raising=False)
    log = tmp_path / "log"
    with serving("--allow-update", "--store", tmp_path / "store", "--host", "0.0.0.0", log=log) as address, httpx.Client(base_url=address.replace("0.0.0.0", "127.0.0.1"), timeout=20) as client:
        (token,) = re.findall(r"Authorization: Bearer (\S+)\n", log.read_text())
        insert = {"update": "INSERT DATA { <http://e/a> <http://e/b> 1 }"}
        for given in ({}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {token[:-1]}"}, {"Authorization": f"Basic {token}"}):
            refused = client.post("/sparql", data=insert, headers=given)
            assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer" and token not in refused.text
            assert client.put("/store?default", content="<http://e/a> <http://e/b> 2 .", headers={"Content-Type": "text/turtle", **given}).status_code == 401
        assert client.get("/sparql", params={"query": COUNT}).json()["results"]["bindings"][0]["n"]["value"] == "0"
        assert client.post("/sparql", data=insert, headers={"Authorization": f"Bearer {token}"}).status_code == 204
        assert client.get("/sparql", params={"query": COUNT}).json()["results"]["bindings"][0]["n"]["value"] == "1"
    assert log.read_text().count(token) == 1


@pytest.mark.parametrize(
    ("options", "host", "made"),
    [
        ([], "127.0.0.1", False), (["--host", "localhost"], "localhost", False), (["--host", "::1"], "::1", False), (["--host", "127.0.0.1", "--token", "own"], "127.0.0.1", False),
        (["--host", "0.0.0.0"], "0.0.0.0", True), (["--host", "::"], "::", True), (["--host", "kg.example.org"], "kg.example.org", True), (["--host", "0.0.0.0", "--token", "own"], "0.0.0.0", False),
    ],
)
def test_updates_listen_at_loopback_and_elsewhere_need_a_token(tmp_path, monkeypatch, options, host, made):
    from click.testing import CliRunner

    from mesokg.server.command import serve

    monkeypatch.delenv("MESOKG_TOKEN", raising=False)
    told = []
    monkeypatch.setattr("mesokg.server.run.run", lambda settings, host, port: told.append((host, settings.token)))
    outputs = []
    for _ in range(2):
        found = CliRunner().invoke(serve, ["--allow-update", "--store", str(tmp_path / "store"), *options])
        assert found.exit_code == 0, found.output
        outputs.append(found.output)
    assert [one for one, _ in told] == [host] * 2
    first, second = (token for _, token in told)
    if made:
        # 24 random bytes, others each time
        assert len(first) == len(second) == 32 and first != second
        assert outputs == [f"updates need the header  Authorization: Bearer {token}\n" for token in (first, second)]
    else:
        assert first == second == ("own" if "own" in options else None)
        assert outputs == ["", ""]


def _update_when_up(client: httpx.Client, update: str) -> httpx.Response:
    """The answer of one that comes back as it is told, where a worker needs longer to start than the deadline is."""
    for _ in range(30):
        answer = client.post("/sparql", data={"update": update})
        if answer.status_code != 503:
            break
        time.sleep(int(answer.headers["retry-after"]))
    return answer


def test_an_update_that_takes_too_long_is_told_what_to_do(tmp_path):
    """Nothing can be downloaded instead of an update; it changes nothing, and the next one works."""
    triples = "".join(f"<http://e/{n}> <http://e/p> {n} ." for n in range(3000))
    endless = "INSERT { ?a <http://e/q> ?n } WHERE { SELECT ?a (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } GROUP BY ?a }"
    with serving("--allow-update", "--store", tmp_path / "store", "--deadline", "2", log=tmp_path / "log") as address, httpx.Client(base_url=address, timeout=30) as client:
        assert _update_when_up(client, f"INSERT DATA {{ {triples} }}").status_code == 204
        answer = _update_when_up(client, endless)
        assert answer.status_code == 504
        assert "in parts" in answer.json()["fix"] and "download" not in answer.text
        assert _update_when_up(client, "INSERT DATA { <http://e/a> <http://e/b> 1 }").status_code == 204
        assert client.get("/sparql", params={"query": COUNT}).json()["results"]["bindings"][0]["n"]["value"] == "3001"


def test_without_fork(real_build, tmp_path, monkeypatch):
    """As on Windows: each worker starts by itself with a graph of its own."""
    monkeypatch.setenv("MESOKG_NO_FORK", "1")
    with serving("--build", real_build, "--workers", "1", log=tmp_path / "log") as address:
        assert httpx.get(address + "/sparql", params={"query": "ASK { ?s a mesokg:Trial }"}, timeout=20).json()["boolean"] is True
        assert httpx.get(address + "/id/therapy-rad-ifn", headers={"Accept": "text/html"}, timeout=20).status_code == 200


def test_updates_at_every_address_answer_for_any_name(tmp_path):
    """Listening at all addresses it cannot know its names; the token keeps pages elsewhere out."""
    with serving("--allow-update", "--store", tmp_path / "store", "--host", "0.0.0.0", "--token", "secret", log=tmp_path / "log") as address, httpx.Client(base_url=address.replace("0.0.0.0", "127.0.0.1"), timeout=20) as client:
        told = {"Host": "kg.example.org", "Authorization": "Bearer secret"}
        assert client.post("/sparql", data={"update": "INSERT DATA { <http://e/a> <http://e/b> 1 }"}, headers=told).status_code == 204
        assert client.post("/sparql", data={"update": "CLEAR ALL"}, headers={"Host": "kg.example.org"}).status_code == 401


# ---------------------------------------------------------------- what is configured


def test_behind_a_public_address(real_build, tmp_path):
    """Descriptions, links and data name the address that clients know; other hosts are refused."""
    with serving("--build", real_build, "--public-url", "https://kg.example.org/", "--allow-host", "kg.example.org", log=tmp_path / "log") as address, httpx.Client(base_url=address, timeout=30, headers={"Host": "kg.example.org"}) as client:
        described = client.get("/sparql", headers={"Accept": "application/n-triples"}).text
        assert "service-description#endpoint> <https://kg.example.org/sparql>" in described
        assert "<https://kg.example.org/sparql>" in client.get("/.well-known/void").text
        assert "target <https://kg.example.org/sparql>" in client.get("/examples.ttl").text
        assert "<https://kg.example.org/id/therapy-rad-ifn.ttl>" in client.get("/id/therapy-rad-ifn").headers["link"]
        assert "https://kg.example.org/$1" in client.get("/w3id.htaccess").text
        for text in (described, client.get("/", headers={"Accept": "text/html"}).text):
            assert address not in text
        assert client.get("/", headers={"Host": "other.example"}).status_code == 421
        # no redirect leads to the address that only the proxy knows
        for path, place in (("/therapies/", "/therapies"), ("/ask/?a=%20b", "/ask?a=%20b"), ("/graph/", "/graph"), ("/favicon.ico", "/static/icon.svg"), ("/ask/which_therapies_target_gene/?target=MSLN", "/ask/which_therapies_target_gene?target=MSLN"), ("/ask/a%0D%0Ab/", "/ask/a%0D%0Ab"), ("/health/", "/health"), ("/.well-known/void/", "/.well-known/void"), ("/query/?query=ASK%20%7B%7D", "/query?query=ASK%20%7B%7D"), ("/update/", "/update")):
            moved = client.get(path)
            assert (moved.status_code, moved.headers["location"]) == (308, place)
            # a page elsewhere may follow
            assert path == "/favicon.ico" or moved.headers["access-control-allow-origin"] == "*"
        assert client.post("/query/", data={"query": "ASK {}"}, follow_redirects=True).json()["boolean"] is True
        assert client.options("/query/", headers={"Origin": "https://other.example"}).status_code == 204
        assert client.get("/nothing/").status_code == 404


@pytest.mark.parametrize("address", ["notaurl", "http://", "http://x:port", "http://[::1", "ftp://example.org/", "http://a b/"])
@pytest.mark.parametrize("option", ["--endpoint", "--public-url"])
def test_an_address_that_is_none_is_told_in_a_line(option, address):
    from click.testing import CliRunner

    from mesokg.server.command import serve

    found = CliRunner().invoke(serve, [option, address])
    assert found.exit_code == 2
    assert found.output.count("\n") == 1 and repr(address) in found.output and "write it whole" in found.output


@pytest.mark.parametrize("address", ["https://kg.example.org/?a=b", "https://kg.example.org#top", "https://kg.ex\u00e4mple.org", "https://kg.example.org/\u00e4", "https://me:secret@kg.example.org", "https://kg.example.org/a|b"])
def test_a_public_address_has_room_for_a_path(address, tmp_path):
    """Addresses of pages and IRIs begin with it."""
    from click.testing import CliRunner

    from mesokg.server.command import serve

    # no build, so that nothing is served in any case
    found = CliRunner().invoke(serve, ["--public-url", address, "--build", str(tmp_path)])
    assert found.exit_code == 2
    assert found.output.count("\n") == 1 and repr(address) in found.output and "port and plain path" in found.output


@pytest.mark.parametrize("address", ["https://kg.example.org", "https://kg.example.org/", "http://localhost:8000", "http://[::1]:8000/", "https://xn--mller-kva.example/mesokg"])
def test_a_public_address_that_will_do(address):
    from mesokg.server.command import _check_base

    _check_base("--public-url", address, "")


def test_a_start_that_fails_shows_no_trace(tmp_path):
    (tmp_path / "store").write_text("no folder")
    found = subprocess.run([sys.executable, "-m", "mesokg", "serve", "--port", "0", "--allow-update", "--store", str(tmp_path / "store")], check=False, capture_output=True, text=True, timeout=60)
    assert found.returncode not in (0, None)
    assert "Traceback" not in found.stderr and "site-packages" not in found.stderr
    assert "the store cannot be opened" in found.stderr


def test_a_worker_that_cannot_start_says_why_before_its_pipe_closes(tmp_path, monkeypatch, capfd):
    """The serving process kills a worker whose pipe it sees closed, so what was told later could be lost."""
    from mesokg.server import worker
    from mesokg.server.settings import Settings

    (tmp_path / "store").write_text("no folder")
    monkeypatch.setenv("MESOKG_SERVER_SETTINGS", Settings(allow_update=True, store=tmp_path / "store").to_json())
    output = os.dup(1)
    try:
        with pytest.raises(SystemExit) as ended:
            worker.main()
        told = capfd.readouterr().err
    finally:
        os.dup2(output, 1)
        os.close(output)
    assert ended.value.code == 1
    assert told.startswith("mesokg: ") and "the store cannot be opened" in told


def test_a_build_that_cannot_be_read_is_told_in_one_line(tmp_path):
    (tmp_path / "mesokg.nq.gz").write_bytes(b"no gzip")
    (tmp_path / "receipt.json").write_text("{}")
    found = subprocess.run([sys.executable, "-m", "mesokg", "serve", "--port", "0", "--build", str(tmp_path)], check=False, capture_output=True, text=True, timeout=60)
    assert found.returncode not in (0, None)
    assert "Traceback" not in found.stderr and "site-packages" not in found.stderr
    assert str(tmp_path) in found.stderr


def test_a_worker_that_comes_as_the_queue_gives_up_is_not_lost():
    import asyncio

    from mesokg.server.pool import Pool
    from mesokg.server.settings import Settings

    async def both_at_once() -> tuple[object, object]:
        pool, worker = Pool(Settings()), object()
        taking = asyncio.create_task(pool._take(0.05))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.04, pool._line._waiting[0][1].set_result, worker)
        # past both moments before the loop looks at its clock again
        time.sleep(0.2)
        return await taking, worker

    taken, worker = asyncio.run(both_at_once())
    assert taken is worker


def test_in_front_of_another_server(real_store, tmp_path):
    """With one that keeps everything in its default graph: IRIs, descriptions, relative IRIs, and what is said when it is gone."""
    import pyoxigraph

    from mesokg.identifiers import PREFIXES

    node = pyoxigraph.NamedNode
    some = [*real_store.oxigraph.quads_for_pattern(None, None, None, node(NAMESPACE + "graph/metadata")), *real_store.oxigraph.quads_for_pattern(node(NAMESPACE + "id/therapy-rad-ifn"), None, None, None)]
    data = pyoxigraph.serialize((quad.triple for quad in some), format=pyoxigraph.RdfFormat.N_TRIPLES)
    dataset, void = node(NAMESPACE + "dataset"), PREFIXES["void"]
    log = tmp_path / "log"
    with contextlib.ExitStack() as running:
        behind = running.enter_context(contextlib.ExitStack())
        there = behind.enter_context(serving("--allow-update", "--store", tmp_path / "store", log=tmp_path / "behind"))
        assert httpx.put(there + "/store?default", content=data, headers={"Content-Type": "application/n-triples"}, timeout=60).is_success
        address = running.enter_context(serving("--endpoint", there + "/sparql", log=log))
        client = running.enter_context(httpx.Client(base_url=address, timeout=60))
        for name in ("facts", "inferred", "evidence", "ontology", "metadata"):
            iri = f"{NAMESPACE}graph/{name}"
            for tail, media in (("", "text/html"), (".ttl", "text/turtle"), (".json", "application/json"), (".csv", "text/csv")):
                answer = client.get(f"/graph/{name}{tail}", headers={"Accept": media})
                assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, media), name
            read = {quad.subject for quad in pyoxigraph.parse(client.get(f"/graph/{name}.ttl").content, format=pyoxigraph.RdfFormat.TURTLE)}
            assert node(iri) in read
        assert client.get("/graph/nothing").status_code == 404
        assert int(client.get("/graph/facts.json").json()["triples"]) > 1000
        # whether its default graph is the union of others is not known
        assert "UnionDefaultGraph" not in client.get("/sparql", headers={"Accept": "text/turtle"}).text
        assert client.get("/sparql", params={"query": "SELECT (<rel> AS ?x) {}"}, headers={"Host": "evil.example"}).json()["results"]["bindings"][0]["x"]["value"] == NAMESPACE + "rel"
        assert client.get("/health").json()["status"] == "ok"
        # what is wrong is found by the server behind, which counts what is put before the query
        wrong = client.get("/sparql", params={"query": "SELECT * { ?s a mesokg:Trial } GROUP BY ?s"})
        assert wrong.status_code == 400
        assert "the SPARQL server behind this one refused" in wrong.json()["what"]
        head = f"BASE <{NAMESPACE}> PREFIX mesokg: <{PREFIXES['mesokg']}> "
        assert f"with {len(head)} characters of BASE and PREFIX before the first line" in wrong.json()["fix"]

        def described() -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for quad in pyoxigraph.parse(client.get("/.well-known/void").content, format=pyoxigraph.RdfFormat.TURTLE):
                if quad.subject == dataset:
                    found.setdefault(quad.predicate.value, []).append(quad.object.value)
            return found

        assert int(described()[void + "triples"][0]) > 1000
        behind.close()
        for path in ("/health", "/id/therapy-rad-ifn", "/", "/sparql?query=ASK%7B%7D"):
            answer = client.get(path)
            assert answer.status_code == (503 if path == "/health" else 502), path
            assert {"status", "what", "fix"} <= answer.json().keys() and there not in answer.text, path
        alone = described()
    assert void + "Dataset" in alone[PREFIXES["rdf"] + "type"]
    assert alone[PREFIXES["dcterms"] + "title"] == ["mesokg"] and alone[PREFIXES["dcterms"] + "license"] and alone[void + "sparqlEndpoint"] == [address + "/sparql"]
    assert "Traceback" not in log.read_text()


def test_services_that_are_allowed(site, real_build, tmp_path):
    """SERVICE and LOAD reach the addresses that are named, and no others."""
    labels = "{ ?t a <https://w3id.org/mesokg/ontology/Trial> }"
    there = f"{site}/sparql"
    with serving("--build", real_build, "--allow-service", there, log=tmp_path / "log") as address, httpx.Client(base_url=address, timeout=30) as client:
        here = client.get("/sparql", params={"query": f"SELECT DISTINCT ?t {labels}"}).json()["results"]["bindings"]
        far = client.get("/sparql", params={"query": f"SELECT DISTINCT ?t {{ SERVICE <{there}> {labels} }}"})
        assert far.status_code == 200, far.text
        assert {one["t"]["value"] for one in far.json()["results"]["bindings"]} == {one["t"]["value"] for one in here} != set()
        assert client.get("/sparql", params={"query": f"SELECT ?t {{ Service <{there}> {labels} }}"}).status_code == 200
        assert client.get("/sparql", params={"query": f"SELECT * {{ SERVICE <{site}/query> {labels} }}"}).status_code == 403
        assert client.get("/sparql", params={"query": f"SELECT * {{ BIND(<{there}> AS ?x) SERVICE ?x {labels} }}"}).status_code == 403
    source = f"{site}/id/therapy-rad-ifn.nt"
    with serving("--allow-update", "--store", tmp_path / "store", "--allow-service", source, log=tmp_path / "updates") as address, httpx.Client(base_url=address, timeout=30) as client:
        assert client.post("/sparql", data={"update": f"LOAD <{source}>"}).status_code == 204
        assert client.get("/sparql", params={"query": "ASK { <https://w3id.org/mesokg/id/therapy-rad-ifn> ?p ?o }"}).json()["boolean"] is True
        assert client.post("/sparql", data={"update": f"LOAD <{site}/id/therapy-crs-207.nt>"}).status_code == 403


def test_answers_of_other_servers_are_asked_anew(real_build, tmp_path):
    """What another server says may change while the release stays the same."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    said = iter(range(1, 100))

    class Changing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": [{"n": {"type": "literal", "value": str(next(said))}}]}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    other = HTTPServer(("127.0.0.1", 0), Changing)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{other.server_port}/"
    try:
        with serving("--build", real_build, "--allow-service", there, log=tmp_path / "log") as address, httpx.Client(base_url=address, timeout=30) as client:
            query = {"query": f"SELECT ?n {{ Service <{there}> {{ SELECT ?n {{ ?s ?p ?n }} }} }}"}
            first, again = (client.get("/sparql", params=query) for _ in range(2))
            assert [one.json()["results"]["bindings"][0]["n"]["value"] for one in (first, again)] == ["1", "2"]
            for one in (first, again):
                assert "etag" not in one.headers and one.headers["cache-control"] == "no-store"
            # what is asked of this graph alone is kept as ever
            assert "etag" in client.get("/sparql", params={"query": "ASK { ?s ?p ?o }"}).headers
    finally:
        other.shutdown()
        other.server_close()


def test_a_cut_answer_says_so_over_http(real_build, tmp_path):
    with serving(log=tmp_path / "log", settings={"build": real_build, "rows": 7}) as address, httpx.Client(base_url=address, timeout=30) as client:
        cut = client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"})
        assert len(cut.json()["results"]["bindings"]) == 7
        assert cut.headers["x-mesokg-truncated"].startswith("after 7 rows")
        assert cut.json()["truncated"] == cut.headers["x-mesokg-truncated"]
        table = client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"}, headers={"Accept": "text/csv"}).text
        assert len(list(csv.reader(io.StringIO(table, newline="")))) == 8
        whole = client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o } LIMIT 3"})
        assert "x-mesokg-truncated" not in whole.headers and "truncated" not in whole.json()


# ---------------------------------------------------------------- the read-only endpoint


def test_graphs_of_a_request(http):
    """default-graph-uri and named-graph-uri choose among the graphs; without them a query sees their union."""
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"

    def number(query: str, **graphs: str) -> int:
        return int(http.get("/sparql", params={"query": query, **graphs}).json()["results"]["bindings"][0]["n"]["value"])

    facts, inferred = NAMESPACE + "graph/facts", NAMESPACE + "graph/inferred"
    each = {iri: number(count, **{"default-graph-uri": iri}) for iri in (facts, inferred)}
    assert min(each.values()) > 1000
    assert number(count) > sum(each.values())
    both = http.get("/sparql", params=[("query", count), ("default-graph-uri", facts), ("default-graph-uri", inferred)]).json()
    assert int(both["results"]["bindings"][0]["n"]["value"]) == sum(each.values())
    assert number("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", **{"named-graph-uri": facts}) == each[facts]


_FACTS, _INFERRED, _NONE = (NAMESPACE + "graph/" + name for name in ("facts", "inferred", "none"))


@pytest.mark.parametrize("body", ["{ ?s ?p ?from }", "{ GRAPH ?g { ?s ?p 'FROM', ?o } }", "{ ?s mesokg:from ?o . FILTER(?o != \"FROM <x>\") } # FROM <x>", "{ GRAPH ?g { ?s ?p ?o } }"])
@pytest.mark.parametrize(
    ("clauses", "graphs"),
    [
        (f"FROM <{_FACTS}>", {"default": [_FACTS]}), (f"FROM <{_FACTS}>\nfrom<{_INFERRED}>", {"default": [_FACTS, _INFERRED]}), (f"FROM <{_NONE}>", {"default": [_NONE]}),
        (f"FROM NAMED <{_INFERRED}>", {"named": [_INFERRED]}), (f"FROM <{_FACTS}> FROM NAMED <{_INFERRED}>", {"default": [_FACTS], "named": [_INFERRED]}), ("", {}),
    ],
)
def test_a_dataset_in_the_query_is_that_of_the_request(http, clauses, graphs, body):
    head = "SELECT (COUNT(*) AS ?n) "
    named = [(f"{kind}-graph-uri", iri) for kind, iris in graphs.items() for iri in iris]
    by_text = http.get("/sparql", params={"query": f"{head}{clauses} {body}"})
    by_request = http.get("/sparql", params=[("query", f"{head}{body}"), *named])
    assert by_text.status_code == by_request.status_code == 200
    assert by_text.json() == by_request.json()
    if named:
        # the dataset of the request stands in place of that of the query
        both = http.get("/sparql", params=[("query", f"{head}FROM <{_NONE}> {body}"), *named])
        assert both.json() == by_request.json()


def test_the_datasets_of_queries_differ(http):
    def number(clauses: str) -> int:
        return int(http.get("/sparql", params={"query": f"SELECT (COUNT(*) AS ?n) {clauses} {{ ?s ?p ?o }}"}).json()["results"]["bindings"][0]["n"]["value"])

    facts, inferred = number(f"FROM <{_FACTS}>"), number(f"FROM <{_INFERRED}>")
    assert min(facts, inferred) > 1000 and number(f"FROM <{_FACTS}> FROM <{_INFERRED}>") == facts + inferred < number("")
    assert number(f"FROM <{_NONE}>") == number(f"FROM NAMED <{_FACTS}>") == 0


def test_the_graph_store_is_read(http):
    import pyoxigraph

    iri = NAMESPACE + "graph/inferred"
    answer = http.get("/store", params={"graph": iri}, headers={"Accept": "text/turtle"})
    assert answer.headers["content-type"].startswith("text/turtle")
    count = http.get("/sparql", params={"query": f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}"}).json()
    read = list(pyoxigraph.parse(answer.content, format=pyoxigraph.RdfFormat.TURTLE))
    assert len(read) == int(count["results"]["bindings"][0]["n"]["value"]) > 1000
    assert http.get("/store", params={"graph": "https://example.org/none"}).status_code == 404


def test_the_default_graph_is_the_same_at_both_endpoints(http, real_build, tmp_path):
    """The union of the graphs, each triple once; a busy machine needs longer to write it than the usual deadline."""
    import pyoxigraph

    with serving("--build", real_build, "--deadline", "120", log=tmp_path / "log") as address:
        answer = httpx.get(address + "/store?default", headers={"Accept": "application/n-triples"}, timeout=150)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/n-triples") and answer.headers["etag"]
    read = [quad.triple for quad in pyoxigraph.parse(answer.content, format=pyoxigraph.RdfFormat.N_TRIPLES)]
    union = http.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT * { ?s ?p ?o } }"}).json()
    assert len(read) == len(set(read)) == int(union["results"]["bindings"][0]["n"]["value"]) > 100_000


def test_a_triple_of_two_graphs_is_once_in_their_union():
    import pyoxigraph

    from mesokg.server.graph_store import answer

    store = pyoxigraph.Store()
    store.update("INSERT DATA { <http://e/a> <http://e/b> 1 GRAPH <http://e/g> { <http://e/a> <http://e/b> 1, 2 } GRAPH <http://e/h> { <http://e/a> <http://e/b> 2, 3 } }")
    for name in ("ntriples", "nquads", "turtle", "jsonld"):
        header = {"method": "GET", "graph": None, "format": name}
        reply, body = answer(store, header, b"", read_only=True)
        assert reply["status"] == 200
        found = list(pyoxigraph.parse(body, format=pyoxigraph.RdfFormat.from_extension({"ntriples": "nt", "nquads": "nq", "turtle": "ttl", "jsonld": "jsonld"}[name])))
        assert sorted(quad.object.value for quad in found) == ["1", "2", "3"]
        assert {str(quad.graph_name) for quad in found} == {"DEFAULT"}
    # a store that is written to has the default graph that was written
    _, body = answer(store, {"method": "GET", "graph": None, "format": "ntriples"}, b"", read_only=False)
    assert len(body.splitlines()) == 1


def test_a_network_around_nothing_is_not_there(http):
    for path in ("/graph", "/graph.json", "/graph.gexf"):
        answer = http.get(path, params={"focus": "mkg:nothing"}, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert "mkg:nothing" in answer.json()["what"] and answer.json()["fix"]
        assert http.get(path, params={"focus": "mkg:therapy-rad-ifn"}).status_code == 200
        assert http.get(path, params={"focus": ""}).status_code == 200
    page = http.get("/graph?focus=mkg:nothing", headers={"Accept": "text/html"})
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")


def test_editors_find_the_examples_by_asking(http):
    """With the query that SIB's editor puts to an endpoint; each example answers as it stands."""
    from mesokg.questions import read_questions

    wanted = "PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> SELECT DISTINCT ?sq ?comment ?query WHERE { ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct ?query } ORDER BY ?sq"
    found = http.get("/sparql", params={"query": wanted}).json()["results"]["bindings"]
    assert {one["sq"]["value"].partition("/id/question-")[2] for one in found} == set(read_questions())
    for one in found[:5]:
        assert http.post("/sparql", data={"query": one["query"]["value"]}).status_code == 200, one["sq"]
    prefixes = http.get("/sparql", params={"query": "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?prefix ?namespace { [] sh:prefix ?prefix ; sh:namespace ?namespace }"}).json()["results"]["bindings"]
    assert ("mesokg", NAMESPACE + "ontology/") in {(one["prefix"]["value"], one["namespace"]["value"]) for one in prefixes}


def test_editors_complete_from_the_endpoint(http):
    """With the query that SIB's editor puts to an endpoint, which it waits five seconds for."""
    from test_metadata import COMPLETION

    found = http.get("/sparql", params={"query": COMPLETION}, timeout=5).json()["results"]["bindings"]
    told = {tuple(one[key]["value"].rpartition("/")[2] for key in ("subjectClass", "prop", "objectClass")) for one in found if "objectClass" in one}
    assert {("Trial", "investigates", "Therapy"), ("Therapy", "usesVector", "Vector")} <= told
    # a partition has a page, and that of a class leads to those of its properties
    assert "/property/mesokg-investigates" in http.get("/dataset/class/mesokg-Trial", headers={"Accept": "text/html"}).text
    part = http.get("/dataset/class/mesokg-Trial/property/mesokg-investigates", headers={"Accept": "text/html"})
    assert part.status_code == 200 and "mesokg:investigates in this dataset" in part.text


def test_void_is_dcat_too(http):
    import pyoxigraph

    read = list(pyoxigraph.parse(http.get("/.well-known/void").content, format=pyoxigraph.RdfFormat.TURTLE))
    dataset = pyoxigraph.NamedNode(NAMESPACE + "dataset")
    kinds = {quad.object.value.rpartition("#")[2] for quad in read if quad.subject == dataset and quad.predicate.value.endswith("#type")}
    assert kinds >= {"Dataset"}
    named = {quad.predicate.value for quad in read if quad.subject == dataset}
    assert {"http://www.w3.org/ns/dcat#version", "http://purl.org/dc/terms/license", "http://rdfs.org/ns/void#triples", "http://rdfs.org/ns/void#dataDump"} <= named


def test_every_file_named_in_dcat_can_be_had_as_it_is_described(http):
    import rdflib

    graph = rdflib.Graph().parse(data=http.get("/.well-known/void").text, format="turtle")
    parts = list(graph.objects(rdflib.URIRef(NAMESPACE + "dataset"), rdflib.DCAT.distribution))
    assert len(parts) >= 10
    for part in parts:
        assert (part, rdflib.RDF.type, rdflib.DCAT.Distribution) in graph
        answer = http.get(str(graph.value(part, rdflib.DCAT.downloadURL)))
        assert answer.status_code == 200
        assert len(answer.content) == int(graph.value(part, rdflib.DCAT.byteSize))
        assert str(graph.value(part, rdflib.DCAT.mediaType)).endswith("/media-types/" + answer.headers["content-type"].partition(";")[0])
        assert graph.value(part, rdflib.DCTERMS.title) and graph.value(part, rdflib.DCTERMS.license)


@pytest.mark.parametrize("text", ["&<>" * 300, "é" * 500, '"\\\n' * 300, "x"])
@pytest.mark.parametrize("name", ["turtle", "ntriples", "rdfxml", "jsonld", "trig", "nquads"])
def test_graphs_are_cut_at_the_bytes_that_are_sent(name, text):
    import pyoxigraph

    from mesokg.identifiers import PREFIXES
    from mesokg.server.results import rdf_format, write_answer

    store, size = pyoxigraph.Store(), 500_000
    made = pyoxigraph.NamedNode(PREFIXES["mesokg"] + "made")
    store.bulk_extend(pyoxigraph.Quad(pyoxigraph.NamedNode(f"http://e/{number}"), made, pyoxigraph.Literal(f"{text}{number}")) for number in range(20_000 if text == "x" else 3000))

    def written(most):
        return write_answer(lambda: store.query("CONSTRUCT WHERE { ?s ?p ?o }"), tabular=None, graph=name, rows=10**6, size=most, prefixes=PREFIXES)

    cut, whole = written(size), written(10**8)
    assert len(whole.body) > size and whole.truncated == ""
    read = list(pyoxigraph.parse(cut.body, format=rdf_format(name)))
    # all of it can be read, and it says how much it is
    assert cut.truncated.startswith(f"after {len(read)} triples, ") and len(read) > 0
    assert len(cut.body.partition(b"# truncated")[0]) <= size
    # the same head, where there is room: prefixes are those that occur
    assert cut.body[:100].partition(b"http://e/")[0] == whole.body[:100].partition(b"http://e/")[0]
    none = written(10)
    assert none.truncated.startswith("after 0 triples") and list(pyoxigraph.parse(none.body, format=rdf_format(name))) == []


@pytest.mark.parametrize(
    ("accept", "thing", "list_of_files", "service"),
    [
        ("application/json, text/html;q=0.5", "application/json", "application/json", "application/ld+json"), ("application/json;q=0.9, text/html;q=0.1", "application/json", "application/json", "application/ld+json"),
        ("text/html;q=0.1, */*", "text/turtle", "application/json", "text/turtle"), ("text/html;q=0.2, text/*", "text/turtle", "text/html", "text/turtle"),
        ("text/csv, text/html;q=0.9", "text/csv", "text/html", "editor"), ("text/html;q=0.4, application/rdf+xml;q=0.5", "application/rdf+xml", "text/html", "application/rdf+xml"),
        ("application/json, text/html", "text/html", "text/html", "editor"), ("text/html, */*", "text/html", "text/html", "editor"), ("application/json;q=0.1, text/html;q=0.2", "text/html", "text/html", "editor"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", "text/html", "editor"), ("text/html;q=0.3, application/json;q=0", "text/html", "text/html", "editor"),
        ("*/*", "text/turtle", "text/html", "text/turtle"), ("application/json", "application/json", "application/json", "application/ld+json"),
    ],
)
def test_html_is_weighed_as_the_others_are(http, accept, thing, list_of_files, service):
    headers = {"Accept": accept}
    for path, kind in (("/id/therapy-rad-ifn", thing), ("/ontology/Therapy", thing), ("/download/", list_of_files)):
        answer = http.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind), path
        assert "Accept" in answer.headers["vary"]
    answer = http.get("/sparql", headers=headers)
    if service == "editor":
        assert (answer.status_code, answer.headers["location"]) == (303, "/editor")
    else:
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, service)


def test_html_that_is_ruled_out_is_not_sent(http):
    for accept in ("text/html;q=0", "text/html;q=0, image/png"):
        answer = http.get("/id/therapy-rad-ifn", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (406, "application/problem+json")


@pytest.mark.parametrize(
    ("asked", "zipped"),
    [("gzip", True), ("br, gzip;q=0.2", True), ("*", True), ("*;q=0, gzip", True), ("*, gzip;q=0", False), ("gzip;q=0.000, *", False), ("*;q=0", False), ("identity", False), ("br", False)],
)
def test_an_encoding_that_is_ruled_out_is_not_sent(http, asked, zipped):
    for path in ("/static/explorer.css", "/dataset.ttl", "/sparql?query=SELECT * { ?s ?p ?o } LIMIT 500"):
        assert ("content-encoding" in http.get(path, headers={"Accept-Encoding": asked}).headers) is zipped
