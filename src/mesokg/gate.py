"""Decides which queries may run, and puts the engine's complaints into words.

pyoxigraph's ``SERVICE`` and ``LOAD`` reach the network and cannot be switched off, and deep nesting crashes its parser, so
nothing reaches the engine before it has passed :func:`admit` or :func:`admit_update`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import permutations
from typing import TYPE_CHECKING, Any

from mesokg.errors import QueryError, suggest
from mesokg.identifiers import NAMESPACE, PREFIXES

if TYPE_CHECKING:
    from pyoxigraph import Store

__all__ = ["MAX_LENGTH", "MAX_NESTING", "MAX_SEPARATORS", "MAX_STEPS", "CallRefused", "admit", "admit_update", "blank_quoted", "check_nesting", "explain_syntax_error", "names_dataset", "unescape"]

MAX_LENGTH = 200_000
"""Characters in one query. The longest in the library has 19,063."""

MAX_NESTING = 100
"""Brackets open at once. At 5,000 the engine's parser overflows its stack and ends the process."""

MAX_STEPS = 300
"""Operators and keywords that make the engine's parse tree deeper without a bracket. No query of the library has more than 174;
between 1,000 and 3,000 the engine overflows a stack of 8 MB."""

MAX_SEPARATORS = 2_000
"""Full stops, semicolons and commas between terms. No query of the library has more than 245; at 10,000 the engine overflows its stack."""

_STEP_WORDS = ("union", "minus", "optional", "filter", "bind", "as", "graph")
_STEP = re.compile(rf"\|\|?|&&|[!+*/^]|\b(?:{'|'.join(_STEP_WORDS)})\b|(?<![\w:])-", re.IGNORECASE)
# each match of the pattern holds one of these
_STEP_SIGNS = ("|", "&", "!", "+", "*", "/", "^", "-", *_STEP_WORDS)
_SEPARATOR = re.compile(r"[;,]|\.(?![\w%-])")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_OF_LINE = re.compile(r"[^\n]")
# Strings, IRIs and comments, in which brackets and keywords mean nothing.
_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n\r]|\\.)*"'
    r"|'(?:[^'\\\n\r]|\\.)*'"
    r"|<[^<>\"{}|^`\\\s]*>"
    r"|#[^\n\r]*",
    re.DOTALL,
)
# An IRI wherever it stands, as no expression goes on with two slashes behind a prefix.
_CERTAIN = re.compile(r'<[A-Za-z][\w+.-]*://[^<>"{}|^`\\\s]*>')
_DECLARED = re.compile(r"(?:^|[\s;>])(?:prefix\s+[\w.-]*:|base)\s*$", re.IGNORECASE)
# What the letters of a call are followed by, wherever they stand; no engine needs a blank before them or behind.
_GAP = r"(?:[ \t\r\n]|#[^\r\n]*(?:[\r\n]|$))*"
_CALL = re.compile(rf"(?<![?$])(service|(?<![A-Za-z])load){_GAP}(?:silent{_GAP})?(?:[<?$]|[^\s<>\"{{}}|^`\\()#]*:)", re.IGNORECASE | re.ASCII)
_SERVICE = re.compile("service", re.IGNORECASE | re.ASCII)
_REACHES_OUT = re.compile("service|load", re.IGNORECASE | re.ASCII)
# LOAD follows a blank, a semicolon, a comment or an IRI, so that no payload is looked at twice
_READ_TWICE = re.compile("service|(?<![A-Za-z])load", re.IGNORECASE | re.ASCII)
_DECODINGS = 4
# The letters of FROM wherever they stand, escaped or not.
_FROM = re.compile(r"(f|\\u(?:0000)?00[46]6)(r|\\u(?:0000)?00[57]2)(o|\\u(?:0000)?00[46]f)(m|\\u(?:0000)?00[46]d)", re.IGNORECASE | re.ASCII)
# What stands behind the keyword wherever it is one: the IRI of a graph, in full or with a prefix, or NAMED.
_DATASET = re.compile(r"from(?:[ \t\r\n]|#[^\r\n]*(?:[\r\n]|$))*+(?:<|named|[^\s:<]*:)", re.IGNORECASE | re.ASCII)
# How many words FROM are looked behind; each look may go to the end of the text.
_LOOKED_BEHIND = 30
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
    return _QUOTED.sub(lambda match: _OF_LINE.sub(" ", match[0]) if "\n" in match[0] else " " * len(match[0]), query)


