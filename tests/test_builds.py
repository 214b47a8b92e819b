"""Loading a build, whole or without its evidence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import TINY

from mesokg import __version__, release
from mesokg.builds import BUILD_VARIABLE, find_build, load_build
from mesokg.errors import StoreError
from mesokg.questions import ask, read_questions
from mesokg.release import MARKER

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


@pytest.mark.parametrize("damage", ["cut off", "overwritten", "no gzip", "empty"])
def test_damaged_quads_say_so(tmp_path: Path, tiny_build: Path, damage: str) -> None:
    whole = (tiny_build / MARKER).read_bytes()
    damaged = {"cut off": whole[: len(whole) // 2], "overwritten": whole[:40] + b"\xff" * 40 + whole[80:], "no gzip": b"plain", "empty": b""}[damage]
    (tmp_path / MARKER).write_bytes(damaged)
    with pytest.raises(StoreError, match="run `mesokg build` again"):
        load_build(tmp_path)


@pytest.fixture(scope="module")
def tiny_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("builds") / "build"
    release.build(out, TINY)
    return out


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a cache beside it."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv(BUILD_VARIABLE, raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *arguments, **options: tmp_path / "cache")
    return here


def test_a_build_is_found_where_the_nearest_name_says(elsewhere: Path, tiny_build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("named", "variable", "build"):
        shutil.copytree(tiny_build, elsewhere / name)
    assert find_build() == Path("build")
    monkeypatch.setenv(BUILD_VARIABLE, str(elsewhere / "variable"))
    assert find_build() == elsewhere / "variable"
    assert find_build(elsewhere / "named") == elsewhere / "named"


def test_without_a_build_one_is_made_in_the_cache_once(elsewhere: Path, tiny_build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of the package take ten seconds, so a copy stands in for their build."""
    made: list[Path] = []

    def build(out: Path, data: Path | None = None, *, say: object = None) -> None:
        made.append(out)
        shutil.copytree(tiny_build, out)

    monkeypatch.setattr(release, "build", build)
    said: list[str] = []
    first = find_build(say=said.append)
    assert said == [f"no build found: making one in {first}, once (about 10 s)"]
    assert find_build(say=said.append) == first
    assert (made, len(said)) == ([first], 1)
    assert first == elsewhere.parent / "cache" / f"{__version__}-{release.input_hash()[:16]}"


def test_a_command_puts_back_what_a_killed_build_moved_away(elsewhere: Path, tiny_build: Path) -> None:
    shutil.copytree(tiny_build, elsewhere / "build.previous")
    assert find_build() == Path("build")
    assert (elsewhere / "build" / MARKER).is_file()
    assert not (elsewhere / "build.previous").exists()
