"""No query and no update may call another server: what hides a call, before a listener that must hear nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple

import pytest

from mesokg.errors import QueryError
from mesokg.gate import MAX_STEPS, CallRefused, _empty_store, admit, admit_update, names_dataset
from mesokg.identifiers import PREFIXES
from mesokg.server.failures import Failure
from mesokg.server.settings import Settings
from mesokg.server.worker import Answerer
from mesokg.store import EmbeddedStore

ALLOWED = "http://ok.example/"
BODY = "{ ?a ?b ?c }"
# @ is the address of the listener
HIDDEN = {
    "plain": f"SELECT * {{ SERVICE <@> {BODY} }}",
    "a digit before it": f"SELECT * {{ ?s ?p 1SERVICE <@> {BODY} }}",
    "a name in what looks like an IRI": f"PREFIX : <@> SELECT * {{ ?s ?p ?o FILTER(1<2)SERVICE:a#>\n{BODY} }}",
    "behind a comment that ends at a carriage return": f"SELECT * {{ ?s ?p ?o #\rSERVICE <@> {BODY}\n }}",
    "a name right behind it": f"PREFIX x: <@> SELECT * {{ ?s ?p ?o SERVICEx:a {BODY} }}",
    "a name right behind SILENT": f"PREFIX x: <@> SELECT * {{ ?s ?p ?o SERVICESILENTx:a {BODY} }}",
    "comments between": f"SELECT * {{ ?s ?p ?o SERVICE#>\n#\rSILENT#'\n<@>{BODY} }}",
    "a variable": f"SELECT * {{ BIND(<@> AS ?x) SERVICE ?x {BODY} }}",
    "a variable from VALUES": f"SELECT * {{ VALUES ?x {{ <@> }} SERVICE ?x {BODY} }}",
    "a relative IRI": f"BASE <@> SELECT * {{ SERVICE <a> {BODY} }}",
    "an escape that reads on": f'SELECT * {{ ?s ?p ?o . BIND("\\u0027abcd" AS ?x) SERVICE <@> {BODY} }}',
    "an escape in the word": f"SELECT * {{ SERV\\u0049CE <@> {BODY} }}",
    "a long escape in the word": f"SELECT * {{ \\U00000053ERVICE <@> {BODY} }}",
    "an escaped escape": f"SELECT * {{ \\u005Cu0053ERVICE <@> {BODY} }}",
    "an escape escaped ten times": "SELECT * { \\u005C" + "u005C" * 9 + f"u0053ERVICE <@> {BODY} }}",
    "an escape that ends a string": f'SELECT * {{ BIND("a\\u0022 AS ?x) SERVICE <@> {BODY} }}#")}}',
    "an escape in an IRI that ends it": f"SELECT * {{ ?s <http://e/\\u003E ?o . SERVICE <@> {BODY} }}",
    "a string that looks like a comment": f"SELECT * {{ BIND('#' AS ?x) SERVICE <@> {BODY} }}",
    "between two signs": f"SELECT * {{ ?s ?p ?o FILTER(?o<'>')SERVICE <@> {BODY} }}",
    "behind long strings": f"PREFIX a: <http://e/> SELECT * {{ ?s ?p ?o FILTER(1<2) #>'''\nSERVICE <@> {BODY} #'''\n }}",
    "in an allowed one": f"SELECT * {{ SERVICE <{ALLOWED}> {{ ?a ?b ?c SERVICE <@> {BODY} }} }}",
    "beside an allowed one": f"SELECT * {{ SERVICE <{ALLOWED}> {BODY} SERVICE <@> {BODY} }}",
    "an allowed one with more": f"SELECT * {{ SERVICE <@?{ALLOWED}> {BODY} }}",
    "an allowed one in a comment": f"SELECT * {{ SERVICE #<{ALLOWED}>\n<@> {BODY} }}",
    "subselect": f"SELECT * {{ {{ SELECT * {{ SERVICE <@> {BODY} }} }} }}",
    "exists": f"SELECT * {{ FILTER EXISTS {{ SERVICE <@> {BODY} }} }}",
    "not exists": f"SELECT * {{ ?s ?p ?o FILTER(1 = 1 && NOT EXISTS {{ SERVICE <@> {BODY} }}) }}",
    "exists in bind": f"SELECT * {{ BIND(EXISTS{{SERVICE<@>{BODY}}} AS ?x) }}",
    "graph": f"SELECT * {{ GRAPH ?g {{ SERVICE <@> {BODY} }} }}",
    "optional": f"SELECT * {{ OPTIONAL {{ SERVICE <@> {BODY} }} }}",
    "minus": f"SELECT * {{ ?a ?b ?c MINUS {{ SERVICE <@> {BODY} }} }}",
    "union": f"SELECT * {{ {{}} UNION {{ SERVICE <@> {BODY} }} }}",
}
LOADS = {
    "plain": "LOAD <@>",
    "silent": "LOADSILENT<@>",
    "behind another": "CLEAR ALL;load<@>",
    "behind a comment that ends at a carriage return": "CLEAR ALL;#\rLOAD<@>",
    "a name": "PREFIX : <@>LOAD :x",
    "a name right behind it": "PREFIX x: <@> LOADx:a",
    "a name in what looks like an IRI": "PREFIX : <@> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(1<2)};LOAD:a#>\n",
    "escaped": "L\\u004FAD <@>",
    "escaped twice": "L\\u005Cu004FAD <@>",
    "beside an allowed one": f"LOAD <{ALLOWED}> ; LOAD <@>",
    "into a graph": "LOAD <@> INTO GRAPH <http://e/g>",
}


class Listener(NamedTuple):
    address: str
    heard: list[str]


@pytest.fixture(scope="module")
def listening() -> Iterator[Listener]:
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            self.send_response(500)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Listener(f"http://127.0.0.1:{server.server_port}/", heard)
    server.shutdown()
    server.server_close()


@pytest.fixture
def listener(listening: Listener) -> Iterator[Listener]:
    listening.heard.clear()
    yield listening
    assert listening.heard == []


def _answerer(services: tuple[str, ...], *, updates: bool = False) -> Answerer:
    store = EmbeddedStore()
    store.oxigraph.update("INSERT DATA { <http://e/s> <http://e/p> 2 }")
    return Answerer(Settings(services=services, allow_update=updates), store)


def _updates() -> dict[str, str]:
    """The hidden calls in the pattern of an update, and loads."""
    inserts = {f"insert, {name}": text.replace("SELECT * {", "INSERT { <http://e/x> <http://e/y> 3 } WHERE {", 1) for name, text in HIDDEN.items()}
    deletes = {f"delete, {name}": text.replace("SELECT * {", "DELETE { ?s ?p ?o } INSERT { ?a ?b ?c } WHERE {", 1) for name, text in HIDDEN.items()}
    return inserts | deletes | {f"load, {name}": text for name, text in LOADS.items()}


UPDATES = _updates()


@pytest.mark.parametrize("services", [(), (ALLOWED,)], ids=["no services", "one service"])
@pytest.mark.parametrize("name", HIDDEN)
def test_no_query_calls_an_address_that_is_not_allowed(listener: Listener, name: str, services: tuple[str, ...]) -> None:
    query = HIDDEN[name].replace("@", listener.address)
    with pytest.raises(QueryError):
        admit(query, services)
    reply, _ = _answerer(services).handle({"op": "query", "tabular": "json", "graph": None}, query.encode())
    assert reply["status"] in ((400, 403) if services else (400,)), reply
    if not services:
        with pytest.raises(QueryError):
            EmbeddedStore().query(query)


@pytest.mark.parametrize("services", [(), (ALLOWED,)], ids=["no services", "one service"])
@pytest.mark.parametrize("name", UPDATES)
def test_no_update_calls_an_address_that_is_not_allowed(listener: Listener, name: str, services: tuple[str, ...]) -> None:
    update = UPDATES[name].replace("@", listener.address)
    with pytest.raises(QueryError):
        admit_update(update, services)
    reply, _ = _answerer(services, updates=True).handle({"op": "update"}, update.encode())
    assert reply["status"] in (400, 403), reply
    if not services:
        with pytest.raises(QueryError):
            EmbeddedStore().update(update)


def test_the_dataset_of_a_request_cannot_go_on_in_the_update(listener: Listener) -> None:
    graph = f"http://e/g> WHERE {{ SERVICE <{listener.address}> {BODY} }} ; INSERT {{ ?s ?p 1 }} USING <http://e/h"
    header = {"op": "update", "default": [graph], "named": []}
    reply, _ = _answerer((), updates=True).handle(header, b"INSERT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert reply["status"] == 400 and "valid IRI" in reply["failure"]["what"]


ACCEPTED = [
    "SELECT ?service { ?service ?p 'SERVICE <http://e/> {' }",
    "# SERVICE <http://e/> {}\nSELECT * { ?s ?p ?o } # SERVICE ?x {}",
    "PREFIX service: <http://e/service#> SELECT * { ?s service:a ?o ; <http://e/service> 'x'@service }",
    "SELECT * { ?s ?p \"\"\"SERVICE <http://e/> {}\"\"\" FILTER(1 < 2) }",
    "SELECT * { VALUES ?x { " + " ".join(f"<http://e/service/{number}>" for number in range(120)) + " } }",
]


@pytest.mark.parametrize("services", [(), (ALLOWED,)], ids=["no services", "one service"])
@pytest.mark.parametrize("query", ACCEPTED)
def test_the_letters_alone_are_no_call(query: str, services: tuple[str, ...]) -> None:
    admit(query, services)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT * {{ SERVICE <{ALLOWED}> {BODY} }}", f"SELECT * {{ service silent<{ALLOWED}>{BODY} }}", f"SELECT * {{ ?s ?p ?o OPTIONAL {{ SERVICE SILENT\r\n<{ALLOWED}> {BODY} }} }}",
        f"SELECT * {{ {{ SERVICE <{ALLOWED}> {BODY} }} UNION {{ SERVICE <{ALLOWED}> {BODY} }} }}",
    ],
)
def test_an_allowed_address_may_be_called(query: str) -> None:
    admit(query, (ALLOWED,))
    admit_update(query.replace("SELECT * {", "INSERT { ?a ?b ?c } WHERE {", 1), (ALLOWED,))


@pytest.mark.parametrize(
    "update",
    [
        f"LOAD <{ALLOWED}>", f"CLEAR ALL ; load silent<{ALLOWED}>into graph <http://e/g>", f"LOAD <{ALLOWED}> INTO GRAPH <http://e/g> ; LOAD SILENT <{ALLOWED}>",
        "INSERT DATA { <http://e/load> <http://e/payload> 'viral load: 3, LOAD <http://e/x>' }",
    ],
)
def test_updates_that_load_what_is_allowed_or_only_say_load(update: str) -> None:
    admit_update(update, (ALLOWED,))
    assert len(_empty_store()) == 0, "an update is read, not carried out"


def test_a_service_in_a_service_is_refused_and_told() -> None:
    with pytest.raises(CallRefused, match="no SERVICE inside a SERVICE"):
        admit(f"SELECT * {{ SERVICE <{ALLOWED}> {{ ?a ?b ?c SERVICE <{ALLOWED}> {BODY} }} }}", (ALLOWED,))


def test_brackets_behind_an_iri_with_the_word_are_counted() -> None:
    """They were not where the word was blanked, as # then began a comment."""
    query = "SELECT * { ?s <http://e/service#a> ?o FILTER(" + "(" * 150 + "1" + ")" * 150 + ") }"
    for services in ((), (ALLOWED,)):
        with pytest.raises(QueryError, match="nested deeper"):
            admit(query, services)
    with pytest.raises(QueryError, match="nested deeper"):
        admit("SELECT * { ?s ?p ?o #\rFILTER(" + "(" * 150 + "1" + ")" * 150 + ")\n }")