def _bare(query: str) -> str:
    """What limits are counted in: the query with what is quoted blanked, of the same length.

    From the first < on that may be an operator or begin an IRI, where it matters which, all is counted that could count in
    either reading: brackets in strings too, and none that close.
    """
    for match in _QUOTED.finditer(query):
        found = match[0]
        if found[0] == "<" and re.search(r"[()\[\]'#*+!/,;=]", found) and not _CERTAIN.match(found) and not _DECLARED.search(query, max(0, match.start() - 100), match.start()):
            rest = _CERTAIN.sub(lambda iri: " " * len(iri[0]), query[match.start() :])
            return blank_quoted(query[: match.start()]) + re.sub(r"[)\]}]", " ", rest)
    return blank_quoted(query)


def _blank_texts(query: str) -> str:
    """The query with strings and comments blanked, and its IRIs left."""
    return _QUOTED.sub(lambda match: match[0] if match[0][0] == "<" else re.sub(r"[^\n]", " ", match[0]), query)


def _at(query: str, index: int) -> str:
    line = query.count("\n", 0, index) + 1
    column = index - (query.rfind("\n", 0, index) + 1) + 1
    return f"line {line}, column {column}"


class CallRefused(QueryError):
    """The text calls another server, or cannot be read for certain to call none."""


def _decoded(text: str) -> str | None:
    """The text with its escapes read until none is left; None where they are escaped again and again."""
    for _ in range(_DECODINGS):
        text, before = unescape(text), text
        if text == before:
            return text
    return None


def _without_calls(text: str, words: re.Pattern[str], allowed: Sequence[str]) -> str:
    """The text with other words in place of ``words``, which mean nothing and have as many letters.

    A call of an allowed address becomes an operation of the same form that stays at home. Letters turn into letters, or into
    blanks before an IRI, so that all else is read as before: strings, IRIs, comments, names.
    """
    for address in allowed:
        if re.search(r"[\s<>\"{}|^`\\]", address):
            continue
        iri = re.escape(f"<{address}>")
        blank = r"[ \t\r\n]*"
        text = re.sub(rf"(?i:service)({blank})(?i:(silent)({blank}))?(?={iri})", lambda m: f"GRAPH  {m[1]}{' ' * len(m[2] or '')}{m[3] or ''}", text)
        if words is _REACHES_OUT:
            text = re.sub(rf"(?<![A-Za-z])(?i:load)({blank})(?i:silent({blank}))?({iri}{blank})(?i:into)(?=[ \t\r\n])", lambda m: f"COPY {m[1]}{m[2] or ''}{m[3]}TO", text)
            text = re.sub(rf"(?<![A-Za-z])(?i:load)({blank})(?i:silent({blank}))?(?={iri})", lambda m: f"CLEAR GRAPH {m[1]}{m[2] or ''}", text)
    return words.sub(lambda match: match[0][0] + "qxzqxz"[: len(match[0]) - 1], text)


@cache
def _empty_store() -> Store:
    import pyoxigraph

    return pyoxigraph.Store()


def _engine_complains(text: str, *, update: bool) -> str | None:
    """The syntax error of the engine, None where it can read the text. Nothing of an update is carried out."""
    store = _empty_store()
    try:
        if update:
            # what fails first; the engine reads an update to its end before it begins
            store.update("DROP GRAPH <urn:mesokg:none>;" + text, base_iri=NAMESPACE, prefixes=PREFIXES)
        else:
            store.query(text, base_iri=NAMESPACE, prefixes=PREFIXES)
    except SyntaxError as error:
        return str(error)
    except (OSError, RuntimeError, ValueError):
        return None
    return None


