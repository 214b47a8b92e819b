"""Measures discovery on the labelled set: ``python tests/registries/measure_discovery.py [--ontology FILE] [-v]``.

With ``--ontology`` the synonyms are those of another file, so that new ones can be tried before they are proposed.

``discovery_labels.tsv`` holds our own trials, studies that were excluded, made-up near misses, and the numbers of the
real sample records (their text is read beside the checkout, where they are). ``candidate`` is yes (gene therapy
including mesothelioma), no, or check (a curator must look: it counts neither way). Our own trials gave discovery its
product names, so they are judged twice: with all names, and without the names of what that trial itself gives.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass, replace
from pathlib import Path

from mesokg.discover import Candidate, Judge
from mesokg.identifiers import expand
from mesokg.registries.ctgov import read_studies, read_study
from mesokg.registries.ours import Ours
from mesokg.registries.records import Study

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent.parent / "shared" / "samples" / "ctgov"


@dataclass(frozen=True)
class Judged:
    """One labelled study and what discovery made of it, with and without the names of its own products."""

    label: dict[str, str]
    whole: Candidate
    without: Candidate


def labels() -> list[dict[str, str]]:
    with (HERE / "discovery_labels.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _as_study(label: dict[str, str]) -> Study:
    number = label["id"] if label["id"].startswith("NCT") else "NCT00000000"
    raw = {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": label["title"]},
            "conditionsModule": {"conditions": label["conditions"].split("|")},
            "armsInterventionsModule": {"interventions": [{"name": n.strip(), "type": "DRUG"} for n in label["interventions"].split("|")]},
        }
    }
    study = read_study(raw, label["id"], [])
    assert study is not None
    return study


def own_names(ours: Ours, trial: str) -> set[str]:
    """What a trial gives: its therapies with their constructs, vectors, payloads and cells."""
    found: set[str] = set()
    arms = {r.subject for r in ours.tables.rows if r.table == "arms" and trial in ours.values(r.subject, "armOf")}
    for row in ours.tables.rows:
        if row.table == "administrations" and arms & set(ours.values(row.subject, "administrationIn")):
            found.update(ours.values(row.subject, "givesTherapy"))
    todo = list(found)
    while todo:
        thing = todo.pop()
        for name in ("hasConstruct", "administersCells", "transducedWith", "hasBackbone", "carries"):
            new = set(ours.values(thing, name)) - found
            found |= new
            todo.extend(new)
    return found


def judge_all(ontology: Path | None = None) -> list[Judged]:
    """Every labelled study whose text is at hand."""
    ours = Ours()
    if ontology is not None:
        ours.vocabulary = replace(ours.vocabulary, path=ontology)
    judge = Judge.of(ours)
    real = {s.nct: s for s in read_studies(SAMPLES, [])} if SAMPLES.is_dir() else {}
    found: list[Judged] = []
    for label in labels():
        study = real.get(label["id"]) if label["origin"] == "sample" else _as_study(label)
        if study is None:
            continue
        whole = judge.judge(study)
        trial = ours.trials.get(label["id"]) or expand(f"mkg:trial-{label['id']}")
        names = own_names(ours, trial) if label["origin"] == "own" else set()
        without = replace(judge, therapies=judge.therapies.without(names)).judge(study) if names else whole
        found.append(Judged(label, whole, without))
    return found


def rates(pairs: list[tuple[bool, bool]]) -> tuple[int, int, int, float, float]:
    """True positives, false positives, false negatives, precision and recall of (truth, judged) pairs."""
    hit = sum(t and j for t, j in pairs)
    wrong = sum(j and not t for t, j in pairs)
    missed = sum(t and not j for t, j in pairs)
    return hit, wrong, missed, hit / (hit + wrong) if hit + wrong else 1.0, hit / (hit + missed) if hit + missed else 1.0


def measure(judged: list[Judged]) -> dict[str, tuple[int, int, int, float, float]]:
    """The rates of each question put to discovery."""
    told = [j for j in judged if j.label["candidate"] != "check"]

    def yes(j: Judged, column: str) -> bool:
        return j.label[column] == "yes"

    return {
        "shown (likely or possible), all names": rates([(yes(j, "candidate"), j.whole.level != "unlikely") for j in told]),
        "shown, without the trial's own names": rates([(yes(j, "candidate"), j.without.level != "unlikely") for j in told]),
        "likely, all names": rates([(yes(j, "candidate"), j.whole.level == "likely") for j in told]),
        "likely, without the trial's own names": rates([(yes(j, "candidate"), j.without.level == "likely") for j in told]),
        "is gene therapy, all names": rates([(yes(j, "gene_therapy"), j.whole.is_gene_therapy) for j in judged]),
        "is gene therapy, without own names": rates([(yes(j, "gene_therapy"), j.without.is_gene_therapy) for j in judged]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ontology", type=Path, help="a Turtle file in place of the ontology, for its synonyms only")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every study, not only what is judged wrong")
    options = parser.parse_args()
    judged = judge_all(options.ontology)
    print(f"{len(judged)} labelled studies{'' if SAMPLES.is_dir() else ' (the real sample records are not at hand)'}")
    print(f"{'':44} {'right':>6} {'wrong':>6} {'missed':>6} {'precision':>10} {'recall':>7}")
    for name, (hit, wrong, missed, precision, recall) in measure(judged).items():
        print(f"{name:44} {hit:6} {wrong:6} {missed:6} {precision:10.2f} {recall:7.2f}")
    for j in judged:
        truth = j.label["candidate"]
        shown = j.without.level != "unlikely"
        if truth == "yes" and j.without.level != "likely" or truth == "no" and shown or options.verbose:
            print(f"{j.label['id']} [{truth}] {j.without.level} {j.without.score:g}: {j.label['title']} | {'; '.join(j.without.reasons)}")


if __name__ == "__main__":
    main()
