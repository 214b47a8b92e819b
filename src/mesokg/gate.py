"""Decides which queries may run, and puts the engine's complaints into words.

pyoxigraph's ``SERVICE`` reaches the network and cannot be switched off, and deep nesting crashes its parser, so
nothing reaches the engine before it has passed :func:`admit`.
"""

from __future__ import annotations

import re

from mesokg.errors import QueryError, suggest
from mesokg.identifiers import PREFIXES

__all__ = ["MAX_LENGTH", "MAX_NESTING", "MAX_SEPARATORS", "MAX_STEPS", "admit", "admit_update", "blank_quoted", "check_nesting", "explain_syntax_error", "unescape"]

MAX_LENGTH = 200_000
"""Characters in one query. The longest in the library has fewer than 5,000."""

MAX_NESTING = 100
"""Brackets open at once. At 5,000 the engine's parser overflows its stack and ends the process."""

MAX_STEPS = 300
"""Operators and keywords that make the engine's parse tree deeper without a bracket. The library's longest has 36;
between 1,000 and 3,000 the engine overflows a stack of 8 MB."""

MAX_SEPARATORS = 2_000
"""Full stops, semicolons and commas between terms. The library's longest has 49; at 10,000 the engine overflows its stack."""

_STEP = re.compile(r"\|\|?|&&|[!+*/^]|\b(?:union|minus|optional|filter|bind|as|graph)\b|(?<![\w:])-", re.IGNORECASE)
_SEPARATOR = re.compile(r"[;,]|\.(?![\w%-])")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
# Strings, IRIs and comments, in which brackets and keywords mean nothing.
_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|<[^<>\"{}|^`\\\s]*>"
    r"|#[^\n]*",
    re.DOTALL,
)
_WORD = re.compile(r"(?<![\w:?$@-])(service)(?![\w:-])", re.IGNORECASE)
_REACHES_OUT = re.compile(r"(?<![\w:?$@-])(service|load)(?![\w:-])", re.IGNORECASE)
_SHOWN = 100
"""Characters of the query shown before and after the place of an error."""
_PLACE = re.compile(r"at (\d+):(\d+)(?:-\d+:\d+)?")


def unescape(query: str) -> str:
    r"""The query with its ``\u`` escapes read, as SPARQL 1.1 (section 19.2) does before anything else.

    >>> unescape(r"SERV\u0049CE")
    'SERVICE'
    """

    def character(match: re.Match[str]) -> str:
        code = int(match[1] or match[2], 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]

    return _ESCAPE.sub(character, query)


def blank_quoted(query: str) -> str:
    """The query with strings, IRIs and comments blanked, of the same length where it has no escapes."""
    return _QUOTED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), query)


def _at(query: str, index: int) -> str:
    line = query.count("\n", 0, index) + 1
    column = index - (query.rfind("\n", 0, index) + 1) + 1
    return f"line {line}, column {column}"


def _holds_service(query: str) -> bool:
    """Whether a parsed query calls another server, or cannot be parsed to tell."""
    import warnings

    from rdflib.plugins.sparql.parser import parseQuery

    try:
        # rdflib calls pyparsing by names that newer pyparsing warns of; that must not look like a parse error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return "ServiceGraphPattern" in repr(parseQuery(query))
    except Exception:  # pyparsing raises many kinds; what cannot be read cannot be trusted
        return True


def check_nesting(text: str, bare: str) -> None:
    """Raise QueryError where brackets of ``bare``, the text without what is quoted, are nested too deep."""
    depth = 0
    for match in re.finditer(r"[({\[)}\]]", bare):
        depth += 1 if match[0] in "({[" else -1
        if depth > MAX_NESTING:
            raise QueryError(
                f"{_at(text, match.start())}: brackets are nested deeper than {MAX_NESTING}; write the query in a flatter form"
            )


