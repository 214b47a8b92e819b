"""The build: tables to every product, written beside the last build and put in its place only when all is well."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mesokg import __version__
from mesokg.collector import paused_collector
from mesokg.errors import CheckFailed, ExportError, Problem, ProblemsFound, TableError
from mesokg.exchange import exchange
from mesokg.forking import can_fork, forked
from mesokg.identifiers import GRAPHS, PREFIXES, compact, graph_iri
from mesokg.locks import build_lock
from mesokg.resources import FOLDERS, folder

if TYPE_CHECKING:
    import pyoxigraph
    from pyoxigraph import Quad

    from mesokg.cells import Moment
    from mesokg.graph import Graph
    from mesokg.metadata import EvidenceCounts
    from mesokg.tables import Row, Tables
    from mesokg.vocabulary import Vocabulary

__all__ = ["Build", "Receipt", "assemble", "build", "input_hash", "read_receipt", "recover"]

RECEIPT = "receipt.json"
MARKER = "mesokg.nq.gz"
"""The product that queries load; a folder without it is not a build."""


@dataclass
class Build:
    """One run of the pipeline: the filled store, the tables it came from, and what was counted and timed."""

    store: pyoxigraph.Store
    tables: Tables
    graph: Graph
    vocabulary: Vocabulary
    warnings: list[Problem]
    inferred: int
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """What a build holds: ``data`` is receipt.json as a dictionary."""

    data: dict[str, object]

    @property
    def counts(self) -> dict[str, int]:
        return self.data["counts"]  # type: ignore[return-value]


def input_hash(data: Path | None = None) -> str:
    """SHA-256 over names and bytes of ontology, tables, shapes and queries: what a build depends on.

    ``data`` is a folder of tables in place of the package's own.
    """
    digest = hashlib.sha256()
    for name in FOLDERS:
        root = data if data is not None and name == "data" else folder(name)
        for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")):
            digest.update(f"{name}/{path.relative_to(root).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


# ---------------------------------------------------------------- the pipeline


def _ontology_quads(path: Path) -> list[Quad]:
    import pyoxigraph

    from mesokg.rdf_files import name_blank_nodes

    graph = pyoxigraph.NamedNode(graph_iri("ontology"))
    quads = (
        pyoxigraph.Quad(q.subject, q.predicate, q.object, graph)
        for q in pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE)
    )
    return name_blank_nodes(quads)


@paused_collector()
def assemble(
    data: Path | None = None,
    *,
    validate: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> Build:
    """Run the pipeline in memory: tables, graph, reasoning, validation and metadata.

    ``say`` is told the name of each stage as it begins. Raises TableError, ReasoningError or CheckFailed with every
    problem of the stage that found some.
    """
    built = _stated(data, say)
    with _stage("reasoning", built.seconds, say):
        built.inferred = len(_inferred(built))
    if validate:
        with _stage("validation", built.seconds, say):
            built.warnings = _validate(built)
    _describe(built, say)
    return built


@contextmanager
def _stage(name: str, seconds: dict[str, float], say: Callable[[str], None]) -> Iterator[None]:
    say(name)
    begun = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - begun


def _stated(data: Path | None, say: Callable[[str], None]) -> Build:
    """A store of the ontology and of what the tables state."""
    import pyoxigraph

    from mesokg.graph import build_graph
    from mesokg.tables import read_tables
    from mesokg.vocabulary import read_vocabulary

    seconds: dict[str, float] = {}
    store = pyoxigraph.Store()
    with _stage("tables", seconds, say):
        vocabulary = read_vocabulary()
        problems: list[Problem] = []
        tables = read_tables(data, vocabulary, problems=problems)
        if problems:
            raise TableError([*problems, *_contradictions(tables, vocabulary)])
    with _stage("graph", seconds, say):
        graph = build_graph(tables, vocabulary)
        store.bulk_extend(_ontology_quads(vocabulary.path))
        store.bulk_extend(graph.facts)
        store.bulk_extend(graph.evidence)
    return Build(store, tables, graph, vocabulary, [], 0, seconds)


def _contradictions(tables: Tables, vocabulary: Vocabulary) -> list[Problem]:
    """Where sources contradict each other without ranks, so far as the rows could be read."""
    from mesokg.graph import build_graph

    try:
        build_graph(tables, vocabulary, evidence=False)
    except TableError as error:
        return error.problems
    return []


def _inferred(built: Build) -> list[Quad]:
    """What follows, which is in the store then."""
    import pyoxigraph

    from mesokg.reasoning import infer

    infer(built.store, locate=built.tables.locate)
    return list(built.store.quads_for_pattern(None, None, None, pyoxigraph.NamedNode(graph_iri("inferred"))))


def _describe(built: Build, say: Callable[[str], None], evidence: EvidenceCounts | None = None) -> None:
    from mesokg.metadata import describe_dataset

    with _stage("metadata", built.seconds, say):
        built.store.bulk_extend(describe_dataset(built.store, _version_date(built.store), evidence))


def _validate(built: Build) -> list[Problem]:
    from mesokg.validation import validate_graph

    return _without_errors(validate_graph(built.store, locate=built.tables.locate).problems)


def _without_errors(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, sorted. Raises CheckFailed where one of them is an error."""
    found = sorted(set(problems))
    if _has_errors(found):
        raise CheckFailed(found)
    return found


