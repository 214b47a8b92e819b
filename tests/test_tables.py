"""Reading the curated tables: every kind of bad input gives a problem at its row, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesokg.errors import ResourceError, TableError
from mesokg.graph import build_graph
from mesokg.tables import read_tables


def edit(data: Path, table: str, old: str, new: str, *, count: int = 1) -> None:
    """Replace text in one table; the text must be there."""
    path = data / f"{table}.tsv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def problems(data: Path) -> list[tuple[str, int, str, str]]:
    with pytest.raises(TableError) as caught:
        build_graph(read_tables(data))
    return [(p.file, p.line, p.column, p.rule) for p in caught.value.problems]


def test_the_tiny_tables_are_read(tiny: Path) -> None:
    tables = read_tables(tiny)
    assert tables.labels["https://w3id.org/mesokg/id/trial-NCT00000001"] == "tiny trial"
    row = next(row for row in tables.rows if row.table == "administrations" and "viral particles" in str([c.text for c in row.cells]))
    values = {cell.property.name: [v.value for v in cell.values] for cell in row.cells}
    assert values["doseLow"] == ["1000000000"]
    assert values["doseUnit"] == ["https://w3id.org/mesokg/ontology/unitViralParticles"]


CASES = [
    # table, old, new, (line, column, rule)
    ("trials", "\tacronym\t", "\tacronim\t", (1, "acronim", "unknown column")),
    ("trials", "\tsponsor\t", "\tacronym\t", (1, "acronym", "column given twice")),
    ("genes", "HGNC:5423", "HGNK:5423", (2, "id", "not an identifier")),
    ("genes", "HGNC:5423", "IFNA2", (2, "id", "not an identifier")),
    ("administrations", "1e9", "much", (2, "doseLow", "not a number")),
    ("administrations", "1e9", "1e400", (2, "doseLow", "number out of range")),
    ("arms", "\t17\t", "\t17.5\t", (2, "armSize", "not a whole number")),
    ("arms", "\t17\t", "\t" + "9" * 5000 + "\t", (2, "armSize", "number out of range")),
    ("arms", "\t17\t", "\t\u0661\u0667\t", (2, "armSize", "not a whole number")),
    ("administrations", "1e9", "1_000", (2, "doseLow", "not a number")),
    ("administrations", "1e9", "NaN", (2, "doseLow", "not a number")),
    ("administrations", "1e9", "1e-999999999", (2, "doseLow", "number out of range")),
    ("administrations", "1e9", "0.0000000000000000001", (2, "doseLow", "number out of range")),
    ("trials", "2000-03", "\u0662\u0660\u0660\u0660-03", (2, "startDate", "not a date")),
    ("genes", "\tabstract\t", "\t \t", (2, "locator", "empty or padded value")),
    ("therapies", "Ad.tiny|", "Ad.tiny||", (2, "synonyms", "empty or padded value")),
    ("therapies", "Ad.tiny|", "Ad.tiny|Ad.tiny|", (2, "synonyms", "value given twice")),
    ("genes", "IFNA2\tIFNA2", "IFNA2\u200b\tIFNA2", (2, "", "control character")),
    ("genes", "IFNA2\tIFNA2", "IFNA2\u202e\tIFNA2", (2, "", "control character")),
    ("trials", "2000-03", "2000-13", (2, "startDate", "no such date")),
    ("trials", "2000-03", "March 2000", (2, "startDate", "not a date")),
    ("trials", "\tPhase I\t", "\tPhase I \t", (2, "phaseAsReported", "empty or padded value")),
    ("trials", "TINY\t1\t", "TINY\t3b\t", (2, "phase", "value not in list")),
    ("registry_records", "https://", "htps://", (2, "url", "not a web address")),
    ("genes", "\tPMID:1\t", "\t\t", (2, "source", "fact without source")),
    ("genes", "\tabstract\t", "\t\t", (2, "locator", "missing locator")),
    ("genes", "single-arm trial", "hearsay", (2, "evidence", "value not in list")),
    ("genes", "single-arm trial", "", (2, "evidence", "missing evidence")),
    ("genes", "PMID:1\t", "PMID:999\t", (2, "source", "dangling reference")),
    ("genes", "PMID:1\t", "mkg:organisation-example\t", (2, "source", "not a source")),
    ("constructs", "mkg:vector-tiny", "mkg:vector-lost", (2, "hasBackbone", "dangling reference")),
    ("constructs", "mkg:vector-tiny", "mkg:payload-ifna2", (2, "hasBackbone", "wrong kind of thing")),
    ("components", "Deletion", "Therapy", (2, "type", "type not of this table")),
    ("genes", "IFNA2\tIFNA2", "\tIFNA2", (2, "label", "missing label")),
    ("trials", "tiny trial\t\t\t\trecruiting", "Tiny Trial\t\t\t\trecruiting", (3, "label", "two labels for one id")),
    ("publications", "Other 2003, Journal\t2", "Other 2003, Journal\t1", (3, "pmid", "identifier of two things")),
    ("therapies", "Ad.tiny|", "Ad.\x07tiny|", (2, "", "control character")),
    ("therapies", "mkg:therapy-tiny\t", "mkg:therapy-tiny\t\t", (2, "", "wrong number of cells")),
    ("forms", "full length|secreted", "full length|full length", (2, "formKind", "value given twice")),
    ("trials", "\tpreferred\t", "\tbest\t", (5, "rank", "value not in list")),
    ("trials", "recruiting\t", "withdrawn|recruiting\t", (3, "status", "value not in list")),
    ("arms", "mkg:trial-NCT00000001\texperimental", "\texperimental", None),
]


@pytest.mark.parametrize(("table", "old", "new", "expected"), CASES, ids=[f"{c[0]}-{ascii(c[2].strip()[:40])[1:-1] or 'empty'}" for c in CASES])
def test_bad_cells_are_reported_at_their_row(
    tiny: Path, table: str, old: str, new: str, expected: tuple[int, str, str] | None
) -> None:
    edit(tiny, table, old, new)
    if expected is None:
        build_graph(read_tables(tiny))  # an arm without a trial is for the shapes to judge, not for the reader
        return
    assert (f"data/{table}.tsv", *expected) in problems(tiny)


def test_a_repeated_key_is_reported(tiny: Path) -> None:
    path = tiny / "arms.tsv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1].replace("\t17\t", "\t18\t")]))
    assert ("data/arms.tsv", 3, "id", "repeated key") in problems(tiny)


def test_a_rank_over_two_statements_is_reported(tiny: Path) -> None:
    edit(tiny, "trials", "recruiting\t\t", "recruiting\t2001\t")
    edit(tiny, "trials", "2000-05\t\t\t\n", "2000-05\tpreferred\t\t\n")
    assert ("data/trials.tsv", 3, "rank", "rank over several statements") in problems(tiny)


def test_a_rank_over_two_names_or_over_one_without_a_source_is_reported(tiny: Path) -> None:
    path = tiny / "therapies.tsv"
    header, row = path.read_text(encoding="utf-8").splitlines()
    said = "mkg:therapy-tiny\ttiny interferon vector\t{}\t\t\t{}\tdeprecated\n"
    for names, source, wrong in (("a|b", "PMID:2\ttable 1\treview\t2003\t2026-11-24", True), ("a", "\t\t\t\t", True), ("a", "PMID:2\ttable 1\treview\t2003\t2026-11-24", False)):
        path.write_text(f"{header}\trank\n{row}\t\n{said.format(names, source)}", encoding="utf-8")
        if wrong:
            assert ("data/therapies.tsv", 3, "rank", "rank over several statements") in problems(tiny)
        else:
            build_graph(read_tables(tiny))


def test_two_ranks_of_one_name_are_reported_in_its_column(tiny: Path) -> None:
    path = tiny / "therapies.tsv"
    header, row = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header}\trank\n{row}\t\nmkg:therapy-tiny\ttiny interferon vector\ttIFN\t\t\tPMID:1\ttable 1\tsingle-arm trial\t2000\t2026-11-24\tdeprecated\n", encoding="utf-8")
    assert ("data/therapies.tsv", 3, "synonyms", "two ranks") in problems(tiny)


def test_values_of_equal_rank_are_reported_at_both_rows(tiny: Path) -> None:
    edit(tiny, "trials", "\tpreferred\t", "\t\t")
    found = problems(tiny)
    assert ("data/trials.tsv", 5, "enrolmentActual", "two values of equal rank") in found
    assert ("data/trials.tsv", 6, "enrolmentActual", "two values of equal rank") in found


def test_a_statement_affirmed_and_denied_is_reported(tiny: Path) -> None:
    path = tiny / "trials.tsv"
    row = path.read_text().splitlines()[1].split("\t")
    header = path.read_text().splitlines()[0].split("\t")
    denial = dict.fromkeys(header, "")
    denial |= dict(zip(header, row, strict=True)) | {
        name: "" for name in header if name not in ("id", "label", "country", "source", "locator", "evidence", "record_date", "checked_on")
    }
    denial |= {"negated": "true", "locator": "elsewhere"}
    with path.open("a") as file:
        file.write("\t".join(denial[name] for name in header) + "\n")
    assert ("data/trials.tsv", 2, "country", "affirmed and denied") in problems(tiny)


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"", "empty file"), (b"\xef\xbb\xbf", "empty file"), (b"\xef\xbb\xbfid\tlabel\n", "byte order mark"), ("id\tlabel\n".encode("utf-16"), "not UTF-8"), ("id\tlabel\n".encode("utf-16-le"), "not UTF-8"), (b"\n \n", "empty file"), ("id\tlabel\nmkg:x\t\xe9\n".encode("latin-1"), "not UTF-8"), (b"id\tlabel\r\n", "carriage return"), (b"id\tlabel", "no line end at the end of the file"), (b"id\tlabel\n\n", "empty line")],
    ids=["empty", "blank", "mark alone", "mark", "utf-16", "utf-16 without mark", "latin-1", "crlf", "cut off", "empty line"],
)
def test_bad_files_are_reported(tiny: Path, content: bytes, rule: str) -> None:
    (tiny / "cohorts.tsv").write_bytes(content)
    assert ("data/cohorts.tsv", rule) in [(file, found) for file, _, _, found in problems(tiny)]


def test_a_table_with_its_ending_in_capitals_is_not_left_out_in_silence(tiny: Path) -> None:
    (tiny / "cohorts.TSV").write_text("id\tlabel\n")
    assert problems(tiny) == [("data/cohorts.TSV", 0, "", "ending in capitals")]


def test_an_unknown_table_offers_the_nearest(tiny: Path) -> None:
    (tiny / "trial.tsv").write_text("id\tlabel\n")
    with pytest.raises(TableError, match="did you mean trials"):
        read_tables(tiny)


BROKEN = [
    # table, how its bytes are broken, the one problem that is to be reported
    ("vectors", lambda text: text.replace(b"\n", b"\r\n"), "carriage return"),
    ("vectors", lambda text: text.replace(b"tiny vector", b"t\xefny vector"), "not UTF-8"),
    ("vectors", lambda text: text.replace(b"tiny vector", b"tiny\x07 vector"), "control character"),
    ("vectors", lambda text: text.replace(b"mkg:vector-tiny\t", b"mkg:vector-tiny\t\t"), "wrong number of cells"),
    ("vectors", lambda text: text.replace(b"id\tlabel", b"id\tlabell"), "missing column"),
    ("vectors", lambda text: b"", "empty file"),
    ("vectors", lambda text: b"\xef\xbb\xbf" + text, "byte order mark"),
    ("vectors", lambda text: text.decode().encode("utf-16"), "not UTF-8"),
    ("publications", lambda text: b"", "empty file"),
    ("publications", lambda text: text.replace(b"mkg:publication-PMID1\t", b"mkg:publication-PMID1\t\t"), "wrong number of cells"),
]


@pytest.mark.parametrize(("table", "break_it", "rule"), BROKEN, ids=[f"{table}-{rule}" for table, _, rule in BROKEN])
def test_one_broken_table_is_not_reported_by_every_row_that_refers_to_it(tiny: Path, table: str, break_it, rule: str) -> None:
    path = tiny / f"{table}.tsv"
    before = path.read_bytes()
    path.write_bytes(break_it(before))
    assert path.read_bytes() != before
    found = problems(tiny)
    assert (f"data/{table}.tsv", rule) in [(file, found_rule) for file, _, _, found_rule in found]
    assert {file for file, *_ in found} == {f"data/{table}.tsv"}


def test_a_wrong_cell_in_a_ranked_row_is_reported_once(tiny: Path) -> None:
    edit(tiny, "trials", "\tpreferred\t", "\tbest\t")
    assert [rule for *_, rule in problems(tiny)] == ["value not in list"]


def test_all_problems_come_at_once(tiny: Path) -> None:
    edit(tiny, "genes", "HGNC:5423", "HGNK:5423")
    edit(tiny, "administrations", "1e9", "much")
    edit(tiny, "constructs", "mkg:payload-ifna2", "mkg:payload-lost")
    assert {file for file, *_ in problems(tiny)} >= {"data/genes.tsv", "data/administrations.tsv", "data/constructs.tsv"}


@pytest.mark.parametrize("make", [False, True], ids=["missing", "without tables"])
def test_a_missing_or_empty_folder_is_an_error(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "nothing"
    if make:
        folder.mkdir()
    with pytest.raises(ResourceError, match="data folder"):
        read_tables(folder)


def test_label_columns_are_compared_with_ids(tiny: Path) -> None:
    path = tiny / "diseases.tsv"
    lines = path.read_text().splitlines()
    path.write_text(f"{lines[0]}\thasBroader_label\n{lines[1]}\tbenign mesothelioma\n{lines[2]}\t\n")
    assert problems(tiny) == [("data/diseases.tsv", 2, "hasBroader_label", "label does not match id")]


@pytest.mark.parametrize(
    ("curie", "rule"),
    [("MONDO:9999999", "dangling reference"), ("mkg:country-us", "wrong kind of thing"), ("MODNO:0005112", "not an identifier")],
)
def test_a_wrong_id_beside_its_label_is_reported_for_what_it_is(tiny: Path, curie: str, rule: str) -> None:
    """The label beside it is the right one of what was meant, and no second problem."""
    path = tiny / "trials.tsv"
    lines = path.read_text().replace("MONDO:0005112", curie).splitlines()
    labels = ["studies_label", "malignant pleural mesothelioma", "", "", "", ""]
    path.write_text("".join(f"{line}\t{label}\n" for line, label in zip(lines, labels, strict=True)))
    assert problems(tiny) == [("data/trials.tsv", 2, "studies", rule)]


def test_the_label_of_a_lost_table_is_no_problem(tiny: Path) -> None:
    path = tiny / "constructs.tsv"
    lines = path.read_text().splitlines()
    path.write_text(f"{lines[0]}\thasBackbone_label\n" + "".join(f"{line}\tsome vector\n" for line in lines[1:]))
    (tiny / "vectors.tsv").write_bytes(b"")
    assert problems(tiny) == [("data/vectors.tsv", 0, "", "empty file")]


def test_no_problem_of_a_row_hides_another(tiny: Path) -> None:
    edit(tiny, "constructs", "mkg:vector-tiny", "mkg:vector-lost")
    edit(tiny, "constructs", "\tPMID:1\t", "\tPMID:999\t")
    found = problems(tiny)
    assert ("data/constructs.tsv", 2, "hasBackbone", "dangling reference") in found
    assert ("data/constructs.tsv", 2, "source", "dangling reference") in found


def test_a_row_whose_only_statement_cannot_be_read_has_one_problem(tiny: Path) -> None:
    edit(tiny, "trials", "\tenrolmentActual\t", "\tenrolmentActuel\t")
    edit(tiny, "trials", "completed", "complete")
    assert problems(tiny) == [
        ("data/trials.tsv", 1, "enrolmentActuel", "unknown column"), ("data/trials.tsv", 4, "status", "value not in list"),
    ]  # fmt: skip


def test_a_new_property_is_a_term_and_a_column(tiny: Path, tmp_path: Path) -> None:
    """Adding a property takes no Python: a term in the ontology and a column in a table."""
    from mesokg.vocabulary import read_vocabulary

    ontology = tmp_path / "mesokg.ttl"
    text = read_vocabulary().path.read_text(encoding="utf-8")
    ontology.write_text(
        text
        + """
