"""Answers as aligned tables: what fits is laid out at once, the rest as rich folds it, and nobody sees the difference."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal

from mesokg.answers import _folded, _table, format_answer, plain
from mesokg.store import Answer

TEXT = st.text(st.sampled_from("ab ,;ä─日本…[]/e\u0301\u200b🙂\n\t\r\x07"), max_size=12)


def table(names: list[str], rows: list[list[str]]) -> Answer:
    return Answer("bindings", tuple(names), tuple(tuple(map(Literal, row)) for row in rows))


@given(st.integers(1, 5).flatmap(lambda n: st.tuples(st.lists(st.sampled_from(["a", "trial", "label"]), min_size=n, max_size=n), st.lists(st.lists(TEXT, min_size=n, max_size=n), max_size=4))))
@settings(max_examples=300, deadline=None)
def test_what_fits_is_laid_out_as_rich_does(given: tuple[list[str], list[list[str]]]) -> None:
    answer = table(*given)
    assert _table(answer, 1_000) == _folded([answer.variables, *([plain(term) for term in row] for row in answer.rows)], 1_000)


def test_text_is_folded_to_the_width_of_the_terminal() -> None:
    told = format_answer(table(["id", "text"], [["mkg:a", "word " * 30]]), width=40)
    assert max(map(len, told.splitlines())) <= 40
    assert told.count("word") == 30


def test_more_columns_than_a_terminal_has_room_for_are_not_folded() -> None:
    """Of columns of three letters nobody could read a row; as where the answer goes to a file, a row is a line."""
    told = format_answer(table([f"name{n}" for n in range(27)], [["some longer text"] * 27] * 3), width=160)
    assert len(told.splitlines()) == 5
    assert told.splitlines()[2].count("some longer text") == 27


def test_an_answer_without_rows_has_its_head() -> None:
    assert format_answer(table(["a", "b"], []), width=80) == "a   b\n─────\n"
