"""Reads one table cell into RDF terms, as the range of its property says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from mesokg.errors import IdentifierError, suggest
from mesokg.identifiers import PREFIXES, expand, term

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from mesokg.vocabulary import PropertyTerm, Vocabulary

__all__ = ["ABSENT", "SURROGATE", "CellError", "Moment", "broken", "read_cell", "read_moment", "read_value"]

ABSENT = {"not_reported": "notReported", "not_applicable": "notApplicable"}
"""Words that state an absence, with the ValueStatus each stands for."""

_XSD = PREFIXES["xsd"]
# ASCII digits only: Python also reads other scripts' digits and 1_000, and would rewrite what somebody typed
_MOMENT = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which JSON can spell and no file can hold."""

_URI = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
# Oxigraph keeps xsd:decimal in 128 bits with 18 digits after the point, and xsd:integer in 64 bits.
_DECIMAL_LIMIT = Decimal(10) ** 20
_DECIMAL_PLACES = 18
_INTEGER_LIMIT = 2**63
_MOST_DIGITS = 60
"""Longer numbers are out of range or have too many places whatever they are; a billion zeros need not be written out."""


def broken(text: str) -> bool:
    """Whether a text holds half of a surrogate pair."""
    return not text.isascii() and SURROGATE.search(text) is not None


class CellError(ValueError):
    """What is wrong with a cell (``rule``), and how to mend it (the message)."""

    def __init__(self, rule: str, fix: str) -> None:
        super().__init__(fix)
        self.rule = rule


@dataclass(frozen=True)
class Moment:
    """A date as far as it is known: the first day of the period, and ``year``, ``month`` or ``day``."""

    first_day: date
    precision: str

    @property
    def text(self) -> str:
        """As it was written: ``2019``, ``2019-03`` or ``2019-03-12``."""
        return self.first_day.isoformat()[: {"year": 4, "month": 7, "day": 10}[self.precision]]

    @property
    def literal(self) -> Literal:
        """Midnight UTC as xsd:dateTime (xsd:date is outside the OWL 2 datatypes)."""
        from pyoxigraph import Literal, NamedNode

        return Literal(f"{self.first_day.isoformat()}T00:00:00Z", datatype=NamedNode(_XSD + "dateTime"))


def read_moment(text: str) -> Moment:
    """Read ``2019``, ``2019-03`` or ``2019-03-12``.

    Raises CellError for anything else, and for days that do not exist.

    >>> read_moment("2019-03").precision
    'month'
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise CellError("not a date", "write 2019, 2019-03 or 2019-03-12")
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise CellError("no such date", "use a day that exists, as 2019-03-12") from error
    return Moment(first, "day" if day else "month" if month else "year")


def _decimal(text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        raise CellError("not a number", "write digits, as 15, 7.4 or 1e9, without unit or separators")
    digits, _, exponent = text.lower().partition("e")
    if len(digits) > _MOST_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > _MOST_DIGITS:
        raise CellError("number out of range", f"use a number below {_DECIMAL_LIMIT:.0e} with at most {_DECIMAL_PLACES} digits after the point")
    number = Decimal(text)
    if abs(number) >= _DECIMAL_LIMIT:
        raise CellError("number out of range", f"use a number below {_DECIMAL_LIMIT:.0e}")
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
        if len(plain.partition(".")[2]) > _DECIMAL_PLACES:
            raise CellError("number out of range", f"use at most {_DECIMAL_PLACES} digits after the point")
    return "0" if plain in ("-0", "") else plain


def _integer(text: str) -> str:
    if not _INTEGER.fullmatch(text):
        raise CellError("not a whole number", "write digits only, as 15")
    if len(text) > _MOST_DIGITS or abs(int(text)) >= _INTEGER_LIMIT:
        raise CellError("number out of range", "use a number below 2^63")
    return str(int(text))


def _boolean(text: str) -> str:
    if text not in ("true", "false"):
        raise CellError("not true or false", "write true or false")
    return text


def _uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise CellError("not a web address", "write the whole address, beginning with https://")
    return text


_LEXICAL = {"decimal": _decimal, "integer": _integer, "boolean": _boolean, "anyURI": _uri}


def read_value(text: str, prop: PropertyTerm, vocabulary: Vocabulary, aliases: dict[str, str]) -> NamedNode | Literal:
    """The term that one value of a cell stands for.

    ``aliases`` maps CURIEs such as ``PMID:24579088`` to the IRI of the thing they name.
    Raises CellError where the text does not fit the range of the property.
    """
    from pyoxigraph import Literal, NamedNode

    if broken(text):
        raise CellError("broken character", "half of a surrogate pair stands in it; copy the text again, or write the character itself")
    if prop.kind == "data":
        datatype = prop.ranges[0] if prop.ranges else _XSD + "string"
        name = datatype.removeprefix(_XSD)
        if name == "dateTime":
            return read_moment(text).literal
        if name == "string":
            return Literal(text)
        return Literal(_LEXICAL[name](text), datatype=NamedNode(datatype))
    listed = {
        notation: iri
        for class_iri in prop.ranges
        if vocabulary.is_a(class_iri, term("Value"))
        for notation, iri in vocabulary.values.get(class_iri, {}).items()
    }
    if listed:
        if text not in listed:
            raise CellError("value not in list", f"{suggest(text, listed)} (the list: {'; '.join(listed)})")
        return NamedNode(listed[text])
    if text in aliases:
        return NamedNode(aliases[text])
    try:
        return NamedNode(expand(text))
    except IdentifierError as error:
        prefix = text.partition(":")[0]
        if any(prop.alias == prefix for prop in vocabulary.properties.values()):
            raise CellError("dangling reference", f"no row has this {prefix}; add the publication to its table") from error
        raise CellError("not an identifier", str(error)) from error


def read_cell(
    text: str, prop: PropertyTerm, vocabulary: Vocabulary, aliases: dict[str, str]
) -> tuple[list[NamedNode | Literal], str | None, list[tuple[str, CellError]]]:
    """All values of a cell, the ValueStatus IRI if it states an absence, and what is wrong with each value.

    Free text and functional properties are one value; ``|`` separates the values of any other cell.
    """
    if text in ABSENT and not (prop.ranges and prop.ranges[0] == term("ValueStatus")):
        return [], term(ABSENT[text]), []
    parts = [text] if prop.functional else text.split("|")
    values: list[NamedNode | Literal] = []
    errors: list[tuple[str, CellError]] = []
    for part in parts:
        if part != part.strip() or not part:
            errors.append((part, CellError("empty or padded value", "take out the blank or the extra |")))
            continue
        try:
            value = read_value(part, prop, vocabulary, aliases)
        except CellError as error:
            errors.append((part, error))
            continue
        if value in values:
            errors.append((part, CellError("value given twice", "name it once")))
        values.append(value)
    return values, None, errors
