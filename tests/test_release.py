"""The build: deterministic, whole or not at all, and readable by other tools."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pyoxigraph
import pytest
from conftest import TINY, require
from test_tables import edit

from mesokg import release
from mesokg.errors import ExportError, TableError
from mesokg.exchange import exchange
from mesokg.explain import explain, format_explanation, labels_of
from mesokg.identifiers import compact, expand, graph_iri
from mesokg.questions import ask, find_question
from mesokg.release import MARKER, build, input_hash, read_receipt, recover
from mesokg.resources import folder
from mesokg.store import EmbeddedStore
from mesokg.tables import read_tables

TEXT_PRODUCTS = ("mesokg.ttl", "mesokg-simple.ttl", "mesokg.trig", "mesokg.owl", "mesokg.jsonld", "void.ttl")
SYNTAX = {
    ".ttl": pyoxigraph.RdfFormat.TURTLE,
    ".trig": pyoxigraph.RdfFormat.TRIG,
    ".owl": pyoxigraph.RdfFormat.RDF_XML,
    ".jsonld": pyoxigraph.RdfFormat.JSON_LD,
}
RDF_PRODUCTS = (
    *TEXT_PRODUCTS, MARKER, "queries.ttl",
    *(f"ontology/mesokg-{name}" for name in ("alignment.ttl", "base.owl", "base.ttl", "full.owl", "full.ttl")),
)  # fmt: skip


def parsed(path: Path) -> list[object]:
    """The statements of a product as they stand in it, with their graph where the syntax has graphs."""
    if path.name == MARKER:
        return list(pyoxigraph.parse(gzip.decompress(path.read_bytes()), format=pyoxigraph.RdfFormat.N_QUADS))
    found = pyoxigraph.parse(path=str(path), format=SYNTAX[path.suffix])
    return list(found) if path.suffix == ".trig" else [quad.triple for quad in found]


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


CLASH = {("data/trials.tsv", 5, "enrolmentActual", "two values of equal rank"), ("data/trials.tsv", 6, "enrolmentActual", "two values of equal rank")}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # what can be read is looked through for contradictions, whatever else is wrong
        ([("constructs", "mkg:payload-ifna2", "mkg:payload-lost")], {("data/constructs.tsv", 2, "carries", "dangling reference"), *CLASH}),
        ([("administrations", "1e9", "much")], {("data/administrations.tsv", 2, "doseLow", "not a number"), *CLASH}),
        # but not where a rank may stand in what cannot be read
        ([("trials", "2000-03", "2000-13")], {("data/trials.tsv", 2, "startDate", "no such date")}),
        ([("trials", "\tas_of\trank\t", "\tas_of\trang\t"), ("trials", "\t\t\tthe paper", "\tpreferred\t\tthe paper")], {("data/trials.tsv", 1, "rang", "unknown column")}),
        # nor is a column that is misspelt reported again for each row
        ([("genes", "\tsource\t", "\tsourse\t")], {("data/genes.tsv", 1, "sourse", "unknown column"), *CLASH}),
        ([("genes", "\tlocator\t", "\tlocater\t")], {("data/genes.tsv", 1, "locater", "unknown column"), *CLASH}),
    ],
)  # fmt: skip
def test_problems_of_rows_and_contradictions_come_together(tiny: Path, edits: list[tuple[str, str, str]], expected: set[tuple[str, int, str, str]]) -> None:
    edit(tiny, "trials", "\tpreferred\t", "\t\t")
    for table, old, new in edits:
        edit(tiny, table, old, new)
    with pytest.raises(TableError) as caught:
        release.assemble(tiny)
    assert {(p.file, p.line, p.column, p.rule) for p in caught.value.problems} == expected


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
    cited: dict[str, set[str]] = {}
    for quad in quads:
        if quad.predicate.value == "https://w3id.org/mesokg/ontology/source":
            cited.setdefault(compact(quad.object.value), set()).add(quad.subject.value)
    assert {name: told["assertions"] for name, told in receipt["sources"].items()} == {name: len(found) for name, found in cited.items()}
    assert [name for name, told in receipt["sources"].items() if not told["label"] or not told["checked"]] == []


def test_the_receipt_names_the_tables_it_was_built_from(tmp_path: Path, tiny: Path) -> None:
    first = build(tmp_path / "first", tiny)[1].data
    told = first["sources"]["mkg:publication-PMID1"]
    assert (told["label"], told["record date"], told["checked"]) == ("Example 2000, Journal", "2000", "2026-11-24"), "a year stays a year"
    edit(tiny, "trials", "the paper counts who was treated", "another remark")
    second = build(tmp_path / "second", tiny)[1].data
    assert first["inputs_sha256"] != second["inputs_sha256"] != input_hash()


def test_the_real_build_reaches_its_least_counts(real_build: Path) -> None:
    least = json.loads((Path(__file__).parent / "least_counts.json").read_text())
    receipt = read_receipt(real_build)
    assert receipt
    assert {name: receipt.counts[name] for name, number in least.items() if receipt.counts[name] < number} == {}


def test_infinite_goes_through_every_stage(real_build: Path, real_store: EmbeddedStore) -> None:
    """One trial from its row to an answer and a network; each stage is looked at by itself."""
    node = pyoxigraph.NamedNode(expand("mkg:trial-NCT03710876"))

    # a row of the table
    lines = (folder("data") / "trials.tsv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split("\t")
    rows = {line: dict(zip(header, text.split("\t"), strict=True)) for line, text in enumerate(lines, 1) if text.startswith("mkg:trial-NCT03710876\t")}
    (line,) = (line for line, row in rows.items() if row["allocation"])
    row = rows[line]
    # sources that differ are ranked
    (status,) = (row["status"] for row in rows.values() if row["status"] and row["rank"] == "preferred")
    assert (row["label"], row["acronym"], row["phase"], row["allocation"], row["source"]) == ("INFINITE", "INFINITE", "3", "randomised", "mkg:record-NCT03710876")

    # statements in Turtle, and the assertions of their source
    turtle = pyoxigraph.Store()
    turtle.bulk_load(path=str(real_build / "mesokg.ttl"), format=pyoxigraph.RdfFormat.TURTLE)
    source = pyoxigraph.NamedNode(expand("mkg:record-NCT03710876"))
    for name, value in (("phase", "phase3"), ("allocation", "allocationRandomised")):
        predicate, said = pyoxigraph.NamedNode(expand(f"mesokg:{name}")), pyoxigraph.NamedNode(expand(f"mesokg:{value}"))
        assert pyoxigraph.Quad(node, predicate, said) in turtle
        parts = {"subject": node, "predicate": predicate, "object": said, "source": source}
        (assertion,) = set.intersection(*({quad.subject for quad in turtle.quads_for_pattern(None, pyoxigraph.NamedNode(expand(f"mesokg:{part}")), what, None)} for part, what in parts.items()))
        assert compact(assertion.value).startswith("mkg:assertion-")

    # a class that no table states, in Turtle too, explained by that row
    kind = pyoxigraph.Triple(node, pyoxigraph.NamedNode(expand("rdf:type")), pyoxigraph.NamedNode(expand("mesokg:RandomisedTrial")))
    assert pyoxigraph.Quad(*kind) in turtle
    whole = real_store.oxigraph
    assert [compact(quad.graph_name.value) for quad in whole.quads_for_pattern(*kind, None)] == [compact(graph_iri("inferred"))]
    tree = explain(whole, *kind)
    told = format_explanation(tree, labels_of(whole, tree), read_tables())
    assert "because RandomisedTrial EquivalentTo: Trial and (allocation value allocationRandomised)" in told
    assert re.search(rf"^ +data/trials\.tsv:{line}  mkg:assertion-\w+  source NCT03710876, title and design ", told, re.MULTILINE), told

    # answers: of a question that asks for that class, and of one that asks for what the row says
    arms = ask(find_question("which_randomised_arms_have_which_comparators"), real_store)
    of_infinite = [dict(zip(arms.variables, found, strict=True)) for found in arms if found[0] == node]
    given = {(compact(found["arm"].value), compact(found["given"].value)) for found in of_infinite}
    assert ("mkg:arm-NCT03710876-rad-ifn", "mkg:therapy-rad-ifn") in given
    assert {compact(found["comparator"].value) for found in of_infinite if found["comparator"]} == {"mkg:arm-NCT03710876-control"}
    phases = ask(find_question("which_trials_have_which_phase_and_status"), real_store)
    (found,) = (dict(zip(phases.variables, found, strict=True)) for found in phases if found[0] == node)
    assert (found["trialLabel"].value, found["phase"].value, found["status"].value) == ("INFINITE", "3", status)

    # a node of the network, with its attributes and a link to the therapy that is tested
    gexf = {"g": "http://gexf.net/1.3"}
    network = ElementTree.parse(real_build / "mesokg.gexf").getroot()
    titles = {attribute.get("id"): attribute.get("title") for attribute in network.iterfind("g:graph/g:attributes[@class='node']/g:attribute", gexf)}
    (drawn,) = (one for one in network.iterfind("g:graph/g:nodes/g:node", gexf) if one.get("id") == "mkg:trial-NCT03710876")
    values = {titles[value.get("for")]: value.get("value") for value in drawn.iterfind("g:attvalues/g:attvalue", gexf)}
    assert (drawn.get("label"), values["phase"], values["allocation"], values["iri"]) == ("INFINITE", "3", "randomised", node.value)
    assert "randomised trial" in values["classes"].split("; ")
    ends = {(edge.get("source"), edge.get("target")) for edge in network.iterfind("g:graph/g:edges/g:edge", gexf)}
    assert ("mkg:trial-NCT03710876", "mkg:therapy-rad-ifn") in ends


def test_every_rdf_product_is_counted(real_build: Path) -> None:
    """No file in an RDF syntax is left out of the comparisons below; pages of questions are examples of queries.ttl."""
    found = {p.relative_to(real_build).as_posix() for p in real_build.rglob("*") if p.suffix in SYNTAX or p.name == MARKER}
    assert {name for name in found if not name.startswith("pages/")} == set(RDF_PRODUCTS)


@pytest.mark.parametrize("name", RDF_PRODUCTS)
def test_no_triple_stands_twice_in_a_product(real_build: Path, name: str) -> None:
    statements = parsed(real_build / name)
    assert len(statements) == len(set(statements)) > 0


# rdflib's own parsers warn of rdflib's own deprecations, and leave files to the garbage collector.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("name", RDF_PRODUCTS)
def test_rdflib_and_pyoxigraph_count_the_same_triples(real_build: Path, name: str) -> None:
    import rdflib

    path = real_build / name
    graphs = name == MARKER or path.suffix == ".trig"
    theirs = rdflib.Dataset() if graphs else rdflib.Graph()
    if name == MARKER:
        theirs.parse(data=gzip.decompress(path.read_bytes()).decode(), format="nquads")
    else:
        theirs.parse(path, format={".owl": "xml", ".jsonld": "json-ld", ".trig": "trig", ".ttl": "turtle"}[path.suffix])
    assert len(parsed(path)) == len(set(theirs.quads()) if graphs else theirs)


@pytest.mark.parametrize("name", [n for n in RDF_PRODUCTS if not n.endswith(".jsonld")])  # rapper knows no JSON-LD
def test_rapper_counts_the_same_triples(real_build: Path, name: str, tmp_path: Path) -> None:
    rapper = require("rapper", why="Debian's raptor2-utils counts triples independently")
    path = real_build / name
    syntax = {".ttl": "turtle", ".trig": "trig", ".owl": "rdfxml", ".gz": "nquads"}[path.suffix]
    read = path
    if name == MARKER:
        read = tmp_path / "mesokg.nq"
        read.write_bytes(gzip.decompress(path.read_bytes()))
    done = subprocess.run([rapper, "-q", "-i", syntax, "-o", "nquads" if syntax in ("trig", "nquads") else "ntriples", str(read)], capture_output=True, text=True, check=True)
    assert len(set(done.stdout.splitlines())) == len(parsed(path))


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


WATCHED = """
import os, signal, sys
from pathlib import Path
from mesokg.release import build
out, data, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
seen = 0
def watch(event, arguments):
    global seen
    if event not in ("open", "os.mkdir", "os.rename", "shutil.rmtree") or not str(arguments[0]).startswith(out):
        return
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
        return
    seen += 1
    if seen == number:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