def _calls(node: Any) -> Iterator[tuple[str, Any]]:
    """The calls in a tree of rdflib's parser, at any depth: SERVICE or LOAD, and the target."""
    left = [node]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if node.name == "ServiceGraphPattern":  # type: ignore[attr-defined]
                yield "SERVICE", node.get("term")
            elif node.name == "Load":  # type: ignore[attr-defined]
                yield "LOAD", node.get("iri")
            left += node.values()
        elif not isinstance(node, str):
            # ParseResults, lists and tuples; terms are strings
            left += iter(node) if hasattr(node, "__iter__") else ()


def _parsed(text: str, *, update: bool) -> Any:
    """The tree of rdflib's parser, None where it cannot read the text."""
    import warnings

    from rdflib.plugins.sparql.parser import parseQuery, parseUpdate

    try:
        # rdflib calls pyparsing by names that newer pyparsing warns of; that must not look like a parse error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            # its comments end at a line feed only, those of SPARQL at a carriage return too
            return (parseUpdate if update else parseQuery)(text.replace("\r", "\n"))
    except Exception:  # pyparsing raises many kinds; what cannot be read cannot be trusted
        return None


def _check_calls(text: str, allowed: Sequence[str], *, update: bool) -> None:
    """Raise CallRefused unless all calls of other servers are of ``allowed`` addresses, written out in <>.

    Two parsers must find so: the engine's own, given the text with other words in place of SERVICE and LOAD, which it can
    read only where none of them was a keyword; and rdflib's, whose tree says what is called. Regular expressions do not
    tell, as < is an operator or begins an IRI, and a keyword needs no blank around it.
    """
    read, words = _decoded(text), _REACHES_OUT if update else _SERVICE
    if read is not None and not words.search(read):
        return

    def refused(word: str = "") -> CallRefused:
        match = next((m for m in _CALL.finditer(_blank_texts(read or text)) if words.fullmatch(m[1])), None)
        word = word or (match[1].upper() if match else "SERVICE")
        what = "an update" if update else "a query"
        may = "may call allowed addresses only, each written as <address>" if allowed else "may not call another server"
        fix = "read the data and insert them instead" if update else "load its data beside this graph instead"
        return CallRefused(f"{_at(read or text, match.start()) + ': ' if match else ''}{word} is refused: {what} {may}; {fix}")

    call = read is None or any(words.fullmatch(match[1]) for match in _CALL.finditer(read))
    altered = _without_calls(text, words, allowed)
    plain = _decoded(altered)
    if read is None or plain is None or words.search(plain):
        raise refused()
    if (message := _engine_complains(altered, update=update)) is not None:
        # the places are those of the text that was sent
        raise refused() if call else QueryError(explain_syntax_error(text, message))
    if update and (len(read) > MAX_LENGTH or not _READ_TWICE.search(read)):
        # rdflib would need minutes for what the engine has read
        if call:
            raise refused()
        return
    tree = _parsed(read, update=update)
    if tree is None:
        if call and not allowed:
            raise refused()
        word = words.search(read)
        raise CallRefused(
            f"the text holds the letters {word[0] if word else ''} and is written so that it cannot be told for certain whom it calls; "
            + ("write it in plain SPARQL 1.1, with no SERVICE inside a SERVICE" if call else "leave these letters out, or write it in plain SPARQL 1.1")
        )
    for word, target in _calls(tree):
        if type(target).__name__ != "URIRef" or str(target) not in allowed:
            raise refused(word)


