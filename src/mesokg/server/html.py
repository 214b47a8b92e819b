"""HTML and SVG as text in which every label is escaped: what is not :class:`Markup` cannot be markup."""

from __future__ import annotations

from html import escape
from typing import Any

from mesokg import __version__
from mesokg.server.failures import TITLES, Failure

__all__ = ["Markup", "document", "el", "failure_page", "flat"]

_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta"}
_URLS = {"href", "src", "action"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def flat(children: Any) -> str:
    """Children as markup: text escaped, None left out, lists joined."""
    if children is None or children is False:
        return ""
    if isinstance(children, Markup):
        return children
    if isinstance(children, (list, tuple)) or hasattr(children, "__next__"):
        return "".join(map(flat, children))
    # characters that XML and HTML forbid are left out
    return escape("".join(c for c in str(children) if c in "\t\n\r" or ord(c) >= 32))


def el(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """An element. ``cls`` is class; an underscore in a name is a hyphen; None and False leave an attribute out.

    >>> el("a", "<b>", href="/id/x", cls="thing")
    '<a href="/id/x" class="thing">&lt;b&gt;</a>'
    >>> el("a", "x", href="javascript:alert(1)")
    '<a>x</a>'
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = {"cls": "class", "for_": "for"}.get(key, key.replace("_", "-"))
        if key in _URLS and not str(value).startswith(("/", "#", "?", "http://", "https://")):
            continue
        parts.append(key if value is True else f'{key}="{escape(str(value))}"')
    opening = f"<{' '.join(parts)}>"
    return Markup(opening if name in _VOID else f"{opening}{flat(children)}</{name}>")


_MENU = (
    ("/", "Start"), ("/therapies", "Therapies"), ("/trials", "Trials"), ("/graph", "Graph"), ("/ask", "Ask"),
    ("/editor", "SPARQL"), ("/download/", "Download"),
)


def document(
    title: str,
    *content: Any,
    here: str = "",
    description: str = "",
    scripts: tuple[str, ...] = (),
    styles: tuple[str, ...] = (),
    json_ld: str = "",
    footer: Any = "",
    alternates: tuple[tuple[str, str], ...] = (),
    query: str = "",
) -> bytes:
    """A whole page. ``scripts`` and ``styles`` are addresses on this server; ``json_ld`` is data, never run."""
    head = [
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title if title == "mesokg" else f"{title} · mesokg"),
        description and el("meta", name="description", content=description),
        el("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
        [el("link", rel="stylesheet", href=one) for one in ("/static/explorer.css", *styles)],
        [el("link", rel="alternate", type=media, href=href) for media, href in alternates],
        el("script", src="/static/explorer.js", defer=True),
        [el("script", src=one, defer=True) for one in scripts],
        # "<" in data would end the element early
        json_ld and Markup(f'<script type="application/ld+json">{json_ld.replace("<", chr(92) + "u003c")}</script>'),
    ]
    menu = [
        el("a", words, href=href, aria_current="page" if href == here else None) for href, words in _MENU
    ]
    search = el(
        "form",
        el("label", "Search", for_="q", cls="unseen"),
        el("input", id="q", name="q", type="search", value=query or None, placeholder="therapy, gene, trial number …", autocomplete="off", role="combobox", aria_expanded="false", aria_controls="suggestions", aria_autocomplete="list"),
        el("ul", id="suggestions", role="listbox", aria_label="Suggestions", hidden=True),
        action="/search", role="search", cls="search",
    )
    body = [
        el("a", "Skip to the content", href="#content", cls="skip"),
        el("header", el("a", "mesokg", href="/", cls="name"), el("nav", menu, aria_label="Main"), search, cls="top"),
        el("main", content, id="content", tabindex="-1"),
        el("footer", footer or f"mesokg {__version__} · data CC BY 4.0, code Apache-2.0 · for research, not for medical advice"),
    ]
    whole = "<!doctype html>" + el("html", el("head", head), el("body", body), lang="en")
    return whole.encode("utf-8", "replace")


def _sentence(text: str) -> str:
    """The text with an end, unless it has one.

    >>> _sentence("Search"), _sentence("did you mean X?")
    ('Search.', 'did you mean X?')
    """
    return text if text.endswith((".", "!", "?")) else f"{text}."


def failure_page(failure: Failure) -> bytes:
    """The page of an error: what, where, and what to do."""
    return document(
        TITLES.get(failure.status, "Error"),
        el("h1", TITLES.get(failure.status, "Error")),
        el("p", _sentence(failure.what[:1].upper() + failure.what[1:] + (f" ({failure.where})" if failure.where else ""))),
        el("p", el("strong", "What to do: "), _sentence(failure.fix.split("\n")[0])),
        el("p", el("a", "Start", href="/"), " · ", el("a", "Ask a question", href="/ask")),
    )