def admit_update(update: str) -> None:
    """Let an update pass, or raise QueryError: LOAD and SERVICE would call another server.

    >>> admit_update("CLEAR GRAPH <http://example.org/load>")
    >>> admit_update("CLEAR ALL; LOAD <http://example.org/>")
    Traceback (most recent call last):
    ...
    mesokg.errors.QueryError: line 1, column 12: LOAD is refused: an update may not call another server; read the data and insert them instead
    """
    text = unescape(update)
    bare = blank_quoted(text)
    check_nesting(text, bare)
    if match := _REACHES_OUT.search(bare):
        raise QueryError(
            f"{_at(text, match.start())}: {match[0].upper()} is refused: an update may not call another server; read the data and insert them instead"
        )


def admit(query: str) -> None:
    """Let a query pass, or raise QueryError that says why not.

    >>> admit("SELECT * WHERE { ?s ?p ?o }")
    >>> admit("SELECT * WHERE { SERVICE <http://example.org/> { ?s ?p ?o } }")
    Traceback (most recent call last):
    ...
    mesokg.errors.QueryError: line 1, column 18: SERVICE is refused: a query may not call another server; load its data beside this graph instead
    """
    if not query.strip():
        raise QueryError("the query is empty; write a SELECT, ASK, CONSTRUCT or DESCRIBE query")
    if len(query) > MAX_LENGTH:
        raise QueryError(f"the query has {len(query):,} characters, {MAX_LENGTH:,} are allowed; pass long lists of values in parts")
    for index, character in enumerate(query):
        if character == "\x00" or 0xD800 <= ord(character) < 0xE000:
            raise QueryError(f"{_at(query, index)}: the query holds a character that is not text; take it out")
    text = unescape(query)
    bare = blank_quoted(text)
    check_nesting(text, bare)
    for pattern, most, what in ((_STEP, MAX_STEPS, "operators"), (_SEPARATOR, MAX_SEPARATORS, "full stops, semicolons and commas")):
        found = [match.start() for match in pattern.finditer(bare)]
        if len(found) > most:
            raise QueryError(
                f"{_at(text, found[most])}: the query has more than {most:,} {what}; ask in parts, and pass long lists of values with VALUES"
            )
    if "service" in text.lower() and _holds_service(text):
        match = _WORD.search(bare)
        place = f"{_at(text, match.start())}: " if match else ""
        raise QueryError(
            f"{place}SERVICE is refused: a query may not call another server; load its data beside this graph instead"
        )


_PAIRS = {")": "(", "]": "[", "}": "{"}
_BARE = re.compile(r"(?<![\w?$:@.%\\-])[A-Za-z_]\w*(?![\w:-])(?!\s*\()")
_KEYWORDS = frozenset(
    "a as ask asc avg base bind by construct count default desc describe distinct exists false filter from graph group having in limit max min"
    " minus named not offset optional order prefix reduced sample select separator silent sum true undef union values where".split()
)
# Of what the engine names, these follow in one place only; the other keywords are what else might begin there.
_ADVICE = {"BY": "BY", "AS": "AS", '"{"': '"{"', '"("': '"("', '"?"': "a variable", '"<"': "an IRI"}


def _what_is_open(query: str) -> str:
    """The bracket or quotation mark without its partner, or an empty text."""
    bare = blank_quoted(query)
    if (quote := re.search(r"[\"']", bare)) is not None:
        return f"the quotation mark at {_at(query, quote.start())} is not closed on its line"
    opened: list[re.Match[str]] = []
    for bracket in re.finditer(r"[(\[{}\])]", bare):
        if bracket[0] in "([{":
            opened.append(bracket)
        elif not opened:
            return f"the {bracket[0]} at {_at(query, bracket.start())} closes nothing"
        elif opened[-1][0] != _PAIRS[bracket[0]]:
            return f"the {bracket[0]} at {_at(query, bracket.start())} does not close the {opened[-1][0]} opened at {_at(query, opened[-1].start())}"
        else:
            opened.pop()
    return f"the {opened[-1][0]} opened at {_at(query, opened[-1].start())} is not closed" if opened else ""


