"""The commands: thin, each parses, calls one function and prints.

Exit 0 clean, 1 ran and found problems, 2 could not run. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesokg import __version__
from mesokg.errors import IdentifierError, MesokgError, ProblemsFound, QueryError, StoreError, UsageError, suggest

if TYPE_CHECKING:
    from mesokg.errors import Problem
    from mesokg.store import Answer, Store
    from mesokg.tables import Tables

__all__ = ["main"]


def _say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn our exceptions into messages and exit codes."""
    try:
        yield
    except ProblemsFound as error:
        from mesokg.report import Report, print_report

        print_report(Report.of(error), sys.stderr)
        sys.exit(1)
    except MesokgError as error:
        _say(f"mesokg: {error}")
        sys.exit(2)
    except BrokenPipeError:
        # the reader of a pipe (head, less) has seen enough
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        # such as a full disk behind standard output; what is still buffered cannot be written either
        with suppress(OSError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _say(f"mesokg: {error.filename or 'standard output'}: {error.strerror or error}")
        sys.exit(2)
    except KeyboardInterrupt:
        _say("mesokg: stopped")
        sys.exit(2)


_ELSEWHERE = {
    "discover": ("mesokg.registries.commands", "discover"),
    "export": ("mesokg.export_command", "export"),
    "refresh": ("mesokg.registries.commands", "refresh"),
    "serve": ("mesokg.server.command", "serve"),
}
"""Commands that live in modules of their own, loaded when they are used or listed."""


class _Commands(click.Group):
    """Offers the nearest commands for a misspelt one, loads some late, and handles our errors for all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *_ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            module, name = _ELSEWHERE[cmd_name]
            return getattr(import_module(module), name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            ctx.fail(f"there is no command {args[0]!r}; {suggest(args[0], known)}")
        return super().resolve_command(ctx, args)

    def main(self, *arguments: Any, **options: Any) -> Any:
        # what goes wrong outside of a command, as help for a full disk
        with _failures():
            return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _failures():
            return super().invoke(ctx)


if "_MESOKG_COMPLETE" in os.environ:
    from mesokg.completion import register

    register()


_BUILD = click.option("--build", "build_dir", type=click.Path(path_type=Path), metavar="DIR", help="The build to use; else $MESOKG_BUILD, ./build, or the user cache.")
_DATA = click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The folder of curated tables, instead of the package's own.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mesokg")
def main() -> None:
    """An open knowledge graph of gene therapy for mesothelioma."""


def _open(build_dir: Path | None, endpoint: str | None = None, **part: Any) -> Store:
    from mesokg.builds import find_build, load_build
    from mesokg.store import RemoteStore

    if endpoint:
        return RemoteStore(endpoint)
    return load_build(find_build(build_dir, say=_say), **part)


def _write(text: str, output: str) -> None:
    """Write to standard output for ``-``, else to a file, beside it first."""
    if output == "-":
        click.echo(text, nl=False)
        return
    from mesokg.beside import write_beside
    from mesokg.errors import ExportError

    path = Path(output)
    if path.exists() and not path.is_file():
        # a pipe or a device is written to, never replaced
        try:
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise ExportError(f"{path}: cannot be written: {error.strerror or error}") from error
        return
    write_beside(path, text)


# ---------------------------------------------------------------- build, validate


@main.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("build"), show_default=True, help="The folder to build into.")
@_DATA
def build(output: Path, data: Path | None) -> None:
    """Build every product from the curated tables.

    Whatever goes wrong, a build that stood there before stays as it was.
    """
    from mesokg.release import build as run
    from mesokg.release import read_receipt

    before = read_receipt(output)
    begun = time.perf_counter()
    built, receipt = run(output, data, say=_Progress())
    seconds = time.perf_counter() - begun
    old = before.counts if before else {}
    for name, number in receipt.counts.items():
        change = number - old[name] if name in old else 0
        click.echo(f"{number:>8,}  {name.replace('_', ' ')}{f'  ({change:+,})' if change else ''}")
    triples = receipt.data["triples"]
    click.echo(f"{triples['all']:>8,}  triples: " + ", ".join(f"{n:,} {k}" for k, n in triples.items() if k != "all"))  # type: ignore[index, attr-defined]
    if built.warnings:
        _say(f"{len(built.warnings)} warnings; `mesokg validate` shows them")
    stages = ", ".join(f"{name} {spent:.2f}" for name, spent in built.seconds.items())
    _say(f"built {output} in {seconds:.1f} s ({stages})")


class _Progress:
    """Says on standard error which stage is under way."""

    def __call__(self, stage: str) -> None:
        _say(f"… {stage}")


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@_DATA
@click.option("--format", "style", type=click.Choice(["table", "tsv", "json"]), default="table", show_default=True, help="How to print the problems.")
def validate(files: tuple[Path, ...], data: Path | None, style: str) -> None:
    """Check the curated tables and the graph they make, or any RDF FILES.

    Ends with 1 where it finds an error; warnings alone end with 0.
    """
    from mesokg.report import Report, print_report, report_as_json, report_as_tsv

    report = Report()
    if files:
        from mesokg.validation import validate_file

        for path in files:
            report += validate_file(path, say=_Progress())
    else:
        from mesokg.release import assemble

        try:
            report = Report(tuple(assemble(data, say=_Progress()).warnings))
        except ProblemsFound as error:
            report = Report.of(error)
    if style == "table":
        print_report(report)
    else:
        click.echo(report_as_tsv(report) if style == "tsv" else report_as_json(report), nl=False)
    if not report.ok:
        sys.exit(1)


@main.command()
@_DATA
def tidy(data: Path | None) -> None:
    """Bring the curated tables into their one form: order of rows and columns, labels beside outside ids."""
    from mesokg.tidy import tidy_tables

    changed = tidy_tables(data)
    click.echo("\n".join(changed) if changed else "all tables are in form")


@main.command()
@click.argument("table", required=False)
def columns(table: str | None) -> None:
    """List the columns of a TABLE with their meaning and allowed values; without TABLE, the tables."""
    from mesokg.columns import describe_columns
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    if table is None:
        for spec in vocabulary.tables.values():
            click.echo(f"{spec.name}  {vocabulary.classes[spec.class_iri].definition}")
        return
    click.echo(describe_columns(table, vocabulary), nl=False)


# ---------------------------------------------------------------- query, show, explain


def _complete_question(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from mesokg.questions import complete_question

    return complete_question(incomplete)


def _complete_setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    from mesokg.questions import complete_setting, find_question

    # while a line is being completed the name may still be among the words that click has not taken
    name = ctx.params.get("name") or next((word for word in ctx.args if not word.startswith("-")), None)
    if not name:
        return []
    try:
        question = find_question(name)
        store = None
        if "=" in incomplete:
            from mesokg.builds import find_build, load_build

            # nobody waits for a build at the press of a key
            store = load_build(find_build(ctx.params.get("build_dir"), make=False), evidence=question.graph == "evidence")
        return [CompletionItem(value, help=meaning) for value, meaning in complete_setting(question, incomplete, store)]
    except MesokgError:
        return []  # a shell that completes has no place for messages


def _list_questions(keyword: str | None) -> str:
    from mesokg.questions import KEYWORDS, read_questions

    if keyword and keyword not in KEYWORDS:
        raise UsageError(f"there is no keyword {keyword!r}; {suggest(keyword, KEYWORDS)}")
    lines: list[str] = []
    for question in read_questions().values():
        if keyword is None or keyword in question.keywords:
            lines += [question.name, f"    {question.title}"]
            lines += [f"    --set {parameter.name}=…  {parameter.description}" for parameter in question.parameters]
    return "".join(f"{line}\n" for line in lines)


@main.command()
@click.argument("name", required=False, shell_complete=_complete_question)
@click.option("-e", "--execute", metavar="SPARQL", help="A SPARQL query instead of a question's name.")
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), help="A file with a SPARQL query; - for standard input.")
@click.option("--list", "listing", is_flag=True, help="Show all questions with their parameters.")
@click.option("--keyword", metavar="WORD", help="With --list: only questions with this keyword.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", shell_complete=_complete_setting, help="The value of a parameter.")
@click.option("--explain", "explaining", is_flag=True, help="Show below each row what sources say behind it: statements, numbers, places.")
@click.option("--format", "style", default="table", show_default=True, metavar="[table|csv|tsv|json|ttl]", help="How to print the answer.")
@click.option("--endpoint", metavar="URL", help="Ask this SPARQL server instead of a build.")
@click.option("-o", "--output", default="-", show_default=True, help="A file to write to; - for standard output.")
@_BUILD
def query(
    name: str | None,
    execute: str | None,
    file: Path | None,
    listing: bool,
    keyword: str | None,
    settings: tuple[str, ...],
    explaining: bool,
    style: str,
    endpoint: str | None,
    output: str,
    build_dir: Path | None,
) -> None:
    """Ask a question of the library by NAME, or any SPARQL query."""
    from mesokg.answers import ANSWER_FORMATS, format_answer

    if listing:
        if style != "table":
            raise UsageError("--list writes text for people; leave out --format")
        _write(_list_questions(keyword), output)
        return
    if sum(x is not None for x in (name, execute, file)) != 1:
        raise UsageError("name one question, or give one query with -e or -f; `mesokg query --list` shows the questions")
    if style not in ANSWER_FORMATS:
        raise UsageError(f"there is no format {style!r}; {suggest(style, ANSWER_FORMATS)}")
    if explaining and style != "table":
        raise UsageError("--explain writes text for people; leave out --format")
    values = _settings(settings)
    begun = time.perf_counter()
    from mesokg.questions import ask, bind, find_question, located

    if name is not None:
        question = find_question(name)
        # the assertions are most of the graph; most questions do not ask about them, the others for some of them and some of their properties
        notes: list[str] = []
        part = {"evidence": True} if explaining else {"evidence": question.graph == "evidence", "asked": question.sparql, "named": question.named}
        bound = question
        if question.only and not (explaining or endpoint):
            if values:
                # which thing is meant shows in less than what is told of it
                with _open(build_dir, asked=question.choices) as store:
                    bound, values = bind(question, values, store, notes.append), {}
            part["only"] = bound.chosen
        with _open(build_dir, endpoint, **part) as store:
            bound = bind(bound, values, store, notes.append)
            answer = ask(bound, store)
            unknown = _unknown(question.sparql, store, question.place)
            behind = _evidence(answer, store, bound.sparql) if explaining else ""
        for note in notes if not answer.rows else ():
            _say(f"mesokg: {note}")
    else:
        if values:
            raise UsageError("--set goes with the name of a question; write the values into the query")
        sparql = execute if execute is not None else _read_query(file)
        place = "the query" if file is None else "standard input" if str(file) == "-" else str(file)
        with _open(build_dir, endpoint) as store:
            try:
                answer = store.query(sparql)
            except QueryError as error:
                if file is None:
                    # of what was typed into the command, line and column are enough
                    raise
                raise located(error, place) from error
            if explaining and answer.kind != "bindings":
                raise UsageError("--explain goes with a query that makes rows (SELECT); what this one gives has no rows to explain")
            unknown = _unknown(sparql, store, place)
            behind = _evidence(answer, store, sparql) if explaining else ""
    seconds = time.perf_counter() - begun
    import shutil

    width = shutil.get_terminal_size().columns if output == "-" and sys.stdout is not None and sys.stdout.isatty() else 10_000
    _write(behind or format_answer(answer, style, width=width), output)
    for problem in unknown:
        _say(f"mesokg: {problem}")
    if answer.kind != "boolean":
        _say(f"{len(answer):,} {'row' if answer.kind == 'bindings' else 'triple'}{'' if len(answer) == 1 else 's'} in {seconds:.2f} s")


_NOTHING_BEHIND = "no statement of a source was found behind this row, which counts, compares or names what is missing; `mesokg show ID` tells what is known of a thing"
_NO_THING = "this row names no thing by its id, so that its sources cannot be looked up; select the things too"


def _unknown(sparql: str, store: Store, place: str) -> list[Problem]:
    """What a query names and the ontology does not have; an answer is given even where a server refuses to tell."""
    from mesokg.questions import unknown_terms

    with suppress(StoreError):
        return unknown_terms(sparql, store, place)
    return []


def _evidence(answer: Answer, store: Store, sparql: str) -> str:
    """Each row of an answer, with the statements of the sources behind it indented below."""
    from mesokg.answers import plain
    from mesokg.explain_rows import Evidence

    evidence = Evidence(store, sparql)
    lines: list[str] = []
    for row in answer.rows:
        lines.append(" | ".join(plain(term) for term in row if term is not None))
        found = evidence.behind(row)
        for subject, predicate, value, source, label, place, level, negated in found:
            denies = "denies: " if plain(negated) == "true" else ""
            cited = plain(label) or plain(source)
            lines.append(f"    {denies}{plain(subject)} {plain(predicate)} {plain(value)}   {cited}, {plain(place)} ({plain(level)})")
        if not found:
            lines.append(f"    {_NOTHING_BEHIND if any(type(term).__name__ == 'NamedNode' for term in row) else _NO_THING}")
    return "\n".join(lines) + "\n" if lines else "no rows\n"


def _settings(texts: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"--set {text!r}: write NAME=VALUE, as --set target=MSLN")
        if values.setdefault(name, value) != value:
            raise UsageError(f"--set {name} is given twice, as {values[name]!r} and as {value!r}; ask once for each")
    return values


def _read_query(path: Path | None) -> str:
    if path is not None and path.is_dir():
        raise UsageError(f"{path}: a folder; give a file with a SPARQL query, or - for standard input")
    try:
        return sys.stdin.read() if str(path) == "-" else Path(path or "").read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}; save the query as UTF-8") from error


@main.command()
@click.argument("thing")
@click.option("--evidence/--no-evidence", default=True, show_default=True, help="Show the sources of each statement.")
@click.option("--endpoint", metavar="URL", help="Ask this SPARQL server instead of a build.")
@_BUILD
def show(thing: str, evidence: bool, endpoint: str | None, build_dir: Path | None) -> None:
    """Show all that is known of one THING, by id, label, symbol or registry number."""
    from mesokg.describe import describe, format_description, resolve

    with _open(build_dir, endpoint) as store:
        click.echo(format_description(describe(resolve(thing, store), store), evidence=evidence), nl=False)


@main.command()
@click.argument("subject")
@click.argument("predicate")
@click.argument("value")
@_BUILD
def explain(subject: str, predicate: str, value: str, build_dir: Path | None) -> None:
    """Say why a triple holds: rows it was stated in, or axioms and triples it follows from.

    SUBJECT, PREDICATE and VALUE are ids (mkg:…, mesokg:…, `a` for rdf:type) or names as `mesokg show` takes them; a
    VALUE may be the text of a literal. Ends with 1 where the triple does not hold.
    """
    from pyoxigraph import Literal

    from mesokg.describe import resolve, resolve_property
    from mesokg.explain import explain as run
    from mesokg.explain import format_explanation, labels_of
    from mesokg.identifiers import PREFIXES

    opened = _open(build_dir)
    store = opened.oxigraph  # type: ignore[attr-defined]
    about, how = resolve(subject.removeprefix("<").removesuffix(">"), opened), resolve_property(predicate.removeprefix("<").removesuffix(">"), opened)
    try:
        tree = run(store, about, how, value)
    except IdentifierError:
        # PMID:… and DOI:… look like CURIEs, and are names
        tree = run(store, about, how, resolve(value, opened))
    if not tree.holds and isinstance(tree.object, Literal):
        # no literal of the thing, so perhaps the name of another; where only a thing can stand, a name of none or of several is told
        things_only = how == PREFIXES["rdf"] + "type" or opened.query(f"ASK {{ <{how}> a owl:ObjectProperty }}").truth
        with nullcontext() if things_only else suppress(UsageError):
            tree = run(store, about, how, resolve(value, opened))
    click.echo(format_explanation(tree, labels_of(store, tree), _tables()).rstrip("\n"))
    if not tree.holds:
        sys.exit(1)


def _tables() -> Tables | None:
    """The tables, for the line numbers of rows; without them an explanation names files only."""
    from mesokg.tables import read_tables

    try:
        return read_tables()
    except MesokgError:
        return None


# ---------------------------------------------------------------- load


@main.command()
@click.argument("url")
@click.option("--update-url", metavar="URL", help="The update endpoint, for a server without Graph Store Protocol, or where it is not beside the query endpoint.")
@click.option("--data-url", metavar="URL", help="The Graph Store endpoint, where it is not beside the query endpoint.")
@click.option("--keep-graphs", is_flag=True, help="Fill the named graphs instead of the default graph.")
@_BUILD
def load(url: str, update_url: str | None, data_url: str | None, keep_graphs: bool, build_dir: Path | None) -> None:
    """Put the graph into the SPARQL 1.1 server at URL, in place of what its graphs of the same names hold.

    It is sent by the Graph Store Protocol, a graph at once. Where only --update-url is given, or the server has no Graph
    Store, graphs are cleared and filled by SPARQL Update, a thousand triples at a time; broken off, load it again.
    """
    from mesokg.loading import load_server
    from mesokg.store import RemoteStore

    # a server may take minutes for a graph that comes in one request
    with _open(build_dir) as store, RemoteStore(url, update_url=update_url, data_url=data_url, timeout=300) as remote:
        number = load_server(store, remote, keep_graphs=keep_graphs, say=_Progress())  # type: ignore[arg-type]
    click.echo(f"{number:,} triples loaded into {url}")
