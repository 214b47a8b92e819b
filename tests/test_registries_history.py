"""Refresh, accept and history on records of our own trials, made from the structure of a real record."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mesokg.refresh import accept, refresh
from mesokg.registries.accepting import finish_stopped
from mesokg.registries.ctgov import ALLOCATIONS, PHASES, STATUSES
from mesokg.registries.drift import Difference, DriftReport
from mesokg.registries.ours import Ours
from mesokg.resources import folder
from mesokg.tables import read_tables
from registries.fake_registry import study
from test_registries import SAMPLES

DAY = date(2026, 11, 24)
NUMBER = "NCT00066404"
VERSION = "2026-03-02"
REAL = SAMPLES / "ctgov" / "NCT02552212_full_with_results.json"


@pytest.fixture(scope="module")
def ours() -> Ours:
    return Ours()


def _plain(ours: Ours, name: str) -> list[str]:
    return [s.text for s in ours.stated(ours.trials[NUMBER], name) if s.plain]


@pytest.fixture(scope="module")
def agreeing(ours: Ours) -> dict[str, Any]:
    """A record of our trial that says what we say: the structure of a real one, with our values in its fields."""
    made = json.loads(REAL.read_text(encoding="utf-8")) if REAL.is_file() else study(NUMBER)
    made.pop("resultsSection", None)
    protocol = made["protocolSection"]
    backwards = {v: k for k, v in STATUSES.items()}
    status = protocol["statusModule"]
    status["overallStatus"] = backwards[_plain(ours, "status")[0]]
    status.pop("whyStopped", None)
    status["lastUpdatePostDateStruct"] = {"date": VERSION, "type": "ACTUAL"}
    for key, name in (("startDateStruct", "startDate"), ("primaryCompletionDateStruct", "primaryCompletionDate"), ("completionDateStruct", "completionDate")):
        status[key] = {"date": _plain(ours, name)[0], "type": "ACTUAL"}
    design = protocol["designModule"]
    design["phases"] = list({v: k for k, v in PHASES.items()}[_plain(ours, "phase")[0]])
    design["enrollmentInfo"] = {"count": int(_plain(ours, "enrolmentPlanned")[0]), "type": "ESTIMATED"}
    design["designInfo"] = {"interventionModel": "SINGLE_GROUP", "allocation": "NA"}
    identification = {"nctId": NUMBER, "briefTitle": "x", "officialTitle": _plain(ours, "officialTitle")[0]}
    protocol["identificationModule"] = identification
    protocol["sponsorCollaboratorsModule"] = {
        "leadSponsor": {"name": _plain(ours, "sponsor")[0]}, "collaborators": [{"name": n} for n in _plain(ours, "collaborator")],
    }  # fmt: skip
    protocol["contactsLocationsModule"] = {"locations": [{"country": n} for n in _plain(ours, "country")]}
    protocol["conditionsModule"] = {"conditions": _plain(ours, "studies")}
    protocol["referencesModule"] = {}
    return made


def _changed(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = deepcopy(record)
    for path, value in changes.items():
        module, name = path.split("__")
        made["protocolSection"][module][name] = value
    return made


def _refresh(tmp_path: Path, *records: dict[str, Any], data: Path | None = None) -> DriftReport:
    files = tmp_path / "records"
    files.mkdir(exist_ok=True)
    (files / "ours.json").write_text(json.dumps(list(records)), encoding="utf-8")
    report = refresh(data, sources=["ctgov"], path=files, day=DAY)
    assert report.problems == ()
    return report


FIELDS: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    # property: (change of the record, kind, severity, theirs, what rests on it)
    "status": ({"statusModule__overallStatus": "TERMINATED"}, "changed", "high", "terminated", "stopped trial"),
    "phase": ({"designModule__phases": ["PHASE2", "PHASE3"]}, "changed", "high", "2/3", "question"),
    "allocation": ({"designModule__designInfo": {"allocation": "RANDOMIZED"}}, "changed", "high", ALLOCATIONS["RANDOMIZED"], "randomised trial"),
    "enrolmentPlanned": ({"designModule__enrollmentInfo": {"count": 4321, "type": "ESTIMATED"}}, "changed", "medium", "4321", "question"),
    "enrolmentActual": ({"designModule__enrollmentInfo": {"count": 43, "type": "ACTUAL"}}, "missing here", "medium", "43", "question"),
    "startDate": ({"statusModule__startDateStruct": {"date": "2001-02", "type": "ACTUAL"}}, "changed", "medium", "2001-02 (actual)", "question"),
    "primaryCompletionDate": ({"statusModule__primaryCompletionDateStruct": {"date": "2031-02"}}, "changed", "medium", "2031-02", ""),
    "completionDate": ({"statusModule__completionDateStruct": {"date": "2031-02-03"}}, "changed", "medium", "2031-02-03", ""),
    "stopReason": ({"statusModule__whyStopped": "no funds"}, "missing here", "low", "no funds", "question"),
    "officialTitle": ({"identificationModule__officialTitle": "Another title"}, "worded differently", "low", "Another title", ""),
    "acronym": ({"identificationModule__acronym": "NEWNAME"}, "missing here", "low", "NEWNAME", ""),
    "sponsor": ({"sponsorCollaboratorsModule__leadSponsor": {"name": "Newco"}}, "changed", "medium", "Newco", "question"),
    "collaborator": ({"sponsorCollaboratorsModule__collaborators": [{"name": "Newco"}]}, "missing here", "low", "Newco", ""),
    "country": ({"contactsLocationsModule__locations": [{"country": "Japan"}]}, "missing here", "medium", "Japan", "question"),
    "studies": ({"conditionsModule__conditions": ["peritoneal mesothelioma"]}, "missing here", "medium", "malignant peritoneal mesothelioma", "question"),
}


def test_a_record_that_says_what_we_say_is_no_drift(agreeing: dict[str, Any], tmp_path: Path):
    report = _refresh(tmp_path, agreeing)
    assert [(d.property, d.kind) for d in report.differences if d.property in FIELDS] == []
    assert report.agreed >= 13


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_that_drifts_is_shown_alone(agreeing: dict[str, Any], tmp_path: Path, name: str):
    changes, kind, severity, theirs, rests = FIELDS[name]
    found = [d for d in _refresh(tmp_path, _changed(agreeing, **changes)).differences if d.property in FIELDS and d.kind != "not in the record"]
    (one,) = found
    assert (one.property, one.kind, one.severity, one.theirs) == (name, kind, severity, theirs)
    assert (one.their_source, one.their_date) == (f"ClinicalTrials.gov {NUMBER}", VERSION)
    assert rests in one.rests
    if kind == "changed":
        assert one.ours and one.our_source


def test_results_and_arms_that_are_posted_are_shown(ours: Ours, agreeing: dict[str, Any], tmp_path: Path):
    posted = {**agreeing, "resultsSection": study(results=True)["resultsSection"]}
    (one,) = [d for d in _refresh(tmp_path, posted).differences if d.property == "hasOutcome"]
    assert (one.kind, one.severity, one.new) == ("results posted", "high", True) and "question" in one.rests


# ---------------------------------------------------------------- accepted, and known on a day


@pytest.fixture(scope="module")
def accepted(agreeing: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Difference]]:
    """A copy of our tables in which a new status and a new enrolment were accepted, and its build."""
    from mesokg.release import build

    place = tmp_path_factory.mktemp("history")
    data = Path(shutil.copytree(folder("data"), place / "data"))
    record = _changed(agreeing, **FIELDS["status"][0], **FIELDS["enrolmentPlanned"][0])
    chosen = [d for d in _refresh(place, record, data=data).differences if d.property in ("status", "enrolmentPlanned")]
    diff, number = accept(DriftReport(tuple(chosen)), [d.key for d in chosen], data=data)
    assert number == 3 and diff.count("+++ ") == 1, "status, its wording and the enrolment, all in trials.tsv"
    left = {d.property for d in _refresh(place, record, data=data).differences}
    assert not {"status", "enrolmentPlanned"} & left, "what was accepted agrees"
    build(place / "build", data)
    return data, place / "build", chosen


def _known_on(build: Path, day: str) -> dict[str, set[str]]:
    from mesokg.builds import load_build
    from mesokg.questions import ask, find_question

    with load_build(build) as store:
        answer = ask(find_question("what_was_known_of_trials_on"), store, {"day": day})
        found: dict[str, set[str]] = {}
        for row in answer.rows:
            cells = {name: term.value for name, term in zip(answer.variables, row, strict=True) if term is not None}
            if cells["trial"].endswith(NUMBER) and "value" in cells:  # a field without a value is one that nothing dated tells
                found.setdefault(cells["field"], set()).add(cells["value"])
    return found


def test_what_was_known_on_a_day_before_and_after(ours: Ours, accepted: tuple[Path, Path, list[Difference]]):
    _, build, _ = accepted
    before, after = _known_on(build, "2026-03-01"), _known_on(build, VERSION)
    changed = {field: (before[field], after[field]) for field in after if before.get(field) != after[field]}
    assert changed == {
        "status": (set(_plain(ours, "status")), {"terminated"}),
        "enrolment planned": (set(_plain(ours, "enrolmentPlanned")), {"4321"}),
    }


def test_the_graph_states_the_newest_and_keeps_the_old_as_assertions(ours: Ours, accepted: tuple[Path, Path, list[Difference]]):
    from mesokg.builds import load_build

    _, build, _ = accepted
    with load_build(build) as store:
        plain = store.query(f"SELECT ?v WHERE {{ <{ours.trials[NUMBER]}> mesokg:status ?s . ?s skos:notation ?v }}")
        stated = store.query(
            f"SELECT ?v ?day WHERE {{ ?a mesokg:subject <{ours.trials[NUMBER]}> ; mesokg:predicate mesokg:status ; mesokg:object ?s ;"
            " mesokg:asOf ?day . ?s skos:notation ?v }"
        )
        assert [row[0].value for row in plain.rows] == ["terminated"]
        dated = {(v.value, day.value[:10]) for v, day in stated.rows}
    assert ("terminated", VERSION) in dated and (_plain(ours, "status")[0], ours.stated(ours.trials[NUMBER], "status")[0].as_of) in dated


# ---------------------------------------------------------------- stopped half way

KILLED = """
import os, signal, sys
from pathlib import Path
from mesokg.refresh import accept, refresh
left = int(sys.argv[3])
replace = Path.replace
def counted(self, target):
    global left
    if Path(target).parent == Path(sys.argv[1]):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
    return replace(self, target)
