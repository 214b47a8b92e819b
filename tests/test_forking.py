"""A share of the work in a copy of the process."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import TINY
from test_release import contents
from test_tables import edit

from mesokg.errors import CheckFailed, Problem

linux = pytest.mark.skipif(sys.platform != "linux", reason="a build forks on Linux only; elsewhere the other way is taken and tested")


def told(code: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """What a fresh process with one thread says; pytest itself may have more, and then would not fork."""
    head = "import os, sys, time\nfrom mesokg.errors import *\nfrom mesokg.forking import can_fork, forked\nassert can_fork()\n"
    return subprocess.run([sys.executable, "-c", head + code, *arguments], capture_output=True, text=True, check=False, timeout=timeout)


@linux
def test_the_results_of_a_copy_come_back_one_by_one() -> None:
    done = told("def work():\n    yield os.getpid()\n    yield [1] * 200_000\nwith forked(work) as results: pid, many = results\nprint(pid != os.getpid(), len(many))")
    assert (done.stdout, done.stderr) == ("True 200000\n", "")


@linux
def test_a_copy_does_not_wait_until_its_first_result_is_asked_for(tmp_path: Path) -> None:
    code = (
        "def work():\n    yield [1] * 2_000_000\n    open(sys.argv[1], 'w').close()\n    yield 2\n"
        "with forked(work) as results:\n    end = time.monotonic() + 30\n"
        "    while not os.path.exists(sys.argv[1]) and time.monotonic() < end: time.sleep(0.01)\n"
        "    print(os.path.exists(sys.argv[1]), [found if found == 2 else len(found) for found in results])"
    )
    done = told(code, str(tmp_path / "written"))
    assert (done.stdout, done.stderr) == ("True [2000000, 2]\n", "")


@linux
@pytest.mark.parametrize(
    ("work", "seen"),
    [
        ("raise CheckFailed([Problem('data/a.tsv', 2, 'phase', 'rule', 'x', 'mend it')])", "CheckFailed [Problem(file='data/a.tsv', line=2"),
        ("raise ExportError('no room')", "ExportError no room"),
        ("raise OSError(28, 'No space left on device', '/dev/full')", "OSError [Errno 28] No space left on device: '/dev/full'"),
        ("1 / 0", "RuntimeError in the second process:"),
        # a process that ends at once may take with it what it has found
        ("os._exit(3)\n    yield", "RuntimeError the second process ended early, with 3"),
    ],
)
def test_what_a_copy_raises_is_raised_here(work: str, seen: str) -> None:
    if "_exit" not in work:
        work, seen = f"yield 'first'\n    {work}", f"first\n{seen}"
    done = told(
        f"def work():\n    {work}\ntry:\n    with forked(work) as results:\n        print(next(results))\n        next(results)\n"
        "except Exception as error: print(type(error).__name__, getattr(error, 'problems', error))"
    )
    assert done.stdout.startswith(seen), done.stderr
    assert done.stderr == ""


@linux
def test_where_the_system_refuses_a_copy_the_work_is_done_here(tmp_path: Path) -> None:
    refused = "def refuse(): raise OSError(11, 'Resource temporarily unavailable')\nos.fork = refuse\n"
    done = told(refused + "def work():\n    yield os.getpid()\n    1 / 0\ntry:\n    with forked(work) as results:\n        print(next(results) == os.getpid())\n        next(results)\nexcept ZeroDivisionError as error: print(error.__context__)")
    assert (done.stdout, done.stderr) == ("True\nNone\n", "")
    code = refused + "from pathlib import Path\nfrom mesokg.release import build\nbuilt, _ = build(Path(sys.argv[1]), Path(sys.argv[2]))\nprint('validation' in built.seconds)"
    done = told(code, str(tmp_path / "refused"), str(TINY))
    assert done.stdout == "True\n", done.stderr
    build_in(tmp_path / "forked", forks=True)
    assert contents(tmp_path / "refused") == contents(tmp_path / "forked")


LATE = "def work():\n    time.sleep(1)\n    yield open(sys.argv[1], 'w').close()\n"


@linux
@pytest.mark.parametrize("end", ["raise ZeroDivisionError", "os.kill(os.getpid(), 9)"], ids=["fails", "is killed"])
def test_a_copy_stops_with_this_process(end: str, tmp_path: Path) -> None:
    done = told(f"{LATE}with forked(work):\n    {end}", str(tmp_path / "written"))
    assert done.returncode != 0
    time.sleep(1.5)
    assert list(tmp_path.iterdir()) == []


@linux
def test_a_process_with_two_threads_does_not_fork() -> None:
    done = told("import threading\nthreading.Thread(target=time.sleep, args=(1,)).start()\nprint(can_fork())")
    assert done.stdout == "False\n"


def test_problems_survive_the_way_between_processes() -> None:
    error = CheckFailed([Problem("data/a.tsv", 2, "phase", "rule", "x", "mend it")])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.problems, str(again)) == (CheckFailed, error.problems, str(error))


def build_in(out: Path, forks: bool) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom mesokg import release\n"
        f"if {forks}: assert release.can_fork()\nelse: release.can_fork = lambda: False\n"
        "built, receipt = release.build(Path(sys.argv[1]), Path(sys.argv[2]))\nprint(len(built.warnings), sorted(built.seconds))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(out), str(TINY)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out.with_suffix(".said").write_text(done.stdout)


@linux
def test_a_build_is_the_same_with_a_copy_and_without(tmp_path: Path) -> None:
    for forks in (True, False):
        build_in(tmp_path / str(forks), forks)
    assert contents(tmp_path / "True") == contents(tmp_path / "False")
    assert (tmp_path / "True.said").read_text() == (tmp_path / "False.said").read_text()
    assert os.listdir(tmp_path / "True")


@linux
def test_what_is_wrong_with_a_graph_is_told_before_what_could_not_be_written_of_it(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom mesokg import ontology_products, release, validation\nfrom mesokg.errors import CheckFailed, Problem\n"
        "def broken(*arguments): raise KeyError('label')\n"
        "def invalid(*arguments, **named): return [Problem('data/a.tsv', 2, 'phase', 'rule', 'x', 'mend it')]\n"
        "ontology_products.write_ontology_products, validation.run_shapes = broken, invalid\n"
        "try: release.build(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except CheckFailed as error: print(len(error.problems))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out"), str(TINY)], capture_output=True, text=True, check=False)
    assert done.stdout == "1\n", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("forks", [pytest.param(True, marks=linux), False])
def test_what_breaks_shapes_and_rules_is_told_together_and_nothing_is_written(tmp_path: Path, forks: bool) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom mesokg import release, validation\nfrom mesokg.errors import CheckFailed, Problem\n"
        f"if not {forks}: release.can_fork = lambda: False\n"
        "def broken(column): return lambda *arguments, **named: [Problem('data/a.tsv', 2, column, 'rule', 'x', 'mend it')]\n"
        "shapes, rules = validation.run_shapes, validation.run_checks\n"
        "for column, (a, b) in (('phase', (broken('phase'), rules)), ('status', (shapes, broken('status'))), ('both', (broken('one'), broken('two')))):\n"
        "    validation.run_shapes, validation.run_checks = a, b\n"
        "    try: release.build(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "    except CheckFailed as error: print(column, [p.column for p in error.problems if p.level == 'error'])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out"), str(TINY)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["phase ['phase']", "status ['status']", "both ['one', 'two']"], done.stderr
    assert list(tmp_path.iterdir()) == []


def _with_column(data: Path, table: str, column: str, value: str, *, line: int) -> None:
    """Put a column before the source of a table, filled in one line of it."""
    path = data / f"{table}.tsv"
    rows = [row.split("\t") for row in path.read_text(encoding="utf-8").splitlines()]
    place = rows[0].index("source")
    for number, row in enumerate(rows, 1):
        row.insert(place, column if number == 1 else value if number == line else "")
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


CLASHES = {
    "disjoint classes": (
        lambda data: edit(data, "components", "\tDeletion", "\tDeletion|Insertion"),
        ["data/components.tsv:2", "type", "contradiction (disjoint)", "mkg:component-e1-deletion a mesokg:Deletion AND mkg:component-e1-deletion a mesokg:Insertion", "DisjointClasses: Deletion, Insertion"],
    ),
    "two values of which one is inferred": (
        lambda data: _with_column(data, "trials", "type", "RandomisedTrial", line=2),
        ["data/trials.tsv:2", "allocation", "contradiction (functional)", "mkg:trial-NCT00000001 mesokg:allocation mesokg:allocationRandomised (inferred from mkg:trial-NCT00000001 a mesokg:RandomisedTrial) AND mkg:trial-NCT00000001 mesokg:allocation mesokg:allocationSingleGroup", "allocation Characteristics: Functional"],
    ),
    "its own successor": (
        lambda data: _with_column(data, "therapies", "succeeds", "mkg:therapy-tiny", line=2),
        ["data/therapies.tsv:2", "succeeds", "contradiction (irreflexive)", "mkg:therapy-tiny mesokg:succeeds mkg:therapy-tiny", "succeeds Characteristics: Irreflexive"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("forks", [pytest.param(True, marks=linux, id="forks"), pytest.param(False, id="does not fork")])
def test_the_command_build_explains_a_contradiction_and_leaves_the_last_build(tiny: Path, tmp_path: Path, forks: bool) -> None:
    how = "assert release.can_fork()" if forks else "release.can_fork = lambda: False"
    # the report keeps to columns of a width; a cell that is folded would not be found
    code = f"import sys\nfrom mesokg import release, report\n{how}\nfrom mesokg.cli import main\nprinted = report.print_report\nreport.print_report = lambda what, file: printed(what, file, width=1_000)\nmain(sys.argv[1:])"
    out = tmp_path / "place" / "build"
    command = [sys.executable, "-c", code, "build", "-o", str(out), "--data", str(tiny)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert before
    sound = {path: path.read_bytes() for path in tiny.iterdir()}
    for name, (breaks, words) in CLASHES.items():
        breaks(tiny)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, ""), (name, done.stderr)
        told = [line for line in done.stderr.splitlines() if line.startswith("data/")]
        assert any(all(part in line for part in words) for line in told), (name, done.stderr)
        # nothing else is told, as one wrong cell may break two axioms
        assert all(line.startswith(words[0] + " ") and "contradiction (" in line for line in told), (name, done.stderr)
        assert f"{len(told)} error{'s' if len(told) > 1 else ''}, 0 warnings" in done.stderr
        assert {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()} == before, name
        assert os.listdir(out.parent) == ["build"], name
        for path, content in sound.items():
            path.write_bytes(content)


@linux
def test_a_daemon_does_not_fork() -> None:
    done = told("import multiprocessing as m\nc = m.get_context('fork').Process(target=lambda: print(can_fork(), flush=True), daemon=True)\nc.start()\nc.join()")
    assert done.stdout == "False\n", done.stderr
