"""The query library: one question per file, with its words, parameters and keywords in front matter.

A question file is plain SPARQL that runs anywhere as it stands. A parameter has a ``VALUES ?name { default }`` block
in the query; asking with another value puts that value, as a term, in the place of the default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem, ProblemsFound, QueryError, UsageError, suggest
from mesokg.identifiers import PREFIXES, expand, is_curie
from mesokg.resources import folder

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from mesokg.store import Answer, Store

__all__ = ["KEYWORDS", "Parameter", "Question", "ask", "bind", "find_question", "read_question", "read_questions"]

KEYWORDS = (
    "antigen", "arm", "biology", "claim", "combination", "component", "construct", "country", "date", "disease",
    "disagreement", "dose", "evidence", "experiment", "gene", "immunity", "lineage", "mechanism", "outcome", "payload",
    "publication", "registry", "route", "safety", "sponsor", "target", "therapy", "trial", "vector",
)
"""The controlled list of keywords."""

_FIELDS = ("title", "summary", "keywords", "graph", "param")
_GRAPHS = ("facts", "inferred", "evidence")
_TYPES = ("text", "integer", "decimal", "date", "thing")
_HEAD = re.compile(r"#\+ (\w+): ?(.*)")
_PARAM = re.compile(r"(?P<name>\w+) \((?P<type>\w+)\): (?P<description>.+)")


@dataclass(frozen=True)
class Parameter:
    """A parameter: its variable name, type (text, integer, decimal, date or thing), meaning and default as SPARQL."""

    name: str
    type: str
    description: str
    default: str


@dataclass(frozen=True)
class Question:
    """A question: ``name`` is its file's name without ending; ``sparql`` is the whole file."""

    name: str
    title: str
    summary: str
    keywords: tuple[str, ...]
    graph: str
    parameters: tuple[Parameter, ...]
    sparql: str
    path: Path


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"VALUES \?{re.escape(name)} \{{([^{{}}]*)\}}")


def read_question(path: Path) -> Question:
    """Read one question file. Raises ProblemsFound that names file, line and rule."""
    problems: list[Problem] = []
    file = f"queries/{path.parent.name}/{path.name}"

    def report(line: int, rule: str, value: str, fix: str) -> None:
        problems.append(Problem(file, line, "", rule, value, fix))

    text = path.read_text(encoding="utf-8")
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.startswith("#+"):
            break
        match = _HEAD.fullmatch(line)
        if match is None or match[1] not in _FIELDS:
            report(number, "unknown front matter", line, f"write `#+ field: value` with a field of {', '.join(_FIELDS)}")
        elif match[1] == "param":
            parts = _PARAM.fullmatch(match[2])
            if parts is None or parts["type"] not in _TYPES:
                report(number, "unreadable parameter", match[2], f"write `name (type): meaning` with a type of {', '.join(_TYPES)}")
                continue
            found = _block(parts["name"]).findall(text)
            if len(found) != 1:
                fix = f"write `VALUES ?{parts['name']} {{ default }}` exactly once in the query"
                report(number, "parameter without default", parts["name"], fix)
            parameters.append(Parameter(parts["name"], parts["type"], parts["description"], (found or [""])[0].strip()))
        else:
            fields[match[1]] = match[2].strip()
    for name in _FIELDS[:4]:
        if not fields.get(name):
            report(1, "missing front matter", name, f"add `#+ {name}: …` at the top")
    keywords = tuple(filter(None, (word.strip() for word in fields.get("keywords", "").split(","))))
    for word in keywords:
        if word not in KEYWORDS:
            report(1, "unknown keyword", word, suggest(word, KEYWORDS))
    if fields.get("graph", _GRAPHS[0]) not in _GRAPHS:
        report(1, "unknown graph", fields["graph"], suggest(fields["graph"], _GRAPHS))
    if not fields.get("title", "?").endswith("?"):
        report(1, "title is not a question", fields["title"], "end it with a question mark")
    if problems:
        raise ProblemsFound(problems)
    return Question(
        path.stem, fields["title"], fields["summary"], keywords, fields["graph"], tuple(parameters), text, path
    )


