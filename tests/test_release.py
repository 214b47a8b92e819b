"""The build: deterministic, whole or not at all, and readable by other tools."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyoxigraph
import pytest
from conftest import TINY, require
from test_tables import edit

from mesokg.errors import ExportError, TableError
from mesokg.release import MARKER, build, read_receipt, recover

TEXT_PRODUCTS = ("mesokg.ttl", "mesokg-simple.ttl", "mesokg.trig", "mesokg.owl", "mesokg.jsonld", "void.ttl")
SYNTAX = {
    ".ttl": pyoxigraph.RdfFormat.TURTLE,
    ".trig": pyoxigraph.RdfFormat.TRIG,
    ".owl": pyoxigraph.RdfFormat.RDF_XML,
    ".jsonld": pyoxigraph.RdfFormat.JSON_LD,
}
RDF_PRODUCTS = (*TEXT_PRODUCTS, "ontology/mesokg-base.ttl", "ontology/mesokg-full.ttl")


def contents(folder: Path) -> dict[str, bytes]:
    """Every product, the compressed one decompressed."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    found[MARKER] = gzip.decompress(found[MARKER])
    return found


def run(*arguments: str, seed: str = "0", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mesokg", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
    )


def test_two_hash_seeds_give_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        done = run("build", "-o", str(tmp_path / seed), seed=seed)
        assert done.returncode == 0, done.stderr
    first, second = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_the_receipt_tells_the_truth(real_build: Path) -> None:
    import hashlib

    receipt = json.loads((real_build / "receipt.json").read_text())
    on_disk = {p.relative_to(real_build).as_posix() for p in real_build.rglob("*") if p.is_file()} - {"receipt.json"}
    assert set(receipt["files"]) == on_disk
    for name, told in receipt["files"].items():
        raw = (real_build / name).read_bytes()
        assert told == {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    quads = list(pyoxigraph.parse(gzip.decompress((real_build / MARKER).read_bytes()), format=pyoxigraph.RdfFormat.N_QUADS))
    assert receipt["triples"]["all"] == len(quads)
    trials = {q.subject for q in quads if q.predicate.value.endswith("#type") and q.object.value.endswith("/Trial")}
    assert receipt["counts"]["trials"] == len(trials)


def test_the_real_build_reaches_its_least_counts(real_build: Path) -> None:
    least = json.loads((Path(__file__).parent / "least_counts.json").read_text())
    receipt = read_receipt(real_build)
    assert receipt
    assert {name: receipt.counts[name] for name, number in least.items() if receipt.counts[name] < number} == {}


# rdflib's own parsers warn of rdflib's own deprecations, and leave files to the garbage collector.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("name", RDF_PRODUCTS)
def test_rdflib_and_pyoxigraph_count_the_same_triples(real_build: Path, name: str) -> None:
    import rdflib

    path = real_build / name
    ours = {q.triple if path.suffix != ".trig" else q for q in pyoxigraph.parse(path=str(path), format=SYNTAX[path.suffix])}
    theirs = rdflib.Dataset() if path.suffix == ".trig" else rdflib.Graph()
    theirs.parse(path, format={".owl": "xml", ".jsonld": "json-ld", ".trig": "trig", ".ttl": "turtle"}[path.suffix])
    assert len(ours) == len(set(theirs.quads()) if path.suffix == ".trig" else theirs)


@pytest.mark.parametrize("name", [n for n in RDF_PRODUCTS if not n.endswith(".jsonld")])
def test_rapper_counts_the_same_triples(real_build: Path, name: str) -> None:
    rapper = require("rapper", why="Debian's raptor2-utils counts triples independently")
    path = real_build / name
    syntax = {".ttl": "turtle", ".trig": "trig", ".owl": "rdfxml"}[path.suffix]
    done = subprocess.run([rapper, "-q", "-i", syntax, "-o", "nquads" if syntax == "trig" else "ntriples", str(path)], capture_output=True, text=True, check=True)
    assert len(set(done.stdout.splitlines())) == len(set(pyoxigraph.parse(path=str(path), format=SYNTAX[path.suffix])))


def test_the_named_graphs_are_disjoint_and_inference_repeats_nothing(real_build: Path) -> None:
    seen: dict[pyoxigraph.Triple, str] = {}
    for quad in pyoxigraph.parse(path=str(real_build / "mesokg.trig"), format=pyoxigraph.RdfFormat.TRIG):
        assert seen.setdefault(quad.triple, quad.graph_name.value) == quad.graph_name.value, quad


def test_hermit_finds_ontology_and_whole_graph_consistent(real_build: Path) -> None:
    from mesokg.hierarchy import is_consistent

    require("java", why="HermiT judges consistency")
    assert is_consistent(real_build / "ontology" / "mesokg-base.ttl")
    assert is_consistent(real_build / "mesokg.ttl")


def test_a_failed_build_leaves_the_last_one_whole(tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "build"
    build(out, tiny)
    before = contents(out)
    edit(tiny, "genes", "\tPMID:1\t", "\t\t")
    with pytest.raises(TableError):
        build(out, tiny)
    assert contents(out) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["build", "data"]


@pytest.mark.parametrize("delay", [0.3, 0.6, 0.9, 1.2, 1.5])
def test_a_killed_build_leaves_the_last_one_whole(tmp_path: Path, delay: float) -> None:
    out = tmp_path / "build"
    build(out, TINY)
    before = contents(out)
    process = subprocess.Popen(
        [sys.executable, "-m", "mesokg", "build", "-o", str(out), "--data", str(TINY)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(delay)
    process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    process.wait()
    recover(out)
    assert contents(out) == before


def killed(out: Path, when: str) -> None:
    """Run a build that is killed at a moment named by a line of Python in place of `_swap` or of the last product."""
    code = f"""
import os, signal
from pathlib import Path
from mesokg import release
out = Path({str(out)!r})
def die(*arguments): os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
{when}
release.build(out, Path({str(TINY)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr == ""


MOMENTS = {
    "all written, nothing moved": "release._swap = die",
    "half of the products written": "import mesokg.ontology_products as products; products.write_ontology_products = die",
    "the last build moved away, the new one not yet in place": "rename = Path.rename\nPath.rename = lambda self, to: die() if '.new-' in self.name else rename(self, to)",
    "the new one in place, the last one not yet removed": "release.shutil.rmtree = lambda *a, **k: die()",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_build_killed_at_a_chosen_moment_leaves_one_whole(tmp_path: Path, moment: str) -> None:
    out = tmp_path / "build"
    build(out, TINY)
    before = contents(out)
    killed(out, MOMENTS[moment])
    recover(out)
    assert contents(out) == before
    assert not (tmp_path / "build.previous").exists()
    build(out, TINY)
    assert [p.name for p in tmp_path.iterdir()] == ["build"], "what the killed build left is cleared by the next"


def test_builds_of_one_folder_at_once_wait_for_each_other(tmp_path: Path) -> None:
    out = tmp_path / "build"
    command = [sys.executable, "-m", "mesokg", "build", "-o", str(out), "--data", str(TINY)]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ends = [(process.communicate()[1], process.returncode) for process in processes]
    assert [code for _, code in ends] == [0, 0, 0], ends
    assert [p.name for p in tmp_path.iterdir()] == ["build"]


def test_a_build_killed_between_two_renames_is_put_back(tmp_path: Path) -> None:
    out = tmp_path / "build"
    build(out, TINY)
    before = contents(out)
    out.rename(tmp_path / "build.previous")
    recover(out)
    assert contents(out) == before


def test_a_folder_that_is_no_build_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="is not a mesokg build"):
        build(tmp_path, TINY)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_folder_one_stands_in_is_no_name_but_a_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match="is not a mesokg build"):
        build(Path("."), TINY)


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from mesokg import release

    out = tmp_path / "build"
    build(out, TINY)
    before = contents(out)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(out))

    monkeypatch.setattr(release, "_write_products", full)
    with pytest.raises(ExportError, match="No space left"):
        build(out, TINY)
    assert contents(out) == before


def test_a_really_full_disk_is_reported(tmp_path: Path) -> None:
    """A file size limit of the process stands in for the disk: the write fails for real, in the middle."""
    if os.name == "nt":
        pytest.skip("file size limits are a POSIX thing")
    out = tmp_path / "build"
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        f"sys.argv = ['mesokg', 'build', '-o', {str(out)!r}, '--data', {str(TINY)!r}];"
        "from mesokg.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing was changed" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_write_permission_is_reported(tmp_path: Path) -> None:
    if os.name == "nt" or os.geteuid() == 0:
        blocked = tmp_path / "file"
        blocked.write_text("in the way")
        target = blocked / "build"
    else:
        blocked = tmp_path / "locked"
        blocked.mkdir(mode=0o500)
        target = blocked / "build"
    with pytest.raises(ExportError, match="cannot|denied|Not a directory|exists"):
        build(target, TINY)