@pytest.mark.parametrize("opening", ["1<", "1<=", "?base<", "x:base<", "?base <", "1<2)FILTER(", "1<2)#>'''\n FILTER(", '1<2)#>"""\n FILTER(', "?o<'a')#>\n FILTER("])
@pytest.mark.parametrize("many", ["(" * 5000 + "1" + ")" * 5000, "1" + "+1" * 5000])
def test_less_than_hides_nothing_that_ends_the_engine(opening: str, many: str) -> None:
    """It looks like the beginning of an IRI, which here ends in a comment."""
    query = f"SELECT * {{ ?s ?p ?o FILTER({opening}{many}#>\n) #'''\n#\"\"\"\n}}"
    with pytest.raises(QueryError, match=r"nested deeper|more than 300 operators"):
        admit(query)


@pytest.mark.parametrize("step", ["||", "&&", "|", "!", "+", "*", "/", "^", "-", "union", "MINUS", "Optional", "filter", "bind", "as", "graph"])
def test_every_operator_counts(step: str) -> None:
    """Operators are counted by the letters in them before they are looked for."""
    admit(f"ASK {{ ?a ?b {f' {step} ' * MAX_STEPS} }}")
    with pytest.raises(QueryError, match="more than 300 operators"):
        admit(f"ASK {{ ?a ?b {f' {step} ' * (MAX_STEPS + 1)} }}")