mesokg:coldChainTemperature a owl:DatatypeProperty , owl:FunctionalProperty ;
    rdfs:label "cold chain temperature"@en ;
    rdfs:domain mesokg:Therapy ;
    rdfs:range xsd:decimal .
""",
        encoding="utf-8",
    )
    edit(tiny, "therapies", "developer\t", "developer\tcoldChainTemperature\t")
    edit(tiny, "therapies", "organisation-example\t", "organisation-example\t-60.50\t")
    vocabulary = read_vocabulary(ontology)
    graph = build_graph(read_tables(tiny, vocabulary), vocabulary)
    wanted = "https://w3id.org/mesokg/ontology/coldChainTemperature"
    assert [q.object.value for q in graph.facts if q.predicate.value == wanted] == ["-60.5"]
    assert [a.object.value for a in graph.assertions.values() if a.property.iri == wanted] == ["-60.5"]


def test_a_new_property_goes_through_the_whole_build(tiny: Path, tmp_path: Path) -> None:
    """In a copy of the project a term and a column reach reasoning, the shapes' report, the products and an answer."""
    import shutil
    import subprocess
    import sys

    from mesokg.resources import checkout

    root = checkout()
    if root is None:
        pytest.skip("the ontology of an installed package cannot be changed")
    copy = tmp_path / "project"
    for name in ("src", "ontology", "shapes", "queries", "pyproject.toml"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("bundle", "__pycache__"))
        else:
            shutil.copy(source, copy / name)
    shutil.copytree(tiny, copy / "data")
    ontology = copy / "ontology" / "mesokg.ttl"
    ontology.write_text(
        ontology.read_text(encoding="utf-8")
        + """
mesokg:backupDeveloper a owl:ObjectProperty ;
    rdfs:label "backup developer"@en ;
    rdfs:subPropertyOf mesokg:developer ;
    rdfs:domain mesokg:Therapy ;
    rdfs:range mesokg:Organisation .
""",
        encoding="utf-8",
    )
    edit(copy / "data", "therapies", "developer\t", "backupDeveloper\t")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys; sys.path.insert(0, {str(copy / 'src')!r}); from mesokg.cli import main; main()"
        return subprocess.run([sys.executable, "-c", code, *arguments], cwd=copy, capture_output=True, text=True, check=False)

    done = run("build")
    assert done.returncode == 0, done.stderr
    assert "mesokg:backupDeveloper mkg:organisation-example" in (copy / "build" / "mesokg.ttl").read_text(encoding="utf-8")
    asked = run("query", "-e", "SELECT ?t { ?t mesokg:developer mkg:organisation-example }", "--format", "csv")
    assert "therapy-tiny" in asked.stdout, asked.stderr
    told = run("explain", "mkg:therapy-tiny", "mesokg:developer", "mkg:organisation-example")
    assert "backupDeveloper SubPropertyOf: developer" in told.stdout
    assert "data/therapies.tsv:2" in told.stdout
