"""From Python and notebooks: ``mesokg.open()`` and what it returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesokg.answers import format_answer, plain
from mesokg.errors import MesokgError, UsageError
from mesokg.store import Answer, Store

if TYPE_CHECKING:
    import networkx
    import pandas

    from mesokg.describe import Description
    from mesokg.explain import Explanation

__all__ = ["AnswerTable", "KnowledgeGraph", "open_graph"]


@dataclass(frozen=True)
class AnswerTable:
    """The answer to a question: rows of terms that print, show in notebooks and become a pandas frame."""

    answer: Answer
    title: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.answer.variables

    def __len__(self) -> int:
        return len(self.answer)

    def __iter__(self) -> Iterator[dict[str, str]]:
        """One dictionary per row, from column to text (CURIE, or the text of the literal)."""
        for row in self.answer.rows:
            yield {name: plain(term) for name, term in zip(self.columns, row, strict=True)}

    def __str__(self) -> str:
        return format_answer(self.answer)

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas frame: numbers as numbers, dates as UTC timestamps, everything else as text; None where unbound.

        Raises MesokgError where pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MesokgError("pandas is not installed; run `pip install mesokg[pandas]`") from error
        rows = [[_python(term) for term in row] for row in self.answer.rows]
        return pandas.DataFrame(rows, columns=list(self.columns))

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>" for row in self
        )
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _python(term: object) -> Any:
    """A term as a Python value."""
    if term is None or type(term).__name__ != "Literal":
        return plain(term) if term is not None else None
    kind = term.datatype.value.rsplit("#", 1)[-1]  # type: ignore[attr-defined]
    text = term.value  # type: ignore[attr-defined]
    if kind == "integer":
        return int(text)
    if kind in ("decimal", "double", "float"):
        return float(text)
    if kind == "boolean":
        return text == "true"
    if kind == "dateTime":
        from datetime import datetime

        return datetime.fromisoformat(text)
    return text


class KnowledgeGraph:
    """The graph of one build, or of a server: ask it, look at one thing, or take it as a network."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def query(self, question: str, **parameters: object) -> AnswerTable:
        """Answer a question of the library by its name, or a SPARQL query.

        A value may be an id, a label, a symbol, a number or a date. Raises UsageError for an unknown question or
        parameter or a value that it cannot be asked for, None among them, and QueryError for a malformed query.
        """
        from mesokg.questions import ask, find_question

        if question.isidentifier():
            found = find_question(question)
            return AnswerTable(ask(found, self.store, parameters), found.title)
        if parameters:
            raise UsageError("a SPARQL query takes no parameters; write the values into it")
        return AnswerTable(self.store.query(question))

    def show(self, name: str) -> Description:
        """All that is known of one thing, by id, label, symbol or registry number."""
        from mesokg.describe import describe, resolve

        return describe(resolve(name, self.store), self.store)

    def explain(self, subject: str, predicate: str, value: str) -> Explanation:
        """Why a triple holds, down to rows and axioms; CURIEs or IRIs."""
        from mesokg.explain import explain
        from mesokg.store import EmbeddedStore

        if not isinstance(self.store, EmbeddedStore):
            raise UsageError("explanations need the graph in this process; open a build, not a server")
        return explain(self.store.oxigraph, subject, predicate, value)

    def network(self, view: str = "therapies") -> networkx.MultiDiGraph:
        """One view of the graph as a network."""
        from mesokg.networks import network

        return network(self.store, view)


def open_graph(build: str | Path | None = None, *, endpoint: str | None = None) -> KnowledgeGraph:
    """The graph of a build (found as the commands find it), or of a SPARQL server at ``endpoint``."""
    from mesokg.builds import find_build, load_build
    from mesokg.store import RemoteStore

    if endpoint:
        return KnowledgeGraph(RemoteStore(endpoint))
    return KnowledgeGraph(load_build(find_build(Path(build) if build else None)))
