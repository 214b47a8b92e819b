"""Parts of the pages and of the pool by themselves, on graphs and processes made for the purpose."""

from __future__ import annotations

import re

import pytest

from mesokg.identifiers import PREFIXES
from mesokg.server.look import Look
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
