"""The one body of every error: what went wrong, where in the query, and what to do about it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

__all__ = ["Failure", "failure_of"]

_PLACE = re.compile(r"line (\d+), column (\d+): ")

TITLES = {
    400: "The request cannot be understood",
    401: "A token is needed",
    403: "This is not allowed here",
    404: "There is no such thing here",
    405: "This method does not work here",
    406: "None of the formats you accept is on offer",
    408: "The request came too slowly",
    413: "The request is too large",
    414: "The address is too long",
    415: "The body has an unknown type",
    431: "The headers are too large",
    421: "This server does not answer for that host",
    500: "The server failed",
    502: "The SPARQL server behind this one failed",
    503: "The server cannot answer now",
    504: "The query took too long",
}


@dataclass(eq=False)
class Failure(Exception):
    """A refusal or failure with its HTTP status; ``headers`` go into the response.

    Not frozen, as Python writes the trace into exceptions.
    """

    status: int
    what: str
    fix: str
    where: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, object]:
        found: dict[str, object] = {
            "status": self.status,
            "title": TITLES.get(self.status, "Error"),
            "what": self.what,
            "fix": self.fix,
        }
        if self.where:
            match = _PLACE.match(self.where + ": ")
            found["where"] = (
                {"line": int(match[1]), "column": int(match[2])} if match else {"text": self.where}
            )
        return found

    def body(self) -> bytes:
        return json.dumps(self.as_dict(), ensure_ascii=False).encode() + b"\n"


def failure_of(message: str, status: int = 400, fix: str = "mend the query and send it again") -> Failure:
    """A failure from one of our error messages, which read ``place: what; what to do``.

    >>> found = failure_of("line 1, column 18: SERVICE is refused; load its data beside this graph instead")
    >>> found.where, found.what, found.fix
    ('line 1, column 18', 'SERVICE is refused', 'load its data beside this graph instead')
    """
    match = _PLACE.match(message)
    where = message[: match.end() - 2] if match else ""
    rest = message[match.end() :] if match else message
    what, found, advice = rest.partition("; ")
    return Failure(status, what.strip(), advice.strip() if found else fix, where)
