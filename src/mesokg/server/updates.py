"""Decides which updates may run, and gives an update the dataset that the protocol names (SPARQL 1.1 Protocol, 2.2.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesokg.gate import MAX_LENGTH, blank_quoted
from mesokg.gate import admit_update as admit_text
from mesokg.server.failures import Failure

__all__ = ["admit_update", "with_dataset"]

_WORD = r"(?<![\w:?$@-]){}(?![\w:-])"
_IRI = re.compile(r"[^\x00-\x20<>\"{}|^`\\]+")
_DATASET = re.compile(_WORD.format("(?:using|with)"), re.IGNORECASE)
_TOKEN = re.compile(r"[{};]|(?<![\w:?$@-])(?:where|delete|insert|data)(?![\w:-])", re.IGNORECASE)


def admit_update(update: str, allowed: Sequence[str] = ()) -> None:
    """Let an update through as it will be carried out, or raise Failure or QueryError.

    >>> admit_update("CLEAR ALL")
    """
    if len(update) > MAX_LENGTH * 100:
        raise Failure(413, f"the update has {len(update)} characters", "send it in parts")
    admit_text(update, allowed)


def with_dataset(update: str, default: Sequence[str], named: Sequence[str]) -> str:
    """The update with USING clauses for these graphs in each operation that has a WHERE.

    Raises Failure if the update names its dataset itself, as the protocol asks.

    >>> with_dataset("INSERT { ?s a ?o } WHERE { ?s a ?o }", ["http://e/g"], [])
    'INSERT { ?s a ?o } USING <http://e/g> WHERE { ?s a ?o }'
    >>> with_dataset("DELETE WHERE { ?s ?p ?o }", ["http://e/g"], [])
    'DELETE { ?s ?p ?o } USING <http://e/g> WHERE { ?s ?p ?o }'
    """
    if not default and not named:
        return update
    for iri in (*default, *named):
        # it goes into the text of the update, which must not go on in it
        if _IRI.fullmatch(iri) is None:
            raise Failure(400, "a graph of the dataset has no valid IRI", "give whole IRIs in using-graph-uri and using-named-graph-uri")
    bare = blank_quoted(update)
    clauses = "".join(f"USING <{iri}> " for iri in default) + "".join(f"USING NAMED <{iri}> " for iri in named)
    out: list[str] = []
    done, depth, last = 0, 0, ""
    for match in _TOKEN.finditer(bare):
        word = match[0].lower()
        if word == "{":
            depth += 1
        elif word == "}":
            depth -= 1
        elif depth == 0:
            if word == "where":
                if last == "delete" and not bare[bare.lower().rindex("delete", 0, match.start()) + 6 : match.start()].strip():
                    body = _braces(bare, match.end())
                    out.append(update[done : match.start()] + update[slice(*body)] + " ")
                    done = match.start()
                out.append(update[done : match.start()] + clauses)
                done = match.start()
            last = word
    out.append(update[done:])
    top = _top_level(bare)
    if _DATASET.search(top):
        raise Failure(400, "the update has USING or WITH, and the request names a dataset too", "keep one of the two")
    return "".join(out)


def _braces(bare: str, start: int) -> tuple[int, int]:
    first = bare.find("{", start)
    depth = 0
    for index in range(max(first, 0), len(bare)):
        depth += {"{": 1, "}": -1}.get(bare[index], 0)
        if depth == 0:
            return first, index + 1
    raise Failure(400, "the update has a bracket that is never closed", "close it")


def _top_level(bare: str) -> str:
    out, depth = [], 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        out.append(character if depth == 0 else " ")
    return "".join(out)
