"""Says which columns a table has, what they mean and which values they take, from the ontology."""

from __future__ import annotations

from mesokg.errors import UsageError, suggest
from mesokg.identifiers import term
from mesokg.vocabulary import PropertyTerm, Vocabulary

__all__ = ["describe_columns"]

_KINDS = {"string": "text", "integer": "whole number", "decimal": "number", "boolean": "true or false", "dateTime": "date", "anyURI": "web address"}


def _kind(prop: PropertyTerm, vocabulary: Vocabulary) -> str:
    if prop.kind == "data":
        name = prop.ranges[0].rsplit("#", 1)[-1] if prop.ranges else "string"
        return _KINDS[name]
    listed = [notation for iri in prop.ranges for notation in vocabulary.values.get(iri, {}) if vocabulary.is_a(iri, term("Value"))]
    if listed:
        return "one of: " + "; ".join(listed)
    return " or ".join(iri.rsplit("/", 1)[-1] for iri in prop.ranges) or "any thing"


def describe_columns(table: str, vocabulary: Vocabulary) -> str:
    """One paragraph per column of the table: name, kind, how many values, definition.

    Raises UsageError for an unknown table.
    """
    spec = vocabulary.tables.get(table)
    if spec is None:
        raise UsageError(f"there is no table {table!r}; {suggest(table, vocabulary.tables)}")
    known = vocabulary.classes[spec.class_iri]
    lines = [f"data/{table}.tsv: {known.label}. {known.definition}"]
    narrower = sorted(c.name for c in vocabulary.classes.values() if spec.class_iri in c.supers and c.iri != spec.class_iri)
    if narrower:
        lines.append(f"type: {', '.join(narrower)}")
    for name, prop in spec.columns.items():
        marks = ["one value" if prop.functional else "several values, separated by |"]
        marks += ["needs no source"] if prop.exempt else []
        lines.append(f"\n{name}  ({_kind(prop, vocabulary)}; {'; '.join(marks)})\n    {prop.definition}")
    return "\n".join(lines) + "\n"
