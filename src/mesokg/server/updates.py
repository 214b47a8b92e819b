"""Decides which updates may run, and gives an update the dataset that the protocol names (SPARQL 1.1 Protocol, 2.2.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesokg.gate import MAX_LENGTH, blank_quoted, check_nesting, unescape
from mesokg.server.failures import Failure

__all__ = ["admit_services", "admit_update", "with_dataset"]

_WORD = r"(?<![\w:?$@-]){}(?![\w:-])"
_SERVICE = re.compile(_WORD.format("service"), re.IGNORECASE)
_LOAD = re.compile(_WORD.format("load"), re.IGNORECASE)
_DATASET = re.compile(_WORD.format("(?:using|with)"), re.IGNORECASE)
_TOKEN = re.compile(r"[{};]|(?<![\w:?$@-])(?:where|delete|insert|data)(?![\w:-])", re.IGNORECASE)
_TARGET = re.compile(r"\s*(?:silent\s+)?<([^<>\s]*)>", re.IGNORECASE)


def _targets(text: str, bare: str, word: re.Pattern[str], allowed: Sequence[str], name: str) -> None:
    for match in word.finditer(bare):
        target = _TARGET.match(text, match.end())
        if target is None or target[1] not in allowed:
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            raise Failure(
                403, f"{name} is refused: this server calls no other server",
                "load the data yourself and send them" if name == "LOAD" else "query both servers and join the answers",
                f"line {line}, column {column}",
            )


def admit_services(query: str, allowed: Sequence[str]) -> str:
    """Let SERVICE through to the allowed addresses only; returns the query with its escapes read.

    Raises Failure for any other address, or one in a variable.
    """
    text = unescape(query)
    _targets(text, blank_quoted(text), _SERVICE, allowed, "SERVICE")
    return text


def admit_update(update: str, allowed: Sequence[str] = ()) -> str:
    """Let an update through, or raise Failure; returns it with its escapes read.

    >>> admit_update("CLEAR ALL")
    'CLEAR ALL'
    """
    if len(update) > MAX_LENGTH * 100:
        raise Failure(413, f"the update has {len(update)} characters", "send it in parts")
    text = unescape(update)
    bare = blank_quoted(text)
    _targets(text, bare, _SERVICE, allowed, "SERVICE")
    _targets(text, bare, _LOAD, allowed, "LOAD")
    check_nesting(text, bare)
    return text


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
