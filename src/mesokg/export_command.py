"""The command ``mesokg export``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from mesokg.errors import UsageError

__all__ = ["export"]


def _say(text: str) -> None:
    click.echo(text, err=True)


def _complete_format(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from mesokg.formats import EXPORTS

    return [name for name in EXPORTS if name.startswith(incomplete)]


def _complete_view(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from mesokg.networks.views import VIEWS

    return [name for name in VIEWS if name.startswith(incomplete)]


def _list() -> None:
    from mesokg.formats import EXPORTS
    from mesokg.networks.views import VIEWS

    click.echo("formats")
    for export in EXPORTS.values():
        click.echo(f"  {export.name:<18} {export.description}")
    click.echo("views")
    for view in VIEWS.values():
        click.echo(f"  {view.name:<18} {view.story}")


@click.command()
@click.argument("format", metavar="FORMAT", required=False, shell_complete=_complete_format)
@click.option("--view", default="full", show_default=True, metavar="NAME", shell_complete=_complete_view, help="Which part of the graph.")
@click.option("-o", "--output", metavar="FILE", help="The file (a folder for csv, kgx and parquet), or - for standard output; else mesokg-VIEW in this folder.")
@click.option("--list", "listing", is_flag=True, help="Show all formats and views.")
@click.option("--endpoint", metavar="URL", help="Take the graph from this SPARQL server instead of a build.")
@click.option("--build", "build_dir", type=click.Path(path_type=Path), metavar="DIR", help="The build to use; else $MESOKG_BUILD, ./build, or the user cache.")
def export(format: str | None, view: str, output: str | None, listing: bool, endpoint: str | None, build_dir: Path | None) -> None:  # noqa: A002
    """Write a view of the graph as a network, in FORMAT: gexf, graphml, cytoscape, kgx, csv, svg and more."""
    from mesokg.builds import find_build, load_build
    from mesokg.formats import find_export
    from mesokg.networks import find_view, network
    from mesokg.store import RemoteStore

    if listing:
        _list()
        return
    if format is None:
        raise UsageError("name a format, as `mesokg export gexf`; `mesokg export --list` shows formats and views")
    chosen = find_export(format)
    find_view(view)
    begun = time.perf_counter()
    store = RemoteStore(endpoint) if endpoint else load_build(find_build(build_dir, say=_say))
    with store:
        graph = network(store, view)
    target = output or f"mesokg-{view}{chosen.extension}"
    chosen.write(graph, target)
    where = "standard output" if target == "-" else target + ("/" if chosen.folder else "")
    _say(f"{where}: {len(graph):,} nodes, {graph.number_of_edges():,} edges in {time.perf_counter() - begun:.1f} s")
