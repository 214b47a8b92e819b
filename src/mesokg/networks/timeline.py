"""When things stand in a network: intervals for Gephi's timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from numbers import Integral
from typing import TYPE_CHECKING, Any

from mesokg.errors import ExportError

if TYPE_CHECKING:
    import networkx

__all__ = ["PLANNED", "add_times"]

PLANNED = frozenset(
    {"collaborator", "combinesWith", "country", "investigates", "sponsor", "studies", "testsGene", "testsTarget", "testsVector"}
)
"""Links that the plan of a trial makes: they hold from its start to its completion, whenever somebody reported them."""


def _day(value: object) -> str | None:
    """The ISO date that the value begins with; None where it is none.

    >>> _day("2020-02-29T12:00:00"), _day("soon")
    ('2020-02-29', None)
    """
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return None


def _first_day(year: object) -> str | None:
    return f"{int(year):04d}-01-01" if isinstance(year, Integral) and 1 <= year <= 9999 else None


def _interval(data: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Start and end of a node as ISO dates; None for an open end.

    A trial stands from its start to its completion; everything else, and a trial without a start, from the first year it was
    reported in. Where that is after the completion, the start is open.
    """
    year = data.get("publication_year", data.get("first_year"))
    start = _day(data["start_date"]) if "start_date" in data else _first_day(year)
    end = _day(data.get("completion_date"))
    if start is None or end is None or start <= end:
        return start, end
    return (start, None) if "start_date" in data else (None, end)


def _is_planned(link: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    kind = link.get("kind")
    return isinstance(kind, str) and kind in PLANNED and "start_date" in source


def _spans(values: list[tuple[str, str]]) -> list[tuple[str, str, str | None]]:
    """The values with first and last day; one that is stated again goes on.

    >>> _spans([("2010-08-07", "recruiting"), ("2011-01-01", "recruiting"), ("2020-05-13", "completed")])
    [('recruiting', '2010-08-07', '2020-05-12'), ('completed', '2020-05-13', None)]
    """
    changes = [one for number, one in enumerate(values) if not number or values[number - 1][1] != one[1]]
    ends = [(date.fromisoformat(day) - timedelta(days=1)).isoformat() for day, _ in changes[1:]]
    return [(value, day, end) for (day, value), end in zip(changes, [*ends, None], strict=True)]


def add_times(graph: networkx.MultiDiGraph, *, history: bool = False) -> networkx.MultiDiGraph:
    """A copy of the network with ``intervals`` on nodes and edges, one pair of ISO dates each, None for an open end.

    With ``history`` the graph attribute ``spans`` says what changes of a node: node to attribute to (value, start, end),
    each from the day of one statement to the day before the next. Gephi reads it; the parser of Gephi Lite knows no
    attribute that changes and refuses the file.

    An edge stands while both its ends do, from the first year it was reported in; where its ends never stand together
    (a paper on a trial that is over) from the later of the two on. What a trial gives, and who runs it, stands with
    the trial from its start at the latest (``PLANNED``). What has no date has no interval: always there.
    """
    dated = graph.copy()
    dated.graph["timeformat"] = "date"
    if history:
        try:
            dated.graph["spans"] = {
                node: {name: _spans(values) for name, values in changing.items()}
                for node, changing in graph.graph.get("over_time", {}).items()
                if node in dated
            }
        except (AttributeError, TypeError, ValueError) as error:
            wanted = "a dictionary of nodes, each with its attributes, each with pairs of ISO date and value in order of date"
            raise ExportError(f"graph attribute 'over_time': {wanted} is wanted: {error}") from error
    times: dict[Any, tuple[str | None, str | None]] = {}
    for node, data in dated.nodes(data=True):
        times[node] = _interval(data)
    for source, target, data in dated.edges(data=True):
        begun, (first, last) = times[source][0], times[target]
        if begun and first and begun < first and _is_planned(data, dated.nodes[source]):
            times[target] = (begun, last)
    for node, data in dated.nodes(data=True):
        if times[node] != (None, None):
            data["intervals"] = [times[node]]
    for source, target, data in dated.edges(data=True):
        year = None if _is_planned(data, dated.nodes[source]) else data.get("first_year")
        own = _first_day(year)
        starts = [start for start in (times[source][0], times[target][0], own) if start]
        ends = [end for end in (times[source][1], times[target][1]) if end]
        start, end = max(starts, default=None), min(ends, default=None)
        if start and end and end < start:
            end = None
        if start or end:
            data["intervals"] = [(start, end)]
    return dated
