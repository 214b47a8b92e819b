"""Statements of one thing with their sources, as pages show them: the words, and the sources on hover or focus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mesokg.describe import Description, Evidence, Statement
from mesokg.identifiers import PREFIXES, expand, is_curie
from mesokg.server.html import Markup, el
from mesokg.server.look import href

__all__ = ["iri_of", "link", "short_citation", "sources", "statement_rows", "value_of", "values"]


def iri_of(short: str) -> str:
    """The IRI of a CURIE with a prefix of ours, or the text itself."""
    return expand(short) if is_curie(short) and short.partition(":")[0] in PREFIXES else short


def link(short: str, label: str = "") -> Markup:
    """A link to the page of a thing, given as CURIE or IRI."""
    iri = iri_of(short)
    return el("a", label or short, href=href(iri))


def short_citation(one: Evidence) -> str:
    """What a source is cited by, without the prefix of its id."""
    return one.citation.removeprefix("mkg:page-").removeprefix("mkg:record-").removeprefix("mkg:publication-")


def sources(evidence: Iterable[Evidence], inferred: bool = False) -> Markup | None:
    """A small mark that opens the sources of a statement on hover and on focus."""
    found = tuple(evidence)
    if not found:
        if not inferred:
            return None
        return el("span", el("span", "inferred", cls="mark inferred", tabindex="0"), el("span", "Follows from other statements by the axioms of the ontology.", cls="tip"), cls="src")
    denied = any(one.negated for one in found)
    words = f"{len(found)} {'source' if len(found) == 1 else 'sources'}"
    items = [
        el(
            "span", link(one.source, short_citation(one)), f", {one.locator}" if one.locator else "",
            el("span", f"{one.level}{' · denies' if one.negated else ''}{f' · {one.rank}' if one.rank != 'normal' else ''}{f' · as of {one.as_of}' if one.as_of else ''}{f' · checked {one.checked_on}' if one.checked_on else ''}", cls="level"),
            el("q", one.comment) if one.comment else None,
            cls="one",
        )
        for one in found[:12]
    ]
    return el("span", el("button", words, type="button", cls=f"mark{' denied' if denied else ''}"), el("span", items, cls="tip"), cls="src")


def value_of(statement: Statement) -> Any:
    value = statement.value
    iri = iri_of(value)
    if iri.startswith(("http://", "https://")) and (statement.value_label or iri != value):
        return el("a", statement.value_label or value, href=href(iri))
    if iri.startswith(("http://", "https://")):
        return el("a", value, href=iri, rel="external noopener")
    return value


def values(found: Description, name: str, *, inward: bool = False) -> list[Statement]:
    """The statements of one property that hold."""
    return [s for s in found.statements if s.property == f"mesokg:{name}" and s.inward == inward and s.holds]


def statement_rows(statements: Iterable[Statement]) -> list[Markup]:
    """Rows of a definition list, one per property, with the sources of each value."""
    groups: dict[tuple[str, bool], list[Statement]] = {}
    for one in statements:
        groups.setdefault((one.property, one.inward), []).append(one)
    rows = []
    for (prop, inward), group in groups.items():
        words = group[0].property_label or prop.removeprefix("mesokg:")
        name = el("a", words, href=href(iri_of(prop)), title=prop)
        shown = [el("li", value_of(one), " ", sources(one.evidence, one.inferred)) for one in group[:60]]
        if len(group) > 60:
            shown.append(el("li", f"and {len(group) - 60} more", cls="more"))
        listed: Any = el("ul", shown)
        if len(group) > 8:
            listed = el("details", el("summary", f"{len(group)} values"), listed)
        way = [el("span", "← ", cls="way", aria_hidden="true"), el("span", "from others: ", cls="unseen")] if inward else None
        rows.append(el("div", el("dt", way, name), el("dd", listed), cls="row"))
    return rows
