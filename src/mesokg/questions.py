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

``graph`` is the deepest graph the answer draws on: ``facts``, ``inferred`` or ``evidence``. With the last,
``statements: named`` says that the query names every property whose assertions it asks for, and ``statements: source = paper``
that it asks for those alone whose ``mesokg:source`` is the value of the parameter ``paper``, so that the command loads no
others. ``complete`` is a graph pattern that binds ``?value`` to what a shell may offer for the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem, ProblemsFound, QueryError, UsageError, suggest
from mesokg.explain_rows import evidence_behind
from mesokg.gate import blank_quoted
from mesokg.identifiers import PREFIXES, compact, expand, is_curie, term
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
    "located",
    "read_question",
    "read_questions",
    "unknown_terms",
]

KEYWORDS = (
    "antigen", "arm", "biology", "claim", "combination", "component", "construct", "country", "date", "disease",
    "disagreement", "dose", "evidence", "experiment", "gene", "immunity", "lineage", "mechanism", "outcome", "payload",
    "publication", "registry", "route", "safety", "sponsor", "target", "therapy", "trial", "vector",
)
"""The controlled list of keywords."""

_FIELDS = ("title", "summary", "keywords", "graph", "expects", "statements", "param", "complete")
_REQUIRED = _FIELDS[:5]
_GRAPHS = ("facts", "inferred", "evidence")
_STATEMENTS = ("any", "named")
_ONLY = re.compile(r"(\w+) = (\w+)")
_TYPES = ("text", "integer", "decimal", "date", "thing")
_HEAD = re.compile(r"#\+ (\w+): ?(.*)")
_PARAM = re.compile(r"(?P<name>\w+) \((?P<type>\w+)\): (?P<description>.+)")
_ONE_THING = re.compile(r"<[^<>\s]+>|\w+:[^\s<>]+")
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
    """A question: ``name`` is its file's name without ending; ``sparql`` is the whole file.

    ``named``: of assertions it asks for those alone whose property it names. ``only``, a property of assertions by its
    name and a parameter: for those alone that have the parameter's value there.
    """

    name: str
    title: str
    summary: str
    keywords: tuple[str, ...]
    graph: str
    parameters: tuple[Parameter, ...]
    sparql: str
    path: Path
    expects: str = ""
    named: bool = False
    only: tuple[str, str] | None = None

    @property
    def chosen(self) -> tuple[str, str] | None:
        """The IRIs of the property and of the value that it has in every assertion asked for."""
        if self.only is None:
            return None
        value = next(self.sparql[start:end].strip() for _, start, end in _blocks(self.sparql, self.only[1:]))
        return term(self.only[0]), value[1:-1] if value.startswith("<") else expand(value)

    @property
    def choices(self) -> str:
        """Patterns with every property of assertions that is asked of when parameters get their values."""
        return "\n".join(one.completion for one in self.parameters)

    @property
    def place(self) -> str:
        """The file as messages name it."""
        return _place(self.path)


_BLOCK = re.compile(r"VALUES \?(\w+) \{([^{}]*)\}")