def _has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.level == "error" for problem in problems)


def _version_date(store: pyoxigraph.Store) -> str:
    from pyoxigraph import NamedNode

    quads = store.quads_for_pattern(None, NamedNode(PREFIXES["owl"] + "versionInfo"), None, None)
    return next(iter(quads)).object.value  # type: ignore[union-attr]


# ---------------------------------------------------------------- products

_WHOLE = frozenset(GRAPHS) - {"metadata"}
_SIMPLE = _WHOLE - {"evidence"}


class _Share(NamedTuple):
    """What the second process has found, and the seconds that it took."""

    inferred: list[Quad]
    problems: list[Problem]
    seconds: float


@contextmanager
def _second_share(built: Build, out: Path, say: Callable[[str], None]) -> Iterator[Iterator[_Share]]:
    """Reason, then judge by the shapes, write the networks and the pages of the ontology, in a process of its own while the block runs.

    The block is told what was inferred as soon as that is known, then what breaks the shapes, and at the end that the
    files are there, unless some shape is broken; none of it asks of the metadata. Where that process cannot be a copy
    of this one, all but the networks comes first, and a fresh process writes these.
    """
    from mesokg.formats import write_network_products
    from mesokg.formats.apart import networks_apart
    from mesokg.ontology_pages import write_ontology_pages
    from mesokg.validation import run_shapes

    def reasoned() -> _Share:
        begun = time.perf_counter()
        return _Share(_inferred(built), [], time.perf_counter() - begun)

    def judged() -> _Share:
        begun = time.perf_counter()
        return _Share([], run_shapes(built.store, locate=built.tables.locate), time.perf_counter() - begun)

    def share() -> Iterator[_Share]:
        yield reasoned()
        found = judged()
        yield found
        if not _has_errors(found.problems):
            write_network_products(built.store, out)
            write_ontology_pages(built.store, out / "pages")

    say("reasoning")
    if can_fork():
        with forked(share) as results:
            try:
                yield results
            except ProblemsFound:
                raise
            except Exception:
                # what is wrong with the graph says more than what could not be written of it
                for found in results:
                    _without_errors(found.problems)
                raise
    else:
        shares = [reasoned(), judged()]
        if _has_errors(shares[1].problems):
            yield iter(shares)
            return
        with networks_apart(built.store, out):
            write_ontology_pages(built.store, out / "pages")
            yield iter(shares)