def test_less_than_and_short_iris_are_no_reason_to_refuse() -> None:
    iris = " ".join(f"<http://e/a-(b)/{number}>" for number in range(1000))
    for query in (
        f"PREFIX u: <urn:a#> BASE <urn:b/c#> SELECT * {{ ?s u:p <#me>, <doi:10.1/(x)> . VALUES ?s {{ {iris} }} }}",
        "SELECT * { ?s ?p ?o FILTER(?o<=5)FILTER(?o>=3) FILTER(?o<7) FILTER(?o>1) VALUES (?s ?p) { (1 <urn:x#y>) } }",
    ):
        admit(query)


def test_a_mistake_beside_the_word_is_told_as_a_mistake() -> None:
    with pytest.raises(QueryError, match="line 1, column") as told:
        admit("SELECT ?service { ?service ?p }")
    assert not isinstance(told.value, CallRefused) and "?service ?p" in str(told.value)


def test_texts_without_the_letters_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("parsed twice")

    for name in ("_engine_complains", "_parsed"):
        monkeypatch.setattr(f"mesokg.gate.{name}", never)
    admit("SELECT * { ?s ?p 'a load' }")
    admit_update("INSERT DATA { <http://e/s> <http://e/p> 1 }")


def test_a_long_update_that_only_says_load_is_not_slow() -> None:
    """The second parser reads a hundred kilobytes a second."""
    import time

    update = "INSERT DATA {" + "".join(f"<http://e/{number}> <http://e/p> 'the load of {PREFIXES['mkg']}' ." for number in range(20_000)) + "}"
    begun = time.process_time()
    admit_update(update)
    assert time.process_time() - begun < 10
    with pytest.raises(QueryError, match="LOAD is refused"):
        admit_update(update + " ; LOAD <http://127.0.0.1:1/>")


