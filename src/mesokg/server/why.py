"""Why an inferred triple holds: the axioms and statements it follows from, down to their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesokg.errors import IdentifierError
from mesokg.identifiers import PREFIXES, compact
from mesokg.server.evidence import MOST_LISTED, cited, gather
from mesokg.server.failures import Failure
from mesokg.server.html import Markup, document, el, flat
from mesokg.server.look import href, text_of

if TYPE_CHECKING:
    from mesokg.proofs import Explanation
    from mesokg.server.explorer import Explorer

__all__ = ["why"]

Reply = tuple[dict[str, Any], bytes]
_LONGEST = 2000
_MOST_EACH = 4
"""So many sources of one premise are in a tip."""
_UNSOURCED = {
    "exempt": "stated in the tables; no claim, so that it needs no source", "ontology": "stated in the ontology",
    "metadata": "stated in the description of this release", "classified": "found by a reasoner from the axioms of the ontology",
}
"""Why a triple that no source is cited for holds."""


def why(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The page for the triple of the parameters ``s``, ``p`` and ``o``: CURIEs, IRIs or the text of a literal.

    With ``brief`` no page, but what a tip has room for: the premises that sources state, each with these sources.
    """
    from mesokg.explain import explain, labels_of

    store = getattr(explorer.store, "oxigraph", None)
    if store is None:
        raise Failure(404, "a server in front of another cannot explain inferences", "use `mesokg explain` on a build")
    asked = [query.get(name, "")[:_LONGEST] for name in "spo"]
    if not all(asked):
        raise Failure(400, "the address names no whole triple", "give s, p and o")
    try:
        tree = explain(store, *asked, rules=explorer.rules)
    except (IdentifierError, ValueError) as error:
        raise Failure(404, "the address holds no triple of this graph", "follow the mark of an inferred statement") from error
    labels = labels_of(store, tree)
    if query.get("brief"):
        return {"status": 200, "type": "text/html; charset=utf-8"}, flat(_brief(explorer, tree, labels)).encode()
    title = "Why this holds" if tree.holds else "This does not hold here"
    body = document(
        title, el("h1", title), el("p", _words(tree, labels), cls="lead"),
        el("p", "Each line follows from those below it by an axiom of the ontology; what stands last was said by a source.", cls="about") if tree.premises else None,
        el("ul", _node(tree, labels, top=True), cls="why"),
        el("p", el("a", "The ontology", href="/ontology"), " has the axioms. The same in a terminal: ", el("code", f"mesokg explain {' '.join(map(_quoted, asked))}"), cls="about"),
        description="The axioms and sources that a statement follows from.",
    )
    return {"status": 200, "type": "text/html; charset=utf-8"}, body


def _brief(explorer: Explorer, tree: Explanation, labels: dict[str, str]) -> list[Any]:
    """The premises that sources state, each with its sources; the first of both where there are many, and how many are left out."""
    if not tree.holds:
        return ["This does not hold here: "]
    leaves = list({node.triple: node for node in tree.walk() if node.kind != "inferred"}.values())
    stated = [node for node in leaves if node.kind == "asserted"]
    if not stated:
        reasons = "; ".join(dict.fromkeys(_UNSOURCED[node.kind] for node in leaves))
        return [f"{reasons[:1].upper()}{reasons[1:]}: "]
    said = gather(explorer.look, (node.subject.value for node in stated), {compact(node.predicate.value) for node in stated})
    items: list[Markup] = []
    room, left = MOST_LISTED, 0
    for node in stated:
        key = node.subject.value, node.predicate.value.removeprefix(PREFIXES["mesokg"])
        # a source counts once for each place in it
        found = {(one.source, one.locator): one for target, one in said[key] if target == text_of(node.object) and not one.negated}
        some = list(found.values())[: min(room, _MOST_EACH)]
        if some:
            items.append(el("span", None if node is tree else el("span", _words(node, labels), cls="premise"), list(map(cited, some)), cls="one"))
        room, left = room - len(some), left + len(found) - len(some)
    unsourced = len(leaves) - len(stated)
    beside = [f"and {left} more" if left else "", f"and {unsourced} {'statement that needs' if unsourced == 1 else 'statements that need'} no source" if unsourced else ""]
    return [
        None if tree.kind == "asserted" else el("span", "Follows from", cls="level"), items, [el("span", words, cls="level") for words in beside if words],
    ]


def _quoted(text: str) -> str:
    return text if text.isascii() and all(c.isalnum() or c in ":/._-#" for c in text) else "'" + text.replace("'", "'\\''") + "'"


def _term(value: Any, labels: dict[str, str]) -> Markup | str:
    if type(value).__name__ != "NamedNode":
        return str(getattr(value, "value", value))
    if compact(value.value) == "rdf:type":
        return "is in the class"
    return el("a", labels.get(value.value) or compact(value.value), href=href(value.value))


def _words(node: Explanation, labels: dict[str, str]) -> list[Any]:
    subject, predicate, target = (_term(value, labels) for value in node.triple)
    return [el("b", subject), " ", predicate, " ", el("b", target)]


def _node(node: Explanation, labels: dict[str, str], *, top: bool = False) -> Markup:
    reasons: list[Any] = []
    if node.kind == "asserted":
        for one in node.assertions:
            place = ", ".join(one.locators)
            told = " · ".join(filter(None, (one.level, f"rank {one.rank}" if one.rank not in ("", "normal") else "", f"checked {one.checked_on[:10]}" if one.checked_on else "")))
            reasons.append(el("p", el("a", _name(one.source_name), href=href(one.source)), f", {place}" if place else "", f" · {told}" if told else "", cls="about"))
    elif node.kind in _UNSOURCED:
        reasons.append(el("p", _UNSOURCED[node.kind], f": {node.rule.axiom}" if node.rule else "", cls="about"))
    elif node.kind == "absent":
        reasons += [el("p", "That does not make it false.", cls="about"), *[el("p", note, cls="about") for note in node.notes]]
    elif node.rule is not None:
        # "if x 'has construct' y, then x 'uses vector' z" says it to people, the axiom to ontologists
        reasons.append(el("p", node.rule.description[:1].upper() + node.rule.description[1:], ". ", el("code", node.rule.axiom), cls="about"))
    below = el("ul", [_node(one, labels) for one in node.premises], cls="why") if node.premises else None
    return el("li", None if top else _words(node, labels), reasons, below)


def _name(text: str) -> str:
    """What a source is called, without the prefix of an id of ours."""
    for prefix in ("mkg:page-", "mkg:record-", "mkg:publication-"):
        text = text.removeprefix(prefix)
    return text