def names_dataset(query: str, allowed: Sequence[str] = ()) -> bool:
    r"""Whether a query that was admitted, with the same ``allowed``, has FROM or FROM NAMED; either where it is not valid.

    The engine tells: given the text with another word in place of FROM, which occurs nowhere else in it, it can read it only
    where none was the keyword, as nothing else in SPARQL begins so. Letters stay letters and keep their case, so that
    strings, IRIs, comments, variables and prefixes are read as before. The text is parsed again only where it has the letters
    and what follows them may be a graph.

    >>> names_dataset("SELECT * FROM <http://e/g> { ?s ?p ?o }"), names_dataset("SELECT ?from { ?from ?p 'FROM <http://e/g>' }")
    (True, False)
    """
    lowered = query.lower()
    # of many words the engine alone is asked
    if "\\u" not in lowered and lowered.count("from") <= _LOOKED_BEHIND and not _DATASET.search(query):
        return False
    if not _FROM.search(query):
        return False
    plain = unescape(query).lower()
    word = next((letters for letters in permutations("qxzjkvwy", 3) if "f" + "".join(letters) not in plain), "qxz")

    def other(match: re.Match[str]) -> str:
        # the first letter stays as it is, since in "\\u0046rom" it is no escape
        return match[1] + "".join(new.upper() if unescape(old).isupper() else new for old, new in zip(match.groups()[1:], word, strict=True))

    text = _FROM.sub(other, query)
    # it may be run on the empty store, where a call must not be made twice
    return _engine_complains(_without_calls(text, _SERVICE, allowed) if "service" in lowered else text, update=False) is not None


def check_nesting(text: str, bare: str) -> None:
    """Raise QueryError where brackets of ``bare``, the text without what is quoted, are nested too deep."""
    depth = 0
    for match in re.finditer(r"[({\[)}\]]", bare):
        depth += 1 if match[0] in "({[" else -1
        if depth > MAX_NESTING:
            raise QueryError(
                f"{_at(text, match.start())}: brackets are nested deeper than {MAX_NESTING}; write the query in a flatter form, with blanks around each < that means less"
            )


def admit_update(update: str, allowed: Sequence[str] = ()) -> None:
    """Let an update pass, or raise QueryError: LOAD and SERVICE would call another server, except at ``allowed`` addresses.

    >>> admit_update("CLEAR GRAPH <http://example.org/load>")
    >>> admit_update("LOAD <http://example.org/>", ["http://example.org/"])
    >>> admit_update("CLEAR ALL; LOAD <http://example.org/>")
    Traceback (most recent call last):
    ...
    mesokg.gate.CallRefused: line 1, column 12: LOAD is refused: an update may not call another server; read the data and insert them instead
    """
    text = unescape(update)
    check_nesting(text, _bare(text))
    _check_calls(update, allowed, update=True)


def admit(query: str, allowed: Sequence[str] = ()) -> None:
    """Let a query pass, or raise QueryError that says why not. SERVICE may call ``allowed`` addresses only.

    >>> admit("SELECT * WHERE { ?s ?p ?o }")
    >>> admit("SELECT * WHERE { SERVICE <http://example.org/> { ?s ?p ?o } }", ["http://example.org/"])
    >>> admit("SELECT * WHERE { SERVICE <http://example.org/> { ?s ?p ?o } }")
    Traceback (most recent call last):
    ...
    mesokg.gate.CallRefused: line 1, column 18: SERVICE is refused: a query may not call another server; load its data beside this graph instead
    """
    if not query.strip():
        raise QueryError("the query is empty; write a SELECT, ASK, CONSTRUCT or DESCRIBE query")
    if len(query) > MAX_LENGTH:
        raise QueryError(f"the query has {len(query):,} characters, {MAX_LENGTH:,} are allowed; pass long lists of values in parts")
    if (odd := _NOT_TEXT.search(query)) is not None:
        raise QueryError(f"{_at(query, odd.start())}: the query holds a character that is not text; take it out")
    text = unescape(query)
    bare = _bare(text)
    check_nesting(text, bare)
    lowered = bare.lower()
    for pattern, signs, most, what in ((_STEP, _STEP_SIGNS, MAX_STEPS, "operators"), (_SEPARATOR, ";,.", MAX_SEPARATORS, "full stops, semicolons and commas")):
        # every match holds one of the signs, which are counted in a tenth of the time
        if sum(map(lowered.count, signs)) <= most:
            continue
        found = [match.start() for match in pattern.finditer(bare)]
        if len(found) > most:
            raise QueryError(
                f"{_at(text, found[most])}: the query has more than {most:,} {what}; ask in parts, and pass long lists of values with VALUES"
            )
    _check_calls(query, allowed, update=False)


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
