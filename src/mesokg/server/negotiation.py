"""Content negotiation: which of our formats a client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["GRAPHS", "RESULTS", "Format", "accepts_gzip", "by_suffix", "choose", "prefers_html", "prefers_json"]


@dataclass(frozen=True)
class Format:
    """A format: our short name, the media type we send, the media types that ask for it, and its file suffix."""

    name: str
    media: str
    asked_by: tuple[str, ...]
    suffix: str
    charset: bool = False

    @property
    def content_type(self) -> str:
        return f"{self.media}; charset=utf-8" if self.charset else self.media


RESULTS: tuple[Format, ...] = (
    Format("json", "application/sparql-results+json", ("application/json", "application/*"), "srj"),
    Format("xml", "application/sparql-results+xml", ("application/xml", "text/xml"), "srx"),
    Format("csv", "text/csv", ("text/*",), "csv", charset=True),
    Format("tsv", "text/tab-separated-values", ("text/tsv",), "tsv", charset=True),
)
"""Formats of SELECT and ASK answers, the default first."""

GRAPHS: tuple[Format, ...] = (
    Format("turtle", "text/turtle", ("application/x-turtle", "text/*"), "ttl", charset=True),
    Format("ntriples", "application/n-triples", ("text/plain",), "nt", charset=True),
    Format("rdfxml", "application/rdf+xml", ("application/xml", "text/xml"), "rdf"),
    Format("jsonld", "application/ld+json", ("application/json", "application/*"), "jsonld"),
    Format("trig", "application/trig", (), "trig", charset=True),
    Format("nquads", "application/n-quads", (), "nq", charset=True),
)
"""Formats of CONSTRUCT and DESCRIBE answers, the default first."""

_JSON = Format("json", "application/json", (), "json")
_HTML = Format("html", "text/html", ("application/xhtml+xml",), "html", charset=True)


def _ranges(accept: str) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for part in accept.split(",")[:64]:
        media, *parameters = [piece.strip() for piece in part.split(";")]
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
                # NaN compares false with everything, so it ends up as refused
                weight = weight if 0.0 <= weight <= 1.0 else 0.0
        if media:
            found.append((media.lower(), weight))
    return found


def _match(one: Format, ranges: Sequence[tuple[str, float]]) -> tuple[int, float, int] | None:
    """How closely the most specific range names this format, its weight and its place; None where none does.

    Closeness is 3 for the format itself, 2 for another name of it, 1 for its family, 0 for anything.
    """
    match: tuple[int, float, int] | None = None
    for position, (media, weight) in enumerate(ranges):
        if media == one.media:
            closeness = 3
        elif media in one.asked_by:
            closeness = 1 if media.endswith("/*") else 2
        elif media == "*/*":
            closeness = 0
        elif media.endswith("/*") and one.media.startswith(media[:-1]):
            closeness = 1
        else:
            continue
        # a wildcard is no preference among its members, so position counts for named types only
        place = position if closeness >= 2 else 1000
        if match is None or closeness > match[0]:
            match = (closeness, weight, place)
    return match


def choose(accept: str | None, formats: Sequence[Format]) -> Format | None:
    """The format the client likes best; the first where it does not say; None where it accepts none.

    The most specific range decides the weight of a format; equal weights go to the order of the header, then to
    ours.

    >>> choose("text/csv;q=0.5, application/sparql-results+xml", RESULTS).name
    'xml'
    >>> choose("image/png", RESULTS) is None
    True
    >>> choose("text/csv;q=0, */*", RESULTS).name
    'json'
    """
    if accept is None or not accept.strip():
        return formats[0]
    ranges = _ranges(accept)
    best: tuple[float, int, int] | None = None
    chosen: Format | None = None
    for order, one in enumerate(formats):
        match = _match(one, ranges)
        if match is None or match[1] <= 0:
            continue
        rank = (match[1], -match[2], -order)
        if best is None or rank > best:
            best, chosen = rank, one
    return chosen


def prefers_html(accept: str | None, formats: Sequence[Format] = (*GRAPHS, *RESULTS)) -> bool:
    """Whether a browser asks: HTML is named, and none of ``formats``, of which there is a choice, is liked better.

    >>> prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    True
    >>> prefers_html("text/turtle"), prefers_html("*/*"), prefers_html(None)
    (False, False, False)
    >>> prefers_html("text/html, application/json"), prefers_html("text/html;q=0.9, application/json"), prefers_html("text/html;q=0.9, */*")
    (True, False, False)
    """
    ranges = _ranges(accept or "")
    html = _match(_HTML, ranges)
    if html is None or html[0] < 2 or html[1] <= 0:
        return False
    return all(match is None or match[1] <= html[1] for match in (_match(one, ranges) for one in formats))


def prefers_json(accept: str | None) -> bool:
    """Whether plain JSON is asked for where else there is HTML: it is liked better, or named while HTML is not.

    >>> prefers_json("application/json"), prefers_json("application/json;q=0.9, text/html;q=0.1"), prefers_json("text/html;q=0.1, */*")
    (True, True, True)
    >>> prefers_json("application/json, text/html"), prefers_json("*/*"), prefers_json("text/turtle"), prefers_json(None)
    (False, False, False, False)
    """
    ranges = _ranges(accept or "")
    html, json = _match(_HTML, ranges), _match(_JSON, ranges)
    if json is None or json[1] <= 0:
        return False
    # where HTML is not named either, it is for people
    return html is None or json[1] > html[1] or (json[1] == html[1] and html[0] < 2 <= json[0])


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip may be sent: it is named, or all is and gzip is not ruled out.

    >>> accepts_gzip("gzip;q=0.5"), accepts_gzip("br, *"), accepts_gzip("*, gzip;q=0"), accepts_gzip("br"), accepts_gzip(None)
    (True, True, False, False, False)
    """
    weights = dict(_ranges(accept_encoding or ""))
    return next((weights[name] for name in ("gzip", "x-gzip", "*") if name in weights), 0.0) > 0


def by_suffix(suffix: str, formats: Sequence[Format]) -> Format | None:
    """The format with this file suffix or short name."""
    return next((one for one in formats if suffix in (one.suffix, one.name)), None)