def test_a_refusal_has_its_status_and_place() -> None:
    query = b"SELECT * {\n SERVICE <http://127.0.0.1:1/> {} }"
    statuses: Callable[..., tuple[dict[str, object], bytes]] = _answerer((ALLOWED,)).handle
    reply, _ = statuses({"op": "query", "tabular": "json", "graph": None}, query)
    assert (reply["status"], reply["failure"]["where"]) == (403, "line 2, column 2")
    reply, _ = _answerer(()).handle({"op": "query", "tabular": "json", "graph": None}, query)
    assert (reply["status"], reply["failure"]["where"]) == (400, "line 2, column 2")
    assert not issubclass(CallRefused, Failure)


# ---------------------------------------------------------------- the dataset that a query names

DATASETS = [
    "SELECT * FROM <http://e/g> { ?s ?p ?o }", "SELECT * FROM NAMED <http://e/g> { ?s ?p ?o }", "ASK FROM <http://e/g> { ?s ?p ?o }", "DESCRIBE <http://e/x> FROM <http://e/g>",
    "CONSTRUCT { ?s ?p ?o } FROM <http://e/g> WHERE { ?s ?p ?o }", "CONSTRUCT FROM <http://e/g> WHERE { ?s ?p ?o }", "CONSTRUCT { ?s ?p 'from' } FROM NAMED <http://e/g> WHERE { ?s ?p ?o }",
    "SELECT*fRoM<http://e/g>{ ?s ?p ?o }", "PREFIX x: <http://e/> SELECT * FROMx:g { ?s ?p ?o }", "PREFIX : <http://e/> DESCRIBE :a FROM:g { ?s ?p ?o }", "ASKFROM<http://e/g>{ ?s ?p ?o }",
    "SELECT ?from FROM#from\n<http://e/from> { ?from ?p 'FROM' }", "SELECT ?s (EXISTS { ?s ?p ?from } AS ?x) FROM <http://e/g> { ?s ?p ?o }",
    "SELECT * FROM# from a comment\r#another\n\t<http://e/g> { ?s ?p ?o }", "SELECT * FROM #<\nNAMED# :\n<http://e/g> { GRAPH ?g { ?s ?p ?o } }", "SELECT*FROMNAMED<http://e/g>{ GRAPH ?g { ?s ?p ?o } }",
    "PREFIX \u00e9: <http://e/> SELECT * FROM\r\n\u00e9:g { ?s ?p ?o }", "# " + "from " * 40 + "\nSELECT * FROM <http://e/g> { ?s ?p ?o }",
    "SELECT (1<2 AS ?x) #>\nFROM <http://e/g> { ?s ?p ?o }", "PREFIX : <http://e/> PREFIX fqxz: <http://e/> DESCRIBE fqxz:a FROM:g { ?s ?p ?o }",
]
NO_DATASETS = [
    "SELECT ?from { ?from ?p ?o }", "SELECT $FROM (1 AS ?From) { $FROM ?p ?o }", "PREFIX ex: <http://e/> SELECT * { ex:from ex:from-a ex:a.from }", "PREFIX from: <http://e/> DESCRIBE from:a from:b",
    "PREFIX from: <http://e/> SELECT * { from:a from:FROM _:from }", "SELECT * { ?s ?p 'FROM <http://e/g>', \"from\", 'a'@from }", "SELECT * { ?s ?p \"\"\"\nFROM <http://e/g>\"\"\" }",
    "# FROM <http://e/g>\nSELECT * { ?s ?p ?o } # FROM <http://e/g>", "SELECT * #FROM <http://e/g>\n { ?s <http://e/from> <http://e/a#from> }", "BASE <from:x> SELECT * { ?s ?p <a> }",
    "SELECT ?fqxz ?from { ?fqxz ?from ?fzqx }", r"SELECT * { ?s ?p '\u0046ROM', '\\u0046rom', '\\\u0066rom', '\\from' }", "SELECT * { ?s ?p ?o FILTER(?o<1) #> from\n FILTER(?o>'from') }",
    "SELECT ?x { ?s ?p ?x FILTER EXISTS { SELECT ?from { ?from ?p ?x } } }", "PREFIX e: <http://e/> SELECT ?s { ?s e:fromDate ?o FILTER(e:from IN (?o)) }",
]


