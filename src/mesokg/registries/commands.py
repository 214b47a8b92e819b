"""``mesokg refresh`` and ``mesokg discover``: the only commands that may reach the network, and only when typed.

Add them with ``main.add_command(refresh)`` and ``main.add_command(discover)``; nothing heavy is imported before one runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mesokg.refresh import Online
    from mesokg.registries.refusals import Refusal

__all__ = ["discover", "refresh"]

_DATA = click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The folder of curated tables, instead of the package's own.")


def _service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that may reach the services."""
    for option in reversed(
        (
            click.option("--from", "path", type=click.Path(path_type=Path), metavar="PATH", help="Read this file or folder of records instead of the services."),
            click.option("--offline", is_flag=True, help="Use only answers that are kept; open no connection."),
            click.option("--contact", envvar="MESOKG_CONTACT", default="", metavar="EMAIL", help="Told to the services, so that they can write to you; else $MESOKG_CONTACT."),
            click.option("--cache", type=click.Path(path_type=Path), metavar="DIR", help="Where answers are kept; else the user's cache."),
            click.option("--max-age", type=click.IntRange(min=0), default=1, show_default=True, metavar="DAYS", help="Ask again for answers older than this."),
            click.option("--ctgov-url", hidden=True),
            click.option("--pubmed-url", hidden=True),
            click.option("--hgnc-url", hidden=True),
            click.option("--ols-url", hidden=True),
            click.option("--uniprot-url", hidden=True),
            click.option("--cellosaurus-url", hidden=True),
            click.option("--mesh-url", hidden=True),
            click.option("--schemas-url", hidden=True),
            _DATA,
        )
    ):
        command = option(command)
    return command


def _online(options: dict[str, Any]) -> Online:
    from mesokg.refresh import Online
    from mesokg.registries.cache import default_cache

    urls = {name: url for name in ("ctgov", "pubmed", "hgnc", "ols", "uniprot", "cellosaurus", "mesh", "schemas") if (url := options[f"{name}_url"])}
    return Online(
        cache=options["cache"] or default_cache(),
        contact=options["contact"],
        offline=options["offline"],
        max_age=options["max_age"],
        say=lambda text: click.echo(text, err=True),
        **urls,
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error for each service; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total or None)
            bar.update(tasks[what], completed=done, total=total or None)

        yield tell


def _write(text: str, path: Path) -> None:
    """Write a report: to standard output for ``-``, else beside the file first."""
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    from mesokg.beside import write_beside

    write_beside(path, text)
    click.echo(f"wrote {path}", err=True)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID …]")
@click.option("--source", "sources", multiple=True, type=click.Choice(["ctgov", "pubmed", "terms"]), help="Compare with this source; may be repeated. Without it, with all.")
@click.option("--tsv", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as TSV; - for standard output.")
@click.option("--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as a web page.")
@click.option("--accept", "keys", multiple=True, metavar="KEY", help="Write the new rows of the difference with this key; may be repeated.")
@click.option("--all-new", is_flag=True, help="Write the new rows of every difference that contradicts nothing of ours.")
@click.option("--dry-run", is_flag=True, help="With --accept or --all-new: show what would be written, and write nothing.")
@click.option("--checked-on", type=click.DateTime(["%Y-%m-%d"]), help="The day on which files were fetched; today unless told.")
@_service_options
def refresh(ids: tuple[str, ...], sources: tuple[str, ...], keys: tuple[str, ...], all_new: bool, **options: Any) -> None:
    """Show where the graph and the registries disagree, field by field, and write what you accept.

    With IDs (NCT numbers, PMIDs, CURIEs, names of trials) only these are compared. Nothing in data/ changes unless
    --accept or --all-new is given; the new rows are shown as a diff and validated before they are written. Ends with 1
    where anything differs, went wrong or was refused.
    """
    from mesokg.errors import UsageError
    from mesokg.refresh import accept, finish_stopped
    from mesokg.refresh import refresh as run
    from mesokg.registries.accepting import refuse_while_waiting
    from mesokg.registries.drift import drift_as_tsv, print_drift
    from mesokg.registries.drift_page import drift_as_html

    if options["dry_run"] and not (keys or all_new):
        raise UsageError("--dry-run goes with --accept KEY or --all-new")
    if options["dry_run"]:
        refuse_while_waiting(options["data"])
    elif (keys or all_new) and (finished := finish_stopped(options["data"])):
        click.echo(f"an earlier --accept was stopped half way; its rows are in place now, in {', '.join(finished)}. Refresh again to see what is left.", err=True)
        return
    day = options["checked_on"].date() if options["checked_on"] else None
    online = None if options["path"] else _online(options)
    with _progress() as progress:
        report = run(options["data"], sources=sources, path=options["path"], ids=ids, online=online, day=day, progress=progress)
    if options["tsv"]:
        _write(drift_as_tsv(report), options["tsv"])
    if options["page"]:
        _write(drift_as_html(report), options["page"])
    if keys or all_new:
        refused: list[Refusal] = []
        diff, number = accept(report, keys, all_new=all_new, data=options["data"], dry_run=options["dry_run"], refused=refused)
        click.echo(diff, nl=False)
        verb = "would be written" if options["dry_run"] else "written"
        nothing = "nothing to write" + ("" if refused else ": these rows are there already")
        click.echo(f"{number} new row{'' if number == 1 else 's'} {verb}" if number else nothing, err=True)
        for one in refused:
            click.echo(f"refused: {one}", err=True)
        for problem in report.problems:
            click.echo(f"problem: {problem}", err=True)
        if refused:
            sys.exit(1)
        return
    if str(options["tsv"]) != "-":
        print_drift(report)
    if report.differences or report.problems:
        sys.exit(1)


@click.command()
@click.option("--condition", default="mesothelioma", show_default=True, help="The condition to search the registry for.")
@click.option("--term", default="", help="Other words to search the registry for.")
@click.option("--limit", type=click.IntRange(min=1), help="Show at most this many studies.")
@click.option("--all", "show_all", is_flag=True, help="Show also studies on the list of exclusions, and those that were judged unlikely.")
@click.option("--tsv", type=click.Path(path_type=Path), metavar="FILE", help="Write the list as TSV; - for standard output.")
@_service_options
def discover(condition: str, term: str, limit: int | None, show_all: bool, **options: Any) -> None:
    """Rank studies that look like gene therapy including mesothelioma and are neither in the graph nor excluded.

    Each comes with its reasons in words. The words it looks for are labels and synonyms of our vectors, payloads,
    products and strategies, so a new row there improves the search. Ends with 1 where a file or the registry could
    not be read whole.
    """
    from mesokg.discover import candidates_as_tsv, print_candidates
    from mesokg.discover import discover as run

    online = None if options["path"] else _online(options)
    with _progress() as progress:
        found = run(options["data"], path=options["path"], online=online, condition=condition, term=term, progress=progress)
    shown = found.select(everything=show_all, limit=limit)
    if options["tsv"]:
        _write(candidates_as_tsv(shown), options["tsv"])
    if str(options["tsv"]) != "-":
        print_candidates(shown)
    if found.problems:
        sys.exit(1)
