"""The results section of a study as rows of ``outcomes.tsv``: flow, measures, analyses, adverse events.

Values, intervals and p values stay as recorded (``<0.0001`` is a text); zero of twelve is a number; a measurement
that the registry gives as "NA" with a comment is a value text. Nothing is computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mesokg.errors import Problem
from mesokg.registries.faults import fault
from mesokg.registries.plain import broken, whole
from mesokg.registries.records import Study

__all__ = ["arm_id", "outcome_rows", "result_groups"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MEASURES: tuple[tuple[str, str, str], ...] = (
    # (pattern in the title, parameter that must be recorded or nothing, our measure)
    (r"hazard ratio.*(death|overall survival)", "", "hazard ratio for death"),
    (r"progression[- ]free survival rate|rate of progression[- ]free", "", "progression-free survival rate"),
    (r"overall survival rate|survival rate", "", "overall survival rate"),
    (r"progression[- ]free survival|\bPFS\b", "MEDIAN", "median progression-free survival"),
    (r"overall survival|\bOS\b", "MEDIAN", "median overall survival"),
    (r"duration of (objective |overall |best )?response", "", "duration of response"),
    (r"disease control", "", "disease control rate"),
    (r"clinical benefit", "", "clinical benefit rate"),
    (r"(objective|overall) (tumou?r )?response|\bORR\b", "", "objective response rate"),
    (r"complete metabolic response", "", "complete metabolic response"),
    (r"complete response", "", "complete response"),
    (r"partial response", "", "partial response"),
    (r"dose[- ]limiting", "", "dose-limiting toxicity"),
    (r"maximum tolerated dose|\bMTD\b", "", "maximum tolerated dose"),
    (r"recommended phase", "", "recommended phase 2 dose"),
    (r"cytokine release syndrome", "", "cytokine release syndrome"),
    (r"serious adverse event|\bSAE", "", "serious adverse event"),
    (r"adverse event|toxicit", "", "adverse event"),
    (r"quality of life", "", "quality of life"),
    (r"viral shedding|vector shedding", "", "vector shedding"),
)
_MEASURES_COMPILED = tuple((re.compile(p, re.IGNORECASE), param, name) for p, param, name in _MEASURES)
_UNITS: tuple[tuple[str, str], ...] = (
    (r"percent|%|proportion of (participants|subjects|patients) \(%\)", "percent"),
    (r"^(number of )?(participants?|subjects?|patients?)$", "participants"),
    (r"^months?$", "months"),
    (r"^days?$", "days"),
    (r"^weeks?$", "weeks"),
    (r"^years?$", "years"),
    (r"ratio$", "ratio"),
    (r"^events?$", "events"),
    (r"^fold", "fold"),
)
_UNITS_COMPILED = tuple((re.compile(p, re.IGNORECASE), name) for p, name in _UNITS)
_CRITERIA: tuple[tuple[str, str], ...] = (
    (r"modified RECIST|mRECIST", "modified RECIST"),
    (r"iRECIST|irRECIST|immune RECIST", "immune RECIST"),
    (r"RECIST\D{0,12}1\.1", "RECIST 1.1"),
    (r"RECIST\D{0,12}1\.0", "RECIST 1.0"),
    (r"\bRECIST\b", "RECIST"),
    (r"CTCAE", "CTCAE"),
)
_CRITERIA_COMPILED = tuple((re.compile(p, re.IGNORECASE), name) for p, name in _CRITERIA)
_LEVEL = re.compile(r"CONFIDENCE_(\d+)")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "unnamed"


def arm_id(nct: str, title: str) -> str:
    """The id that we give an arm of a record by its title.

    >>> arm_id("NCT00000001", "Ad.X 1e12 vp")
    'mkg:arm-NCT00000001-ad-x-1e12-vp'
    """
    return f"mkg:arm-{nct}-{_slug(title)}"


class _Results:
    """Reads one results section; what has another shape than described is reported and left out."""

    def __init__(self, study: Study, problems: list[Problem]) -> None:
        self.study = study
        self.problems = problems
        self.section = study.results or {}

    def wrong(self, column: str, value: object) -> None:
        fix = "the part was left out, the rest of the results is used"
        self.problems.append(fault(self.study.nct, "field changed type", repr(value), fix, column=f"resultsSection.{column}"))

    def part(self, data: dict[str, Any], key: str) -> dict[str, Any]:
        value = data.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(key, value)
            return {}
        return value

    def parts(self, data: dict[str, Any], key: str) -> list[dict[str, Any]]:
        value = data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, value)
            return []
        good = [v for v in value if isinstance(v, dict)]
        if len(good) != len(value):
            self.wrong(key, next(v for v in value if not isinstance(v, dict)))
        return good

    def text(self, data: dict[str, Any], key: str) -> str:
        value = data.get(key)
        if value is None:
            return ""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)  # counts are numbers in one module and texts in another
        if not isinstance(value, str):
            self.wrong(key, value)
            return ""
        if broken(value):
            fix = "half of a surrogate pair, which no file can hold; the text was left out, the rest of the results is used"
            self.problems.append(fault(self.study.nct, "broken character", whole(value), fix, column=f"resultsSection.{key}"))
            return ""
        return " ".join(value.split())


def result_groups(study: Study) -> dict[str, str]:
    """The titles of all groups of the results, by title, with their descriptions."""
    reader = _Results(study, [])
    found: dict[str, str] = {}
    section = reader.section
    for module, key in (("participantFlowModule", "groups"), ("adverseEventsModule", "eventGroups")):
        for group in reader.parts(reader.part(section, module), key):
            found.setdefault(reader.text(group, "title"), reader.text(group, "description"))
    for measure in reader.parts(reader.part(section, "outcomeMeasuresModule"), "outcomeMeasures"):
        for group in reader.parts(measure, "groups"):
            found.setdefault(reader.text(group, "title"), reader.text(group, "description"))
    found.pop("", None)
    return found


def _measure(title: str, parameter: str) -> tuple[str, str]:
    """Our measure and the event: a title that fits none is measure ``other`` with the title as event."""
    for pattern, needed, name in _MEASURES_COMPILED:
        if pattern.search(title) and (not needed or needed in parameter.upper()):
            return name, ""
    return "other", title


def _first(table: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    return next((name for pattern, name in table if pattern.search(text)), "")


def _value(row: dict[str, str], text: str, column: str = "value") -> None:
    """A number into its column; anything else, as recorded, into the value text."""
    text = text.replace(",", "") if re.fullmatch(r"[\d,]+(\.\d+)?", text) else text
    if _NUMBER.fullmatch(text):
        row[column] = text
    elif text and column == "value":
        row["valueText"] = text
    elif text:
        row["resultNote"] = "; ".join(filter(None, [row.get("resultNote", ""), f"{column} {text}"]))


def outcome_rows(study: Study, trial: str, arms: dict[str, str], problems: list[Problem]) -> Iterator[dict[str, str]]:
    """Rows of ``outcomes.tsv`` without source: one per measurement.

    ``arms`` maps the titles of result groups to arm ids. Rows carry ``locator``, the place in the record.
    """
    reader = _Results(study, problems)
    yield from _flow(reader, trial, arms)
    for number, measure in enumerate(reader.parts(reader.part(reader.section, "outcomeMeasuresModule"), "outcomeMeasures"), 1):
        yield from _outcome(reader, measure, number, trial, arms)
    yield from _adverse_events(reader, trial, arms)


def _flow(reader: _Results, trial: str, arms: dict[str, str]) -> Iterator[dict[str, str]]:
    flow = reader.part(reader.section, "participantFlowModule")
    titles = {reader.text(g, "id"): reader.text(g, "title") for g in reader.parts(flow, "groups")}
    periods = reader.parts(flow, "periods")
    for period in periods:
        name = reader.text(period, "title") if len(periods) > 1 else ""
        kinds = [(m, "achievements", reader.text(m, "type")) for m in reader.parts(period, "milestones")]
        kinds += [(d, "reasons", "not completed: " + reader.text(d, "type")) for d in reader.parts(period, "dropWithdraws")]
        for kind, key, what in kinds:
            for count in reader.parts(kind, key):
                number = reader.text(count, "numSubjects")
                if not number:
                    continue
                started = what == "STARTED" and period is periods[0]
                group = titles.get(reader.text(count, "groupId"), "")
                row = {
                    "outcomeOf": trial,
                    "inArm": arms.get(group, ""),
                    "measure": "participants enrolled" if started else "other",
                    "event": "" if started else what,
                    "timePoint": name,
                    "resultUnit": "participants",
                    "resultStatus": "reported",
                    "resultNote": reader.text(count, "comment"),
                    "locator": ", ".join(filter(None, ("participant flow", name, what, group))),
                }
                _value(row, number)
                yield row


def _outcome(
    reader: _Results, measure: dict[str, Any], number: int, trial: str, arms: dict[str, str]
) -> Iterator[dict[str, str]]:
    text = reader.text
    title, parameter, unit = text(measure, "title"), text(measure, "paramType"), text(measure, "unitOfMeasure")
    name, event = _measure(title, parameter)
    about = " ".join((title, text(measure, "description")))
    groups = {text(g, "id"): text(g, "title") for g in reader.parts(measure, "groups")}
    denominators = {
        text(c, "groupId"): text(c, "value")
        for d in reader.parts(measure, "denoms")
        if text(d, "units").lower() in ("participants", "")
        for c in reader.parts(d, "counts")
    }
    base = {
        "outcomeOf": trial,
        "population": text(measure, "populationDescription"),
        "measure": name,
        "event": event,
        "criteria": _first(_CRITERIA_COMPILED, about),
        "timePoint": text(measure, "timeFrame"),
        "resultUnit": _first(_UNITS_COMPILED, unit),
    }
    known_unit = bool(base["resultUnit"])
    dispersion = text(measure, "dispersionType")
    place = f"outcome {number}"
    if text(measure, "reportingStatus") == "NOT_POSTED":
        yield {**base, "resultUnit": "", "resultStatus": "not_reported", "locator": place}
        return
    for class_ in reader.parts(measure, "classes"):
        for category in reader.parts(class_, "categories"):
            subgroup = "; ".join(filter(None, (text(class_, "title"), text(category, "title"))))
            for one in reader.parts(category, "measurements"):
                group = text(one, "groupId")
                notes = [
                    parameter.replace("_", " ").lower() if parameter not in ("", "NUMBER", "COUNT_OF_PARTICIPANTS") else "",
                    "" if known_unit or not unit else f"unit: {unit}",
                    f"{dispersion.replace('_', ' ').lower()}: {text(one, 'spread')}" if text(one, "spread") else "",
                    text(one, "comment"),
                ]
                row = {
                    **base,
                    "inArm": arms.get(groups.get(group, ""), ""),
                    "subgroup": subgroup,
                    "denominator": denominators.get(group, ""),
                    "resultStatus": "reported",
                    "resultNote": "; ".join(filter(None, notes)),
                    "locator": ", ".join(filter(None, (place, subgroup, groups.get(group, "")))),
                }
                if parameter == "COUNT_OF_PARTICIPANTS" and text(one, "value").isdigit():
                    row["numerator"] = text(one, "value")
                else:
                    _value(row, text(one, "value"))
                for key, column in (("lowerLimit", "lowerLimit"), ("upperLimit", "upperLimit")):
                    _value(row, text(one, key), column)
                if (level := _LEVEL.fullmatch(dispersion)) and "lowerLimit" in row:
                    row["confidenceLevel"] = {"975": "97.5"}.get(level[1], level[1])
                yield row
    for order, analysis in enumerate(reader.parts(measure, "analyses"), 1):
        yield from _analysis(reader, analysis, base, groups, arms, f"{place}, analysis {order}")


def _analysis(
    reader: _Results, analysis: dict[str, Any], base: dict[str, str], groups: dict[str, str], arms: dict[str, str], place: str
) -> Iterator[dict[str, str]]:
    text = reader.text
    parameter, p_value = text(analysis, "paramType"), text(analysis, "pValue")
    value = text(analysis, "paramValue")
    if not value and not p_value:
        return
    ids = analysis.get("groupIds")
    compared = [arms.get(groups.get(str(i), ""), "") for i in ids] if isinstance(ids, list) else []
    ratio = "hazard ratio" in parameter.lower()
    survival = {"median overall survival": "hazard ratio for death", "median progression-free survival": "hazard ratio for progression or death"}
    row = {
        **base,
        "measure": survival.get(base["measure"], "other") if ratio else "other",
        "inArm": compared[-1] if compared else "",
        "comparedWithArm": compared[0] if len(compared) == 2 and compared[0] != compared[-1] else "",
        "resultUnit": "ratio" if "ratio" in parameter.lower() else "",
        "resultStatus": "reported" if value else "not_reported",
        "pValue": p_value,
        "resultNote": "; ".join(
            filter(None, (parameter, text(analysis, "statisticalMethod"), f"{len(compared)} groups" if len(compared) > 2 else ""))
        ),
        "locator": place,
    }
    if row["measure"] == "other":
        # the outcome is told apart by its event, so what was compared belongs there
        row["event"] = "; ".join(filter(None, (base["event"] or base["measure"], parameter or "test without estimate")))
    _value(row, value)
    for key, column in (("ciLowerLimit", "lowerLimit"), ("ciUpperLimit", "upperLimit")):
        _value(row, text(analysis, key), column)
    if "lowerLimit" in row or "upperLimit" in row:
        row["confidenceLevel"] = text(analysis, "ciPctValue")
    if not value:
        row["resultStatus"] = "reported"
        row["valueText"] = f"p {p_value}"
    yield row


def _adverse_events(reader: _Results, trial: str, arms: dict[str, str]) -> Iterator[dict[str, str]]:
    events = reader.part(reader.section, "adverseEventsModule")
    text = reader.text
    groups = {text(g, "id"): text(g, "title") for g in reader.parts(events, "eventGroups")}
    frame = text(events, "timeFrame")

    def row(group: str, measure: str, event: str, affected: str, at_risk: str, place: str, note: str = "") -> dict[str, str]:
        return {
            "outcomeOf": trial,
            "inArm": arms.get(groups.get(group, ""), ""),
            "measure": measure,
            "event": event,
            "timePoint": frame,
            "numerator": affected,
            "denominator": at_risk,
            "resultUnit": "participants",
            "resultStatus": "reported" if affected else "not_reported",
            "resultNote": note,
            "locator": f"{place}, {groups.get(group, group)}",
        }

    for group in reader.parts(events, "eventGroups"):
        name = text(group, "id")
        for key, measure, event in (
            ("deaths", "other", "death from any cause"),
            ("serious", "serious adverse event", "any"),
            ("other", "adverse event", "any that is not serious"),
        ):
            if affected := text(group, key + "NumAffected"):
                yield row(name, measure, event, affected, text(group, key + "NumAtRisk"), f"adverse events, {key}")
    for key, measure in (("seriousEvents", "serious adverse event"), ("otherEvents", "adverse event")):
        for event in reader.parts(events, key):
            term = text(event, "term")
            for stat in reader.parts(event, "stats"):
                number = text(stat, "numEvents")
                note = f"{number} events" if number else ""
                place = f"adverse events, {key.removesuffix('Events')}, {term} ({text(event, 'organSystem')})"
                yield row(text(stat, "groupId"), measure, term, text(stat, "numAffected"), text(stat, "numAtRisk"), place, note)