@pytest.mark.parametrize("query", DATASETS)
def test_a_dataset_in_the_text_is_found(query: str) -> None:
    admit(query)
    assert names_dataset(query)
    # and the engine has read one: nothing is in the graphs that it names
    store = EmbeddedStore()
    store.oxigraph.update("INSERT DATA { GRAPH <http://e/other> { <http://e/a> <http://e/b> <http://e/c> , <http://e/x> } }")
    answer = store.query(query)
    assert answer.truth is False if answer.kind == "boolean" else len(answer) == 0


@pytest.mark.parametrize("query", NO_DATASETS)
def test_letters_alone_name_no_dataset(query: str) -> None:
    EmbeddedStore().query(query)
    assert not names_dataset(query)


def test_to_look_for_a_dataset_calls_nobody(listener: Listener) -> None:
    allowed = (listener.address,)
    for query in (f"ASK {{ ?from ?p 1 SERVICE <{listener.address}> {BODY} }}", f"SELECT (COUNT(*) AS ?from) {{ SERVICE SILENT <{listener.address}> {BODY} }}"):
        admit(query, allowed)
        assert not names_dataset(query, allowed)
    assert names_dataset(f"ASK FROM <http://e/g> {{ SERVICE <{listener.address}> {BODY} }}", allowed)


