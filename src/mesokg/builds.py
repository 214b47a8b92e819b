"""Finds the build that a command works on, and makes one in the user's cache when there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mesokg.errors import StoreError

__all__ = ["BUILD_VARIABLE", "find_build", "load_build"]

BUILD_VARIABLE = "MESOKG_BUILD"


def find_build(explicit: Path | None = None, *, make: bool = True, say: Callable[[str], None] = lambda text: None) -> Path:
    """The folder of the build: ``explicit``, else $MESOKG_BUILD, else ./build, else the user's cache.

    The cache is keyed by the package version and a hash of the inputs, and filled on first use; ``say`` is told so.
    Raises StoreError where the named folder holds no build, or where none is there and ``make`` is false.
    """
    from mesokg.release import MARKER, recover

    named = explicit or (Path(os.environ[BUILD_VARIABLE]) if os.environ.get(BUILD_VARIABLE) else None)
    if named is not None:
        recover(named)
        if not (named / MARKER).is_file():
            raise StoreError(f"{named} holds no mesokg build; make one with `mesokg build -o {named}`")
        return named
    here = Path("build")
    recover(here)
    if (here / MARKER).is_file():
        return here
    from platformdirs import user_cache_path

    from mesokg import __version__
    from mesokg.locks import build_lock
    from mesokg.release import build, input_hash

    cached = user_cache_path("mesokg", appauthor=False) / f"{__version__}-{input_hash()[:16]}"
    recover(cached)
    if not (cached / MARKER).is_file():
        if not make:
            raise StoreError("there is no build yet")
        with build_lock(cached):
            # another process may have made it while this one waited
            if not (cached / MARKER).is_file():
                say(f"no build found: making one in {cached}, once (about 10 s)")
                build(cached, say=lambda stage: say(f"… {stage}"))
    return cached


def load_build(  # noqa: ANN201 - an EmbeddedStore, imported only when used
    path: Path, *, evidence: bool = True, asked: str | None = None, named: bool = False, only: tuple[str, str] | None = None
):
    """The graph of a build, in memory: an EmbeddedStore with the named graphs.

    Without ``evidence`` only ontology, facts and inferred triples are loaded, as one default graph: a sixth of the
    triples, which is all that most questions need. With ``asked``, a SPARQL query that names every property that it
    asks of an assertion and of the metadata, these come without their other properties: about half of the triples.
    With ``named`` it also names every property that the assertions are about, and no others come: about a fifth.
    With ``only``, the IRIs of a property and of a thing, it asks only for assertions with that value of the property.

    Raises StoreError where the build cannot be read.
    """
    import zlib

    import pyoxigraph

    from mesokg.packed import asked_of, read_packed
    from mesokg.release import MARKER
    from mesokg.store import EmbeddedStore

    store = EmbeddedStore()
    file = path / (MARKER if evidence else "mesokg-simple.ttl")
    try:
        if evidence:
            store.oxigraph.bulk_load(read_packed(file, asked_of(asked) if asked else None, named=named, only=only), format=pyoxigraph.RdfFormat.N_QUADS, lenient=True)
        else:
            store.oxigraph.bulk_load(path=str(file), format=pyoxigraph.RdfFormat.TURTLE, lenient=True)
    except (OSError, EOFError, SyntaxError, ValueError, zlib.error) as error:
        raise StoreError(f"{file} cannot be read: {error}; run `mesokg build` again") from error
    return store
