"""The drift report as one web page that needs nothing else, for wide and narrow screens, light and dark."""

from __future__ import annotations

import html
import re

from mesokg.identifiers import compact
from mesokg.registries.drift import SEVERITIES, Difference, DriftReport
from mesokg.registries.plain import plain

__all__ = ["drift_as_html"]

_STYLE = """
:root{color-scheme:light dark;--high:#b3261e;--medium:#b57614;--low:#8a94a3;--line:#8884}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:84rem;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.2}summary{cursor:pointer;font-size:1.15rem;font-weight:600;margin:1.5rem 0 .5rem}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{position:sticky;top:0;background:Canvas;font-size:.85em}
td:first-child{border-left:5px solid var(--colour)}
.key{width:8.5rem}.thing{width:20%}.property{width:14%}.theirs,.ours{width:17%}
small{opacity:.72;display:block}code{font-size:.92em}.none{opacity:.6}
.high{--colour:var(--high)}.medium{--colour:var(--medium)}.low{--colour:var(--low)}
@media (max-width:50rem){thead{display:none}table,tbody,tr,td{display:block;width:100%}
tr{margin-bottom:1rem;border-left:5px solid var(--colour)}td,td:first-child{border:0;padding:.2rem .6rem}
td[data-name]::before{content:attr(data-name) ": ";font-weight:600}td small{display:inline}}
"""
_HEADS = (("key", "key"), ("thing", "thing"), ("property", "what differs"), ("ours", "ours"), ("theirs", "theirs"), ("rests", "what rests on it"))


def _escape(text: str) -> str:
    return html.escape(plain(text))


def _small(*parts: str) -> str:
    shown = ", ".join(filter(None, parts))
    return f" <small>{_escape(shown)}</small>" if shown else ""


def _value(text: str) -> str:
    return _escape(text) if text else '<span class="none">nothing</span>'


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _escape(text))


def _row(one: Difference) -> str:
    e = _escape
    accept = " <small>can be accepted</small>" if one.rows else ""
    return (
        f'<tr class="{one.severity}" id="{one.key}"><td><code>{one.key}</code>{accept}</td>'
        f"<td>{e(one.label)}{_small(compact(one.subject))}</td><td>{e(one.property)}{_small(one.kind)}</td>"
        f'<td data-name="ours">{_value(one.ours)}{_small(one.our_source, one.our_date)}</td>'
        f'<td data-name="theirs">{_value(one.theirs)}{_small(one.their_source, one.their_date)}</td>'
        f"<td>{e(one.rests)}{_small(one.note)}</td></tr>"
    )


def _section(severity: str, found: list[Difference]) -> str:
    heads = "".join(f'<th scope="col" class="{name}">{shown}</th>' for name, shown in _HEADS)
    rows = "\n".join(map(_row, found))
    # what matters little is folded away where there is much of it
    opened = "" if severity == "low" and len(found) > 20 else " open"
    return (
        f"<details{opened}><summary>{severity} ({len(found)})</summary>\n"
        f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></details>\n"
    )


def drift_as_html(report: DriftReport) -> str:
    """The report as one page: a section for each severity, then problems and notes."""
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>mesokg drift report</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        f"<h1>Where the graph and the registries disagree</h1>\n<p>{html.escape(report.day)}: {html.escape(report.summary)}.</p>\n"
    ]
    if any(one.rows for one in report.differences):
        parts.append("<p>What can be accepted is written by <code>mesokg refresh … --accept KEY</code>; nothing has been.</p>\n")
    for severity in SEVERITIES:
        if found := [one for one in report.differences if one.severity == severity]:
            parts.append(_section(severity, found))
    for title, texts in (("Problems on the way", list(map(str, report.problems))), ("Notes", list(report.notes))):
        if texts:
            parts.append(f"<h2>{title}</h2>\n<ul>" + "".join(f"<li>{_prose(text)}</li>" for text in texts) + "</ul>\n")
    return "".join([*parts, "</body></html>\n"])
