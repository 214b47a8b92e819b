"""CURIEs are those that the curies library would write."""

import curies
from pyoxigraph import NamedNode

from mesokg.identifiers import PREFIXES, compact


def test_every_iri_of_the_graph_is_shortened_as_curies_does(real_store) -> None:
    converter = curies.Converter.from_prefix_map(PREFIXES)
    iris = {node.value for quad in real_store.oxigraph for node in quad if isinstance(node, NamedNode)}
    assert {iri: compact(iri) for iri in iris} == {iri: converter.compress(iri) or iri for iri in iris}
    assert {compact(iri) for iri in iris} > {"mesokg:Trial", "HGNC:7371"}
