"""The views: which kinds and links each shows, declared in one place.

A link is named by the local name of its property. A projection is a link that no triple states: a path between two
things, counted; its weight says how many of ``counts`` join the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from mesokg.errors import UsageError, suggest

__all__ = ["STATEMENTS", "SYMMETRIC", "VIEWS", "Projection", "View", "find_view"]


@dataclass(frozen=True)
class Projection:
    """A counted link: from a thing along ``path`` to another.

    ``path`` is a tuple of property names; ``^name`` goes against the arrow, ``a|b`` takes either. Unordered
    projections join each pair once. ``via`` is the position on the path of the things that are counted. ``told`` says
    in words what the link says.
    """

    name: str
    label: str
    told: str
    path: tuple[str, ...]
    counts: str
    via: int
    ordered: bool = True


@dataclass(frozen=True)
class View:
    """A declared selection: node kinds (by class), links (by property) and projections.

    ``None`` means all; projections lead through kinds that are not shown too. ``isolated`` keeps things without a link.
    ``evidence`` adds a link from each thing to every source that says something of it. ``named`` kinds are those
    whose names a picture leaves out last.
    """

    name: str
    title: str
    story: str
    kinds: frozenset[str] | None
    links: frozenset[str] | None
    projections: tuple[Projection, ...] = ()
    isolated: bool = False
    evidence: bool = False
    named: frozenset[str] = frozenset({"Therapy", "Trial"})


SYMMETRIC = frozenset({"overlapsWith", "overlapsWithCohort"})
"""Properties that hold both ways, as the ontology says."""

STATEMENTS = {
    "supportedBy": ("is supported by", "A relation between a thing and a source that affirms something of it"),
    "deniedBy": ("is denied by", "A relation between a thing and a source that denies something of it"),
}
"""The links of a view with ``evidence``: what each reads, and what it says."""

_TARGETING = "recognisesAntigen|targets|silences|edits|restores|counteracts|deliversTo|immunisesAgainst"
_TARGETS = frozenset(_TARGETING.split("|"))


def _shared(name: str, label: str, path: str, counts: str) -> Projection:
    told = f"A relation between therapies that have {counts} in common, counted in how many"
    return Projection(name, label, told, (path, "^" + path.replace("|", "|^")), counts, 1, ordered=False)


_CLAIMS = (
    Projection("claimsToEngage", "claims to engage", "A relation between a therapy and a mechanism that a source claims for it without having shown it", ("^stepOf", "claimsMechanism"), "mechanism steps", 1),
    Projection("failedToEngage", "failed to engage", "A relation between a therapy and a mechanism that a read-out of it did not show", ("^stepOf", "refutesMechanism"), "mechanism steps", 1),
)

_VIEWS = (
    View(
        "full",
        "Everything",
        "All things and all links; sources that only support statements stand in the attribute `sources`.",
        None,
        None,
        isolated=True,
    ),
    View(
        "therapies",
        "Therapies and what they are made of",
        "Each therapy with its vector, its payload, the genes and antigens it is aimed at, and the mechanisms it was shown, or only claimed, to engage.",
        frozenset({"Therapy", "Vector", "Payload", "Gene", "Antigen", "Mechanism"}),
        frozenset({"usesVector", "deliversPayload", "deliversGene", "engages", "succeeds"}) | _TARGETS,
        _CLAIMS,
    ),
    View(
        "trials",
        "Trials",
        "Each trial with the therapy it tests, the target of that therapy, its sponsor and its countries.",
        frozenset({"Trial", "Therapy", "Gene", "Antigen", "Organisation", "Country"}),
        frozenset({"investigates", "testsTarget", "sponsor", "collaborator", "country", "follows"}),
    ),
    View(
        "targets",
        "Target genes",
        "Genes and antigens joined by the therapies they share and by alterations they share in mesothelioma.",
        frozenset({"Gene", "Antigen"}),
        frozenset({"productOf"}),
        (
            Projection(
                "sharesTherapy",
                "shares therapies with",
                "A relation between genes or antigens that one therapy aims at or delivers, counted in how many therapies",
                (
                    "^" + f"{_TARGETING}|deliversGene".replace("|", "|^"),
                    f"{_TARGETING}|deliversGene",
                ),
                "therapies",
                1,
                ordered=False,
            ),
            Projection("coAltered", "is co-altered with", "A relation between genes of which a source says that they are altered in the same tumours", ("^alteredGene", "coAlteredWith"), "gene alterations", 1, ordered=False),
            Projection("alteredInSameCohort", "is altered in the same cohort as", "A relation between genes altered in one cohort, not necessarily in the same tumours", ("^alteredGene", "inCohort", "^inCohort", "alteredGene"), "cohorts", 2, ordered=False),
        ),
    ),
    View(
        "mechanisms",
        "Mechanisms",
        "Mechanisms, the therapies that engage or claim them, the order of the steps, and the cells they happen in.",
        frozenset({"Mechanism", "Therapy", "CellType"}),
        frozenset({"engages", "hasBroader"}),
        (
            *_CLAIMS,
            Projection("leadsTo", "leads to", "A relation between a mechanism and one that follows it in a chain of steps, claimed or shown", ("^claimsMechanism|^showsMechanism", "precedesStep", "claimsMechanism|showsMechanism"), "mechanism steps", 1),
            Projection("happensIn", "happens in", "A relation between a mechanism and a cell type in which a step of it takes place", ("^claimsMechanism|^showsMechanism", "inCell"), "mechanism steps", 1),
        ),
    ),
    View(
        "constructs",
        "Constructs",
        "The components of each construct, CAR and vector, with the genes they come from and bind.",
        frozenset({"Construct", "Component", "Vector", "Payload", "GeneProductForm", "Gene", "Antigen", "CellProduct", "Therapy"}),
        frozenset(
            {
                "hasBackbone", "carries", "hasComponent", "hasModification", "hasDeletion", "encodes", "formOf",
                "activeFormOf", "alteredFormOf", "componentFromGene", "bindsTarget", "silencesGene", "transducedWith",
                "hasConstruct", "administersCells", "editsGene", "entersVia",
            }
        ),
    ),
    View(
        "evidence",
        "Evidence",
        "What each publication, registry record and web page supports or denies; cohorts and papers that overlap or restate each other.",
        frozenset({"Publication", "WebPage", "RegistryRecord", "Cohort", "Trial", "Therapy", "Experiment", "MechanismStep", "GeneAlteration", "Determinant"}),
        frozenset({"reportsOn", "restates", "overlapsWith", "overlapsWithCohort", "inCohort", "recordOf", "stepOf", "investigates", "experimentTests"}),
        evidence=True,
    ),
    View(
        "lineage",
        "Lineage",
        "Which therapy, construct and trial followed which.",
        frozenset({"Therapy", "Construct", "Trial"}),
        frozenset({"succeeds", "follows", "involvesConstruct", "hasConstruct", "investigates"}),
        (
            Projection(
                "followsConstruct",
                "follows construct",
                "A relation between a construct and one of a therapy that the therapy of the first was developed from",
                ("^involvesConstruct|^hasConstruct", "succeeds", "involvesConstruct|hasConstruct"),
                "successions of therapies",
                1,
            ),
        ),
    ),
    View(
        "similar-therapies",
        "Therapies that resemble each other",
        "Therapies joined by the vectors, payloads, targets and mechanisms they share.",
        frozenset({"Therapy"}),
        frozenset({"succeeds"}),
        (
            _shared("sharesVector", "shares vectors with", "usesVector", "vectors"),
            _shared("sharesPayload", "shares payloads with", "deliversPayload", "payloads"),
            _shared("sharesTarget", "shares targets with", _TARGETING, "genes and antigens"),
            _shared("sharesMechanism", "shares mechanisms with", "engages", "mechanisms"),
        ),
    ),
    View(
        "programmes",
        "Who works with whom",
        "Organisations joined by trials, with their therapies and countries.",
        frozenset({"Organisation", "Country", "Therapy"}),
        frozenset({"developer"}),
        (
            Projection("joinsInTrials", "joins in trials with", "A relation between organisations that sponsor or take part in the same trial", ("^sponsor|^collaborator", "sponsor|collaborator"), "trials", 1, ordered=False),
            Projection("runsTrialsIn", "runs trials in", "A relation between an organisation and a country with sites of a trial that it sponsors", ("^sponsor", "country"), "trials", 1),
            Projection("runsTrialsOf", "runs trials of", "A relation between an organisation and a therapy given in a trial that it sponsors", ("^sponsor", "investigates"), "trials", 1),
        ),
    ),
)

VIEWS: dict[str, View] = {view.name: view for view in _VIEWS}
"""Every view by name."""


def find_view(name: str) -> View:
    """The view of this name. Raises UsageError that offers the nearest names."""
    if name not in VIEWS:
        raise UsageError(f"there is no view {name!r}; {suggest(name, VIEWS)}")
    return VIEWS[name]
