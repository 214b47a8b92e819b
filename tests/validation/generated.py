"""Graphs of the shape of ours, made from the ontology: valid, or with damage done at random.

``make_store(things)`` fills each property of each table's class with values of its range, and gives each
statement that is not exempt an assertion node. 4,500 things make about 25,000 facts and 9,000 assertions.
"""

from __future__ import annotations

import random

import pyoxigraph as ox

from mesokg.identifiers import PREFIXES, content_hash, entity, graph_iri, term
from mesokg.resources import folder

RDF_TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")
LABEL = ox.NamedNode(PREFIXES["rdfs"] + "label")
XSD = PREFIXES["xsd"]
RDFS = PREFIXES["rdfs"]
OWL = PREFIXES["owl"]

# Text properties whose form a shape prescribes.
FORMS = {
    "pmid": "24579{0}", "doi": "10.1016/j.{0}", "pmcid": "PMC{0}", "countryCode": "AU", "uniprot": "Q13421",
    "ncbiGene": "1{0}", "registryIdentifier": "NCT03{0:06d}", "url": "https://example.org/{0}",
}
# Whole numbers and decimals that shapes and rules accept in any combination.
NUMBERS = {"publicationYear": "2014", "numerator": "1", "denominator": "2", "value": "50", "lowerLimit": "40",
           "upperLimit": "60", "minimumGrade": "3", "doseLow": "1", "doseHigh": "3"}
SKIPPED = {"hasBroader", "negated", "precedesStep", "follows", "followedBy", "succeeds", "succeededBy"}


def name(local: str) -> ox.NamedNode:
    return ox.NamedNode(term(local))


class Ontology:
    """The little of the ontology that the generator needs."""

    def __init__(self) -> None:
        self.store = ox.Store()
        self.store.load(path=str(folder("ontology") / "mesokg.ttl"), format=ox.RdfFormat.TURTLE,
                        to_graph=ox.NamedNode(graph_iri("ontology")))

    def rows(self, query: str) -> list[tuple[str, ...]]:
        prefixes = "".join(f"PREFIX {p}: <{iri}>\n" for p, iri in PREFIXES.items())
        solutions = self.store.query(prefixes + query, use_default_graph_as_union=True)
        return sorted(tuple(term.value if term else "" for term in row) for row in solutions)


def make_store(things: int, seed: int = 1) -> ox.Store:
    """A store with the graphs ontology, facts and evidence; every class that has a table has instances."""
    dice = random.Random(seed)
    ontology = Ontology()
    facts, evidence = ox.NamedNode(graph_iri("facts")), ox.NamedNode(graph_iri("evidence"))
    classes = [row[0] for row in ontology.rows("SELECT ?c { ?c mesokg:tableName ?t }")] + [term("OutcomeMeasurement")]
    domains: dict[str, list[str]] = {}
    for prop, kind in ontology.rows("SELECT ?p ?c { ?p rdfs:domain/(owl:unionOf/rdf:rest*/rdf:first)? ?c FILTER(isIRI(?c)) }"):
        domains.setdefault(kind, []).append(prop)
    ranges: dict[str, list[str]] = {}
    for prop, kind in ontology.rows("SELECT ?p ?c { ?p rdfs:range/(owl:unionOf/rdf:rest*/rdf:first)? ?c FILTER(isIRI(?c)) }"):
        ranges.setdefault(prop, []).append(kind)
    exempt = {row[0] for row in ontology.rows("SELECT ?p { ?p mesokg:exemptFromEvidence true }")}
    chained = {row[0] for row in ontology.rows("SELECT ?p { ?p owl:propertyChainAxiom ?l }")}
    inverses = {row[0] for row in ontology.rows("SELECT ?p { ?p owl:inverseOf ?q }")}
    instances = {kind: [value for (value,) in ontology.rows(f"SELECT ?i {{ ?i a <{kind}> }}")] for kinds in ranges.values() for kind in kinds}
    supers = dict(ontology.rows("SELECT ?a ?b { ?a rdfs:subClassOf ?b FILTER(isIRI(?b)) }"))
    count = max(2, things // len(classes))
    for kind in classes:
        local = kind.removeprefix(term("")).lower()
        instances[kind] = [entity(local, str(i)) for i in range(count)]
    for child, parent in supers.items():
        if child in ranges_needed(ranges) and parent in instances and not instances.get(child):
            instances[child] = instances[parent][:2]
    typed: list[ox.Quad] = []
    for child, members in instances.items():
        typed += [ox.Quad(ox.NamedNode(m), RDF_TYPE, ox.NamedNode(child), facts) for m in members if m.startswith(PREFIXES["mkg"])]
    source = ox.NamedNode(entity("publication", "0"))
    quads = [*typed]
    day = ox.Literal("2026-11-24T00:00:00Z", datatype=ox.NamedNode(XSD + "dateTime"))
    for kind in classes:
        for number, iri in enumerate(instances[kind]):
            subject = ox.NamedNode(iri)
            quads.append(ox.Quad(subject, LABEL, ox.Literal(iri.rpartition("/")[2]), facts))
            for prop in domains.get(kind, []) + (domains.get(supers.get(kind, ""), [])):
                local = prop.removeprefix(term(""))
                if local in SKIPPED or prop in inverses or (prop in chained and dice.random() < 0.7):
                    continue
                target = value_of(local, ranges.get(prop, []), instances, number, dice)
                if target is None:
                    continue
                if ox.Quad(subject, name(local), target, facts) in quads[-60:]:
                    continue
                quads.append(ox.Quad(subject, name(local), target, facts))
                if prop in exempt:
                    continue
                node = ox.NamedNode(entity("assertion", content_hash(iri, prop, str(target))))
                told = {"subject": subject, "predicate": name(local), "object": target, "source": source,
                        "locator": ox.Literal("abstract"), "evidenceLevel": name("evidenceReview"),
                        "evidence": ox.NamedNode(PREFIXES["ECO"] + "0000033"), "recordDate": day,
                        "recordDatePrecision": name("precisionDay"), "checkedOn": day,
                        "valueStatus": name("reported"), "rank": name("rankNormal"),
                        "checkedOnPrecision": name("precisionDay"), "negated": ox.Literal(False), "inTable": ox.Literal("trials.tsv")}
                quads.append(ox.Quad(node, RDF_TYPE, name("Assertion"), evidence))
                quads += [ox.Quad(node, name(key), value, evidence) for key, value in told.items()]
    ontology.store.extend(quads)
    return ontology.store


def ranges_needed(ranges: dict[str, list[str]]) -> set[str]:
    return {kind for kinds in ranges.values() for kind in kinds}


def value_of(local: str, kinds: list[str], instances: dict[str, list[str]], number: int, dice: random.Random) -> ox.NamedNode | ox.Literal | None:
    """A value of the range of a property, or None where the range is open."""
    if not kinds:
        return None
    kind = kinds[0]
    if kind.startswith(XSD):
        plain = {"string": f"text {number}", "integer": "3", "decimal": "1.5", "boolean": "true",
                 "dateTime": "2019-03-01T00:00:00Z", "anyURI": "https://example.org/a"}[kind.removeprefix(XSD)]
        text = FORMS[local].format(number) if local in FORMS else NUMBERS.get(local, plain)
        return ox.Literal(text, datatype=ox.NamedNode(kind))
    members = instances.get(dice.choice(kinds)) or []
    return ox.NamedNode(dice.choice(members)) if members else None
