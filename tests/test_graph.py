"""Assertions, ranks, negation, validity in time and partial dates."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph
import pytest
from test_tables import edit

from mesokg.errors import CheckFailed, TableError
from mesokg.graph import Graph, build_graph
from mesokg.identifiers import expand
from mesokg.release import assemble
from mesokg.tables import ALT_LABEL, Row, read_tables

TRIAL = expand("mkg:trial-NCT00000001")


def values(graph: Graph, subject: str, name: str) -> set[str]:
    wanted = expand(f"mesokg:{name}")
    return {q.object.value for q in graph.facts if q.subject.value == expand(subject) and q.predicate.value == wanted}


def assertions(graph: Graph, name: str) -> list[str]:
    return sorted(a.object.value for a in graph.assertions.values() if a.property.name == name and a.object is not None)


def test_the_preferred_value_holds_and_both_are_kept(tiny: Path) -> None:
    graph = build_graph(read_tables(tiny))
    assert values(graph, "mkg:trial-NCT00000001", "enrolmentActual") == {"17"}
    assert assertions(graph, "enrolmentActual") == ["17", "18"]


def test_a_deprecated_value_never_holds(tiny: Path) -> None:
    edit(tiny, "trials", "\tpreferred\t", "\tdeprecated\t")
    graph = build_graph(read_tables(tiny))
    assert values(graph, "mkg:trial-NCT00000001", "enrolmentActual") == {"18"}


def test_the_latest_status_holds_and_the_earlier_is_kept(tiny: Path) -> None:
    graph = build_graph(read_tables(tiny))
    assert values(graph, "mkg:trial-NCT00000001", "status") == {expand("mesokg:statusCompleted")}
    assert len(assertions(graph, "status")) == 2


def test_a_month_is_its_first_day_with_its_precision(tiny: Path) -> None:
    graph = build_graph(read_tables(tiny))
    assert values(graph, "mkg:trial-NCT00000001", "startDate") == {"2000-03-01T00:00:00Z"}
    assert values(graph, "mkg:trial-NCT00000001", "startDatePrecision") == {expand("mesokg:precisionMonth")}


def test_one_outcome_meets_two_measurements(tiny: Path) -> None:
    """The 11 of 15 and the 6 of 15 are two reports of one outcome."""
    graph = build_graph(read_tables(tiny))
    link = expand("mesokg:hasMeasurement")
    measured: dict[str, set[str]] = {}
    for quad in graph.facts:
        if quad.predicate.value == link:
            measured.setdefault(quad.subject.value, set()).add(quad.object.value)
    assert sorted(map(len, measured.values())) == [1, 1, 2]
    both = next(nodes for nodes in measured.values() if len(nodes) == 2)
    numerators = {q.object.value for q in graph.facts if q.subject.value in both and q.predicate.value == expand("mesokg:numerator")}
    assert numerators == {"11", "6"}


def test_an_outranked_measurement_stays_in_the_evidence_only(tiny: Path) -> None:
    lines = (tiny / "outcomes.tsv").read_text().splitlines()
    cells = lines[2].split("\t")
    header = lines[0].split("\t")
    cells[header.index("rank")] = "deprecated"
    lines[2] = "\t".join(cells)
    (tiny / "outcomes.tsv").write_text("\n".join(lines) + "\n")
    graph = build_graph(read_tables(tiny))
    assert sum(q.predicate.value == expand("mesokg:hasMeasurement") for q in graph.facts) == 3
    assert assertions(graph, "numerator") == ["11", "6"]
    assert [q.object.value for q in graph.facts if q.predicate.value == expand("mesokg:numerator")] == ["11"]


def test_not_reported_is_an_assertion_without_a_triple(tiny: Path) -> None:
    edit(tiny, "therapies", "mkg:organisation-example", "not_reported")
    graph = build_graph(read_tables(tiny))
    assert values(graph, "mkg:therapy-tiny", "developer") == set()
    found = [a for a in graph.assertions.values() if a.property.name == "developer"]
    assert [(a.object, a.status) for a in found] == [(None, expand("mesokg:notReported"))]


def test_two_values_of_what_has_no_rank_are_reported_at_both_rows(tiny: Path) -> None:
    """A year of publication needs no source, so it has no rank, and nothing could choose between two."""
    header, row = (tiny / "publications.tsv").read_text().splitlines()[:2]
    other = dict(zip(header.split("\t"), row.split("\t"), strict=True)) | {"publicationYear": "2001", "locator": "title page"}
    with (tiny / "publications.tsv").open("a") as file:
        file.write("\t".join(other.values()) + "\n")
    with pytest.raises(TableError) as caught:
        build_graph(read_tables(tiny))
    assert [(p.file, p.line, p.column, p.rule, p.value) for p in caught.value.problems] == [
        ("data/publications.tsv", 2, "publicationYear", "two values", "2000"),
        ("data/publications.tsv", 4, "publicationYear", "two values", "2001"),
    ]


def test_zero_is_a_number(tiny: Path) -> None:
    edit(tiny, "outcomes", "\t11\t15\t", "\t0\t12\t")
    assert "0" in assertions(build_graph(read_tables(tiny)), "numerator")


@pytest.mark.parametrize(("rank", "holds"), [("preferred", set()), ("deprecated", {"mkg:country-us"})])
def test_a_denial_with_higher_rank_takes_the_triple_away(tiny: Path, rank: str, holds: set[str]) -> None:
    header = (tiny / "trials.tsv").read_text().splitlines()[0].split("\t")
    row = dict.fromkeys(header, "")
    row |= {"id": "mkg:trial-NCT00000001", "label": "tiny trial", "country": "mkg:country-us", "source": "PMID:2", "locator": "text"}
    row |= {"evidence": "review", "checked_on": "2026-11-24", "negated": "true", "rank": rank, "comment": "why"}
    with (tiny / "trials.tsv").open("a") as file:
        file.write("\t".join(row.values()) + "\n")
    graph = build_graph(read_tables(tiny))
    assert values(graph, "mkg:trial-NCT00000001", "country") == {expand(name) for name in holds}


@pytest.mark.parametrize(("column", "value", "rule"), [("evidence", "case report", "two kinds of evidence"), ("rank", "deprecated", "two ranks")])
def test_one_source_says_a_thing_with_one_evidence_and_one_rank(tiny: Path, column: str, value: str, rule: str) -> None:
    """Told twice, at two places, it is one assertion, which cannot keep both."""
    path = tiny / "trials.tsv"
    lines = path.read_text().splitlines()
    again = dict(zip(lines[0].split("\t"), lines[-1].split("\t"), strict=True)) | {"locator": "another place", "comment": "why", column: value}
    path.write_text("\n".join([*lines, "\t".join(again.values()), ""]))
    with pytest.raises(TableError) as caught:
        build_graph(read_tables(tiny))
    found = [p for p in caught.value.problems if p.rule == rule]
    assert {(p.file, p.line) for p in found} == {("data/trials.tsv", len(lines) + 1)}
    assert all(f"data/trials.tsv:{len(lines)} " in p.fix for p in found)


def test_every_plain_triple_has_an_assertion(tiny: Path) -> None:
    tables = read_tables(tiny)
    graph = build_graph(tables)
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    known = {(a.subject, a.property.iri, a.object) for a in graph.assertions.values()}
    named = [q for q in graph.facts if q.predicate.value == ALT_LABEL]
    claims = [q for q in graph.facts if (p := vocabulary.properties.get(q.predicate.value)) and p.kind != "annotation" and not p.exempt] + named
    assert claims and named
    assert all((q.subject.value, q.predicate.value, q.object) in known for q in claims)


def add_names(data: Path, **cells: str) -> None:
    """One more row of the therapy, with the columns that its table has and those that are given."""
    path = data / "therapies.tsv"
    header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    columns = [*header, *(name for name in cells if name not in header)]
    usual = {"id": "mkg:therapy-tiny", "label": "tiny interferon vector", "source": "PMID:2", "locator": "table 1", "evidence": "review", "checked_on": "2026-11-24"}
    lines = [columns, *(row + [""] * (len(columns) - len(row)) for row in rows), [(usual | cells).get(name, "") for name in columns]]
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def named(graph: Graph, subject: str = "mkg:therapy-tiny") -> set[str]:
    return {q.object.value for q in graph.facts if q.subject.value == expand(subject) and q.predicate.value == ALT_LABEL}


def test_each_synonym_is_said_by_the_source_of_its_row_at_its_place(tiny: Path) -> None:
    add_names(tiny, synonyms="tIFN|third name", record_date="2003-05")
    tables = read_tables(tiny)
    graph = build_graph(tables)
    wanted: dict[tuple[str, str, str], list[Row]] = {}
    for row in tables.rows:
        for name in row.synonyms:
            wanted.setdefault((row.subject, name, row.source or ""), []).append(row)
    made = {(a.subject, a.object.value, a.source): a for a in graph.assertions.values() if a.property.iri == ALT_LABEL and a.object is not None}
    assert sorted(name for _, name, _ in made) == ["Ad.tiny", "tIFN", "tIFN", "third name"], "two sources give one of the names"
    assert {key: one.rows for key, one in made.items()} == wanted
    told = {(q.subject.value, q.predicate.value): q.object.value for q in graph.evidence}
    for (subject, name, source), one in made.items():
        (row,) = one.rows
        fields = {"subject": subject, "predicate": ALT_LABEL, "object": name, "source": source, "locator": row.locator, "evidenceLevel": row.evidence, "rank": row.rank, "inTable": "therapies.tsv"}
        assert {key: told[one.iri, expand(f"mesokg:{key}")] for key in fields} == fields
        assert told[one.iri, expand("mesokg:recordDate")] == ("2000-01-01T00:00:00Z" if row.locator == "abstract" else "2003-05-01T00:00:00Z")
    assert named(graph) == {"Ad.tiny", "tIFN", "third name"}


@pytest.mark.parametrize(("cells", "held"), [({"rank": "deprecated"}, {"tIFN"}), ({"negated": "true", "rank": "preferred"}, {"tIFN"}), ({"rank": "preferred"}, {"tIFN", "Ad.tiny"})])
def test_a_synonym_is_outranked_or_denied_as_any_value(tiny: Path, cells: dict[str, str], held: set[str]) -> None:
    edit(tiny, "therapies", "Ad.tiny|tIFN", "tIFN")
    add_names(tiny, synonyms="Ad.tiny", **cells)
    graph = build_graph(read_tables(tiny))
    assert named(graph) == held
    assert assertions(graph, "altLabel") == ["Ad.tiny", "tIFN"], "said, whether or not it holds"


def test_a_row_may_give_nothing_but_a_name(tiny: Path) -> None:
    add_names(tiny, synonyms="third name")
    assert "third name" in named(build_graph(read_tables(tiny)))


def test_names_of_listed_things_stand_without_a_source(tiny: Path) -> None:
    edit(tiny, "diseases", "id\tlabel\t", "id\tlabel\tsynonyms\t")
    edit(tiny, "diseases", "malignant pleural mesothelioma\t", "malignant pleural mesothelioma\tMPM\t")
    edit(tiny, "diseases", "malignant mesothelioma\t\n", "malignant mesothelioma\t\t\n")
    graph = build_graph(read_tables(tiny))
    assert named(graph, "MONDO:0005112") == {"MPM"}
    assert "MPM" not in assertions(graph, "altLabel")


def test_a_name_of_what_sources_describe_needs_one(tiny: Path) -> None:
    path = tiny / "therapies.tsv"
    header, row = path.read_text(encoding="utf-8").splitlines()
    cells = row.split("\t")
    path.write_text("\n".join([header, "\t".join([*cells[:2], "", *cells[3:]]), "\t".join([*cells[:2], "Ad.tiny", *("" for _ in cells[3:])]), ""]), encoding="utf-8")
    with pytest.raises(CheckFailed) as caught:
        assemble(tiny)
    assert [(p.file, p.line, p.column, p.rule) for p in caught.value.problems if p.level == "error"] == [("data/therapies.tsv", 3, "synonyms", "fact_without_assertion")]


def test_ids_leave_place_rank_and_comment_outside(tiny: Path) -> None:
    before = set(build_graph(read_tables(tiny)).assertions)
    edit(tiny, "arms", "abstract", "table 9")
    edit(tiny, "trials", "the paper counts who was treated", "another remark")
    assert set(build_graph(read_tables(tiny)).assertions) == before


def test_data_hold_no_blank_nodes(tiny: Path) -> None:
    graph = build_graph(read_tables(tiny))
    for quad in [*graph.facts, *graph.evidence]:
        assert isinstance(quad.subject, pyoxigraph.NamedNode)
        assert not isinstance(quad.object, pyoxigraph.BlankNode)
