"""Prefixes, CURIEs and IRIs, and the minting of new ones.

Nothing else in the package joins strings into an IRI. Prefixes follow the Biolink prefix map
(https://w3id.org/biolink/), so that IRIs meet those of other graphs.
"""

from __future__ import annotations

import hashlib
import re

from mesokg.errors import IdentifierError, suggest

__all__ = [
    "GRAPHS",
    "NAMESPACE",
    "ONTOLOGY_IRI",
    "PREFIXES",
    "compact",
    "content_hash",
    "entity",
    "expand",
    "graph_iri",
    "is_curie",
    "term",
]

ONTOLOGY_IRI = "https://w3id.org/mesokg/ontology"
NAMESPACE = "https://w3id.org/mesokg/"

_OBO = "http://purl.obolibrary.org/obo/"

PREFIXES: dict[str, str] = {
    "mesokg": NAMESPACE + "ontology/",
    "mkg": NAMESPACE + "id/",
    "mkgg": NAMESPACE + "graph/",
    **{
        name: f"{_OBO}{name}_"
        for name in (
            "BFO", "CHEBI", "CL", "ECO", "GO", "IAO", "MONDO", "NCBITaxon", "NCIT", "OBI", "RO", "SO", "UBERON",
        )
    },
    "DRUGBANK": "http://identifiers.org/drugbank/",
    "HGNC": "http://identifiers.org/hgnc/",
    "NCBIGene": "http://identifiers.org/ncbigene/",
    "UniProtKB": "http://purl.uniprot.org/uniprot/",
    "cellosaurus": "https://www.cellosaurus.org/",
    "biolink": "https://w3id.org/biolink/vocab/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "oboInOwl": "http://www.geneontology.org/formats/oboInOwl#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "void": "http://rdfs.org/ns/void#",
    "voidext": "http://ldf.fi/void-ext#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Every prefix that tables, queries and products may use, with its IRI."""

GRAPHS: tuple[str, ...] = ("ontology", "facts", "evidence", "inferred", "metadata")
"""The named graphs, pairwise disjoint. A query sees their union."""

_CURIE = re.compile(r"(?P<prefix>[A-Za-z][A-Za-z0-9]*):(?P<local>[A-Za-z0-9_][A-Za-z0-9_.\-]*)")

_BASES = sorted(((base, prefix) for prefix, base in PREFIXES.items()), key=lambda pair: -len(pair[0]))


def is_curie(text: str) -> bool:
    """Whether the text has the form of a CURIE, whatever its prefix.

    >>> is_curie("HGNC:7371"), is_curie("HGNC 7371")
    (True, False)
    """
    return _CURIE.fullmatch(text) is not None


def expand(curie: str) -> str:
    """The IRI of a CURIE.

    Raises IdentifierError if the text is not a CURIE or its prefix is not declared.

    >>> expand("HGNC:7371")
    'http://identifiers.org/hgnc/7371'
    """
    match = _CURIE.fullmatch(curie)
    if match is None:
        raise IdentifierError(
            f"{curie!r} is not a CURIE; write prefix:local, with letters, digits, '-', '_' and '.' after the colon"
        )
    base = PREFIXES.get(match["prefix"])
    if base is None:
        raise IdentifierError(f"{match['prefix']!r} is not a declared prefix; {suggest(match['prefix'], PREFIXES)}")
    return base + match["local"]


def compact(iri: str) -> str:
    """The CURIE of an IRI, or the IRI itself where no prefix fits.

    >>> compact("https://w3id.org/mesokg/id/trial-NCT03710876")
    'mkg:trial-NCT03710876'
    >>> compact("https://example.org/x")
    'https://example.org/x'
    """
    # the rule of curies, the longest prefix that fits, without the 0.2 s that its import takes
    for base, prefix in _BASES:
        if iri.startswith(base):
            return f"{prefix}:{iri[len(base):]}"
    return iri


def term(name: str) -> str:
    """The IRI of an ontology term of ours, by its local name.

    >>> term("usesVector")
    'https://w3id.org/mesokg/ontology/usesVector'
    """
    return PREFIXES["mesokg"] + name


def entity(kind: str, local: str) -> str:
    """The IRI of a minted entity: kind first, then what tells it apart.

    >>> entity("outcome", "0f3a")
    'https://w3id.org/mesokg/id/outcome-0f3a'
    """
    return f"{PREFIXES['mkg']}{kind}-{local}"


def graph_iri(name: str) -> str:
    """The IRI of a named graph.

    >>> graph_iri("facts")
    'https://w3id.org/mesokg/graph/facts'
    """
    if name not in GRAPHS:
        raise IdentifierError(f"{name!r} is not a named graph; {suggest(name, GRAPHS)}")
    return PREFIXES["mkgg"] + name


def content_hash(*parts: str) -> str:
    """A short name for the parts: the first 80 bits of their SHA-256, 16 base-32 characters.

    The unit separator keeps ("ab", "c") apart from ("a", "bc"). Eighty bits make a clash among
    ten million assertions less likely than one in 10,000 million.

    >>> content_hash("a", "bc") != content_hash("ab", "c")
    True
    """
    from base64 import b32encode

    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return b32encode(digest[:10]).decode().lower()