def _what_is_expected(query: str, message: str) -> str:
    """What the engine expected, as far as that helps; its list holds all that a longer text might have gone on with."""
    if "IRI parsing failed" in message:
        return "the IRI before this point is malformed; an IRI holds no blanks, quotation marks or single brackets"
    for word in _BARE.finditer(blank_quoted(query)):
        if word[0].lower() not in _KEYWORDS:
            return f"{word[0]!r} at {_at(query, word.start())} is no keyword; write ?{word[0]} for a variable, prefix:{word[0]} for a term, or quotation marks for text"
    if not message:
        return ""
    expected = message.partition("expected")[2].removeprefix(" one of").replace("\n", " ")
    alternatives = re.findall(r"\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\]|\w+", expected)
    # `[_]` is any character: the engine saw a word that it could not take, and its list is of no use
    known = [] if "[_]" in alternatives else [_ADVICE.get(part, "") for part in alternatives]
    words = list(dict.fromkeys(filter(None, known)))
    if words:
        return "expected " + " or ".join(words[:6])
    return "something is missing or out of place just before this point, such as the third part of a triple, AS before a name, or a bracket"


def _undeclared_prefix(query: str) -> re.Match[str] | None:
    """Where the first prefix stands that neither the query nor we declare; the prefix is group 1."""
    plain = blank_quoted(query)
    declared = set(re.findall(r"\bprefix\s+([\w.-]*):", plain, re.IGNORECASE))
    # a colon before belongs to a name such as mesokg:a:b
    used = re.finditer(r"(?<![\w:?$])([A-Za-z][\w.-]*):(?!//)", plain)
    return next((match for match in used if match[1] not in PREFIXES and match[1] not in declared), None)


def explain_syntax_error(query: str, message: str) -> str:
    """The engine's syntax error as place, expectation and the line it happened in.

    >>> print(explain_syntax_error("SELECT * WHERE ?s", 'error at 1:16: expected "{"'))
    line 1, column 16: the query is not valid SPARQL; expected "{"
      SELECT * WHERE ?s
                     ^
    """
    place = _PLACE.search(message)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    first = re.search(r"\S+", re.sub(r"(?i)\b(?:prefix\s+[\w.-]*:|base)\s+(?=\s|$)", lambda match: " " * len(match[0]), blank_quoted(query)))
    misbegun = first is not None and re.match(r"(?i)(?:select|ask|construct|describe)\b", first[0]) is None
    if misbegun and first is not None:
        line, column = query.count("\n", 0, first.start()) + 1, first.start() - query.rfind("\n", 0, first.start())
    undeclared = _undeclared_prefix(query) if "Prefix not found" in message else None
    if undeclared:
        # the engine's place is where the group ends in which the prefix stands
        line, column = query.count("\n", 0, undeclared.start()) + 1, undeclared.start() - query.rfind("\n", 0, undeclared.start())
    lines = query.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    # of a long line, what is around the place
    cut = max(0, column - 1 - _SHOWN)
    shown, mark = shown[cut : column - 1 + _SHOWN], column - 1 - cut
    if misbegun and first is not None:
        what = f"the query is not valid SPARQL; it begins with {first[0][:40]}, expected SELECT, ASK, CONSTRUCT or DESCRIBE (updates are refused)"
    elif "variable that is unbound" in message:
        what = "the query is not valid SPARQL; SELECT names a variable that is neither grouped by nor counted; add it to GROUP BY or aggregate it"
    elif "Prefix not found" in message:
        unknown = undeclared[1] if undeclared else ""
        what = f"the prefix {unknown}: is not declared; {suggest(unknown, PREFIXES)}, or declare it with PREFIX"
    else:
        what = "the query is not valid SPARQL; " + (_what_is_open(query) or _what_is_expected(query, message if place else "") or message)
    return f"line {line}, column {column}: {what}\n  {shown}\n  {' ' * mark}^"