def test_escapes_hide_no_dataset() -> None:
    """The engine reads escapes in strings and IRIs only; one that read them in words would be asked aright too."""
    for query in (r"SELECT * \u0046ROM <http://e/g> { ?s ?p ?o }", r"SELECT * F\U00000052\u006Fm <http://e/g> { ?s ?p ?o }"):
        assert names_dataset(query)
        with pytest.raises(QueryError):
            EmbeddedStore().query(query)


def test_texts_without_from_are_not_parsed_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("parsed twice")

    monkeypatch.setattr("mesokg.gate._engine_complains", never)
    assert not names_dataset("SELECT ?form { ?form ?p ?o }") and not names_dataset(r"ASK { ?s ?p '\u0041' }")
    # nor where what follows the word is no graph
    assert not names_dataset("# how far it is from here\nSELECT ?from { ?s ?from 'from' FILTER(?from != 1) }")


def test_no_text_takes_long_to_look_for_a_dataset_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text behind many words is not looked through once for each; the engine reads it once."""
    asked = []
    monkeypatch.setattr("mesokg.gate._engine_complains", lambda text, **_: asked.append(text))
    for text in ("from" * 50_000, "from#" * 40_000, "from " * 40_000):
        assert not names_dataset(text)
    assert len(asked) == 3


GRAPHS = {f"http://e/{number}": number for number in (1, 2, 4)}


@pytest.mark.parametrize(
    ("clauses", "default", "named"),
    [
        ("", 7, 7), ("FROM <http://e/1>", 1, 0), ("FROM <http://e/1> FROM <http://e/4>", 5, 0), ("FROM <http://e/none>", 0, 0), ("FROM NAMED <http://e/2>", 0, 2),
        ("FROM <http://e/1> FROM NAMED <http://e/2> FROM NAMED <http://e/4>", 1, 6),
    ],
)
def test_a_store_answers_from_the_dataset_that_is_named(clauses: str, default: int, named: int) -> None:
    from pyoxigraph import Literal, NamedNode, Quad

    store = EmbeddedStore()
    store.add(Quad(NamedNode("http://e/s"), NamedNode("http://e/p"), Literal(10 * number + each), NamedNode(iri)) for iri, number in GRAPHS.items() for each in range(number))
    for body, expected in (("{ ?s ?p ?from }", default), ("{ GRAPH ?g { ?s ?p ?o } }", named)):
        query = f"SELECT (COUNT(*) AS ?n) {clauses} {body}"
        assert int(store.query(query).rows[0][0].value) == expected  # type: ignore[union-attr]
        reply, answer = Answerer(Settings(), store).handle({"op": "query", "tabular": "csv", "graph": None}, query.encode())
        assert (reply["status"], answer.split()) == (200, [b"n", str(expected).encode()])
