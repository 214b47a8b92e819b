"""What came out: measurements as interval plots and tables, sources of one outcome side by side."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from mesokg.describe import Evidence
from mesokg.server.drawings import Interval, interval_plot, share
from mesokg.server.evidence import gather, sources
from mesokg.server.html import Markup, el
from mesokg.server.look import Look, href

__all__ = ["amount_words", "arm_words", "number_words", "opened", "outcomes", "range_words", "table"]

Row = dict[str, Any]
_MOST_LINES = 40


def table(heads: list[str], rows: list[list[Any]], caption: str) -> Markup | None:
    """A table that scrolls by itself where it is wider than the page; None without rows."""
    if not rows:
        return None
    return el(
        "div",
        el("table", el("caption", caption, cls="unseen"), el("thead", el("tr", [el("th", head, scope="col") for head in heads])), el("tbody", [el("tr", [el("td", cell) for cell in row]) for row in rows])),
        cls="wide", tabindex="0", role="region", aria_label=caption,
    )


def number_words(text: str) -> str:
    """A number without idle zeros, and with commas where it is long.

    >>> number_words("60000000"), number_words("23.90"), number_words("2019"), number_words("")
    ('60,000,000', '23.9', '2019', '')
    """
    if text.isdecimal() and len(text) > 4:
        return f"{int(text):,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def arm_words(label: str, trial: str) -> str:
    """The label of an arm on the page of its own trial, whose number need not follow it."""
    return label.removesuffix(f" ({trial.rpartition('/trial-')[2]})")


def amount_words(qualifier: str, value: str, unit: str) -> str:
    """A value with what stands before and behind it.

    >>> amount_words("at least", "18.2", "months"), amount_words(">", "90", "percent"), amount_words("", "5", "")
    ('at least 18.2 months', '> 90 %', '5')
    """
    return " ".join(filter(None, (qualifier, number_words(value), "%" if unit == "percent" else unit)))


def range_words(low: str, high: str) -> str:
    """Both limits, or which of them is not given.

    >>> range_words("2.6", "8.9"), range_words("2.6", ""), range_words("", "50")
    ('2.6 to 8.9', 'from 2.6, no upper limit given', 'to 50, no lower limit given')
    """
    if not (low and high):
        return f"from {number_words(low)}, no upper limit given" if low else f"to {number_words(high)}, no lower limit given"
    return f"{number_words(low)} to {number_words(high)}"


def opened(qualifier: str, low: str, high: str) -> tuple[bool, bool]:
    """Whether a value may be lower or higher than any limit that is given: by its qualifier, or as one limit only is known.

    >>> opened("at least", "", ""), opened("up to", "", ""), opened("", "2.6", ""), opened("", "", "50"), opened("about", "1", "2")
    ((False, True), (True, False), (False, True), (True, False), (False, False))
    """
    below = qualifier in ("up to", "at most", "less than", "<", "≤", "<=") or bool(high and not low)
    above = qualifier in ("at least", "more than", "over", ">", "≥", ">=") or bool(low and not high)
    return below, above


def _natural(text: str) -> list[tuple[float, str]]:
    """A key that sorts numbers in a text by their size.

    >>> sorted(["level 10", "level 3.5", "level 3"], key=_natural)
    ['level 3', 'level 3.5', 'level 10']
    """
    parts = re.split(r"(\d+(?:\.\d+)?)", text.casefold())
    return [(float(part), "") if number % 2 else (0.0, part) for number, part in enumerate(parts)]


_DAYS = {"min": 1 / 1440, "h": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25, "cycle": 21.0, "dose": 21.0}


def _when(time: str) -> tuple[float, list[tuple[float, str]]]:
    """A key that sorts time points as they follow each other; what names no time stands behind those that do.

    >>> sorted(["12 months", "", "6.5 years", "day 21", "before treatment", "at report", "8 weeks"], key=_when)
    ['', 'before treatment', 'day 21', '8 weeks', '12 months', '6.5 years', 'at report']
    """
    found = re.search(r"(\d+(?:\.\d+)?)\s*(min|h\b|day|week|month|year)|\b(day|week|month|year|cycle|dose) (\d+)", time)
    days = 0.0 if not time or time.startswith("before") else float(found[1] or found[4]) * _DAYS[found[2] or found[3]] if found else float("inf")
    return days, _natural(time)


# ---------------------------------------------------------------- reading


def _read(look: Look, where: str) -> list[Row]:
    # from the assertions, as an outranked measurement has no plain triple and must be seen beside the other
    rows: list[Row] = list(look.rows(f"""
      SELECT DISTINCT ?trial ?trialLabel ?outcome ?measure ?arm ?role ?compared ?population ?criteria ?time ?subgroup ?event ?m ?n ?N ?value ?unit ?low ?high ?text ?qualifier ?status ?denominatorKind ?note
      WHERE {{
        {where}
        ?outcome mesokg:measure/rdfs:label ?measure .
        ?a mesokg:subject ?outcome ; mesokg:predicate mesokg:hasMeasurement ; mesokg:object ?m ; mesokg:negated false .
        OPTIONAL {{ ?outcome mesokg:inArm ?inArm . ?inArm rdfs:label ?arm OPTIONAL {{ ?inArm mesokg:armRole/skos:notation ?role }} }}
        OPTIONAL {{ ?outcome mesokg:comparedWithArm/rdfs:label ?compared }} OPTIONAL {{ ?outcome mesokg:population ?population }}
        OPTIONAL {{ ?outcome mesokg:criteria/rdfs:label ?criteria }} OPTIONAL {{ ?outcome mesokg:timePoint ?time }}
        OPTIONAL {{ ?outcome mesokg:subgroup ?subgroup }} OPTIONAL {{ ?outcome mesokg:event ?event }}
        OPTIONAL {{ ?outcome mesokg:outcomeOf ?trial . ?trial rdfs:label ?trialLabel }}
        OPTIONAL {{ ?m mesokg:numerator ?n }} OPTIONAL {{ ?m mesokg:denominator ?N }} OPTIONAL {{ ?m mesokg:value ?value }}
        OPTIONAL {{ ?m mesokg:resultUnit/skos:notation ?unit }} OPTIONAL {{ ?m mesokg:lowerLimit ?low }} OPTIONAL {{ ?m mesokg:upperLimit ?high }}
        OPTIONAL {{ ?m mesokg:valueText ?text }} OPTIONAL {{ ?m mesokg:valueQualifier ?qualifier }} OPTIONAL {{ ?m mesokg:resultStatus/skos:notation ?status }}
        OPTIONAL {{ ?m mesokg:denominatorKind/skos:notation ?denominatorKind }} OPTIONAL {{ ?m mesokg:resultNote ?note }}
      }} ORDER BY ?measure ?trialLabel ?outcome ?m LIMIT 600"""))
    said: dict[str, list[Evidence]] = defaultdict(list)
    for found in gather(look, (row["outcome"] for row in rows), ["hasMeasurement"]).values():
        for measurement, one in found:
            said[measurement].append(one)
    alike: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        row["said"] = said[row["m"]]
        row["outranked"] = bool(row["said"]) and all(one.rank == "deprecated" for one in row["said"])
    _fill(look, [row for row in rows if row["outranked"]])
    rows.sort(key=_place)
    for row in rows:
        alike[row["outcome"]].append(row)
    for group in alike.values():
        differ = any(_differ(one, other) for one, other in combinations(group, 2))
        for row in group:
            row["differ"] = differ
    return rows


_DETAILS = {
    "numerator": "n", "denominator": "N", "value": "value", "resultUnit": "unit", "lowerLimit": "low", "upperLimit": "high", "valueText": "text",
    "valueQualifier": "qualifier", "resultStatus": "status", "denominatorKind": "denominatorKind", "resultNote": "note",
}


def _fill(look: Look, rows: list[Row]) -> None:
    """What outranked measurements say, from their assertions, as they have no plain triples."""
    if not rows:
        return
    things = " ".join(f"<{row['m']}>" for row in rows)
    found: dict[tuple[str, str], str] = {}
    for one in look.rows(f"""SELECT ?m ?p ?value WHERE {{ VALUES ?m {{ {things} }} VALUES ?p {{ {" ".join(f"mesokg:{name}" for name in _DETAILS)} }}
            ?a mesokg:subject ?m ; mesokg:predicate ?p ; mesokg:object ?object ; mesokg:negated false . OPTIONAL {{ ?object skos:notation ?notation }}
            BIND(COALESCE(?notation, ?object) AS ?value) }} ORDER BY ?m ?p ?value"""):
        found.setdefault((one["m"], _DETAILS[one["p"].rpartition("/")[2]]), one["value"])
    for row in rows:
        for name in _DETAILS.values():
            row[name] = row[name] or found.get((row["m"], name), "")


def _place(row: Row) -> Any:
    """By trial, arm (controls last) and time; what is said of one outcome together, what is outranked last."""
    return row["trialLabel"].casefold(), row["trial"], _is_control(row), _natural(row["arm"]), _when(row["time"]), row["population"], _natural(row["event"]), row["subgroup"], row["criteria"], row["outcome"], row["outranked"], row["m"]


def _percent(row: Row) -> float | None:
    if row["n"].isdigit() and row["N"].isdigit() and int(row["N"]):
        return 100 * int(row["n"]) / int(row["N"])
    return float(row["value"]) if row["value"] and row["unit"] == "percent" else None


def _differ(one: Row, other: Row) -> bool:
    """Whether two measurements of one outcome say different things; what only one of them gives is no difference.

    >>> base = dict.fromkeys(("n", "N", "value", "unit", "qualifier"), "")
    >>> _differ({**base, "n": "5", "N": "32"}, {**base, "value": "16", "unit": "percent"})
    False
    >>> _differ({**base, "n": "11", "N": "15"}, {**base, "n": "6", "N": "15"})
    True
    """
    shares = [_percent(one), _percent(other)]
    if None not in shares:
        # sources round to whole percents
        return abs(shares[0] - shares[1]) > 0.5001 or bool(one["N"] and other["N"] and one["N"] != other["N"])  # type: ignore[operator]
    for name in ("n", "N"):
        if one[name] and other[name] and one[name] != other[name]:
            return True
    return bool(one["value"] and other["value"] and one["unit"] == other["unit"] and float(one["value"]) != float(other["value"]))


# ---------------------------------------------------------------- in words


def _result(row: Row) -> str:
    parts = []
    if row["n"]:
        parts.append(f"{row['n']} of {row['N']}" if row["N"] else f"{row['n']}, denominator not reported")
    if row["value"]:
        parts.append(amount_words(row["qualifier"], row["value"], row["unit"]))
        if not row["n"] and row["unit"] == "percent":
            parts[-1] += f" of {row['N']}" if row["N"] else ", denominator not reported"
    if row["low"] or row["high"]:
        limits = range_words(row["low"], row["high"])
        parts.append(f"({limits})" if parts else " ".join(filter(None, (limits, "%" if row["unit"] == "percent" else row["unit"]))))
    if row["value"] and not row["n"] and row["N"] and row["unit"] != "percent":
        parts.append(f"in {row['N']}")
    if not parts and not row["text"]:
        parts.append(row["status"].replace("_", " ") or "no number")
    return ", ".join(filter(None, (" ".join(parts), row["text"])))


_CONTROLS = ("active comparator", "placebo comparator", "no intervention")


def _is_control(row: Row) -> bool:
    return row["role"] in _CONTROLS


def _arm(row: Row) -> str:
    """The arm in words, whether its role is that of a control, and the arm it is compared with."""
    compared = f"compared with {arm_words(row['compared'], row['trial'])}" if row["compared"] else ""
    control = "control arm" if _is_control(row) else ""
    return "; ".join(filter(None, (arm_words(row["arm"], row["trial"]), control, compared)))


def _rest(row: Row) -> Iterable[str]:
    return (row["event"], row["population"], row["criteria"], row["time"], row["subgroup"])


def _about(row: Row, with_trial: bool) -> str:
    about = [row["trialLabel"] if with_trial else "", _arm(row), *_rest(row)]
    return "; ".join(dict.fromkeys(part for part in about if part)) or row["measure"]


def _flags(row: Row) -> list[Any]:
    return [el("span", "sources differ", cls="disagree") if row["differ"] else None, el("span", "outranked", cls="disagree") if row["outranked"] else None]


def _share_of_people(row: Row) -> bool:
    """Whether a percentage without its count is a plain share, whose interval follows from the denominator.

    Shares that survive are none: they are estimated, with people who leave on the way.
    """
    return bool(
        row["unit"] == "percent" and row["N"].isdigit() and int(row["N"]) and row["value"] and float(row["value"]) <= 100
        and not (row["low"] or row["high"] or row["qualifier"]) and any(words in row["measure"] for words in _RESPONSES)
    )


def _interval(row: Row, with_trial: bool) -> tuple[str, Interval] | None:
    """The line of a measurement with its unit, None for what has no place on a scale."""
    label = _about(row, with_trial)
    shown = {"note": _result(row), "link": href(row["m"]), "source": [sources(row["said"], of=label), _flags(row)]}
    if row["n"].isdigit() and row["N"].isdigit() and int(row["N"]):
        value, low, high = share(int(row["n"]), int(row["N"]))
        return "percent", Interval(label, value, low, high, **shown)
    if _share_of_people(row):
        value, low, high = share(float(row["value"]) / 100 * int(row["N"]), int(row["N"]))
        return "percent", Interval(label, value, low, high, **shown)
    if (row["value"] or (row["low"] and row["high"])) and row["unit"] in ("months", "percent", "weeks", "years", "days"):
        value, low, high = (float(row[name]) if row[name] else None for name in ("value", "low", "high"))
        below, above = opened(row["qualifier"], row["low"], row["high"])
        return row["unit"], Interval(label, value, low, high, **shown, below=below, above=above)
    return None


_RESPONSES = ("objective response", "disease control", "complete response", "partial response", "stable disease", "clinical benefit")
_MAIN = ("objective response", "disease control", "survival", "complete response", "partial response", "stable disease", "progression", "clinical benefit")


def _weight(measure: str) -> tuple[int, str]:
    return next((i for i, words in enumerate(_MAIN) if words in measure), len(_MAIN)), measure


def _plots(measure: str, group: list[Row], with_trial: bool) -> list[Markup]:
    by_unit: dict[str, list[Interval]] = defaultdict(list)
    counted = False
    for row in group:
        found = _interval(row, with_trial)
        if found is not None:
            by_unit[found[0]].append(found[1])
            counted = counted or bool(row["n"] and row["N"]) or _share_of_people(row)
    plots = []
    for unit, lines in by_unit.items():
        interval = any(line.low is not None or line.high is not None for line in lines)
        words = unit if not interval else f"{unit}, with the interval of the source where it gives one"
        if unit == "percent" and counted:
            words = "percent; of counts and plain shares with the 95 % Wilson interval"
        if any(line.below or line.above for line in lines):
            words += "; an arrow goes on where no limit is given"
        if len(lines) > _MOST_LINES:
            words += f"; the first {_MOST_LINES} of {len(lines)}, all are in the table"
        drawn = lines[:_MOST_LINES]
        # shares end at 100; what is no share, as a change, may have a limit past it
        top = 100.0 if unit == "percent" and all((one or 0) <= 100 for line in drawn for one in (line.value, line.low, line.high)) else None
        plots.append(interval_plot(drawn, words, f"{measure}, {unit}", top=top))
    return plots


def outcomes(look: Look, where: str, *, with_trial: bool) -> list[Any]:
    """Outcomes by measure, as interval plots and as tables; what several sources say of one outcome stands together."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in _read(look, where):
        groups[row["measure"]].append(row)
    out: list[Any] = []
    for measure, group in sorted(groups.items(), key=lambda item: _weight(item[0])):
        plots = _plots(measure, group, with_trial)
        rows = [
            [
                [[el("a", row["trialLabel"], href=href(row["trial"])), " "] if with_trial and row["trial"] else None,
                 el("span", _about({**row, "measure": "", "trialLabel": ""}, with_trial), cls="about"), _flags(row)],
                el("a", _result(row), href=href(row["m"])), row["denominatorKind"].replace("_", " ") if row["N"] else "", row["note"], sources(row["said"], of=_about(row, with_trial)),
            ]
            for row in group
        ]
        listed = table(["Trial, arm and population" if with_trial else "Arm and population", "Result", "Denominator is", "Remarks", "Source"], rows, f"{measure}: every measurement")
        many = len(group) > 6 and _weight(measure)[0] == len(_MAIN)
        # where nothing can be drawn the table is all there is
        body = [plots, el("details", el("summary", f"{len(group)} {'measurement' if len(group) == 1 else 'measurements'} as a table"), listed)] if plots else listed
        heading = measure[:1].upper() + measure[1:]
        out.append(el("details", el("summary", el("h3", heading), f" {len(group)}"), body, cls="fold") if many else el("div", el("h3", heading), body))
    return out
