"""What came out: measurements as interval plots and tables, sources of one outcome side by side."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any

from mesokg.describe import Evidence
from mesokg.server.drawings import Interval, interval_plot, share
from mesokg.server.evidence import gather, sources
from mesokg.server.html import Markup, el
from mesokg.server.look import Look, href

__all__ = ["arm_words", "number_words", "outcomes", "table"]

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


# ---------------------------------------------------------------- reading


def _read(look: Look, where: str) -> list[Row]:
    # from the assertions, as an outranked measurement has no plain triple and must be seen beside the other
    rows: list[Row] = list(look.rows(f"""
      SELECT DISTINCT ?trial ?trialLabel ?outcome ?measure ?arm ?population ?criteria ?time ?subgroup ?event ?m ?n ?N ?value ?unit ?low ?high ?text ?qualifier ?status ?denominatorKind ?note
      WHERE {{
        {where}
        ?outcome mesokg:measure/rdfs:label ?measure .
        ?a mesokg:subject ?outcome ; mesokg:predicate mesokg:hasMeasurement ; mesokg:object ?m ; mesokg:negated false .
        OPTIONAL {{ ?outcome mesokg:inArm/rdfs:label ?arm }} OPTIONAL {{ ?outcome mesokg:population ?population }}
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
        alike[row["outcome"]].append(row)
    for group in alike.values():
        differ = any(_differ(one, other) for one, other in combinations(group, 2))
        for row in group:
            row["differ"] = differ
    return rows


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
        unit = row["unit"]
        parts.append(f"{row['qualifier']}{number_words(row['value'])}{' %' if unit == 'percent' else f' {unit}' if unit else ''}")
        if not row["n"] and unit == "percent":
            parts[-1] += f" of {row['N']}" if row["N"] else ", denominator not reported"
    if row["low"] or row["high"]:
        parts.append(f"({number_words(row['low']) or '?'} to {number_words(row['high']) or '?'})")
    if row["value"] and not row["n"] and row["N"] and row["unit"] != "percent":
        parts.append(f"in {row['N']}")
    if row["text"]:
        parts.append(row["text"])
    if not parts:
        parts.append(row["status"].replace("_", " ") or "no number")
    return " ".join(parts)


def _about(row: Row, with_trial: bool) -> str:
    where = (row["arm"] or row["trialLabel"]) if with_trial else arm_words(row["arm"], row["trial"])
    about = [where, row["event"], row["population"], row["criteria"], row["time"], row["subgroup"]]
    return "; ".join(dict.fromkeys(part for part in about if part)) or row["measure"]


def _flags(row: Row) -> list[Any]:
    outranked = row["said"] and all(one.rank == "deprecated" for one in row["said"])
    return [el("span", "sources differ", cls="disagree") if row["differ"] else None, el("span", "outranked", cls="disagree") if outranked else None]


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
    shown = {"note": _result(row), "link": href(row["m"]), "source": [sources(row["said"]), _flags(row)]}
    label = _about(row, with_trial)
    if row["n"].isdigit() and row["N"].isdigit() and int(row["N"]):
        value, low, high = share(int(row["n"]), int(row["N"]))
        return "percent", Interval(label, value, low, high, **shown)
    if _share_of_people(row):
        value, low, high = share(float(row["value"]) / 100 * int(row["N"]), int(row["N"]))
        return "percent", Interval(label, value, low, high, **shown)
    if row["value"] and row["unit"] in ("months", "percent", "weeks", "years", "days"):
        return row["unit"], Interval(label, float(row["value"]), float(row["low"]) if row["low"] else None, float(row["high"]) if row["high"] else None, **shown)
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
        interval = any(line.low is not None for line in lines)
        words = unit if not interval else f"{unit}, with the interval of the source where it gives one"
        if unit == "percent" and counted:
            words = "percent; of counts and plain shares with the 95 % Wilson interval"
        top = 100.0 if unit == "percent" and all((line.value or 0) <= 100 for line in lines) else None
        plots.append(interval_plot(lines[:_MOST_LINES], words, f"{measure}, {unit}", top=top))
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
                 el("span", _about({**row, "measure": ""}, False) if not with_trial else "; ".join(filter(None, (row["event"], row["population"], row["criteria"], row["time"], row["subgroup"]))), cls="about"), _flags(row)],
                el("a", _result(row), href=href(row["m"])), row["denominatorKind"].replace("_", " ") if row["N"] else "", row["note"], sources(row["said"]),
            ]
            for row in group
        ]
        listed = table(["Population", "Result", "Denominator is", "Remarks", "Source"], rows, f"{measure}: every measurement")
        many = len(group) > 6 and _weight(measure)[0] == len(_MAIN)
        # where nothing can be drawn the table is all there is
        body = [plots, el("details", el("summary", f"{len(group)} {'measurement' if len(group) == 1 else 'measurements'} as a table"), listed)] if plots else listed
        heading = measure[:1].upper() + measure[1:]
        out.append(el("details", el("summary", el("h3", heading), f" {len(group)}"), body, cls="fold") if many else el("div", el("h3", heading), body))
    return out
