"""Statements of one thing with their sources, as pages show them: the words, and the sources on hover or focus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from mesokg.describe import Description, Evidence, Statement
from mesokg.identifiers import PREFIXES, compact, expand, is_curie
from mesokg.server.html import Markup, el
from mesokg.server.look import Look, external, href

__all__ = ["MOST_LISTED", "cited", "explained", "gather", "identity", "iri_of", "link", "mark", "name_only", "named", "short_citation", "sources", "statement_rows", "value_of", "values", "why_address"]


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


def named(look: Look, found: Description) -> Description:
    """The same, sources that have no number cited by their names."""
    unnumbered = {iri_of(one.source) for statement in found.statements for one in statement.evidence if one.citation == one.source}
    names = look.labels(unnumbered)

    def cited(one: Evidence) -> Evidence:
        return replace(one, citation=names.get(iri_of(one.source), one.citation)) if one.citation == one.source else one

    return replace(found, statements=tuple(replace(one, evidence=tuple(map(cited, one.evidence))) for one in found.statements)) if names else found


_OUTSIDE = (("PMID:", "https://pubmed.ncbi.nlm.nih.gov/"), ("DOI:", "https://doi.org/"), ("NCT", "https://clinicaltrials.gov/study/NCT"))


def _outside(one: Evidence) -> Markup | None:
    """A link to the source itself: where its citation says that it is, else at its address on the web."""
    address = next((base + one.citation.removeprefix(prefix) for prefix, base in _OUTSIDE if one.citation.startswith(prefix)), one.url)
    if not address.startswith(("https://", "http://")):
        return None
    record = one.source.startswith("mkg:record-") or one.citation.startswith("NCT")
    where = "in the registry" if record else "on the web" if one.source.startswith("mkg:page-") else "at its publisher"
    return el("span", " ", el("a", "↗", href=address, rel="external noopener", aria_label=f"{short_citation(one)} {where}"))


def why_address(subject: str, predicate: str, value: str) -> str:
    """The address of the page that says why an inferred triple holds; terms are CURIEs, IRIs or texts."""
    return "/why?" + urlencode({"s": subject, "p": predicate, "o": value})


def explained(shown: Markup, why: str) -> Markup:
    """What is shown, with a tip of the sources of what it follows from.

    A proof takes a tenth of a second, so the script of the page fetches the sources when the tip is opened, from the address
    ``why`` with ``brief``; without it the tip leads to that page.
    """
    told = el("span", "Follows from other statements by the axioms of the ontology: ", data_why=why)
    return el("span", shown, el("span", told, el("a", "why, and from which sources", href=why), cls="tip"), cls="src")


def cited(one: Evidence) -> Markup:
    """A source with links to its page and to itself, the place in it, and what is known of the statement there."""
    return el(
        "span", link(one.source, short_citation(one)), _outside(one), f", {one.locator}" if one.locator else "",
        el("span", f"{one.level}{' · denies' if one.negated else ''}{f' · {one.rank}' if one.rank != 'normal' else ''}{f' · as of {one.as_of}' if one.as_of else ''}{f' · checked {one.checked_on}' if one.checked_on else ''}", cls="level"),
        el("q", one.comment) if one.comment else None,
        cls="one",
    )


MOST_LISTED = 12
"""So many sources are in one tip."""


MOST_SPOKEN = 80
"""So many characters of a statement are in the spoken name of its mark."""


def sources(evidence: Iterable[Evidence], inferred: bool = False, why: str = "", of: str = "") -> Markup | None:
    """A small mark that opens the sources of a statement on hover and on focus.

    ``why`` is where an inferred one is explained. ``of`` says what the mark belongs to, for those who hear it apart from that.
    """
    found = tuple(evidence)
    if not found:
        if not inferred:
            return None
        if why:
            return explained(el("a", "inferred", href=why, cls="mark inferred", aria_label=_spoken("inferred", of)), why)
        return el("span", el("span", "inferred", cls="mark inferred", tabindex="0"), el("span", "Follows from other statements by the axioms of the ontology.", cls="tip"), cls="src")
    denied = any(one.negated for one in found)
    words = f"{len(found)} {'source' if len(found) == 1 else 'sources'}"
    items = [cited(one) for one in found[:MOST_LISTED]]
    if len(found) > MOST_LISTED:
        items.append(el("span", f"and {len(found) - MOST_LISTED} more", cls="level"))
    return el("span", el("button", words, type="button", cls=f"mark{' denied' if denied else ''}", aria_label=_spoken(f"{words}{', denied' if denied else ''}", of)), el("span", items, cls="tip"), cls="src")


def _spoken(words: str, of: str) -> str | None:
    # begins with what is seen, so that it can be asked for by voice (WCAG 2.2, 2.5.3)
    return f"{words}: {of if len(of) <= MOST_SPOKEN else of[: MOST_SPOKEN - 1] + '…'}" if of else None


def identity(found: Description) -> Markup | None:
    """The mark of what only says which thing this is, as its DOI or symbol: where that was seen, or whose record it is.

    None for terms of the ontology, whose words are our own.
    """
    return _unsourced(found, "identity", "Tells which thing this is; no statement that needs evidence.", values(found, "confirmedIn"))


def name_only(found: Description) -> Markup | None:
    """The mark of names that no assertion is made of: the lists, records and publications in which they were seen.

    None for terms of the ontology, whose words are our own.
    """
    return _unsourced(found, "names", "To find the thing by.", values(found, "namedIn") or values(found, "confirmedIn"))


def _unsourced(found: Description, words: str, told: str, seen: list[Statement]) -> Markup | None:
    if found.iri.startswith(PREFIXES["mesokg"]):
        return None
    record = external(found.iri)
    where: list[Any] = [["; " if number else " Seen in: ", _place(one.value)] for number, one in enumerate(sorted(seen, key=lambda one: one.value))]
    if record:
        where += ["; " if seen else " From the ", el("a", f"record of {compact(found.iri)}", href=record, rel="external noopener")]
    return el("span", el("button", words, type="button", cls="mark"), el("span", told, where, "." if where else None, cls="tip"), cls="src")


def _place(text: str) -> Markup | str:
    """A place in which something was seen, as a link where it is the identifier of a publication or a trial."""
    number = text.removeprefix("ClinicalTrials.gov ")
    address = next((base + number.removeprefix(prefix) for prefix, base in _OUTSIDE if number.startswith(prefix) and " " not in number), None)
    return el("a", text, href=address, rel="external noopener") if address else text


def mark(statement: Statement, about: str = "") -> Markup | None:
    """The mark of one statement; ``about`` is the IRI it is about where inferences can be explained here."""
    why = ""
    if about and statement.inferred:
        ends = (statement.value, compact(about)) if statement.inward else (compact(about), statement.value)
        why = why_address(ends[0], statement.property, ends[1])
    words = f"{'from others: ' if statement.inward else ''}{statement.property_label or statement.property.rpartition(':')[2]} {statement.value_label or statement.value}"
    return sources(statement.evidence, statement.inferred, why, words)


_GATHERED = """SELECT ?s ?p ?o ?source ?name ?pmid ?doi ?number ?level ?rank ?negated ?asOf ?precision ?checked ?a (GROUP_CONCAT(DISTINCT ?place; separator=", ") AS ?locator) (SAMPLE(?address) AS ?url) WHERE {
    VALUES ?s { %s } VALUES ?p { %s } ?a mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:source ?source ; mesokg:negated ?negated ; mesokg:locator ?place ;
        mesokg:rank/skos:notation ?rank ; mesokg:evidenceLevel/skos:notation ?level .
    OPTIONAL { ?source rdfs:label ?name } OPTIONAL { ?source mesokg:pmid ?pmid } OPTIONAL { ?source mesokg:doi ?doi } OPTIONAL { ?source mesokg:registryIdentifier ?number } OPTIONAL { ?source mesokg:url ?address }
    OPTIONAL { ?a mesokg:asOf ?asOf } OPTIONAL { ?a mesokg:asOfPrecision/skos:notation ?precision } OPTIONAL { ?a mesokg:checkedOn ?checked }
    } GROUP BY ?s ?p ?o ?source ?name ?pmid ?doi ?number ?level ?rank ?negated ?asOf ?precision ?checked ?a ORDER BY ?s ?p ?o ?source ?a"""


def gather(look: Look, subjects: Iterable[str], predicates: Iterable[str]) -> dict[tuple[str, str], list[tuple[str, Evidence]]]:
    """Objects and evidence of these properties of these things, by thing and property, read in one query.

    A property of ours is named without its prefix, any other by a CURIE; in the answer the latter is an IRI.
    """
    from pyoxigraph import NamedNode

    things = " ".join(str(NamedNode(iri)) for iri in sorted(set(filter(None, subjects))))
    found: dict[tuple[str, str], list[tuple[str, Evidence]]] = defaultdict(list)
    if not things:
        return found
    for row in look.rows(_GATHERED % (things, " ".join(name if ":" in name else f"mesokg:{name}" for name in predicates))):
        citation = f"PMID:{row['pmid']}" if row["pmid"] else f"DOI:{row['doi']}" if row["doi"] else row["number"] or row["name"] or compact(row["source"])
        one = Evidence(compact(row["source"]), citation, row["locator"], row["level"], row["rank"], row["negated"] == "true", row["asOf"][: {"year": 4, "month": 7}.get(row["precision"], 10)], row["checked"], "", row["url"])
        found[(row["s"], row["p"].removeprefix(PREFIXES["mesokg"]))].append((row["o"], one))
    return found


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


def statement_rows(statements: Iterable[Statement], about: str = "", otherwise: Markup | None = None) -> list[Markup]:
    """Rows of a definition list, one per property, with the sources of each value; ``about`` as for :func:`mark`.

    ``otherwise`` is the mark of values that have no sources and do not follow from others.
    """
    groups: dict[tuple[str, bool], list[Statement]] = {}
    for one in statements:
        groups.setdefault((one.property, one.inward), []).append(one)
    rows = []
    for (prop, inward), group in groups.items():
        words = group[0].property_label or prop.removeprefix("mesokg:")
        name = el("a", words, href=href(iri_of(prop)), title=prop)
        shown = [el("li", value_of(one), " ", mark(one, about) or otherwise) for one in group[:60]]
        if len(group) > 60:
            shown.append(el("li", f"and {len(group) - 60} more", cls="more"))
        listed: Any = el("ul", shown)
        if len(group) > 8:
            listed = el("details", el("summary", f"{len(group)} values"), listed)
        way = [el("span", "← ", cls="way", aria_hidden="true"), el("span", "from others: ", cls="unseen")] if inward else None
        rows.append(el("div", el("dt", way, name), el("dd", listed), cls="row"))
    return rows