Path.replace = counted
report = refresh(Path(sys.argv[1]), sources=["ctgov"], path=Path(sys.argv[2]))
accept(report, all_new=True, data=Path(sys.argv[1]), validate=lambda data: None)
"""


def _list(data: Path, *names: str) -> None:
    """Write the list of waiting tables, as an accept that is stopped leaves it."""
    hashes = {n: [hashlib.sha256((data / f"{n}.tsv{end}").read_bytes()).hexdigest() for end in ("", ".accepted")] for n in names}
    (data / ".accepted-tables").write_text("".join("\t".join((n, *both)) + "\n" for n, both in hashes.items()))


def _texts(data: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(data.glob("*.tsv"))}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signal that ends a process at once")
def test_a_kill_between_any_two_writes_leaves_whole_tables_and_can_be_finished(tiny: Path, tmp_path: Path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.json").write_text(json.dumps([study(results=True)]))
    (tmp_path / "killed.py").write_text(KILLED)
    old = _texts(tiny)
    whole = Path(shutil.copytree(tiny, tmp_path / "whole"))
    accept(refresh(whole, sources=["ctgov"], path=tmp_path / "records"), all_new=True, data=whole, validate=lambda data: None)
    new = _texts(whole)
    tables = [name for name in new if new[name] != old.get(name)]
    assert len(tables) >= 4
    outcomes: list[str] = []
    for stop in range(2 * len(tables) + 2):  # each table beside its place, their list, each table into its place; then no stop
        data = Path(shutil.copytree(tiny, tmp_path / f"data{stop}"))
        run = subprocess.run(
            [sys.executable, str(tmp_path / "killed.py"), str(data), str(tmp_path / "records"), str(stop)],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        last = stop == 2 * len(tables) + 1
        assert run.returncode == (0 if last else -signal.SIGKILL), run.stderr
        now = _texts(data)
        assert all(now.get(name) in (old.get(name), new.get(name)) for name in {*old, *new}), "each table is the old or the new one, whole"
        read_tables(data)  # what stands there reads without a problem
        finish_stopped(data)
        ended = _texts(data)
        assert ended in (old, new), "all or none"
        assert sorted(p.name for p in data.iterdir() if not p.name.startswith(".")) == sorted(ended), "nothing is left beside the tables"
        outcomes.append("new" if ended == new else "old")
    assert outcomes == ["old"] * (len(tables) + 1) + ["new"] * (len(tables) + 1)


def test_the_command_finishes_what_was_stopped_before_it_accepts_more(tiny: Path, tmp_path: Path):
    from click.testing import CliRunner

    from mesokg.registries.commands import refresh as command

    trials = (tiny / "trials.tsv").read_bytes()
    (tiny / "trials.tsv.accepted").write_bytes(trials.replace(b"TINY", b"TEENY"))
    _list(tiny, "trials")
    (tmp_path / "a.json").write_text(json.dumps(study()))
    run = CliRunner().invoke(command, ["--from", str(tmp_path / "a.json"), "--data", str(tiny), "--all-new"])
    assert run.exit_code == 0 and "an earlier --accept was stopped half way" in run.output and "trials" in run.output
    assert (tiny / "trials.tsv").read_bytes() == trials.replace(b"TINY", b"TEENY")
    assert not list(tiny.glob("*.accepted")) and not (tiny / ".accepted-tables").exists()


def test_an_accept_from_python_first_puts_in_place_what_waits(tiny: Path, tmp_path: Path):
    organisations = (tiny / "organisations.tsv").read_bytes()
    (tiny / "organisations.tsv.accepted").write_bytes(organisations + b"mkg:organisation-waiting\tWaiting" + b"\t" * (organisations.split(b"\n")[0].count(b"\t") - 1) + b"\n")
    _list(tiny, "organisations")
    (tmp_path / "a.json").write_text(json.dumps(study()))
    report = refresh(tiny, sources=["ctgov"], path=tmp_path / "a.json", day=DAY)
    accept(report, all_new=True, data=tiny, validate=lambda data: None)
    text = (tiny / "organisations.tsv").read_text()
    assert "Waiting" in text and "Another Sponsor" not in text.partition("Waiting")[0] and not (tiny / ".accepted-tables").exists()
    assert "Slow enrolment" in (tiny / "trials.tsv").read_text()


# ---------------------------------------------------------------- written whole or not at all


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mesokg.beside import write_beside
    from mesokg.errors import ExportError

    path = tmp_path / "a.tsv"
    write_beside(path, "äß\nline")
    assert path.read_bytes() == "äß\nline".encode()
    with pytest.raises(ExportError, match="a.tsv: cannot be written: .+; is the folder there"):
        write_beside(tmp_path / "none" / "a.tsv", b"")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ExportError, match="No space left"):
        write_beside(path, b"another")
    assert path.read_bytes() == "äß\nline".encode() and [p.name for p in tmp_path.iterdir()] == ["a.tsv"]


def test_the_timeline_has_the_intervals_of_both_values(ours: Ours, accepted: tuple[Path, Path, list[Difference]], tmp_path: Path):
    from xml.etree import ElementTree

    from mesokg.builds import load_build
    from mesokg.formats import EXPORTS
    from mesokg.networks import network

    _, build, _ = accepted
    with load_build(build) as store:
        EXPORTS["gexf-history"].write(network(store, "trials"), tmp_path / "t.gexf")
    gexf = "{http://gexf.net/1.3}"
    root = ElementTree.parse(tmp_path / "t.gexf").getroot()
    dynamic = {
        attribute.get("id"): attribute.get("title")
        for block in root.iter(f"{gexf}attributes") if (block.get("class"), block.get("mode")) == ("node", "dynamic")
        for attribute in block
    }  # fmt: skip
    assert set(dynamic.values()) == {"enrolment_actual", "enrolment_planned", "phase", "status"}
    node = next(n for n in root.iter(f"{gexf}node") if n.get("id") == f"mkg:trial-{NUMBER}")
    times = [
        (dynamic[v.get("for")], v.get("value"), v.get("start"), v.get("end")) for v in node.iter(f"{gexf}attvalue") if v.get("for") in dynamic
    ]
    before, planned = _plain(ours, "status")[0], ours.stated(ours.trials[NUMBER], "enrolmentPlanned")
    since = next(s.as_of for s in ours.stated(ours.trials[NUMBER], "status") if s.plain)
    assert ("status", before, since, "2026-03-01") in times and ("status", "terminated", VERSION, None) in times
    assert ("enrolment_planned", "4321", VERSION, None) in times
    assert ("enrolment_planned", planned[0].text, planned[0].as_of or planned[0].date, "2026-03-01") in times