sys.addaudithook(watch)
build(Path(out), Path(data))
print(seen)
"""
"""A build that kills itself just before its step of this number: what it makes, opens to write, moves or removes."""


def watched(out: Path, number: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WATCHED, str(out), str(TINY), str(number)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A build, and the number of steps that a build in its place takes."""
    out = tmp_path_factory.mktemp("steps") / "build"
    build(out, TINY)
    done = watched(out, 0)
    assert done.returncode == 0, done.stderr
    return out, int(done.stdout)


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.75, 1])
def test_a_build_killed_at_any_step_leaves_the_last_one_whole(tmp_path: Path, steps: tuple[Path, int], share: float) -> None:
    whole, number = steps
    out = Path(shutil.copytree(whole, tmp_path / "build"))
    done = watched(out, 1 + round(share * (number - 1)))
    assert (done.returncode != 0, done.stdout) == (True, ""), "it was killed, and not after the end"
    recover(out)
    assert contents(out) == contents(whole)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")], ids=["Ctrl-C", "full disk"])
@pytest.mark.parametrize("moment", ["products", "second rename"])
def test_a_build_that_is_stopped_tidies_up_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException, moment: str) -> None:
    from mesokg import ontology_products

    out = tmp_path / "build"
    build(out, TINY)
    before = contents(out)
    rename = Path.rename

    def stopped(*arguments: object) -> None:
        raise stop

    def rename_but_the_new(self: Path, to: Path) -> Path:
        return stopped() if ".new-" in self.name else rename(self, to)

    if moment == "products":
        monkeypatch.setattr(ontology_products, "write_ontology_products", stopped)
    else:
        monkeypatch.setattr("mesokg.release.exchange", lambda *folders: False)
        monkeypatch.setattr(Path, "rename", rename_but_the_new)
    with pytest.raises((KeyboardInterrupt, ExportError)):
        build(out, TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    assert contents(out) == before


def killed(out: Path, when: str) -> None:
    """Run a build that is killed at a moment named by a line of Python in place of `_swap` or of the last product."""
    code = f"""
import logging, os, signal
from pathlib import Path
from mesokg import release
# small tables have no places of their own, of which a build warns
logging.disable(logging.WARNING)
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
    "the last build moved away, the new one not yet in place": "release.exchange = lambda *folders: False\nrename = Path.rename\nPath.rename = lambda self, to: die() if '.new-' in self.name else rename(self, to)",
    "the new one in place, the last one not yet removed": "release.shutil.rmtree = lambda *a, **k: die()",
    "the same, in two steps": "release.exchange = lambda *folders: False\nrelease.shutil.rmtree = lambda *a, **k: die()",
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


def test_two_builds_change_places_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Path) -> None:
    """Where the system can, the folder is at no moment without a build: nothing is renamed away from it."""
    new, old = tmp_path / "new", tmp_path / "old"
    for one in (new, old):
        one.mkdir()
        (one / one.name).touch()
    if not exchange(new, old):
        pytest.skip("this system or file system cannot let two folders change places")
    assert [p.name for folder in (new, old) for p in folder.iterdir()] == ["old", "new"]
    out = tmp_path / "build"
    build(out, tiny)
    before = contents(out)
    edit(tiny, "genes", "\tPMID:1\t", "\tPMID:2\t")

    def renamed(self: Path, to: Path) -> Path:
        raise AssertionError(f"{self} was renamed")

    monkeypatch.setattr(Path, "rename", renamed)
    build(out, tiny)
    assert contents(out) != before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["build", "data", "new", "old"]


def test_folders_that_cannot_change_places_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert not exchange(tmp_path / "one", tmp_path / "none")
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


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
    assert ".new-" not in done.stderr
    assert "nothing was changed" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_product_that_could_not_be_written_is_named_where_it_would_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(built: object, fresh: Path, say: object) -> None:
        raise ExportError(f"{fresh / 'mesokg.gexf'}: cannot be written: No space left on device")

    monkeypatch.setattr(release, "_write_products", full)
    with pytest.raises(ExportError) as caught:
        release.build(tmp_path / "build", TINY)
    place = tmp_path / "build" / "mesokg.gexf"
    assert str(caught.value) == f"{place}: cannot be written: No space left on device; nothing was changed"


def test_a_locked_folder_is_reported_to_root_as_well(tmp_path: Path) -> None:
    """Root may write anywhere, unless it runs without the capability to override permissions."""
    if os.name == "nt":
        pytest.skip("folders on Windows are not locked by their mode")
    drop = [require("setpriv", why="util-linux's setpriv takes root's privileges away"), "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    (tmp_path / "locked").mkdir(mode=0o500)
    before = shutil.copytree(TINY, tmp_path / "data")
    (before / "genes.tsv").chmod(0o000)
    command = [*drop, sys.executable, "-m", "mesokg", "build", "-o", str(tmp_path / "locked" / "build"), "--data"]
    done = subprocess.run([*command, str(TINY)], capture_output=True, text=True, check=False)
    assert (done.returncode, list((tmp_path / "locked").iterdir())) == (2, [])
    assert "Permission denied; nothing was changed" in done.stderr
    done = subprocess.run([*command, str(before)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "unreadable file" in done.stderr


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
