"""What can go wrong between a registry and us.

The tree, below ``MesokgError``::

    RegistryError
    ├── Unreachable       no whole answer after all tries: cut, slow, refused, server error
    ├── Refused           an answer or file that is not what was asked for, by its name
    │   └── BadRequest    the registry does not take the request itself (400), such as a page token that has run out
    ├── NotFound          the registry does not know the identifier
    └── NotCached         offline, and no earlier answer is kept

Readers and clients gather what is wrong with single records as ``Problem`` instead, and go on with the rest.
"""

from __future__ import annotations

from mesokg.errors import MesokgError, Problem

__all__ = ["BadRequest", "NotCached", "NotFound", "Refused", "RegistryError", "Unreachable", "fault"]


class RegistryError(MesokgError):
    """Something went wrong between a registry and us."""


class Unreachable(RegistryError):
    """No whole answer after all tries."""


class Refused(RegistryError):
    """An answer or file that is not what was asked for."""


class BadRequest(Refused):
    """The registry does not take the request itself."""


class NotFound(RegistryError):
    """The registry does not know the identifier."""


class NotCached(RegistryError):
    """Offline, and no earlier answer is kept."""


def fault(place: str, rule: str, value: str, fix: str, *, column: str = "", level: str = "error") -> Problem:
    """A problem with an answer, record or file; ``place`` is its identifier, address or path.

    >>> str(fault("NCT00000001", "unknown value", "PHASE9", "kept as reported", column="phases"))
    "NCT00000001 phases: unknown value: 'PHASE9'; kept as reported"
    """
    return Problem(place, 0, column, rule, value[:120], fix, level)
