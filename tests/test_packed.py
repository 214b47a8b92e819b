"""The compressed quads of a build: read whole, or without what is said of assertions and metadata that a query does not ask of."""

import gzip
import zlib
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, Store, parse

from mesokg.builds import load_build
from mesokg.identifiers import GRAPHS, PREFIXES, graph_iri, term
from mesokg.packed import asked_of, read_packed, write_packed
from mesokg.questions import ask, bind, complete_setting, read_questions
from mesokg.rdf_files import sorted_graphs
from mesokg.release import MARKER

QUESTIONS = {name: question for name, question in read_questions().items() if question.graph == "evidence"}
APART = {NamedNode(graph_iri("evidence")), NamedNode(graph_iri("metadata"))}
ASKED = {term("subject"), term("rank"), PREFIXES["rdf"] + "type", PREFIXES["void"] + "vocabulary"}


def quads(data: bytes) -> set[object]:
    return set(parse(data, format=RdfFormat.N_QUADS))


@pytest.fixture(scope="module")
def whole(real_build: Path) -> set[object]:
    return quads(gzip.decompress((real_build / MARKER).read_bytes()))


def test_the_whole_file_is_the_whole_graph(real_build: Path, whole: set[object]) -> None:
    assert quads(read_packed(real_build / MARKER)) == whole


def test_only_the_statements_asked_of_are_left_of_assertions_and_metadata(real_build: Path, whole: set[object]) -> None:
    found = quads(read_packed(real_build / MARKER, {"subject", "rank", "label", "vocabulary"}))
    assert found == {quad for quad in whole if quad.graph_name not in APART or quad.predicate.value in ASKED}
    assert len(found) < len(whole) / 2


def test_only_assertions_about_the_properties_asked_for_are_left(real_build: Path, whole: set[object]) -> None:
    names = {"subject", "rank", "vocabulary", "status", "phase", "asOf"}
    about = {quad.subject: quad.object.value for quad in whole if quad.predicate.value == term("predicate")}
    wanted = {term("phase"), term("status")}
    asked = ASKED | {term("asOf")}
    found = quads(read_packed(real_build / MARKER, names, named=True))
    assert found == {
        quad
        for quad in whole
        if quad.graph_name not in APART or (quad.predicate.value in asked and about.get(quad.subject, term("status")) in wanted)
    }
    assert {about[quad.subject] for quad in found if quad.subject in about} == wanted
    # nothing is left out where it is not said which
    assert read_packed(real_build / MARKER, named=True) == read_packed(real_build / MARKER)


def test_only_assertions_with_the_value_asked_for_are_left(real_build: Path, whole: set[object]) -> None:
    trial = PREFIXES["mkg"] + "trial-NCT03710876"
    about = {quad.subject: quad.object.value for quad in whole if quad.predicate.value == term("subject")}
    found = quads(read_packed(real_build / MARKER, {"subject", "rank", "vocabulary"}, only=(term("subject"), trial)))
    assert found == {
        quad for quad in whole if quad.graph_name not in APART or (quad.predicate.value in ASKED and about.get(quad.subject, trial) == trial)
    }
    assert {about[quad.subject] for quad in found if quad.subject in about} == {trial}
    # the property that tells them apart need not be asked of itself
    found = quads(read_packed(real_build / MARKER, {"rank"}, only=(term("subject"), trial)))
    assert {about[quad.subject] for quad in found if quad.subject in about} == {trial}
    assert not any(quad.predicate.value == term("subject") for quad in found)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_by_the_part_that_it_asks_of(real_store, real_build: Path, name: str) -> None:
    question = QUESTIONS[name]
    few = load_build(real_build, asked=question.choices) if question.only else None
    settings: list[dict[str, str]] = [{}]
    for parameter in question.parameters:
        offered = [value for value, _ in complete_setting(question, f"{parameter.name}=", real_store)]
        settings += [dict([value.split("=", 1)]) for value in offered[:: max(1, len(offered) // 5)]]
    part = load_build(real_build, asked=question.sparql, named=question.named, only=question.chosen)
    assert len(part.oxigraph) < len(real_store.oxigraph) / (4 if question.named or few else 1)
    for setting in settings:
        bound = bind(question, setting, few or part)
        if few and setting:
            part = load_build(real_build, asked=question.sparql, only=bound.chosen)
        assert sorted(map(str, ask(bound, part).rows)) == sorted(map(str, ask(question, real_store, setting).rows)), setting


def test_a_file_in_another_order_is_read_whole(real_build: Path, whole: set[object], tmp_path: Path) -> None:
    store = Store()
    store.extend(whole)
    evidence = sorted_graphs(store, GRAPHS)[0]["evidence"]
    by_subject = b"".join(f"{quad} .\n".encode() for quad in evidence)
    path = tmp_path / "by-subject.nq.gz"
    path.write_bytes(gzip.compress(by_subject, 1))
    assert read_packed(path, {"subject"}) == by_subject


@pytest.mark.parametrize("length", [0, 10, 1000, -1])
def test_a_file_that_is_cut_off_is_not_read_in_part(real_build: Path, tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.nq.gz"
    path.write_bytes((real_build / MARKER).read_bytes()[:length])
    for names in (None, set(), {"subject"}):
        with pytest.raises((EOFError, OSError, zlib.error)):
            read_packed(path, names)


def test_any_tool_that_reads_gzip_reads_the_whole(real_build: Path, whole: set[object]) -> None:
    found = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    data, lines = (real_build / MARKER).read_bytes(), b""
    while data:
        lines += found.decompress(data)
        data, found = found.unused_data, zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    assert quads(lines) == whole


def test_without_assertions_there_is_nothing_to_leave_out(tmp_path: Path) -> None:
    path = tmp_path / "empty.nq.gz"
    write_packed({}, path)
    assert read_packed(path, {"subject"}) == b""


def test_names_are_found_however_they_are_written() -> None:
    asked = asked_of('PREFIX m: <https://w3id.org/mesokg/ontology/> SELECT * { ?a m:subject ?s ; <https://w3id.org/mesokg/ontology/rank> "x" ; mesokg:source ?o }')
    assert {"subject", "rank", "source"} <= asked