def read_questions(root: Path | None = None) -> dict[str, Question]:
    """All questions by name. Raises ProblemsFound with the problems of all files."""
    found: dict[str, Question] = {}
    problems: list[Problem] = []
    for path in sorted((root or folder("queries") / "questions").glob("*.rq")):
        try:
            found[path.stem] = read_question(path)
        except ProblemsFound as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemsFound(problems)
    return found


def find_question(name: str, root: Path | None = None) -> Question:
    """The question of this name. Raises UsageError that offers the nearest names."""
    root = root or folder("queries") / "questions"
    path = root / f"{name}.rq"
    if not re.fullmatch(r"\w+", name) or not path.is_file():
        known = [p.stem for p in root.glob("*.rq")]
        raise UsageError(f"there is no question {name!r}; {suggest(name, known)}; `mesokg query --list` shows all")
    return read_question(path)


# ---------------------------------------------------------------- parameters


def _term(text: str, parameter: Parameter, store: Store) -> NamedNode | Literal:
    from pyoxigraph import Literal, NamedNode

    from mesokg.cells import CellError, read_moment

    if parameter.type == "text":
        return Literal(text)
    if parameter.type == "thing":
        return _thing(text, parameter, store)
    if parameter.type == "date":
        try:
            return read_moment(text).literal
        except CellError as error:
            raise UsageError(f"parameter {parameter.name}: {text!r} is not a date; {error}") from error
    pattern = r"[+-]?\d{1,18}" if parameter.type == "integer" else r"[+-]?\d{1,18}(\.\d{1,18})?"
    if not re.fullmatch(pattern, text):
        raise UsageError(f"parameter {parameter.name}: {text!r} is not a number of type {parameter.type}")
    return Literal(text, datatype=NamedNode(PREFIXES["xsd"] + parameter.type))


@lru_cache(maxsize=1)
def _by_name_query() -> str:
    return """
        SELECT DISTINCT ?thing ?name WHERE {
          VALUES ?wanted { %s }
          VALUES ?naming { rdfs:label skos:altLabel mesokg:symbol mesokg:acronym mesokg:registryIdentifier skos:notation }
          ?thing ?naming ?name .
          FILTER(LCASE(STR(?name)) = LCASE(?wanted))
          FILTER(ISIRI(?thing))
        } ORDER BY ?thing"""


def _thing(text: str, parameter: Parameter, store: Store) -> NamedNode:
    from pyoxigraph import Literal, NamedNode

    if text.startswith(("http://", "https://")):
        try:
            return NamedNode(text)
        except ValueError as error:
            raise UsageError(f"parameter {parameter.name}: {text!r} is not an IRI") from error
    if is_curie(text) and text.partition(":")[0] in PREFIXES:
        return NamedNode(expand(text))
    things = sorted({row[0].value for row in store.query(_by_name_query() % Literal(text))})  # type: ignore[union-attr]
    if len(things) == 1:
        return NamedNode(things[0])
    if not things:
        raise UsageError(f"parameter {parameter.name}: nothing is called {text!r}; give an id, a label or a symbol")
    raise UsageError(f"parameter {parameter.name}: {text!r} names {len(things)} things: {', '.join(things[:6])}; give the id")


def bind(question: Question, values: Mapping[str, str], store: Store) -> Question:
    """The question with other values for its parameters, each put in as an RDF term, never as text.

    Raises UsageError for a parameter the question does not have, or a value that does not fit its type.
    """
    known = {parameter.name: parameter for parameter in question.parameters}
    sparql = question.sparql
    for name, text in values.items():
        if name not in known:
            what = suggest(name, known) if known else "it has no parameters"
            raise UsageError(f"the question {question.name} has no parameter {name!r}; {what}")
        # str() of a term is its N-Triples form, in which every quote and line end is escaped
        block = f"VALUES ?{name} {{ {_term(text, known[name], store)} }}"
        sparql = _block(name).sub(lambda match, block=block: block, sparql)  # type: ignore[misc]
    return replace(question, sparql=sparql)


def ask(question: Question, store: Store, values: Mapping[str, str] | None = None) -> Answer:
    """Ask the question. Raises UsageError or QueryError that names the question."""
    bound = bind(question, values or {}, store)
    try:
        return store.query(bound.sparql)
    except QueryError as error:
        raise QueryError(f"{question.path.name}: {error}") from error
