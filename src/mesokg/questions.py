"""The query library: one question per file, with its words, parameters and keywords in front matter.

A question file is plain SPARQL that runs anywhere as it stands, over the union of the graphs or over one merged graph.
A parameter has a ``VALUES ?name { default }`` block in the query (or several with the same default, where a subquery
needs it too); asking with another value puts that value, as a term, in the place of the default. Front matter::

    #+ title: Which therapies target a gene or its product?
    #+ summary: One row per therapy ...
    #+ keywords: therapy, target
    #+ graph: inferred
    #+ expects: tests/questions/expected/which_therapies_target_gene.tsv
    #+ param: target (thing): a gene or antigen
    #+ complete: target: ?therapy mesokg:targets ?value

``graph`` is the deepest graph the answer draws on: ``facts``, ``inferred`` or ``evidence``. ``complete`` is a graph
pattern that binds ``?value`` to what a shell may offer for the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
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

__all__ = [
    "KEYWORDS",
    "Parameter",
    "Question",
    "ask",
    "bind",
    "complete_question",
    "complete_setting",
    "evidence_behind",
    "find_question",
    "lint_question",
    "read_question",
    "read_questions",
]

KEYWORDS = (
    "antigen", "arm", "biology", "claim", "combination", "component", "construct", "country", "date", "disease",
    "disagreement", "dose", "evidence", "experiment", "gene", "immunity", "lineage", "mechanism", "outcome", "payload",
    "publication", "registry", "route", "safety", "sponsor", "target", "therapy", "trial", "vector",
)
"""The controlled list of keywords."""

_FIELDS = ("title", "summary", "keywords", "graph", "expects", "param", "complete")
_REQUIRED = _FIELDS[:5]
_GRAPHS = ("facts", "inferred", "evidence")
_TYPES = ("text", "integer", "decimal", "date", "thing")
_HEAD = re.compile(r"#\+ (\w+): ?(.*)")
_PARAM = re.compile(r"(?P<name>\w+) \((?P<type>\w+)\): (?P<description>.+)")
_COMPLETE = re.compile(r"(?P<name>\w+): (?P<pattern>.*\?value\b.*)")


@dataclass(frozen=True)
class Parameter:
    """A parameter: its variable name, type (text, integer, decimal, date or thing), meaning and default as SPARQL.

    ``completion`` is a graph pattern that binds ``?value`` to what may be offered; empty where nothing can be.
    """

    name: str
    type: str
    description: str
    default: str
    completion: str = ""


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
    expects: str = ""


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"VALUES \?{re.escape(name)} \{{([^{{}}]*)\}}")


def read_question(path: Path) -> Question:
    """Read one question file. Raises ProblemsFound that names file, line and rule."""
    problems: list[Problem] = []
    file = f"queries/{path.parent.name}/{path.name}"

    def report(line: int, rule: str, value: str, fix: str) -> None:
        problems.append(Problem(file, line, "", rule, value, fix))

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        report(error.object[: error.start].count(b"\n") + 1, "not UTF-8", "", "save the file as UTF-8")
        raise ProblemsFound(problems) from error
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    completions: dict[str, str] = {}
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
            found = {block.strip() for block in _block(parts["name"]).findall(text)}
            if len(found) != 1:
                fix = f"write `VALUES ?{parts['name']} {{ default }}` in the query, with one default"
                report(number, "parameter without one default", parts["name"], fix)
            if any(parameter.name == parts["name"] for parameter in parameters):
                report(number, "parameter declared twice", parts["name"], "keep one of the lines")
            parameters.append(Parameter(parts["name"], parts["type"], parts["description"], min(found, default="")))
        elif match[1] == "complete":
            parts = _COMPLETE.fullmatch(match[2])
            if parts is None or not any(parameter.name == parts["name"] for parameter in parameters):
                fix = "write `name: pattern` after the parameter of that name, with a pattern that binds ?value"
                report(number, "unreadable completion", match[2], fix)
                continue
            completions[parts["name"]] = parts["pattern"]
        elif match[1] in fields:
            report(number, "front matter given twice", match[1], "keep one of the lines")
        else:
            fields[match[1]] = match[2].strip()
    for name in _REQUIRED:
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
    completed = (replace(one, completion=completions.get(one.name, "")) for one in parameters)
    return Question(
        path.stem, fields["title"], fields["summary"], keywords, fields["graph"], tuple(completed), text, path, fields["expects"]
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
    # a registry number names the record, and the trial that it is of
    return """
        SELECT DISTINCT ?thing ?trial WHERE {
          VALUES ?wanted { %s }
          VALUES ?naming { rdfs:label skos:altLabel mesokg:symbol mesokg:acronym mesokg:registryIdentifier skos:notation }
          ?thing ?naming ?name .
          FILTER(LCASE(STR(?name)) = LCASE(?wanted))
          FILTER(ISIRI(?thing))
          OPTIONAL { ?thing mesokg:registryIdentifier ?name ; mesokg:recordOf ?trial }
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
    trial_of = {thing.value: trial.value if trial else "" for thing, trial in store.query(_by_name_query() % Literal(text))}  # type: ignore[union-attr]
    things = sorted({*trial_of, *filter(None, trial_of.values())})
    if len(things) > 1 and parameter.completion:
        # one name may stand for a gene and its product, or a trial and its record: the question says which of them it asks for
        meant = {row[0].value for row in store.query(f"SELECT DISTINCT ?value WHERE {{ {parameter.completion} }}")}  # type: ignore[union-attr]
        things = [thing for thing in things if thing in meant] or things
    if len(things) > 1:
        things = [thing for thing in things if trial_of.get(thing, "") not in things]
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


# ---------------------------------------------------------------- completion


def complete_question(incomplete: str, root: Path | None = None) -> list[str]:
    """The names of questions that begin so; files are listed, not read."""
    root = root or folder("queries") / "questions"
    return sorted(path.stem for path in root.glob("*.rq") if path.stem.startswith(incomplete))


def complete_setting(
    question: Question, incomplete: str, store: Store | None = None, *, limit: int = 200
) -> list[tuple[str, str]]:
    """What may follow ``--set``, each with its meaning: ``NAME=`` first, then ``NAME=VALUE`` from the graph.

    Values are matched by symbol, id or label, ignoring case, and offered in the form that was begun: an id where an id
    was begun, else the symbol where there is one. Without a store only names are offered.
    """
    name, sign, begun = incomplete.partition("=")
    if not sign:
        return [(f"{one.name}=", one.description) for one in question.parameters if one.name.startswith(name)]
    parameter = next((one for one in question.parameters if one.name == name), None)
    if parameter is None or not parameter.completion or store is None:
        return []
    from mesokg.answers import plain

    query = f"""SELECT DISTINCT ?value ?symbol ?label WHERE {{
        {{ SELECT DISTINCT ?value WHERE {{ {parameter.completion} }} }}
        OPTIONAL {{ ?value mesokg:symbol ?symbol }}
        OPTIONAL {{ ?value rdfs:label ?label }}
    }} ORDER BY ?value ?symbol ?label"""
    offered: dict[str, str] = {}
    wanted = begun.casefold()
    for value, symbol, label in store.query(query):
        short, thing, words = plain(symbol), plain(value), plain(label)
        if (short or thing).casefold().startswith(wanted):
            offered.setdefault(f"{name}={short or thing}", words)
        elif thing.casefold().startswith(wanted):
            offered.setdefault(f"{name}={thing}", words)
        elif words.casefold().startswith(wanted):
            offered.setdefault(f"{name}={short or thing}", words)
    return list(offered.items())[:limit]


# ---------------------------------------------------------------- the evidence behind a row

_BEHIND = """
SELECT DISTINCT ?subject ?predicate ?object ?source ?sourceLabel ?locator ?level ?negated WHERE {
  VALUES ?subject { %s }
  ?assertion mesokg:subject ?subject ; mesokg:predicate ?predicate ; mesokg:object ?object ; mesokg:source ?source ;
             mesokg:locator ?locator ; mesokg:negated ?negated ; mesokg:evidenceLevel/skos:notation ?level .
  OPTIONAL { ?source rdfs:label ?sourceLabel }
  OPTIONAL { ?object skos:notation ?notation }
  FILTER(?object IN (%s) || ?notation IN (%s))
} ORDER BY ?subject ?predicate STR(?object) ?source ?locator"""


_JOINED = """
SELECT DISTINCT ?subject ?predicate ?object WHERE {
  VALUES ?subject { %s }
  VALUES ?object { %s }
  ?subject ?predicate ?object .
  FILTER(?subject != ?object)
  FILTER NOT EXISTS { ?narrower rdfs:subPropertyOf ?predicate . ?subject ?narrower ?object . FILTER(?narrower != ?predicate) }
} ORDER BY ?predicate ?subject ?object"""

_LABELS = "SELECT DISTINCT ?label WHERE { VALUES ?thing { %s } ?thing rdfs:label ?label }"


def evidence_behind(row: Iterable[object], store: Store) -> Answer:
    """The assertions that join two cells of a row: one row each, with source, place and evidence level.

    ``row`` holds terms as an :class:`~mesokg.store.Answer` gives them. Two things that no assertion joins but a triple
    does have a row without a source, with the label ``inferred``: ``mesokg explain`` shows its premises.
    """
    from pyoxigraph import Literal

    from mesokg.store import Answer

    variables = ("subject", "predicate", "object", "source", "sourceLabel", "locator", "level", "negated")
    terms = list(dict.fromkeys(str(term) for term in row if term is not None))
    things = [term for term in terms if term.startswith("<")]
    if not things:
        return Answer("bindings", variables)
    # a thing stands beside its label, which says nothing where it happens to be a value of another thing
    named = {str(label) for (label,) in store.query(_LABELS % " ".join(things))}
    terms = [term for term in terms if term not in named]
    texts = [term for term in terms if term.startswith('"') and "^^" not in term] or ['""']
    stated = store.query(_BEHIND % (" ".join(things), ", ".join(terms), ", ".join(texts)))
    joined = {frozenset((str(found[0]), str(found[2]))) for found in stated}
    rows = list(stated.rows)
    for subject, predicate, value in store.query(_JOINED % (" ".join(things), " ".join(things))):
        pair = frozenset((str(subject), str(value)))
        if pair not in joined:
            joined.add(pair)
            rows.append((subject, predicate, value, None, Literal("inferred"), Literal("mesokg explain"), Literal("shows its premises"), Literal(False)))
    return Answer("bindings", variables, tuple(rows))


# ---------------------------------------------------------------- the linter

_STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"|<[^<>\s]*>|#[^\n]*')
_PREFIX = re.compile(r"^PREFIX (\w+): <([^<>\s]+)>$", re.MULTILINE)
_USED = re.compile(r"(?<![\w?:])([A-Za-z]\w*):([A-Za-z0-9_][\w.-]*)?")
_REFUSED = ("GRAPH", "FROM", "SERVICE", "LIMIT", "OFFSET", "NOW", "RAND", "UUID", "STRUUID", "BNODE", "SAMPLE", "LATERAL", "REDUCED")


def lint_question(question: Question, terms: Container[str] | None = None) -> list[Problem]:
    """What the style guide asks of a question and the file breaks. ``terms`` holds the local names of the ontology.

    Checked: one SELECT without features of one engine, prefixes declared as everywhere and all used, no unknown term of
    ours, variables named in words, a name beside each thing, a whole ordering, and expected rows where they belong.
    """
    file = f"queries/{question.path.parent.name}/{question.path.name}"
    problems: list[Problem] = []

    def report(rule: str, value: str, fix: str) -> None:
        line = next((n for n, text in enumerate(question.sparql.split("\n"), 1) if value and value in text), 1)
        problems.append(Problem(file, line, "", rule, value, fix))

    bare = _STRINGS.sub(" ", question.sparql)
    declared = dict(_PREFIX.findall(question.sparql))
    body = re.sub(r"^PREFIX .*$", "", bare, flags=re.MULTILINE)
    for prefix, iri in declared.items():
        if PREFIXES.get(prefix) != iri:
            report("prefix not as everywhere", prefix, f"write PREFIX {prefix}: <{PREFIXES.get(prefix, '…')}>")
        if not re.search(rf"(?<![\w?:]){prefix}:", body):
            report("prefix not used", prefix, "take the line out")
    for prefix, local in sorted(set(_USED.findall(body))):
        if prefix not in declared:
            report("prefix not declared", prefix, "declare it in a line of its own, as PREFIX name: <iri>")
        elif prefix == "mesokg" and terms is not None and local not in terms:
            report("unknown term", f"mesokg:{local}", suggest(local, terms) if isinstance(terms, (set, frozenset)) else "check the ontology")
    for word in _REFUSED:
        if re.search(rf"(?<![\w?:$]){word}\b", body, re.IGNORECASE):
            report("engine specific or unstable", word, "ask without it: answers must be whole and the same everywhere")
    head = re.search(r"SELECT\s+(?:DISTINCT\s+)?((?:\?\w+\s+)+)WHERE", body)
    if head is None or body.lstrip()[:6] != "SELECT":
        report("not a SELECT of named variables", "SELECT", "begin with SELECT, name each column, and write WHERE")
        return problems
    columns = re.findall(r"\?(\w+)", head[1])
    for column in columns:
        if not re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)*", column) or len(column) < 3:
            report("variable not in words", f"?{column}", "use a domain word in camelCase")
    order = re.search(r"\}\s*ORDER BY\s+([^{}]+)$", body)
    if order is None:
        report("not ordered", "", "end with ORDER BY, so that answers compare")
    for label in (column for column in columns if column.endswith("Label")):
        if label.removesuffix("Label") not in columns:
            report("label without its thing", f"?{label}", f"add ?{label.removesuffix('Label')} before it")
    if question.expects != f"tests/questions/expected/{question.name}.tsv":
        report("expected rows elsewhere", question.expects, f"write tests/questions/expected/{question.name}.tsv")
    return problems
