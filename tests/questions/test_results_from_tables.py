"""When, at which dose and how strongly therapies showed results, computed from the tables as ``test_from_tables`` does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from curated import (
    COUNTS,
    Pairs,
    day,
    differences,
    one,
    table,
    trials_of,
    vector_classes,
)
from statements import sources


def first_results() -> Pairs:
    """The first dated trial of each therapy, and the first dated result of any of its trials that no review tells; how long it took, and how many wait.

    Of several trials without a date it is not computed which one stands for the therapy; the notes are not computed.
    """
    start, kind, trials, classes = one("trials", "startDate"), one("publications", "publicationKind"), trials_of(), vector_classes()
    results: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for row in table("outcomes"):
        if row["resultStatus"] == "reported" and row["rank"] != "deprecated" and row["measure"] not in COUNTS:
            source = sources().get(row["source"].lower(), row["source"])
            review = row["evidence"] == "review" or kind.get(source) == "review"
            results[row["outcomeOf"]].append((row["record_date"], row["outcomeOf"], review))
    rows: Pairs = set()
    having: Counter[tuple[str, bool]] = Counter()
    for therapy, those in trials.items():
        dated = sorted((trial for trial in those if trial in start), key=lambda trial: day(start[trial]))
        known = [result for trial in those for result in results[trial]]
        own = sorted((result for result in known if result[0] and not result[2]), key=lambda result: day(result[0]))
        state = (
            "results" if own else "open: no results known" if not known
            else "results, known from reviews only" if all(result[2] for result in known) else "results, not dated"
        )  # fmt: skip
        begun, (ended, where, _) = start.get(dated[0], "") if dated else "", own[0] if own else ("", "", False)
        counts = begun and where in start
        years = str(int(ended[:4]) - int(begun[:4])) if counts else ""
        exact = counts and len(begun) > 4 and len(ended) > 4
        months = str(int(years) * 12 + int(ended[5:7]) - int(begun[5:7])) if exact else ""
        for name in classes[therapy] or {"no vector, or not known"}:
            having[name, bool(known)] += 1
            rows.add((name, therapy, begun, ended, where, years, months, state))
    return {(*row, str(having[row[0], True]), str(having[row[0], False])) for row in rows}


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "how_long_from_start_to_first_results": (
        ("vectorClass", "therapy", "startDate", "firstResult", "resultTrial", "years", "months", "state", "classWithResults", "classOpen"),
        first_results,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"
