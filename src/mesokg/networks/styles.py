"""The look of every kind of node: one table for all formats and for the explorer (``styles.tsv``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mesokg.errors import ResourceError

__all__ = ["CLAIMS", "DENIALS", "LINKS", "SHAPES", "Style", "mix", "read_styles", "rgb"]

SHAPES = ("disc", "square", "triangle", "diamond")
"""The node shapes of GEXF 1.3 that need no image."""

CLAIMS = frozenset({"claimsMechanism", "claimsToEngage"})
"""Kinds of edges that say what is claimed without having been shown: grey."""

DENIALS = frozenset({"deniedBy", "failedToEngage", "refutesMechanism"})
"""Kinds of edges that say that something is not so: red in pictures, ``negated`` in KGX."""

LINKS = {
    "alteredInSameCohort": "Cohort",
    "deliversGene": "Payload",
    "leadsTo": "Outcome",
    "runsTrialsOf": "Trial",
    "sharesMechanism": "Mechanism",
    "sharesPayload": "Payload",
    "sharesTarget": "Gene",
    "sharesTherapy": "Therapy",
    "sharesVector": "Vector",
}
"""Kinds of edges that have the colour of a class (of what the two share, where they share something): others join the
same two kinds of nodes, and the colour between the ends would be one for all."""

STYLES = Path(__file__).with_name("styles.tsv")


@dataclass(frozen=True)
class Style:
    """How one kind is drawn: ``colour`` as #RRGGBB, ``shape`` of SHAPES, ``size`` the diameter of the least important node."""

    class_name: str
    kind: str
    family: str
    colour: str
    shape: str
    size: float


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of #RRGGBB.

    >>> rgb("#D55E00")
    (213, 94, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, other: str, share: float) -> str:
    """The colour with ``share`` of the other in it.

    >>> mix("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    parts = (round(a + (b - a) * share) for a, b in zip(rgb(colour), rgb(other), strict=True))
    return "#" + "".join(f"{part:02X}" for part in parts)


@lru_cache(maxsize=1)
def read_styles() -> dict[str, Style]:
    """The style of each kind, by the local name of its class, in the order of the file.

    Raises ResourceError where the table is missing or malformed.
    """
    try:
        lines = STYLES.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ResourceError(f"{STYLES}: cannot be read: {error.strerror}; install mesokg again") from error
    styles: dict[str, Style] = {}
    for number, line in enumerate(lines[1:], start=2):
        try:
            name, kind, family, colour, shape, size = line.split("\t")
            rgb(colour)
            styles[name] = Style(name, kind, family, colour, shape, float(size))
        except ValueError as error:
            raise ResourceError(f"{STYLES}:{number}: six columns wanted, colour as #RRGGBB, size a number: {error}") from error
    return styles
