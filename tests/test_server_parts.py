"""Parts of the pages and of the pool by themselves, on graphs and processes made for the purpose."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from mesokg.identifiers import PREFIXES
from mesokg.server.failures import Failure
from mesokg.server.look import Look
from mesokg.server.pool import Pool, _crashed, _Gone, _Span
from mesokg.server.settings import Settings
from mesokg.store import EmbeddedStore

TURTLE = "".join(f"PREFIX {name}: <{iri}> " for name, iri in PREFIXES.items())


@pytest.fixture
def look():
    """Makes something to look things up in from Turtle with our prefixes."""
    from pyoxigraph import Quad, RdfFormat, parse

    def make(turtle: str) -> Look:
        store = EmbeddedStore()
        store.add(Quad(*triple.triple) for triple in parse((TURTLE + turtle).encode(), format=RdfFormat.TURTLE))
        return Look(store)

    return make


RANKED = """
mkg:normal skos:notation "normal" . mkg:registry skos:notation "registry" .
mkg:day skos:notation "day" . mkg:month skos:notation "month" . mkg:year skos:notation "year" .
"""


def _said(number: int, subject: str, predicate: str, value: str, *, source: str = "mkg:source", denied: bool = False) -> str:
    return f"""mkg:assertion-{number} mesokg:subject {subject} ; mesokg:predicate {predicate} ; mesokg:object {value} ; mesokg:source {source} ;
        mesokg:locator "Results" ; mesokg:rank mkg:normal ; mesokg:evidenceLevel mkg:registry ; mesokg:negated {str(denied).lower()} ."""


@pytest.mark.parametrize(
    ("dates", "differ"),
    [
        ([("2010-04-01", "month"), ("2010-04-15", "day")], False), ([("2010-01-01", "year"), ("2010-04-15", "day")], False),
        ([("2010-04-01", "month"), ("2010-05-15", "day")], True), ([("2010-01-01", "year"), ("2010-04-01", "month"), ("2010-05-01", "month")], True),
    ],
)
def test_a_date_agrees_with_one_that_is_more_precise(look, dates, differ):
    from mesokg.server.things import _disagreements

    told = "mesokg:startDate a owl:FunctionalProperty ; rdfs:label \"start\" ." + RANKED
    for number, (day, precision) in enumerate(dates):
        told += _said(2 * number, "mkg:trial-x", "mesokg:startDate", f'"{day}T00:00:00Z"^^xsd:dateTime', source=f"mkg:source-{number}")
        told += _said(2 * number + 1, "mkg:trial-x", "mesokg:startDatePrecision", f"mkg:{precision}", source=f"mkg:source-{number}")
    shown = _disagreements(look(told), f"<{PREFIXES['mkg']}trial-x>")
    assert (shown is not None) == differ
    if shown is not None:
        # each of them stands beside the others
        assert len(re.findall('class="answer"', shown)) == len(dates)


def test_what_a_source_denies_is_nothing_a_line_of_a_list_rests_on(look):
    from mesokg.server.overview import read_overview

    told = RANKED + "mkg:trial-x a mesokg:Trial ; rdfs:label \"X\" ." + _said(1, "mkg:trial-x", "mesokg:phase", "mkg:one", source="mkg:source-1") + _said(2, "mkg:trial-x", "mesokg:phase", "mkg:two", source="mkg:source-2", denied=True)
    (trial,) = read_overview(look(told)).trials
    assert [one.source for one in trial.sources] == ["mkg:source-1"]


def test_a_scale_holds_the_limits_of_its_intervals():
    """A change in percent whose interval goes past 100 is drawn whole."""
    from mesokg.server.outcomes import _plots

    names = "n N value unit low high text qualifier status measure m trial trialLabel arm role compared event population criteria time subgroup".split()
    row = {**dict.fromkeys(names, ""), "value": "80", "low": "60", "high": "130", "unit": "percent", "measure": "change", "m": PREFIXES["mkg"] + "m", "said": [], "differ": False, "outranked": False}
    (drawn,) = _plots("change", [row], False)
    assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn)[-1] == "200"
    (drawn,) = _plots("change", [{**row, "high": "95"}], False)
    assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn)[-1] == "100"


def test_the_page_of_an_error_ends_its_sentences_once():
    from mesokg.server.html import failure_page

    page = failure_page(Failure(404, "there is no such view", "did you mean therapies?")).decode()
    assert "There is no such view.</p>" in page and "did you mean therapies?</p>" in page


@pytest.mark.parametrize(("build", "said"), [("build", True), (None, False)])
def test_the_editor_speaks_of_the_union_where_there_is_one(build, said):
    """A store that changes has none, and of a server behind it is not known."""
    from pathlib import Path
    from types import SimpleNamespace

    from mesokg.server.asking import editor

    explorer = SimpleNamespace(questions={}, settings=Settings(build=build and Path(build), allow_update=not build))
    long = "ASK {} # " + "x" * 30_000
    page = editor(explorer, {"query": long}, {"base": "http://localhost"})[1].decode()
    assert ("union of the graphs" in page) == said
    assert long in page


def test_another_version_of_the_program_has_other_etags(monkeypatch):
    """Else a browser would keep the pages of the one before, on the same graph."""
    from mesokg.server import cache

    key = cache.key_of("page", "release")
    assert cache.key_of("page", "release") == key != cache.key_of("page", "other")
    monkeypatch.setattr(cache, "_program", lambda: "another")
    assert cache.key_of("page", "release") != key


# ---------------------------------------------------------------- the pool


class _Holder:
    """Takes orders and carries none out."""

    def send(self, order: bytes) -> None:
        pass


def _pool() -> Pool:
    pool = Pool(Settings())
    pool.forks, pool._control = True, _Holder()
    return pool


@pytest.mark.parametrize("known_as_slow", [False, True])
def test_a_process_that_does_not_start_is_waited_for_until_the_deadline(known_as_slow):
    """In the place of a worker that died, and in the slow lane, whose place is free again then."""

    class Dead:
        pid, process = 0, None

        async def ask(self, message):
            raise _Gone

        def close(self):
            pass

    async def ask() -> Pool:
        pool = Pool(Settings(deadline_seconds=0.3, slow_workers=1))
        pool.forks, pool._control, pool._replace = True, _Holder(), lambda: asyncio.sleep(0)
        pool._idle.append(Dead())
        if known_as_slow:
            pool.slow_keys[b"key"] = None
        with pytest.raises(Failure) as told:
            await asyncio.wait_for(pool.run({"op": "ping"}, key=b"key"), 5)
        assert told.value.status == 503 and dict(told.value.headers)["Retry-After"]
        return pool

    pool = asyncio.run(ask())
    assert not pool._slow.locked() and pool._steady_left == Settings().steady_workers


def test_a_process_that_starts_as_its_request_gives_up_is_ended():
    async def both_at_once() -> tuple[list[object], object]:
        pool, worker, ended = _pool(), object(), []
        pool._kill = ended.append
        starting = asyncio.create_task(pool._new_for(_Span(0.05)))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.04, pool._forks[0].set_result, worker)
        # past both moments before the loop looks at its clock again
        time.sleep(0.2)
        with pytest.raises(Failure):
            await starting
        return ended, worker

    ended, worker = asyncio.run(both_at_once())
    assert ended == [worker]


def test_a_holder_that_takes_no_more_orders_is_busy_and_one_that_ended_ended_for_each():
    class Full(_Holder):
        def send(self, order: bytes) -> None:
            raise BlockingIOError

    class Ended(_Holder):
        def fileno(self) -> int:
            # of a pipe that is open, as the loop wants to know it
            return 0

        def close(self) -> None:
            pass

    async def ask() -> None:
        pool = _pool()
        pool._control = Full()
        with pytest.raises(Failure) as told:
            await pool._fork()
        assert told.value.status == 503 and dict(told.value.headers)["Retry-After"] == "2"
        assert not pool._forks
        pool._control = Ended()
        loop = asyncio.get_running_loop()
        pool._forks.extend(waiting := [loop.create_future() for _ in range(3)])
        pool._lost_holder()
        assert len({id(one.exception()) for one in waiting}) == 3

    asyncio.run(ask())


@pytest.mark.parametrize(("label", "locator", "cell"), [("stated or inferred", "mesokg explain", "<td>stated or inferred</td>"), ("stated", "curated tables", "<td>stated (curated tables)</td>")])
def test_behind_a_row_no_command_is_named(monkeypatch, label, locator, cell):
    """Of a store with one graph only it is not known whether a triple was inferred."""
    from types import SimpleNamespace

    from pyoxigraph import Literal, NamedNode

    from mesokg.server.asking import behind
    from mesokg.store import Answer

    one, other, says = (NamedNode(PREFIXES["mkg"] + name) for name in ("a", "b", "says"))
    row = (one, says, other, None, Literal(label), Literal(locator), Literal("why"), None)
    monkeypatch.setattr("mesokg.questions.evidence_behind", lambda *_: Answer("bindings", rows=(row,)))
    explorer = SimpleNamespace(questions={}, store=object(), look=SimpleNamespace(labels=lambda _: {}))
    page = behind(explorer, {}, {"query": [("t", str(one)), ("t", str(other))]})[1].decode()
    assert cell in page and "mesokg explain" not in page


def test_no_failure_holds_what_an_earlier_request_held():
    """Python adds to the trace of an exception each time it is raised."""
    assert _crashed() is not _crashed()
