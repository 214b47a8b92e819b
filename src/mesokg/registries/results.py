"""The results section of a study as rows of ``outcomes.tsv``: flow, measures, analyses, adverse events.

Values, intervals and p values stay as recorded (``<0.0001`` is a text); zero of twelve is a number; a measurement
that the registry gives as "NA" with a comment is a value text. Nothing is computed. A ratio or difference is said of an
arm only where the record says of which; see :mod:`mesokg.registries.direction`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

from mesokg.errors import Problem
from mesokg.identifiers import content_hash
from mesokg.registries.direction import direction
from mesokg.registries.faults import fault
from mesokg.registries.plain import broken, whole
from mesokg.registries.records import Study

__all__ = ["arm_id", "outcome_rows", "result_groups", "shared_ids"]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?")
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
_OF_MANY_KINDS = frozenset({"adverse event", "serious adverse event", "quality of life"})
"""Measures of which a record has several: the title says which events or which questionnaire."""

_CRITERIA: tuple[tuple[str, str], ...] = (
    (r"modified RECIST|mRECIST", "modified RECIST"),
    (r"iRECIST|irRECIST|immune RECIST", "immune RECIST"),
    (r"RECIST\D{0,12}1\.1", "RECIST 1.1"),
    (r"RECIST\D{0,12}1\.0", "RECIST 1.0"),
    (r"\bRECIST\b", "RECIST"),
    (r"CTCAE", "CTCAE"),
)
_CRITERIA_COMPILED = tuple((re.compile(p, re.IGNORECASE), name) for p, name in _CRITERIA)
_LEVEL = re.compile(r"(\d+(?:\.\d+)?)\s*% confidence interval|confidence (\d+)")
_COMPARES = re.compile(r"\bratio|difference|\b(?:proportional hazard|relative risk)", re.IGNORECASE)
_LOGARITHM = re.compile(r"\blog(?:arithm\w*|e|2|10)?\b(?!.?rank)|\bln\b|\blog[- ]?(?:odds|hazard|ratio|risk)", re.IGNORECASE)
_LONGEST = 60
_COMPARATORS = frozenset({"ACTIVE_COMPARATOR", "PLACEBO_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION"})

_SLUG_SAYS_LESS = re.compile(r"[^A-Za-z0-9\s.,:;'\"()\[\]/_-]|(?<![A-Za-z0-9])-|-(?![A-Za-z0-9])|[0-9](?!\.[0-9])[^A-Za-z0-9]+(?=[0-9])")
"""What a slug loses of a title and may tell it from another: signs ("MSLN+", "MSLN-"), letters of other scripts, and what
stands between two numbers, but for the point of a decimal.
"""


@lru_cache(maxsize=1 << 12)  # each module names the groups again
def arm_id(nct: str, title: str) -> str:
    """The id that we give an arm of a record by its title: the title as a slug, with a hash of the title where the slug
    says less than it. Titles that differ in case and punctuation only have one id.

    >>> arm_id("NCT00000001", "Ad.X 1e12 vp")
    'mkg:arm-NCT00000001-ad-x-1e12-vp'
    >>> arm_id("NCT00000001", "MSLN+ tumours")
    'mkg:arm-NCT00000001-msln-tumours-brspxa'
    """
    words = " ".join(title.split())
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    if not slug or len(slug) > _LONGEST or _SLUG_SAYS_LESS.search(words):
        slug = f"{slug[:_LONGEST].strip('-') or 'unnamed'}-{content_hash(words.casefold())[:6]}"
    return f"mkg:arm-{nct}-{slug}"


class _Results:
    """Reads one results section; what has another shape than described is reported and left out."""

    def __init__(self, study: Study, problems: list[Problem], arms: dict[str, str] | None = None) -> None:
        self.study = study
        self.problems = problems
        self.section = study.results or {}
        self.arms = dict(arms or {})
        self.by_id = {curie: arm for title, arm in self.arms.items() if (curie := arm_id(study.nct, title)) not in self.shared}

    @cached_property
    def shared(self) -> frozenset[str]:
        """The ids that two arms have, or two groups of one module: these are told apart by their exact titles only."""
        titles = [{" ".join(arm.label.split()) for arm in self.study.arms}]
        silent = _Results(self.study, [])
        titles += [{silent.text(group, "title") for group in groups} for groups in _group_lists(silent)]
        counts = (Counter(arm_id(self.study.nct, title) for title in one if title) for one in titles)
        return frozenset(curie for count in counts for curie, number in count.items() if number > 1)

    def arm(self, title: str) -> str:
        """The id of the arm that a group is, by its title, however the module writes it; nothing where it is none."""
        if title not in self.arms:
            self.arms[title] = self.by_id.get(arm_id(self.study.nct, title), "") if title else ""
        return self.arms[title]

    def comparator(self, title: str) -> bool:
        """Whether a group is a comparator, by the kind of the arm that has its title."""
        curie = arm_id(self.study.nct, title)
        exact = curie in self.shared
        return any(
            arm.kind in _COMPARATORS and (" ".join(arm.label.split()) == title if exact else arm_id(self.study.nct, arm.label) == curie)
            for arm in self.study.arms
        )

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
        if not value.isascii() and broken(value):
            fix = "half of a surrogate pair, which no file can hold; the text was left out, the rest of the results is used"
            self.problems.append(fault(self.study.nct, "broken character", whole(value), fix, column=f"resultsSection.{key}"))
            return ""
        return " ".join(value.split())


def _group_lists(reader: _Results) -> Iterator[list[dict[str, Any]]]:
    """The groups of each module of the results, and of each outcome measure."""
    for module, key in (("participantFlowModule", "groups"), ("adverseEventsModule", "eventGroups")):
        yield reader.parts(reader.part(reader.section, module), key)
    for measure in _measures(reader):
        yield reader.parts(measure, "groups")


def _measures(reader: _Results) -> list[dict[str, Any]]:
    return reader.parts(reader.part(reader.section, "outcomeMeasuresModule"), "outcomeMeasures")


def shared_ids(study: Study) -> frozenset[str]:
    """The ids of arms under which a record tells two apart: these are known by their exact titles only."""
    return _Results(study, []).shared


def result_groups(study: Study) -> dict[str, str]:
    """All groups of the results by title, with their descriptions. Where modules write a title with other case or
    punctuation, the first one stands; before all, the label of the arm. Titles that one module tells apart stay apart.
    """
    reader = _Results(study, [])
    titles = {arm_id(study.nct, label): label for arm in study.arms if (label := " ".join(arm.label.split()))}
    found: dict[str, str] = {}
    for groups in _group_lists(reader):
        for group in groups:
            if title := reader.text(group, "title"):
                curie = arm_id(study.nct, title)
                name = title if curie in reader.shared else titles.setdefault(curie, title)
                found.setdefault(name, reader.text(group, "description"))
    return found


def _measure(title: str, parameter: str) -> tuple[str, str]:
    """Our measure and the event: the title, where it fits no measure, or one of many kinds."""
    for pattern, needed, name in _MEASURES_COMPILED:
        if pattern.search(title) and (not needed or needed in parameter.upper()):
            return name, title if name in _OF_MANY_KINDS else ""
    return "other", title


def _first(table: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    return next((name for pattern, name in table if pattern.search(text)), "")


def _ungrouped(text: str) -> str:
    """A number without the commas between its thousands; any other text as it is ("1,5" is not fifteen, nor "0,123" 123)."""
    return text.replace(",", "") if "," in text and _THOUSANDS.fullmatch(text) else text


def _value(row: dict[str, str], text: str, column: str = "value") -> None:
    """A number into its column; anything else, as recorded, into the value text."""
    text = _ungrouped(text)
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
    reader = _Results(study, problems, arms)
    yield from _flow(reader, trial)
    measures = _measures(reader)
    for number, (measure, about) in enumerate(zip(measures, _abouts(reader, measures, trial), strict=True), 1):
        yield from _outcome(reader, measure, number, about)
    yield from _adverse_events(reader, trial)


def _flow(reader: _Results, trial: str) -> Iterator[dict[str, str]]:
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
                    "inArm": reader.arm(group),
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


def _denominators(reader: _Results, data: dict[str, Any]) -> dict[str, str]:
    """The participants of each group, by group id, as a measure or one of its classes gives them."""
    return {
        reader.text(count, "groupId"): _ungrouped(reader.text(count, "value"))
        for one in reader.parts(data, "denoms")
        if reader.text(one, "units").lower() in ("participants", "")
        for count in reader.parts(one, "counts")
    }


def _about(reader: _Results, measure: dict[str, Any], trial: str) -> dict[str, str]:
    """What an outcome measure is of, but for groups and classes."""
    text = reader.text
    title = text(measure, "title")
    name, event = _measure(title, text(measure, "paramType"))
    return {
        "outcomeOf": trial,
        "population": text(measure, "populationDescription"),
        "measure": name,
        "event": event,
        "criteria": _first(_CRITERIA_COMPILED, f"{title} {text(measure, 'description')}"),
        "timePoint": text(measure, "timeFrame"),
    }


def _abouts(reader: _Results, measures: list[dict[str, Any]], trial: str) -> list[dict[str, str]]:
    """What each outcome measure is of; the title is the event where nothing else tells several of them apart."""
    abouts = [_about(reader, measure, trial) for measure in measures]
    titles: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for measure, about in zip(measures, abouts, strict=True):
        titles[tuple(about.values())].add(reader.text(measure, "title"))
    return [
        about if len(titles[tuple(about.values())]) == 1 else {**about, "event": reader.text(measure, "title")}
        for measure, about in zip(measures, abouts, strict=True)
    ]


def _outcome(reader: _Results, measure: dict[str, Any], number: int, about: dict[str, str]) -> Iterator[dict[str, str]]:
    text = reader.text
    parameter, unit = text(measure, "paramType"), text(measure, "unitOfMeasure")
    groups = {text(g, "id"): text(g, "title") for g in reader.parts(measure, "groups")}
    denominators = _denominators(reader, measure)
    base = {**about, "resultUnit": _first(_UNITS_COMPILED, unit)}
    known_unit = bool(base["resultUnit"])
    dispersion = text(measure, "dispersionType").replace("_", " ").lower()
    level = _LEVEL.fullmatch(dispersion)
    place = f"outcome {number}"
    if text(measure, "reportingStatus") == "NOT_POSTED":
        yield {**base, "resultUnit": "", "resultStatus": "not_reported", "locator": place}
        return
    for class_ in reader.parts(measure, "classes"):
        of_class = denominators | _denominators(reader, class_)
        for category in reader.parts(class_, "categories"):
            subgroup = "; ".join(filter(None, (text(class_, "title"), text(category, "title"))))
            for one in reader.parts(category, "measurements"):
                group = text(one, "groupId")
                notes = [
                    parameter.replace("_", " ").lower() if parameter not in ("", "NUMBER", "COUNT_OF_PARTICIPANTS") else "",
                    "" if known_unit or not unit else f"unit: {unit}",
                    f"{dispersion}: {text(one, 'spread')}" if text(one, "spread") else "",
                    text(one, "comment"),
                ]
                row = {
                    **base,
                    "inArm": reader.arm(groups.get(group, "")),
                    "subgroup": subgroup,
                    "denominator": of_class.get(group, ""),
                    "resultStatus": "reported",
                    "resultNote": "; ".join(filter(None, notes)),
                    "locator": ", ".join(filter(None, (place, subgroup, groups.get(group, "")))),
                }
                value = _ungrouped(text(one, "value"))
                if parameter == "COUNT_OF_PARTICIPANTS" and re.fullmatch("[0-9]+", value):
                    row["numerator"] = value
                else:
                    _value(row, value)
                for key, column in (("lowerLimit", "lowerLimit"), ("upperLimit", "upperLimit")):
                    _value(row, text(one, key), column)
                if level and ("lowerLimit" in row or "upperLimit" in row):
                    row["confidenceLevel"] = level[1] or {"975": "97.5"}.get(level[2], level[2])
                elif dispersion and (text(one, "lowerLimit") or text(one, "upperLimit")):
                    row["resultNote"] = "; ".join(filter(None, (dispersion, row["resultNote"])))
                yield row
    for order, analysis in enumerate(reader.parts(measure, "analyses"), 1):
        yield from _analysis(reader, analysis, base, groups, f"{place}, analysis {order}")


def _analysis(
    reader: _Results, analysis: dict[str, Any], base: dict[str, str], groups: dict[str, str], place: str
) -> Iterator[dict[str, str]]:
    text = reader.text
    parameter, p_value = text(analysis, "paramType"), text(analysis, "pValue")
    value = text(analysis, "paramValue")
    if not value and not p_value:
        return
    ids = analysis.get("groupIds")
    titles = [groups.get(str(i), "") for i in ids] if isinstance(ids, list) else []
    said = [text(analysis, key) for key in ("groupDescription", "estimateComment")]
    above, below, doubt = _compared(reader, titles, parameter, ". ".join(filter(None, said)), bool(value))
    plain_ratio = re.search(r"\bratio", parameter, re.IGNORECASE) is not None and not _LOGARITHM.search(parameter)
    ratio = plain_ratio and "hazard ratio" in parameter.lower()
    survival = {"median overall survival": "hazard ratio for death", "median progression-free survival": "hazard ratio for progression or death"}
    row = {
        **base,
        # without its direction, a hazard ratio would be read as that of the therapy
        "measure": survival.get(base["measure"], "other") if ratio and not doubt else "other",
        "inArm": above,
        "comparedWithArm": below,
        "resultUnit": "ratio" if plain_ratio else "",
        "resultStatus": "reported" if value else "not_reported",
        "pValue": p_value,
        "resultNote": "; ".join(
            filter(None, (parameter, text(analysis, "statisticalMethod"), f"{len(titles)} groups" if len(titles) > 2 else "", doubt, *said))
        ),
        "locator": place,
    }
    if row["measure"] == "other":
        # the outcome is told apart by its event, so what was compared belongs there
        row["event"] = "; ".join(filter(None, (base["event"] or base["measure"], parameter or "test without estimate", doubt)))
    _value(row, value)
    for key, column in (("ciLowerLimit", "lowerLimit"), ("ciUpperLimit", "upperLimit")):
        _value(row, text(analysis, key), column)
    if "lowerLimit" in row or "upperLimit" in row:
        row["confidenceLevel"] = text(analysis, "ciPctValue")
    if not value:
        row["resultStatus"] = "reported"
        row["valueText"] = f"p {p_value}"
    yield row


def _compared(reader: _Results, titles: list[str], parameter: str, said: str, estimate: bool) -> tuple[str, str, str]:
    """The arm that an analysis is of, the one it is compared with, and in words what is not known of that."""
    known = list(dict.fromkeys(filter(None, titles)))
    if len(titles) == len(known) == 2:
        one, other = known
        controls = (reader.comparator(one), reader.comparator(other))
        if not estimate:  # a test alone has no direction: the comparator is second, else the titles have their order
            first = controls.index(False) if controls[0] != controls[1] else int(other < one)
        else:
            found = direction(said, (one, other), ratio=not re.search("difference", parameter, re.IGNORECASE), controls=controls)
            if found is None:
                return "", "", f"{one} and {other}, direction as in the source"
            first = found[0]
        return reader.arm(known[first]), reader.arm(known[1 - first]), ""
    if estimate and (_COMPARES.search(parameter) or len(known) > 1):
        return "", "", ", ".join(filter(None, (" and ".join(known), "direction as in the source")))
    return reader.arm(known[0]) if len(known) == 1 and all(titles) else "", "", ""


def _adverse_events(reader: _Results, trial: str) -> Iterator[dict[str, str]]:
    events = reader.part(reader.section, "adverseEventsModule")
    text = reader.text
    groups = {text(g, "id"): text(g, "title") for g in reader.parts(events, "eventGroups")}
    frame = text(events, "timeFrame")

    def row(group: str, measure: str, event: str, affected: str, at_risk: str, place: str, note: str = "") -> dict[str, str]:
        return {
            "outcomeOf": trial,
            "inArm": reader.arm(groups.get(group, "")),
            "measure": measure,
            "event": event,
            "timePoint": frame,
            "numerator": _ungrouped(affected),
            "denominator": _ungrouped(at_risk),
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
