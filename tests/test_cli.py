"""The commands as people type them: exit codes, streams, and what is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TINY
from test_release import run
from test_tables import edit

from mesokg.answers import format_answer
from mesokg.builds import load_build
from mesokg.errors import UsageError
from mesokg.questions import ask, find_question


@pytest.fixture(scope="module")
def tiny_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mesokg.release import build

    out = tmp_path_factory.mktemp("cli") / "build"
    build(out, TINY)
    return out


def test_build_prints_counts_and_the_difference_to_the_last(tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "out"
    done = run("build", "-o", str(out), "--data", str(tiny))
    assert done.returncode == 0, done.stderr
    assert "1  trials" in done.stdout
    stages = ["… tables", "… graph", "… reasoning", "… validation", "… products", "… metadata"]
    assert [line for line in done.stderr.splitlines() if line in stages] == stages
    assert "(+" not in done.stdout
    with (tiny / "countries.tsv").open("a") as file:
        file.write("mkg:country-gb\tUnited Kingdom\tGB\n")
    done = run("build", "-o", str(out), "--data", str(tiny))
    assert "2  countries  (+1)" in done.stdout


def test_problems_end_with_1_and_all_are_shown(tiny: Path, tmp_path: Path) -> None:
    edit(tiny, "genes", "\tPMID:1\t", "\t\t")
    edit(tiny, "administrations", "1e9", "much")
    done = run("build", "-o", str(tmp_path / "out"), "--data", str(tiny))
    assert done.returncode == 1
    assert "fact without source" in done.stderr
    assert "not a number" in done.stderr
    assert "shapes and rules are checked once these are mended" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("style", ["tsv", "json"])
def test_validate_prints_problems_for_machines(tiny: Path, style: str) -> None:
    edit(tiny, "genes", "\tPMID:1\t", "\t\t")
    done = run("validate", "--data", str(tiny), "--format", style)
    assert done.returncode == 1
    if style == "json":
        first = json.loads(done.stdout)["problems"][0]
    else:
        header, row = (line.split("\t") for line in done.stdout.splitlines()[:2])
        first = dict(zip(header, row, strict=True))
    assert (first["file"], str(first["line"]), first["column"]) == ("data/genes.tsv", "2", "source")


def test_validate_reads_any_rdf_file(tiny_build: Path, tmp_path: Path) -> None:
    import pyoxigraph as ox

    assert run("validate", str(tiny_build / "mesokg.ttl")).returncode == 0
    broken = tmp_path / "broken.ttl"
    source = ox.NamedNode("https://w3id.org/mesokg/ontology/source")
    whole = list(ox.parse(path=str(tiny_build / "mesokg.ttl")))
    kept = [quad.triple for quad in whole if quad.predicate != source]
    assert len(kept) < len(whole)
    ox.serialize(kept, str(broken), format=ox.RdfFormat.TURTLE)
    done = run("validate", str(broken), "--format", "json")
    assert done.returncode == 1
    rules = {problem["rule"] for problem in json.loads(done.stdout)["problems"] if problem["level"] == "error"}
    assert any("source" in rule for rule in rules), rules


@pytest.mark.parametrize("style", ["table", "tsv", "json"])
def test_validate_says_on_standard_error_what_it_does_with_each_file(tiny_build: Path, tmp_path: Path, style: str) -> None:
    whole, broken = tiny_build / "mesokg.trig", tmp_path / "broken.ttl"
    broken.write_text("no Turtle", encoding="utf-8")
    done = run("validate", str(whole), str(broken), "--format", style)
    # a file that cannot be read is not judged
    assert done.stderr.splitlines() == [f"… {whole}: reading", f"… {whole}: shapes", f"… {whole}: rules", f"… {broken}: reading"]
    assert (done.returncode, "…" in done.stdout) == (1, False)
    if style == "json":
        assert [problem["file"] for problem in json.loads(done.stdout)["problems"] if problem["level"] == "error"] == [str(broken)]


def test_validate_says_that_a_file_holds_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.ttl"
    empty.write_text("")
    done = run("validate", str(empty))
    assert done.returncode == 1
    assert "holds no triple" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bild"], "did you mean build"),
        (["query", "which_vektors"], "there is no question"),
        (["query"], "name one question"),
        (["query", ""], "there is no question without a name; `mesokg query --list` shows all"),
        (["query", "which_cars"], "did you mean which_cars_differ_only_in_costimulation_or_switch?"),
        (["query", "xyz"], "no name is like it; `mesokg query --list` shows all"),
        (["query", "-f", ""], ".: a folder; give a file with a SPARQL query"),
        (["query", "-f", "/"], "/: a folder; give a file with a SPARQL query"),
        (["query", "-e", "ASK {}", "--explain"], "--explain goes with a query that makes rows (SELECT)"),
        (["query", "-e", "CONSTRUCT { ?s a ?c } WHERE { ?s a ?c }", "--explain"], "--explain goes with a query that makes rows (SELECT)"),
        (["query", "what_does_source_say", "--set", "source=TINY"], "parameter source: 'TINY' (mkg:trial-NCT00000001, tiny trial, trial) is none of the values"),
        (["query", "what_does_source_say", "--set", "source=mkg:publication-nothing"], "is not in this graph"),
        (["query", "-e", "SELECT * WHERE { ?s ?p }"], "third part"),
        (["query", "-e", "ASK {}", "--format", "xml"], "there is no format 'xml'"),
        (["query", "which" * 2_000], "there is no question 'whichwhich"),
        (["query", "which_therapies_target_gene", "--set", "target=\udcff"], "parameter target: '\\udcff' holds a character that is not text"),
        (["query", "-e", "ASK {}", "--set", "a=b"], "--set goes with the name"),
        (["query", "which_therapies_target_gene", "--set", "target=MSLN", "--set", "target=HGF"], "--set target is given twice"),
        (["query", "-f", "/nowhere/x.rq"], "No such file"),
        (["query", "-e", "ASK { SERVICE <http://127.0.0.1:1/> {} }"], "SERVICE is refused"),
        (["query", "-e", "ASK {}", "--endpoint", "http://127.0.0.1:9/query"], "cannot be reached"),
        (["show", "INFINIT"], "nothing is called"),
        (["build", "--data", "/nowhere"], "does not exist"),
        (["load", "http://127.0.0.1:9/query"], "cannot be reached"),
    ],
)
def test_what_could_not_run_ends_with_2(tiny_build: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    env = {**os.environ, "MESOKG_BUILD": str(tiny_build)}
    done = subprocess.run(
        [sys.executable, "-m", "mesokg", *arguments], capture_output=True, text=True, env=env, cwd=tmp_path, check=False
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


OUTPUTS = ["--help", "query --list", "query -e ASK{?s?p?o}", "columns trials", "show TINY", "explain mkg:therapy-tiny a mesokg:CytokineGeneTherapy", "validate"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, the device that is always full, on this system")
@pytest.mark.parametrize("words", OUTPUTS)
def test_a_full_disk_behind_standard_output_is_told_in_words(tiny_build: Path, words: str) -> None:
    env = {**os.environ, "MESOKG_BUILD": str(tiny_build)}
    data = ["--data", str(TINY)] if words == "validate" else []
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "mesokg", *words.split(), *data], stdout=full, stderr=subprocess.PIPE, text=True, env=env, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "mesokg: standard output: No space left on device"


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("words", ["query -e ASK{?s?p?o}", "validate"])
def test_a_closed_standard_output_is_no_error(tiny_build: Path, words: str) -> None:
    env = {**os.environ, "MESOKG_BUILD": str(tiny_build)}
    data = f"--data {TINY}" if words == "validate" else ""
    done = subprocess.run(f"exec {sys.executable} -m mesokg {words} {data} >&-", shell=True, stderr=subprocess.PIPE, text=True, env=env, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_named_build_that_is_none_is_an_error(tmp_path: Path) -> None:
    done = run("query", "-e", "ASK {}", "--build", str(tmp_path))
    assert (done.returncode, "holds no mesokg build" in done.stderr) == (2, True)


def test_query_formats(tiny_build: Path) -> None:
    sparql = "SELECT ?trial ?label WHERE { ?trial a mesokg:Trial ; rdfs:label ?label } ORDER BY ?trial"

    def ask(style: str) -> str:
        done = run("query", "-e", sparql, "--build", str(tiny_build), "--format", style)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith("1 row in")
        return done.stdout

    assert ask("csv") == "trial,label\nmkg:trial-NCT00000001,tiny trial\n"
    assert ask("tsv") == "trial\tlabel\nmkg:trial-NCT00000001\ttiny trial\n"
    assert json.loads(ask("json"))["results"]["bindings"][0]["label"] == {"type": "literal", "value": "tiny trial"}
    assert "mkg:trial-NCT00000001" in ask("table")


def test_the_list_of_questions_goes_where_answers_go(tmp_path: Path) -> None:
    shown = run("query", "--list", "--keyword", "vector").stdout
    assert "which_replication_deficient_vectors_reached_patients\n    " in shown
    done = run("query", "--list", "--keyword", "vector", "-o", str(tmp_path / "list"))
    assert (done.returncode, done.stdout, (tmp_path / "list").read_text(encoding="utf-8")) == (0, "", shown)
    done = run("query", "--list", "--format", "json")
    assert (done.returncode, done.stdout) == (2, "") and "leave out --format" in done.stderr


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("what_evidence_is_behind_thing", "thing=TINY"),
        ("what_evidence_is_behind_thing", "thing=mkg:trial-NCT00000001"),
        ("what_evidence_is_behind_thing", "thing=mkg:publication-nothing"),
        ("what_does_source_say", "source=TINY"),
        ("what_does_source_say", ""),
    ],
)
def test_a_question_about_one_thing_is_answered_as_from_the_whole_graph(tiny_build: Path, name: str, setting: str) -> None:
    whole = load_build(tiny_build)
    wanted = dict([setting.split("=")]) if setting else {}
    done = run("query", name, *(("--set", setting) if setting else ()), "--build", str(tiny_build), "--format", "tsv")
    try:
        answer = ask(find_question(name), whole, wanted)
    except UsageError as error:
        assert (done.returncode, done.stderr.strip()) == (2, f"mesokg: {error}")
    else:
        assert (done.returncode, done.stdout) == (0, format_answer(answer, "tsv"))
        assert bool(answer.rows) == bool(setting)


def test_query_explains_its_rows(tiny_build: Path) -> None:
    sparql = "SELECT ?arm ?trial WHERE { ?arm mesokg:armOf ?trial }"
    done = run("query", "-e", sparql, "--explain", "--build", str(tiny_build))
    assert done.returncode == 0, done.stderr
    assert "mkg:arm-NCT00000001-all | mkg:trial-NCT00000001" in done.stdout
    assert "mesokg:armOf mkg:trial-NCT00000001   Example 2000, Journal, abstract (" in done.stdout


def test_query_explains_numbers_by_the_measurement_they_belong_to(tiny_build: Path) -> None:
    sparql = "SELECT ?trial ?measure ?numerator ?denominator { ?outcome mesokg:outcomeOf ?trial ; mesokg:measure/skos:notation ?measure ; mesokg:hasMeasurement ?m . ?m mesokg:numerator ?numerator ; mesokg:denominator ?denominator }"
    done = run("query", "-e", sparql, "--explain", "--build", str(tiny_build))
    assert done.returncode == 0, done.stderr
    row, numbers = "", dict[str, list[str]]()
    for line in done.stdout.splitlines():
        if line.startswith("    "):
            said, _, source = line.strip().partition("   ")
            numbers[row].append(f"{said.partition(' ')[2]}, {source.partition(',')[0]}")
        else:
            row = line
            numbers[row] = []
    told = {row: {one for one in lines if one.startswith(("mesokg:numerator", "mesokg:denominator"))} for row, lines in numbers.items()}
    assert told == {
        "mkg:trial-NCT00000001 | stable disease | 6 | 15": {"mesokg:numerator 6, Other 2003", "mesokg:denominator 15, Other 2003"},
        "mkg:trial-NCT00000001 | stable disease | 11 | 15": {"mesokg:numerator 11, Example 2000", "mesokg:denominator 15, Example 2000"},
    }


@pytest.mark.parametrize(
    ("sparql", "words"),
    [
        ("SELECT (COUNT(*) AS ?number) { ?any a mesokg:Trial }", "    this row names no thing by its id"),
        ("SELECT ?trial { ?trial a mesokg:Trial }", "    no statement of a source was found behind this row"),
    ],
)
def test_a_row_without_evidence_says_so(tiny_build: Path, sparql: str, words: str) -> None:
    done = run("query", "-e", sparql, "--explain", "--build", str(tiny_build))
    assert (done.returncode, done.stdout.splitlines()[1].startswith(words)) == (0, True), done.stdout + done.stderr


def test_a_broken_query_file_is_named_with_line_column_and_rule(tiny_build: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.rq"
    path.write_text("# mine\nSELECT ?s WHERE {\n  ?s a nope:Trial .\n}\n", encoding="utf-8")
    done = run("query", "-f", str(path), "--build", str(tiny_build))
    assert done.returncode == 2
    assert done.stderr.startswith(f"mesokg: {path}:3:8: prefix not declared: the prefix nope: is not declared"), done.stderr


@pytest.mark.parametrize("how", ["-f", "-e"])
def test_a_term_that_the_ontology_does_not_have_is_told_on_standard_error(tiny_build: Path, tmp_path: Path, how: str) -> None:
    sparql, path = "SELECT ?trial WHERE {\n  ?trial a mesokg:Trail }", tmp_path / "mine.rq"
    path.write_text(sparql, encoding="utf-8")
    done = run("query", how, str(path) if how == "-f" else sparql, "--format", "csv", "--build", str(tiny_build))
    assert (done.returncode, done.stdout) == (0, "trial\n")
    place = path if how == "-f" else "the query"
    assert done.stderr.splitlines()[0] == f"mesokg: {place}:2 column 12: unknown term: 'mesokg:Trail'; did you mean Trial?", done.stderr


def test_a_value_without_an_answer_is_told_on_standard_error(tiny_build: Path) -> None:
    def asked(name: str, setting: str) -> tuple[int, int, str]:
        done = run("query", name, "--set", setting, "--format", "csv", "--build", str(tiny_build))
        return done.returncode, len(done.stdout.splitlines()), done.stderr.partition("\n")[0]

    code, lines, said = asked("which_trials_study_disease", "kind=malignant pleural mesothelioma")
    assert code == 0 and lines > 1 and said.startswith(f"{lines - 1} row"), said
    code, lines, said = asked("which_therapies_belong_to_class", "class=oncolytic virotherapy")
    assert (code, lines) == (0, 1) and said.startswith("mesokg: parameter class: 'oncolytic virotherapy' (mesokg:OncolyticVirotherapy) is none of the values that this question has an answer for (a class of therapies)"), said
    code, lines, said = asked("which_trials_study_disease", "kind=TINY")
    assert (code, lines) == (2, 0) and "is none of the values that this question has an answer for (a disease)" in said, said


def test_show_gives_statements_with_their_sources(tiny_build: Path) -> None:
    done = run("show", "TINY", "--build", str(tiny_build))
    assert done.returncode == 0, done.stderr
    assert "enrolmentActual: 17" in done.stdout
    assert "PMID:1, abstract (single-arm trial, preferred) - the paper counts who was treated" in done.stdout
    assert "enrolmentActual: 18" in done.stdout.split("outranked, denied or without a value")[1]


def test_show_gives_each_name_with_its_source(tiny_build: Path) -> None:
    done = run("show", "tIFN", "--build", str(tiny_build))
    assert done.returncode == 0, done.stderr
    cited = "         PMID:1, abstract (single-arm trial)\n"
    assert f"  also called: Ad.tiny\n{cited}  also called: tIFN\n{cited}" in done.stdout
    assert done.stdout.count("tIFN") == 1 and "altLabel" not in done.stdout
    assert "  also called: Ad.tiny, tIFN\n" in run("show", "tIFN", "--no-evidence", "--build", str(tiny_build)).stdout


def test_explain_goes_down_to_rows(tiny_build: Path) -> None:
    done = run("explain", "mkg:therapy-tiny", "a", "mesokg:CytokineGeneTherapy", "--build", str(tiny_build))
    assert done.returncode == 0, done.stderr
    assert "data/genes.tsv" in done.stdout
    assert "PMID:1" in done.stdout
    done = run("explain", "mkg:therapy-tiny", "a", "mesokg:SuicideGeneTherapy", "--build", str(tiny_build))
    assert done.returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("tiny interferon vector", "a", "cytokine gene therapy"),
        ("mkg:therapy-tiny", "rdf:type", "mesokg:CytokineGeneTherapy"),
        ("<https://w3id.org/mesokg/id/therapy-tiny>", "a", "CYTOKINE GENE THERAPY"),
        ("TINY", "enrolment actual", "17"),
        ("tiny trial", "enrolmentActual", "17"),
        ("TINY", "<https://w3id.org/mesokg/ontology/studies>", "malignant pleural mesothelioma"),
        ("PMID:1", "reports on", "TINY"),
        ("TINY", "reported in", "PMID:1"),
    ],
)
def test_explain_takes_names(tiny_build: Path, words: tuple[str, str, str]) -> None:
    done = run("explain", *words, "--build", str(tiny_build))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("mkg:")


@pytest.mark.parametrize(
    ("words", "message"),
    [(("TYNI", "a", "x"), "nothing is called 'TYNI'"), (("TINY", "studies", "mesotelioma"), "nothing is called 'mesotelioma'"), (("TINY", "rdf:type", "trail"), "nothing is called 'trail'; did you mean trial"), (("TINY", "fase", "3"), "there is no property 'fase'; did you mean phase?"), (("nope:x", "a", "x"), "not a declared prefix")],
)
def test_explain_says_which_name_is_none(tiny_build: Path, words: tuple[str, str, str], message: str) -> None:
    done = run("explain", *words, "--build", str(tiny_build))
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_help_and_query_import_nothing_heavy(tiny_build: Path) -> None:
    heavy = ("rdflib", "networkx", "pyshacl", "owlready2", "pandas")
    for arguments, allowed in ((["--help"], ()), (["query", "-e", "ASK {}", "--build", str(tiny_build)], ("pyoxigraph",))):
        code = f"import sys; sys.argv = {['mesokg', *arguments]!r}\nfrom mesokg.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nprint([m for m in {(*heavy, 'pyoxigraph', 'rich', 'httpx')!r} if m in sys.modules], file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[-1] == repr([*allowed])


@pytest.mark.parametrize(
    ("line", "offered"),
    [("mesokg query which_therapies_target", "plain,which_therapies_target_gene"), ("mesokg query which_therapies_target_gene --set ta", "plain,target=")],
)
def test_a_shell_completes_names_and_parameters(line: str, offered: str) -> None:
    """What bash is answered; tests/test_completion.py looks at the line in real shells."""
    setting = {**os.environ, "_MESOKG_COMPLETE": "bash_complete", "COMP_LINE": line}
    code = "from mesokg.cli import main; main(prog_name='mesokg')"
    done = subprocess.run([sys.executable, "-c", code], env=setting, capture_output=True, text=True, check=False)
    assert offered in done.stdout.splitlines(), done.stderr