def _blocks(sparql: str, names: Container[str]) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of what stands in the VALUES blocks of these variables; quoted text and comments hold none."""
    for block in _BLOCK.finditer(blank_quoted(sparql)):
        if block[1] in names:
            yield block[1], block.start(2), block.end(2)


def _place(path: Path) -> str:
    """A question file as it is named in messages: in the library from its folder on, else as it was given."""
    library = folder("queries")
    return f"{library.name}/{path.relative_to(library).as_posix()}" if path.is_relative_to(library) else str(path)


def read_question(path: Path) -> Question:
    """Read one question file. Raises ProblemsFound that names file, line and rule."""
    problems: list[Problem] = []
    file = _place(path)

    def report(line: int, rule: str, value: str, fix: str) -> None:
        problems.append(Problem(file, line, "", rule, value, fix))

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        report(error.object[: error.start].count(b"\n") + 1, "not UTF-8", "", "save the file as UTF-8")
        raise ProblemsFound(problems) from error
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
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
            found = {text[start:end].strip() for _, start, end in _blocks(text, {parts["name"]})}
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
            fields[match[1]], lines[match[1]] = match[2].strip(), number
    for name in _REQUIRED:
        if not fields.get(name):
            report(lines.get(name, 1), "missing front matter", name, f"add `#+ {name}: …` at the top")
    keywords = tuple(filter(None, (word.strip() for word in fields.get("keywords", "").split(","))))
    for word in keywords:
        if word not in KEYWORDS:
            report(lines["keywords"], "unknown keyword", word, suggest(word, KEYWORDS))
    if fields.get("graph", _GRAPHS[0]) not in _GRAPHS:
        report(lines["graph"], "unknown graph", fields["graph"], suggest(fields["graph"], _GRAPHS))
    statements = fields.get("statements", _STATEMENTS[0])
    only = _ONLY.fullmatch(statements)
    if only:
        if not any(one.name == only[2] and one.type == "thing" and _ONE_THING.fullmatch(one.default) for one in parameters):
            report(lines["statements"], "statements of no thing", statements, f"write `#+ param: {only[2]} (thing): …`, with one thing as the default")
    elif statements not in _STATEMENTS:
        report(lines["statements"], "unknown statements", statements, f"write {', '.join(_STATEMENTS)}, or `property = parameter`, as `source = paper`")
    if statements != _STATEMENTS[0] and fields.get("graph") in _GRAPHS[:-1]:
        report(lines["statements"], "no statements asked for", f"graph: {fields['graph']}", "leave the line out, or write `graph: evidence`")
    if not fields.get("title", "?").endswith("?"):
        report(lines["title"], "title is not a question", fields["title"], "end it with a question mark")
    if problems:
        raise ProblemsFound(problems)
    completed = [replace(one, completion=completions.get(one.name, "")) for one in parameters]
    return Question(
        path.stem,
        fields["title"],
        fields["summary"],
        keywords,
        fields["graph"],
        tuple(completed),
        text,
        path,
        fields["expects"],
        statements == "named",
        (only[1], only[2]) if only else None,
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


_COMMON = frozenset(
    ["a", "and", "are", "at", "be", "by", "did", "do", "does", "for", "from", "has", "have", "how", "in", "is", "it", "of", "on", "or", "that", "the", "their", "they",
     "to", "was", "were", "what", "where", "which", "who", "why", "with"]
)  # fmt: skip
"""Words by which no question is known."""


def _nearest(name: str, known: Iterable[str]) -> str:
    """A clause that names the questions most like this name: those that begin so, are spelt so, or have its words."""
    from difflib import get_close_matches

    names = sorted(known)
    asked = re.sub(r"\W+", "_", name.casefold()).strip("_")
    words = [word for word in asked.split("_") if len(word) > 2 and word not in _COMMON]
    near = [one for one in names if len(asked) > 2 and one.startswith(asked)] if words or asked in _COMMON else []
    near += get_close_matches(asked, names, n=3, cutoff=0.6)
    if words:
        parts = {one: [part for part in one.split("_") if part not in _COMMON] for one in names}
        most = 0
        for alike in (0.8, 0.7):  # one wrong letter of five; where nothing is so near, one of four
            shared = {one: sum(any(part.startswith(word) or get_close_matches(word, [part], cutoff=alike) for part in parts[one]) for word in words) for one in names}
            most = max(shared.values(), default=0)
            if most or near:
                break
        # a name that shares all the words comes before one that is spelt alike
        near = ([one for one in near if shared[one] == most] + [one for one in names if shared[one] == most] + near) if most else near
    near = list(dict.fromkeys(near))
    if not near:
        return "no name is like it"
    return f"did you mean {', '.join(near[:3])}{', …' if len(near) > 3 else ''}?"


_LONGEST = 100
"""Characters of an unknown name that are repeated; no name is so long."""


def find_question(name: str, root: Path | None = None) -> Question:
    """The question of this name. Raises UsageError that offers the nearest names."""
    known = {path.stem: path for path in (root or folder("queries") / "questions").glob("*.rq")}
    if not name.strip():
        raise UsageError("there is no question without a name; `mesokg query --list` shows all")
    if name not in known:
        name = name if len(name) <= _LONGEST else name[:_LONGEST] + "…"
        raise UsageError(f"there is no question {name!r}; {_nearest(name, known)}; `mesokg query --list` shows all")
    return read_question(known[name])


# ---------------------------------------------------------------- parameters


def _term(text: str, parameter: Parameter, store: Store, warn: Callable[[str], None]) -> NamedNode | Literal:
    from pyoxigraph import Literal, NamedNode

    from mesokg.cells import CellError, read_moment

    if parameter.type == "text":
        found = Literal(text)
        if _meant([found], parameter, store) == []:
            warn(f"parameter {parameter.name}: {text!r} {_unfit(text, parameter, store)}")
        return found
    if parameter.type == "thing":
        return _thing(text, parameter, store, warn)
    if parameter.type == "date":
        try:
            return read_moment(text).literal
        except CellError as error:
            raise UsageError(f"parameter {parameter.name}: {text!r} is not a date; {error}") from error
    pattern = r"[+-]?\d{1,18}" if parameter.type == "integer" else r"[+-]?\d{1,18}(\.\d{1,18})?"
    if not re.fullmatch(pattern, text):
        raise UsageError(f"parameter {parameter.name}: {text!r} is not a number of type {parameter.type}")
    return Literal(text, datatype=NamedNode(PREFIXES["xsd"] + parameter.type))


# a registry number names the record, and the trial that it is of
_BY_NAME = """
        SELECT DISTINCT ?thing ?trial WHERE {
          VALUES ?wanted { %s }
          VALUES ?naming { rdfs:label skos:altLabel mesokg:symbol mesokg:acronym mesokg:registryIdentifier skos:notation }
          ?thing ?naming ?name .
          FILTER(LCASE(STR(?name)) = LCASE(?wanted))
          FILTER(ISIRI(?thing))
          OPTIONAL { ?thing mesokg:registryIdentifier ?name ; mesokg:recordOf ?trial }
        } ORDER BY ?thing"""

_BY_NUMBER = """
        SELECT DISTINCT ?thing WHERE {
          { VALUES ?number { %s } ?thing mesokg:pmid ?number }
          UNION { ?thing mesokg:doi ?doi FILTER(LCASE(?doi) = LCASE(%s)) }
        } ORDER BY ?thing"""

_PUBLISHED = re.compile(r"(?:pmid:\s*|https?://pubmed\.ncbi\.nlm\.nih\.gov/)?(?P<pmid>\d{1,9})/?|(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(?P<doi>10\.\d{4,9}/\S+)", re.IGNORECASE)
"""A PubMed number or DOI, alone, with its prefix, or as an address."""


def _thing(text: str, parameter: Parameter, store: Store, warn: Callable[[str], None]) -> NamedNode:
    from pyoxigraph import Literal, NamedNode

    found: list[str] = []
    if published := _PUBLISHED.fullmatch(text.strip()):
        numbers = Literal(published["pmid"] or ""), Literal(published["doi"] or "")
        found = [thing.value for (thing,) in store.query(_BY_NUMBER % numbers)]  # type: ignore[union-attr]
    if not found and text.startswith(("http://", "https://")):
        try:
            found = [NamedNode(text).value]
        except ValueError as error:
            raise UsageError(f"parameter {parameter.name}: {text!r} is not an IRI") from error
    elif not found and is_curie(text) and text.partition(":")[0] in PREFIXES:
        found = [expand(text)]
    trial_of: dict[str, str] = {}
    if not found:
        trial_of = {thing.value: trial.value if trial else "" for thing, trial in store.query(_BY_NAME % Literal(text))}  # type: ignore[union-attr]
        found = sorted({*trial_of, *filter(None, trial_of.values())})
    if not found:
        near = _near(text, parameter, store) if parameter.completion else []
        hint = f"did you mean {', '.join(near)}?" if near else "give an id, a label or a symbol"
        raise UsageError(f"parameter {parameter.name}: nothing is called {text!r}; {hint}")
    # one name may stand for a gene and its product, or a trial and its record: the question says which of them it asks for
    meant = _meant([NamedNode(thing) for thing in found], parameter, store)
    things = sorted(thing.value for thing in meant) if meant is not None else found  # type: ignore[union-attr]
    if not things:
        refused = f"parameter {parameter.name}: {_refused(text, found[0], parameter, store)}"
        things = _alike(found, parameter, store)
        if not things:
            raise UsageError(refused)
        # of the right kind, only without anything to tell: some questions have a row that says so
        warn(refused)
    if len(things) > 1:
        things = [thing for thing in things if trial_of.get(thing, "") not in things]
    if len(things) == 1:
        return NamedNode(things[0])
    raise UsageError(f"parameter {parameter.name}: {text!r} names {len(things)} things: {', '.join(things[:6])}; give the id")


def _meant(terms: list[NamedNode] | list[Literal], parameter: Parameter, store: Store) -> list[object] | None:
    """Those of these terms that the question may be asked for; None where nothing tells, in a graph without any."""
    if not parameter.completion:
        return None
    listed = " ".join(map(str, terms))
    # bound outside, so that the whole list is never made
    kept = [value for (value,) in store.query(f"SELECT DISTINCT ?value WHERE {{ VALUES ?value {{ {listed} }} {parameter.completion} }}")]
    if kept or store.query(f"ASK {{ {parameter.completion} }}").truth:
        return kept  # type: ignore[return-value]
    return None


def _alike(things: list[str], parameter: Parameter, store: Store) -> list[str]:
    """Those of these things that have a class of ours in common with a value that the question can be asked for."""
    listed = " ".join(f"<{thing}>" for thing in things)
    classes = store.query(f"SELECT DISTINCT ?class WHERE {{ VALUES ?thing {{ {listed} }} ?thing a ?class FILTER(?class NOT IN (owl:Thing, owl:NamedIndividual)) }}")
    wanted = " ".join(str(kind) for (kind,) in classes if type(kind).__name__ == "NamedNode")
    shared = store.query(f"SELECT DISTINCT ?class WHERE {{ VALUES ?class {{ {wanted} }} {{ SELECT DISTINCT ?value WHERE {{ {parameter.completion} }} }} ?value a ?class }}") if wanted else ()
    kinds = " ".join(str(kind) for (kind,) in shared)
    return [thing.value for (thing,) in store.query(f"SELECT DISTINCT ?thing WHERE {{ VALUES ?thing {{ {listed} }} VALUES ?class {{ {kinds} }} ?thing a ?class }}")] if kinds else []  # type: ignore[union-attr]


def _refused(text: str, iri: str, parameter: Parameter, store: Store) -> str:
    """Why a thing is refused, with the nearest of those that the question can be asked for."""
    known = store.query(f"SELECT ?label ?kind WHERE {{ OPTIONAL {{ <{iri}> rdfs:label ?label }} OPTIONAL {{ <{iri}> a ?class . ?class rdfs:label ?kind }} }} ORDER BY ?label STRLEN(?kind) ?kind")
    label, kind = ((one.value if one is not None else "") for one in known.rows[0])  # type: ignore[union-attr]
    name = compact(iri)
    words = ", ".join(dict.fromkeys(word for word in (name, label, kind) if word and word != text)) if label or kind else ""
    what = f"{text!r}{f' ({words})' if words else ' is not in this graph, and'}"
    # ids of digits alone are near to one another without meaning anything
    near = name if text == iri else text
    return f"{what} {_unfit(label if re.search(r':[0-9]+$', near) else near, parameter, store)}"


def _unfit(text: str, parameter: Parameter, store: Store) -> str:
    near = _near(text, parameter, store)
    if near:
        hint = f"did you mean {', '.join(near)}?"
    else:
        values = list(dict.fromkeys(value for value, _ in _offers(parameter, store)))
        hint = f"there are {', '.join(values[:6])}{', …' if len(values) > 6 else ''}"
    return f"is none of the values that this question has an answer for ({parameter.description}); {hint}"


def _near(text: str, parameter: Parameter, store: Store) -> list[str]:
    from difflib import get_close_matches

    names = {name: value for value, name in _offers(parameter, store)}
    near = get_close_matches(text, names, n=3, cutoff=0.6) or get_close_matches(text.casefold(), names, n=3, cutoff=0.6)
    return list(dict.fromkeys(names[one] for one in near))


def _offers(parameter: Parameter, store: Store) -> Iterator[tuple[str, str]]:
    """What may be given for a parameter, and each name that it goes by."""
    for short, thing, words in _completions(parameter, store):
        for name in filter(None, (short, thing, words)):
            yield short or thing, name
            yield short or thing, name.casefold()


def _warn(text: str) -> None:
    """Warn at the line outside of this package that asked."""
    import sys
    import warnings

    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "mesokg":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def _is_text(value: str) -> bool:
    return not any(0xD800 <= ord(character) < 0xE000 for character in value)


def bind(question: Question, values: Mapping[str, object], store: Store, warn: Callable[[str], None] = lambda text: None) -> Question:
    """The question with other values for its parameters, each put in as an RDF term, never as text.

    Raises UsageError for a parameter the question does not have, a value that does not fit its type, and a thing of
    another kind than the question can be asked for. ``warn`` is told of a text, or a thing of the right kind, of which
    the graph tells nothing.
    """
    known = {parameter.name: parameter for parameter in question.parameters}
    terms: dict[str, str] = {}
    for name, value in values.items():
        if name not in known:
            what = suggest(name, known) if known else "it has no parameters"
            raise UsageError(f"the question {question.name} has no parameter {name!r}; {what}")
        if value is None:
            raise UsageError(f"parameter {name}: None is no value; leave the parameter out to ask with its default, {known[name].default}")
        if not _is_text(str(value)):
            raise UsageError(f"parameter {name}: {str(value)!r} holds a character that is not text; write it in UTF-8")
        # str() of a term is its N-Triples form, in which every quote and line end is escaped
        terms[name] = str(_term(str(value), known[name], store, warn))
    # all blocks are found in the text as it was written, so that no value can be taken for a part of the query
    parts, done = [], 0
    for name, start, end in _blocks(question.sparql, terms):
        # line ends stay, so that messages name the lines of the file
        parts += [question.sparql[done:start], " ", terms[name], " ", "\n" * question.sparql.count("\n", start, end)]
        done = end
    return replace(question, sparql="".join(parts) + question.sparql[done:])


def located(error: QueryError, path: Path | str) -> QueryError:
    """The complaint about a query with the file that it is in: path, line, column and the rule that it breaks.

    >>> str(located(QueryError("line 3, column 7: the query is not valid SPARQL; expected a variable"), "mine.rq"))
    'mine.rq:3:7: not valid SPARQL: expected a variable'
    """
    text, file = str(error), path if isinstance(path, str) else _place(path)
    place = re.match(r"line (\d+), column (\d+): ", text)
    if place is None:
        return QueryError(f"{file}: {text}")
    what = text[place.end() :]
    for words, rule in (("the query is not valid SPARQL; ", "not valid SPARQL"), ("the prefix ", "prefix not declared")):
        if what.startswith(words):
            return QueryError(f"{file}:{place[1]}:{place[2]}: {rule}: {what.removeprefix(words) if rule == 'not valid SPARQL' else what}")
    return QueryError(f"{file}:{place[1]}:{place[2]}: query refused: {what}")


def ask(question: Question, store: Store, values: Mapping[str, object] | None = None, warn: Callable[[str], None] = _warn) -> Answer:
    """Ask the question; where there is no row, ``warn`` is told of values of which the graph tells nothing.

    Raises UsageError for a wrong parameter, QueryError that names the question's file, line and rule.
    """
    notes: list[str] = []
    bound = bind(question, values or {}, store, notes.append)
    try:
        answer = store.query(bound.sparql)
    except QueryError as error:
        raise located(error, question.path) from error
    for note in notes if not answer.rows else ():
        warn(note)
    return answer


_CALLED = re.compile(r"(?<![\w?:])mesokg:(\w[\w-]*)")
_OURS_DECLARED = re.compile(r"\bPREFIX\s+mesokg:", re.IGNORECASE)


def unknown_terms(sparql: str, store: Store, file: str = "") -> list[Problem]:
    """The classes, properties and list values of ours that a query names and the graph's ontology does not have.

    They make no error, only an answer without rows. Empty where the store holds no ontology to compare with,
    and where the query means another vocabulary by our prefix.
    """
    bare = blank_quoted(sparql)
    declared = _OURS_DECLARED.search(bare)
    if declared and not sparql[declared.end() :].lstrip().startswith(f"<{PREFIXES['mesokg']}>"):
        return []
    used = {match[1]: match.start() for match in reversed([*_CALLED.finditer(bare)])}
    if not used:
        return []
    listed = " ".join(f"mesokg:{name}" for name in (*sorted(used), "Assertion"))
    found = store.query(f"SELECT ?term WHERE {{ VALUES ?term {{ {listed} }} FILTER NOT EXISTS {{ ?term ?way ?any }} }}")
    missing = [term.value.removeprefix(PREFIXES["mesokg"]) for (term,) in found]  # type: ignore[union-attr]
    if not missing or "Assertion" in missing:
        return []
    known = {term.value.removeprefix(PREFIXES["mesokg"]) for (term,) in store.query(f"SELECT DISTINCT ?term WHERE {{ ?term a ?kind FILTER(STRSTARTS(STR(?term), '{PREFIXES['mesokg']}')) }}")}  # type: ignore[union-attr]
    problems = []
    for name in sorted(set(missing), key=lambda name: used[name]):
        line, column = sparql.count("\n", 0, used[name]) + 1, used[name] - sparql.rfind("\n", 0, used[name])
        near = suggest(name, known)
        fix = near if near.startswith("did you mean") else "look it up in the ontology"
        problems.append(Problem(file, line, f"column {column}", "unknown term", f"mesokg:{name}", fix, "warning"))
    return problems


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
    offered: dict[str, str] = {}
    wanted = begun.casefold()
    for short, thing, words in _completions(parameter, store):
        if (short or thing).casefold().startswith(wanted):
            offered.setdefault(f"{name}={short or thing}", words)
        elif thing.casefold().startswith(wanted):
            offered.setdefault(f"{name}={thing}", words)
        elif words.casefold().startswith(wanted):
            offered.setdefault(f"{name}={short or thing}", words)
    return list(offered.items())[:limit]


def _completions(parameter: Parameter, store: Store) -> Iterator[tuple[str, str, str]]:
    """Symbol, id and label of each value that may be given for a parameter; no symbol that another value is called by too."""
    from collections import Counter

    from mesokg.answers import plain

    query = f"""SELECT DISTINCT ?value ?symbol ?label WHERE {{
        {{ SELECT DISTINCT ?value WHERE {{ {parameter.completion} }} }}
        OPTIONAL {{ ?value mesokg:symbol ?symbol }}
        OPTIONAL {{ ?value rdfs:label ?label }}
    }} ORDER BY ?value ?symbol ?label"""
    rows = [(plain(value), plain(symbol), plain(label)) for value, symbol, label in store.query(query)]
    called = Counter(name for _, name in {(value, name.casefold()) for value, *names in rows for name in names})
    for value, symbol, label in rows:
        yield symbol if called[symbol.casefold()] == 1 else "", value, label


# ---------------------------------------------------------------- the linter

_ABOUT = re.compile(r"mesokg:predicate\s+\?(\w+)")
_TOLD = re.compile(r"mesokg:(subject|predicate|object|source|negated|rank|evidenceLevel|valueStatus|evidence|locator|asOf|recordDate|checkedOn)\b")
"""What is told of assertions alone."""
_BREAK = re.compile(r"[{}]|\.(?=\s)")
_STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"|<[^<>\s]*>|#[^\n]*')
_PREFIX = re.compile(r"^PREFIX (\w+): <([^<>\s]+)>$", re.MULTILINE)
_USED = re.compile(r"(?<![\w?:])([A-Za-z]\w*):([A-Za-z0-9_][\w.-]*)?")
_REFUSED = ("GRAPH", "FROM", "SERVICE", "LIMIT", "OFFSET", "NOW", "RAND", "UUID", "STRUUID", "BNODE", "SAMPLE", "LATERAL", "REDUCED")


def lint_question(question: Question, terms: Container[str] | None = None) -> list[Problem]:
    """What the style guide asks of a question and the file breaks. ``terms`` holds the local names of the ontology.

    Checked: one SELECT without features of one engine, prefixes declared as everywhere and all used, no unknown term of
    ours, variables named in words, a name beside each thing, a whole ordering, expected rows where they belong,
    and no property left open where all are said to be named.
    """
    file = _place(question.path)
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
    for variable in sorted(set(_ABOUT.findall(body))) if question.named else ():
        if not re.search(rf"VALUES \?{variable} \{{|\?{variable} IN \(", body):
            report("property not named", f"?{variable}", f"list what it may be, as FILTER(?{variable} IN (…)), or take out `statements: named`")
    if question.only:
        name, chosen = question.only
        asked = re.search(rf"(\?\w+) mesokg:{name} \?{chosen}\b", body)
        # between full stops and brackets all is about what stands first
        if asked is None or {part.split()[0] for part in _BREAK.split(body) if _TOLD.search(part)} != {asked[1]}:
            report("statements not of one thing", f"{name} = {chosen}", f"ask of one assertion only, as `?assertion mesokg:{name} ?{chosen} ; …`, or take out `statements`")
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
