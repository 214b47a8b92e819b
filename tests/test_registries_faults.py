"""Every fault of a registry, played on loopback through ``refresh``: what a curator reads, what the report holds all the
same, and that the same command goes on from there. The table in docs/how-to-refresh.md is checked against it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mesokg.refresh import Online, refresh
from mesokg.registries import ctgov
from mesokg.registries.drift import DriftReport, drift_as_tsv, print_drift
from mesokg.registries.drift_page import drift_as_html
from mesokg.registries.faults import Refused, fault
from mesokg.registries.web import Policy, may_follow
from mesokg.resources import checkout
from registries.fake_registry import Answer, FakeRegistry, page, serving, study
from registries.quick import Quick
from test_registries import PUBMED

DAY = date(2026, 11, 24)
Play = Callable[[FakeRegistry], "Answer | None"]


def _cut(registry: FakeRegistry) -> None:
    raw = registry.raw
    raw.send_response(200)
    raw.send_header("Content-Length", "5000")
    raw.end_headers()
    raw.wfile.write(b'{"studies": [')
    raw.wfile.flush()
    raw.connection.close()


def _slow(registry: FakeRegistry) -> None:
    raw = registry.raw
    raw.send_response(200)
    raw.send_header("Content-Length", "1000000")
    raw.end_headers()
    for _ in range(100):
        raw.wfile.write(b" ")
        raw.wfile.flush()
        time.sleep(0.05)


OTHER = study("NCT00000009")
LASTING: dict[str, Play] = {
    # these are played for the second page, until the registry is mended
    "paging that loops": lambda r: page(OTHER, token="p1"),
    "429 with a `Retry-After` of a day": lambda r: (429, {"Retry-After": "86400"}, b""),
    "429 without `Retry-After`": lambda r: (429, {}, b""),
    "500 in the middle": lambda r: (500, {}, b""),
    "connection cut in mid-body": _cut,
    "invalid JSON": lambda r: (200, {}, b'{"studies": [{'),
    "slow bytes": _slow,
    "an answer over the limit": lambda r: (200, {}, b'{"studies": [' + b" " * 3_000_000 + b"]}"),
    "redirects that go round": lambda r: (302, {"Location": r.raw.path}, b""),
    "a redirect to another host": lambda r: (302, {"Location": "https://registry.example/studies"}, b""),
    "refused by the registry": lambda r: (400, {}, b"pageToken: wrong"),
}
PASSING: dict[str, Play] = {
    # these are played once, and outlived
    "429 with `Retry-After`": lambda r: (429, {"Retry-After": "2"}, b""),
    "429 without `Retry-After`, once": lambda r: (429, {}, b""),
    "500 once": lambda r: (500, {}, b""),
    "connection cut once": _cut,
    "invalid JSON once": lambda r: (200, {}, b"{"),
}
RECORDS: dict[str, dict[str, Any]] = {
    # these are records that are read as far as they can be
    "a field of another type": study(designModule__phases="PHASE1"),
    "an unknown status": study(statusModule__overallStatus="PAUSED"),
    "a withdrawn study": study(statusModule__overallStatus="WITHDRAWN", designModule__enrollmentInfo={"count": 0, "type": "ACTUAL"}),
    "a record of 60 MB": study(descriptionModule__detailedDescription="word " * 12_000_000),
    "no study at all": {"protocolSection": {"identificationModule": {"nctId": "none"}}},
}


def _lines(data: Path) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in data.iterdir()}


def _run(tiny: Path, online: Online) -> DriftReport:
    before = _lines(tiny)
    report = refresh(tiny, sources=["ctgov"], online=online, day=DAY)
    assert _lines(tiny) == before, "a refresh writes nothing, whatever happens"
    return report


def _properties(report: DriftReport) -> set[str]:
    return {d.property for d in report.differences}


def _pages(faulty: Callable[[], bool], play: Play):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry) -> Answer | None:
        if not query.get("pageToken"):
            return page(study(), token="p1")
        return play(registry) if faulty() else page(OTHER)

    return handler


def _message(report: DriftReport) -> str:
    return "\n".join(map(str, report.problems))


def played_lasting(name: str, tiny: Path, cache: Path) -> str:
    """Play a fault that lasts; returns what was said of it."""
    faulty = [True]
    with serving(_pages(lambda: faulty[0], LASTING[name])) as server:
        report = _run(tiny, Quick(cache=cache, ctgov=server.url))
        assert "status" in _properties(report), "what came before the fault is compared"
        assert [p.rule for p in report.problems] == ["registry not read"]
        assert all("run the same command again" in p.fix for p in report.problems)
        faulty[0] = False
        asked = len(server.asked)
        again = _run(tiny, Quick(cache=cache, ctgov=server.url))
        assert again.problems == () and again.differences == report.differences
        assert len(server.asked) - asked <= 2, "it goes on from the pages that are kept"
    return _message(report)


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault(name: str, tiny: Path, tmp_path: Path):
    assert played_lasting(name, tiny, tmp_path / "cache")


def played_passing(name: str, tiny: Path, cache: Path) -> str:
    """Play a fault once; returns what was said meanwhile."""
    once = iter([True])
    said: list[str] = []
    with serving(_pages(lambda: next(once, False), PASSING[name])) as server:
        report = _run(tiny, Quick(cache=cache, ctgov=server.url, say=said.append))
    assert report.problems == () and "status" in _properties(report)
    return "\n".join(said)


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault(name: str, tiny: Path, tmp_path: Path):
    assert "try 2 of 3" in played_passing(name, tiny, tmp_path / "cache")


def played_record(name: str, tiny: Path, cache: Path) -> str:
    """Serve one odd record; returns what was said of it and what differs."""
    large = Policy(interval=0.0, tries=1, timeout=60.0, deadline=60.0)
    with serving(lambda path, query, registry: page(RECORDS[name]) if path == "/studies" else (404, {}, b"")) as server:
        report = _run(tiny, Quick(cache=cache, ctgov=server.url, patience=large))
    return "\n".join([_message(report), *(f"{d.kind}: {d.property} {d.theirs}" for d in report.differences)])


@pytest.mark.parametrize("name", RECORDS)
def test_an_odd_record(name: str, tiny: Path, tmp_path: Path):
    said = played_record(name, tiny, tmp_path / "cache")
    expected = {
        "a field of another type": "designModule.phases: field changed type",
        "an unknown status": "statusModule.overallStatus: unknown value: 'PAUSED'",
        "a withdrawn study": "changed: status withdrawn",
        "a record of 60 MB": "changed: status terminated",
        "no study at all": "no NCT number",
    }[name]
    assert expected in said
    assert ("changed: sponsor" in said) is (name != "no study at all"), "the rest of the record is compared"
    assert ("record gone" in said) is (name == "no study at all")


# ---------------------------------------------------------------- hostile texts

HOSTILE = "Ad.\x1b[31mred\x1b]0;owned\x07\u202e\x00\u009b2J\rfake\n0 differences"
STEERING = set("\x1b\x07\x00\r\u202e\u009b\ud800")


def _folder(folder: Path, *records: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "page.json").write_text(json.dumps({"studies": list(records)}))
    return folder


def test_control_characters_reach_no_report(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    hostile = study(
        identificationModule__officialTitle=HOSTILE, statusModule__whyStopped=HOSTILE, statusModule__overallStatus=HOSTILE,
        conditionsModule__conditions=[HOSTILE], designModule__phases={"x": HOSTILE},
    )  # fmt: skip
    report = refresh(tiny, path=_folder(tmp_path / "r", hostile), day=DAY)
    report = replace(report, notes=(*report.notes, HOSTILE), problems=(*report.problems, fault(HOSTILE, HOSTILE, HOSTILE, HOSTILE)))
    print_drift(report)
    shown = capsys.readouterr().out
    for text in (shown, drift_as_tsv(report), drift_as_html(report), "".join(map(str, report.problems))):
        assert not set(text) & STEERING and "\\x1b[31mred" in text
    assert not any(line.startswith("0 differences") for line in shown.splitlines()), "a text is one line"


def test_words_of_the_registry_steer_no_terminal(tiny: Path, tmp_path: Path):
    with serving(lambda path, query, registry: (403, {}, HOSTILE.encode())) as server:
        report = _run(tiny, Quick(cache=tmp_path, ctgov=server.url))
    assert "\\x1b[31mred" in _message(report) and not set(_message(report)) & STEERING


def _hostile_reason(registry: FakeRegistry) -> None:
    registry.raw.wfile.write(b"HTTP/1.1 503 Busy \x9b31m\x1b[31mred\x07\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (lambda r: (503, {"Retry-After": "\x1b[31m1"}, HOSTILE.encode()), "503 Service Unavailable"),
        (_hostile_reason, "503 Busy 31m\\x1b[31mred\\x07"),
        (lambda r: (200, {}, HOSTILE.encode()), "malformed answer"),
    ],
)
def test_words_of_a_registry_that_is_asked_again_steer_no_terminal(tiny: Path, tmp_path: Path, play: Play, words: str):
    said: list[str] = []
    with serving(lambda path, query, registry: play(registry)) as server:
        report = _run(tiny, Quick(cache=tmp_path, ctgov=server.url, say=said.append))
    assert said and all("ctgov: " in line and words in line and re.search("try [23] of 3", line) for line in said)
    assert not set("".join([*said, _message(report)])) & STEERING


def test_what_is_said_of_a_wrong_answer_is_plain(tmp_path: Path):
    def check(body: bytes) -> None:
        raise ValueError(body.decode())

    said: list[str] = []
    with serving(lambda path, query, registry: (200, {}, HOSTILE.encode())) as server:
        with Quick(cache=tmp_path, ctgov=server.url, say=said.append).client("ctgov") as client, pytest.raises(Refused):
            client.get("/studies", check=check)
    assert len(said) == 1 and "\\x1b[31mred" in said[0] and not set(said[0]) & STEERING


def test_half_of_a_surrogate_pair_is_reported_and_the_rest_is_compared(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    record = study(identificationModule__officialTitle="Bad \ud800 title", identificationModule__briefTitle="Bad \udfff title")
    report = refresh(tiny, path=_folder(tmp_path / "r", record), day=DAY)
    assert {p.rule for p in report.problems} == {"broken character"} and "status" in _properties(report)
    print_drift(report)
    for text in (capsys.readouterr().out, drift_as_tsv(report), drift_as_html(report)):
        assert text.encode("utf-8") and "broken character" in text
    with serving(lambda path, query, registry: page(record) if path == "/studies" else (404, {}, b"")) as server:
        again = _run(tiny, Quick(cache=tmp_path / "cache", ctgov=server.url))
    assert again.problems == report.problems, "the record can be kept, too"


# ---------------------------------------------------------------- what was asked for


def test_ours_that_were_not_asked_for_are_not_called_unknown(tiny: Path, tmp_path: Path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a.xml").write_text(PUBMED, encoding="utf-8")
    folder = _folder(tmp_path / "r", study(), study("NCT00000009"))
    notes = refresh(tiny, path=folder, day=DAY).notes
    assert "1 of our 1 registered trials are in these files" in notes
    one = refresh(tiny, path=folder, ids=["PMID:1"], day=DAY)
    assert one.problems == () and {d.subject.rsplit("/", 1)[-1] for d in one.differences} == {"publication-PMID1"}
    assert "1 of the 1 publications with a PMID, DOI or PMCID asked for is in these files" in one.notes
    assert "1 of ours in the files was not asked for" in one.notes
    assert "1 study in the files is none of our trials; `mesokg discover --from` ranks them" in one.notes
    assert not any("of our 0" in note or "of the 0" in note for note in one.notes)


@pytest.mark.parametrize(
    ("asked", "source", "words"),
    [("NCT00000001", (), "no record of it is in these files"), ("PMID:1", ("ctgov",), "nothing that --source ctgov knows"), ("HGNC:7371", (), "no record of it is in these files")],
)
def test_what_was_asked_for_and_not_compared_is_said(tiny: Path, tmp_path: Path, asked: str, source: tuple[str, ...], words: str):
    folder = _folder(tmp_path / "r", study("NCT00000009"))
    (tmp_path / "r" / "t.json").write_text('{"response": {"docs": [{"hgnc_id": "HGNC:1", "symbol": "A"}]}}')
    report = refresh(tiny, path=folder, ids=[asked], sources=source, day=DAY)
    assert [(p.file, p.rule) for p in report.problems] == [(asked, "not compared")] and words in report.problems[0].fix
    assert report.differences == ()


def test_over_the_network_too(tiny: Path, tmp_path: Path):
    with serving(lambda path, query, registry: page(study())) as server:
        online = Quick(cache=tmp_path, ctgov=server.url)
        report = refresh(tiny, ids=["PMID:1"], sources=["ctgov"], online=online, day=DAY)
        assert [p.rule for p in report.problems] == ["not compared"] and server.asked == []
        assert refresh(tiny, ids=["NCT00000001"], sources=["ctgov"], online=online, day=DAY).problems == ()


# ---------------------------------------------------------------- what a curator sees


def test_the_terminal_says_which_keys_can_be_accepted(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    report = refresh(tiny, path=_folder(tmp_path / "r", study()), day=DAY)
    print_drift(report)
    lines = capsys.readouterr().out.splitlines()
    can = {d.key: d.new for d in report.differences if d.rows}
    assert 0 < len(can) < len(report.differences) and 0 < sum(can.values()) < len(can)
    assert {line.split()[2].strip(","): line.endswith("--all-new") for line in lines if line.startswith("    accept ")} == can
    assert lines[-2] == f"{len(can)} can be accepted, each with --accept KEY; --all-new takes {sum(can.values())} of them"


def test_reading_files_tells_how_far_it_is(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told: list[tuple[str, int, int]] = []
    folder = _folder(tmp_path / "r", *(study(f"NCT{n:08}") for n in range(2, 122)))
    monkeypatch.setattr("mesokg.refresh._PATIENCE", float("inf"))
    refresh(tiny, path=folder, day=DAY, progress=lambda *what: told.append(what))
    assert told == [], "what is read at once flickers no bar"
    monkeypatch.setattr("mesokg.refresh._PATIENCE", 0.0)
    refresh(tiny, path=folder, day=DAY, progress=lambda *what: told.append(what))
    assert told == [("studies", 50, 0), ("studies", 100, 0)]


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize(
    ("target", "followed"),
    [
        ("https://r.org/y", True),
        ("https://r.org:443/y", True),
        ("http://r.org/x", False),
        ("https://r.org:8443/x", False),
        ("https://other.org/x", False),
        ("https://r.org.other.org/x", False),
        ("https://r.org@other.org/x", False),
        ("https://user:secret@r.org/x", False),
        ("file:///etc/hosts", False),
        ("ftp://r.org/x", False),
    ],
)
def test_where_a_redirect_may_lead(target: str, followed: bool):
    assert may_follow("https://r.org/x", target) is followed


def test_a_redirect_to_another_port_is_not_followed(tmp_path: Path):
    with serving(lambda path, query, registry: page(study())) as other:
        with serving(lambda path, query, registry: (302, {"Location": f"{other.url}/studies"}, b"")) as server:
            problems: list[Any] = []
            with Quick(cache=tmp_path, ctgov=server.url).client("ctgov") as client:
                assert list(ctgov.Registry(client, problems).search(condition="x")) == []
            assert "another host" in problems[0].fix and other.asked == []


# ---------------------------------------------------------------- the table for people


def _documented() -> list[tuple[str, list[str]]]:
    root = checkout()
    if root is None:
        pytest.skip("no documentation in a wheel")
    text = (root / "docs" / "how-to-refresh.md").read_text(encoding="utf-8")
    table = text.partition("| fault |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return [(cells[0].strip("| "), re.findall(r"“([^”]+)”", cells[1])) for cells in rows]


def test_the_table_in_the_docs_has_every_fault_and_its_words(tiny: Path, tmp_path: Path):
    documented = dict(_documented())
    assert set(documented) == {*LASTING, *PASSING, *RECORDS}
    for number, (name, words) in enumerate(documented.items()):
        play = played_lasting if name in LASTING else played_passing if name in PASSING else played_record
        said = play(name, tiny, tmp_path / str(number))
        assert words, f"{name}: no words of the message"
        for part in words:
            assert all(piece.strip() in said for piece in part.split("…")), f"{name}: {part!r} is not said; said was {said}"
