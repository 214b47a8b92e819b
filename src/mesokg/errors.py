"""What can go wrong, as exceptions and as problems with a place.

The tree::

    MesokgError
    ├── UsageError            the caller asked for something that does not exist
    ├── ResourceError         ontology, tables, shapes or queries cannot be found or read
    ├── IdentifierError       a CURIE or IRI is malformed, or its prefix is unknown
    ├── ProblemsFound         one stage found problems; all of them are in ``problems``
    │   ├── TableError        in the curated tables
    │   ├── VocabularyError   in the ontology
    │   ├── ReasoningError    the facts contradict the ontology
    │   └── CheckFailed       shapes or whole-graph rules were broken
    ├── StoreError            a store could not be opened, reached, loaded or saved
    │   └── QueryError        a query was refused, malformed or failed
    ├── ExportError           a product could not be written
    └── RegistryError         something between a registry and us (mesokg.registries.faults)
        ├── Unreachable       no whole answer after all tries
        ├── Refused           an answer or file that is not what was asked for
        ├── NotFound          the registry does not know the identifier
        └── NotCached         offline, and no earlier answer is kept

Commands end with 1 for :class:`ProblemsFound` and with 2 for every other :class:`MesokgError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

__all__ = [
    "CheckFailed",
    "ExportError",
    "IdentifierError",
    "MesokgError",
    "Problem",
    "ProblemsFound",
    "QueryError",
    "ReasoningError",
    "ResourceError",
    "StoreError",
    "TableError",
    "UsageError",
    "VocabularyError",
    "suggest",
]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, where it is, and how to mend it.

    ``line`` counts from 1 with the header as line 1; 0 means the whole file.
    ``level`` is ``error`` or ``warning``; only errors stop a build.
    """

    file: str
    line: int
    column: str
    rule: str
    value: str
    fix: str
    level: str = "error"

    def as_dict(self) -> dict[str, object]:
        """The fields by name, for TSV and JSON reports.

        >>> Problem("data/trials.tsv", 2, "phase", "value not in list", "3b", "use 3").as_dict()["line"]
        2
        """
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        column = f" {self.column}" if self.column else ""
        value = f" {self.value!r}" if self.value else ""
        return f"{place}{column}: {self.rule}:{value}; {self.fix}"


class MesokgError(Exception):
    """Base of everything that this package raises on purpose."""


class UsageError(MesokgError):
    """The caller asked for a command, question, view or format that does not exist."""


class ResourceError(MesokgError):
    """Ontology, tables, shapes or queries cannot be found or read."""


class IdentifierError(MesokgError):
    """A CURIE or IRI is malformed, or its prefix is unknown."""


class ProblemsFound(MesokgError):
    """A stage gathered all its problems and found at least one error.

    ``unchecked`` says what no stage has looked at yet, empty where nothing is left.
    """

    unchecked = ""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = sorted(set(problems))
        errors = sum(problem.level == "error" for problem in self.problems)
        head = f"{errors} problem{'' if errors == 1 else 's'} found"
        super().__init__("\n".join([head, *map(str, self.problems)]))

    def __reduce__(self) -> tuple[type[ProblemsFound], tuple[list[Problem]]]:
        # an exception is made again from its message alone, unless it says from what else
        return type(self), (self.problems,)


class TableError(ProblemsFound):
    """Problems in the curated tables."""

    unchecked = "what follows from the facts, shapes and rules are checked once these are mended"


class VocabularyError(ProblemsFound):
    """Problems in the ontology: an unreadable file, or an axiom that the rules do not know."""


class ReasoningError(ProblemsFound):
    """The facts contradict the ontology; each problem explains one clash."""

    unchecked = "shapes and rules are checked once these are mended"


class CheckFailed(ProblemsFound):
    """Shapes or whole-graph rules were broken."""


class StoreError(MesokgError):
    """A store could not be opened, reached, loaded or saved."""


class QueryError(StoreError):
    """A query was refused, is malformed, or failed; the message says where and what to do."""


class ExportError(MesokgError):
    """A product could not be written; nothing is left half written."""


def suggest(word: str, known: Sequence[str] | Iterable[str], *, limit: int = 3) -> str:
    """A clause that names the nearest known words, or says which there are.

    >>> suggest("fase", ["phase", "status"])
    'did you mean phase?'
    >>> suggest("zzz", ["phase", "status"])
    'known: phase, status'
    """
    from difflib import get_close_matches

    words = sorted(set(known))
    near = get_close_matches(word, words, n=limit, cutoff=0.6)
    if not near:
        near = get_close_matches(word.lower(), words, n=limit, cutoff=0.6)
    if near:
        return f"did you mean {', '.join(near)}?"
    shown = ", ".join(words[:12]) + (", …" if len(words) > 12 else "")
    return f"known: {shown}" if words else "none are known"
