"""Loading a build, whole or without its evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesokg.builds import load_build
from mesokg.errors import StoreError
from mesokg.questions import ask, read_questions

QUESTIONS = {name: question for name, question in read_questions().items() if question.graph != "evidence"}


@pytest.fixture(scope="module")
def simple(real_build: Path):
    return load_build(real_build, evidence=False)


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_that_ask_of_no_evidence_need_none(real_store, simple, name: str) -> None:
    """The front matter says which graph a question draws on; `mesokg query` loads no more than that."""
    whole, small = ask(QUESTIONS[name], real_store), ask(QUESTIONS[name], simple)
    assert sorted(map(str, whole.rows)) == sorted(map(str, small.rows))


def test_a_damaged_build_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run `mesokg build` again"):
        load_build(tmp_path)
