"""The command `mesokg serve`."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import click

__all__ = ["serve"]

# in front of another server: for first turns, and once more for what takes longer
_PLACES_IN_FRONT = 16


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _hosts_of(host: str, allow_update: bool) -> tuple[str, ...]:
    """The host names that a server for updates answers for where none are given.

    All names where it listens at every address: there a token is needed, which a page elsewhere does not have.

    >>> _hosts_of("kg.example.org", True), _hosts_of("0.0.0.0", True), _hosts_of("127.0.0.1", True), _hosts_of("kg.example.org", False)
    (('kg.example.org',), ('*',), (), ())
    """
    if not allow_update or _is_loopback(host):
        return ()
    return ("*",) if host in ("0.0.0.0", "::") else (host,)


def _check_address(option: str, address: str, example: str) -> None:
    """Raise ClickException, which is told in one line, unless this is the whole address of a server."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or any(c.isspace() or ord(c) < 32 or c in '<>"' for c in address):
        raise _wrong(f"{option} {address!r} is not the address of a server; write it whole, as {example}")


def _check_base(option: str, address: str, example: str) -> None:
    """Raise ClickException unless the addresses of pages, and IRIs, can be made by writing a path behind this one."""
    _check_address(option, address, example)
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[\w.~/-]*)?|https?://\[[0-9a-f:.]+\](:\d+)?/?", address, re.ASCII | re.IGNORECASE):
        raise _wrong(f"{option} {address!r} may only have a scheme, host (as xn--… where it has letters outside ASCII), port and plain path, as paths are written behind it; write it as {example}")


def _wrong(message: str) -> click.ClickException:
    error = click.ClickException(message)
    error.exit_code = 2
    return error


def _held_bytes(memory_bytes: int) -> int:
    """How much memory the queries past their first turn may take together: half of the machine's, but at most that of four queries, and at least that of one."""
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows does not tell
        return memory_bytes
    return max(memory_bytes, min(4 * memory_bytes, installed // 2))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port to listen at; 0 takes a free one.")
@click.option("--build", "build_dir", type=click.Path(path_type=Path), metavar="DIR", help="The build to serve; else $MESOKG_BUILD, ./build, or the user cache.")
@click.option("--endpoint", metavar="URL", help="Put pages and explorer in front of this SPARQL 1.1 server instead.")
@click.option("--public-url", metavar="URL", help="The address that clients know this server by, behind a proxy.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Answer only for this host name; may be repeated.")
@click.option("--allow-service", "services", multiple=True, metavar="URL", help="Let queries call this server by SERVICE, and updates LOAD this address; may be repeated.")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="Processes that answer queries; by default one for each processor, at least two, and with --endpoint up to 16, as there they only wait.")
@click.option("--deadline", type=click.FloatRange(1, 3600), default=20.0, show_default=True, metavar="SECONDS", help="The longest that one query may take, waiting included.")
@click.option("--memory", type=click.IntRange(64, 1_000_000), default=1024, show_default=True, metavar="MEBIBYTES", help="The most memory that one query may take (Linux).")
@click.option("--allow-update", is_flag=True, help="Allow SPARQL Update and the Graph Store Protocol on the store of --store.")
@click.option("--store", type=click.Path(path_type=Path), metavar="DIR", help="The folder of the store that updates change; made if missing.")
@click.option("--token", metavar="TEXT", envvar="MESOKG_TOKEN", help="The token that updates must carry; made and shown once where it is needed and not given.")
def serve(
    host: str,
    port: int,
    build_dir: Path | None,
    endpoint: str | None,
    public_url: str | None,
    hosts: tuple[str, ...],
    services: tuple[str, ...],
    workers: int | None,
    deadline: float,
    memory: int,
    allow_update: bool,
    store: Path | None,
    token: str | None,
) -> None:
    """Serve a SPARQL endpoint, linked data, downloads and the explorer."""
    from mesokg.server.run import run
    from mesokg.server.settings import MEBIBYTE, Settings

    if allow_update and (store is None or endpoint or build_dir):
        raise click.UsageError("--allow-update needs --store DIR, and neither --build nor --endpoint")
    if store is not None and not allow_update:
        raise click.UsageError("--store is for --allow-update; a build is served with --build DIR")
    if endpoint:
        _check_address("--endpoint", endpoint, "http://localhost:7878/query")
    if public_url:
        _check_base("--public-url", public_url, "https://kg.example.org")
    if endpoint and build_dir:
        raise click.UsageError("--endpoint and --build exclude each other: one graph is served")
    if allow_update and not _is_loopback(host) and not token:
        token = secrets.token_urlsafe(24)
        click.echo(f"updates need the header  Authorization: Bearer {token}", err=True)
    release, build = "", None
    if not endpoint and not allow_update:
        from mesokg.builds import find_build
        from mesokg.server.site import release_of

        build = find_build(build_dir, say=lambda text: click.echo(text, err=True))
        release = release_of(build)
    # in front of another server they wait for it, and take no processor
    workers = workers or (_PLACES_IN_FRONT if endpoint else max(2, os.cpu_count() or 2))
    settings = Settings(
        build=build, endpoint=endpoint, store=store, allow_update=allow_update, token=token, public_url=public_url,
        hosts=hosts or _hosts_of(host, allow_update), services=services, release=release,
        workers=workers, running_workers=workers, deadline_seconds=deadline, memory_bytes=memory * MEBIBYTE, held_bytes=_held_bytes(memory * MEBIBYTE),
        # in front of another server they all run, which is work for that one
        held_workers=_PLACES_IN_FRONT if endpoint else 64,
        fork=os.environ.get("MESOKG_NO_FORK") != "1",
    )
    run(settings, host, port)