def _write_products(built: Build, out: Path, say: Callable[[str], None]) -> dict[str, int]:
    """The number of triples in each named graph, by its short name."""
    import pyoxigraph

    from mesokg.metadata import count_evidence
    from mesokg.ontology_products import write_ontology_products
    from mesokg.packed import pack_apart, write_packed
    from mesokg.questions_rdf import write_pages, write_queries
    from mesokg.rdf_files import sorted_graphs, used_prefixes, write_rdf
    from mesokg.store import EmbeddedStore
    from mesokg.validation import run_checks

    formats = pyoxigraph.RdfFormat
    asked = EmbeddedStore()
    asked.oxigraph = built.store
    with _second_share(built, out, say) as results:
        # nothing that is inferred changes the evidence, four fifths of all
        evidence = built.graph.evidence
        packed, prefixes, counted = pack_apart(evidence), used_prefixes(evidence), count_evidence(built.store)
        reasoned = next(results)
        built.store.bulk_extend(reasoned.inferred)
        built.inferred, built.seconds["reasoning"] = len(reasoned.inferred), reasoned.seconds
        with _stage("validation", built.seconds, say):
            problems = run_checks(built.store, locate=built.tables.locate)
        if _has_errors(problems):
            _without_errors([*problems, *next(results).problems])
        say("products")
        _describe(built, say, counted)
        # The triples of one subject stay together across graphs; a triple stands in one graph only.
        by_graph, whole, simple = sorted_graphs(built.store, GRAPHS, _WHOLE, _SIMPLE, evidence=evidence)
        prefixes |= used_prefixes(chain.from_iterable(quads for name, quads in by_graph.items() if name != "evidence"))
        for name, quads, syntax in (
            ("mesokg.ttl", whole, formats.TURTLE),
            ("mesokg-simple.ttl", simple, formats.TURTLE),
            ("mesokg.owl", whole, formats.RDF_XML),
            ("mesokg.jsonld", whole, formats.JSON_LD),
            ("void.ttl", by_graph["metadata"], formats.TURTLE),
        ):
            write_rdf(quads, out / name, syntax, prefixes=prefixes)
        graphs = chain.from_iterable(by_graph[name] for name in GRAPHS)
        write_rdf(graphs, out / "mesokg.trig", formats.TRIG, prefixes=prefixes, keep_graphs=True)
        write_packed(by_graph, out / MARKER, evidence=packed)
        say("ontology")
        write_ontology_products(by_graph, out)
        say("pages")
        write_queries(out / "queries.ttl")
        write_pages(out / "pages" / "questions", asked)
        say("networks")
        judged = next(results)
        built.seconds["validation"] += judged.seconds
        built.warnings = _without_errors([*problems, *judged.problems])
        deque(results, maxlen=0)
    return {name: len(quads) for name, quads in by_graph.items()}


def _sources(built: Build) -> dict[str, dict[str, object]]:
    """Each source that some assertion cites, by CURIE: its name, its own date, when it was last read, how much rests on it."""
    number = Counter(one.source for one in built.graph.assertions.values())
    rows: dict[str, list[Row]] = {}
    for row in built.tables.rows:
        if row.source:
            rows.setdefault(row.source, []).append(row)
    found: dict[str, dict[str, object]] = {}
    for iri in sorted(number):
        found[compact(iri)] = {
            "label": built.tables.labels.get(iri, ""),
            "record date": _last(row.record_date for row in rows[iri]),
            "checked": _last(row.checked_on for row in rows[iri]),
            "assertions": number[iri],
        }
    return found


def _first(moments: Iterable[Moment | None]) -> str | None:
    """The earliest of the dates as far as it is known: a month stays a month."""
    known = sorted((moment for moment in moments if moment), key=lambda moment: moment.first_day)
    return known[0].text if known else None


def _last(moments: Iterable[Moment | None]) -> str | None:
    known = sorted((moment for moment in moments if moment), key=lambda moment: (moment.first_day, moment.text))
    return known[-1].text if known else None


def _receipt(built: Build, out: Path, data: Path | None, triples: dict[str, int]) -> dict[str, object]:
    import pyoxigraph

    table_of = built.vocabulary.table_of
    things: dict[str, set[str]] = {}
    for quad in built.graph.facts:
        if quad.predicate.value == PREFIXES["rdf"] + "type":
            spec = table_of.get(quad.object.value)  # type: ignore[union-attr]
            name = spec.name if spec else "measurements"
            things.setdefault(name, set()).add(quad.subject.value)  # type: ignore[union-attr]
    counts = {name: len(found) for name, found in things.items()}
    files = {
        path.relative_to(out).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(p for p in out.rglob("*") if p.is_file())
    }
    checked = [row.checked_on for row in built.tables.rows]
    return {
        "mesokg": __version__,
        "ontology": _version_date(built.store),
        "pyoxigraph": pyoxigraph.__version__,
        "inputs_sha256": input_hash(data),
        "licence": {"data and ontology": "CC-BY-4.0", "code": "Apache-2.0"},
        "counts": {
            **dict(sorted(counts.items())),
            "assertions": len(built.graph.assertions),
            "sources cited": len({one.source for one in built.graph.assertions.values()}),
        },
        "triples": {**dict(sorted(triples.items())), "all": sum(triples.values())},
        "checked": {"first": _first(checked), "last": _last(checked)},
        "warnings": len(built.warnings),
        "sources": _sources(built),
        "files": files,
    }


# ---------------------------------------------------------------- in place, or not at all


def recover(out: Path) -> None:
    """Put the last build back where a killed build had just moved it aside."""
    previous = out.with_name(out.name + ".previous")
    if not previous.is_dir():
        return
    # a build at work in another process is between its two renames for a moment, and puts things right itself
    with build_lock(out):
        if (out / MARKER).is_file():
            shutil.rmtree(previous, ignore_errors=True)
        elif previous.is_dir() and not out.exists():
            previous.rename(out)


def _swap(fresh: Path, out: Path) -> None:
    if out.exists() and exchange(fresh, out):
        shutil.rmtree(fresh, ignore_errors=True)
        return
    # in two steps where the system has no single one: between them `recover` finds the last build
    previous = out.with_name(out.name + ".previous")
    if out.exists():
        out.rename(previous)
    fresh.rename(out)
    shutil.rmtree(previous, ignore_errors=True)


def read_receipt(out: Path) -> Receipt | None:
    """The receipt of a build, or None where there is no whole build."""
    try:
        return Receipt(json.loads((out / RECEIPT).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


@paused_collector()
def build(
    out: Path,
    data: Path | None = None,
    *,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Build, Receipt]:
    """Build all products into the folder ``out``.

    Whatever goes wrong, a build that stood there before stays as it was. Raises what :func:`assemble` raises, and
    ExportError where the folder cannot be written.
    """
    # a path as `.` or `..` has no name to put .new and .previous behind
    out = Path(os.path.abspath(out))
    recover(out)
    if out.exists() and not (out / MARKER).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out} exists and is not a mesokg build; choose another folder with -o, or move it away")
    built = _stated(data, say)
    with build_lock(out):
        return built, _write(built, out, data, say)


def _write(built: Build, out: Path, data: Path | None, say: Callable[[str], None]) -> Receipt:
    """Write the products beside ``out`` and put them in its place; no other process does so meanwhile."""
    fresh = out.with_name(f"{out.name}.new-{os.getpid()}")
    begun = time.perf_counter()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for stale in out.parent.glob(f"{out.name}.new-*"):
            shutil.rmtree(stale, ignore_errors=True)
        fresh.mkdir()
        triples = _write_products(built, fresh, say)
        receipt = Receipt(_receipt(built, fresh, data, triples))
        (fresh / RECEIPT).write_text(json.dumps(receipt.data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
        _swap(fresh, out)
    except BaseException as error:
        # whatever stops it, Ctrl-C and a failed rename included: nothing half written stays, and the last build stands
        shutil.rmtree(fresh, ignore_errors=True)
        recover(out)
        match error:
            case OSError():
                reason = f"{error.filename or out}: {error.strerror or error}; nothing was changed. Check free space and permissions of {out.parent}"
            case ExportError():
                reason = f"{error}; nothing was changed"
            case _:
                raise
        # the folder beside is gone, and its name tells a user nothing
        raise ExportError(reason.replace(str(fresh), str(out))) from error
    built.seconds["products"] = time.perf_counter() - begun
    return receipt
