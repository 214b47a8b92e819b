"""Renews what the documentation shows of the networks: ``python tests/readers/renew_docs.py [BUILD]``.

Writes ``docs/networks.md`` (what each view holds), the table of readers into ``docs/how-to-gephi.md``, and draws ``docs/pictures/therapies.png`` and ``trials.png`` with
a browser, as a reader of the SVG sees them. Wants the programs of ``install.py``, Playwright and Chromium; half a minute.
Run after ``python -m mesokg.networks.renew --build BUILD`` and a new build, and look at the pictures.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
PICTURES = ("therapies", "trials")


NODE = {
    "label": "the whole name; only pictures cut it",
    "iri": "the address of the thing in the graph",
    "kind": "the kind by which it is coloured",
    "family": "a group of kinds that belong together",
    "classes": "the classes it was sorted into, such as oncolytic virotherapy",
    "description": "what it is, in the words of the graph; where it has none, made of its classes, values and links, and of what names it",
    "inferred": "false: things are stated, only links are inferred",
    "publications": "how many publications state something about it; what they deny, or stated before it was superseded, does not count",
    "sources": "all sources that do: publications, registry records, web pages",
    "denials": "how many publications deny something about it, where any does",
    "denied_by": "all sources that do",
    "best_evidence": "the best level of evidence among the statements that count",
    "first_year": "the first year of these publications, or of its own dates",
    "last_year": "the last one",
    "degree": "how many links it has in this view",
    "pagerank": "its importance in this view, and what its size grows with",
    "betweenness": "the share of shortest paths that lead through it, from 48 nodes where there are more",
    "community": "the number of its community (Louvain), 0 the largest",
}
EDGE = {
    "label": "what the link says, as one reads it",
    "kind": "its name, as in the tables below; Gephi's edge type",
    "description": "what the link says: the definition of its property, or of the projection",
    "iri": "the address of the property; a projection has none",
    "inferred": "false where a source states it, true where it follows from what sources state",
    "publications": "how many publications support it, counted as for nodes; an inferred link has those of the statements it follows from",
    "sources": "all sources that do",
    "denials": "how many publications deny it, where any does",
    "denied_by": "all sources that do",
    "best_evidence": "the best level of evidence; of an inferred link or a projection, of its best derivation, which is as good as its weakest statement",
    "first_year": "the first year of these publications",
    "last_year": "the last one",
    "weight": "a number that counts what `counts` says",
    "counts": "what the weight counts; a stated or inferred link without sources counts itself, and says why it has none",
}


def views_page() -> str:
    """What every view holds, as Markdown: attributes, kinds of nodes, links."""
    from mesokg.formats.svg import CROWD, MOST_LABELS
    from mesokg.networks.build import ATTRIBUTES
    from mesokg.networks.facts import snake
    from mesokg.networks.styles import CLAIMS, DENIALS, LINKS, read_styles
    from mesokg.networks.views import STATEMENTS, SYMMETRIC, VIEWS
    from mesokg.vocabulary import read_vocabulary

    both_ways = sorted(SYMMETRIC | {p.name for view in VIEWS.values() for p in view.projections if not p.ordered})
    terms = {term.name: term for term in read_vocabulary().properties.values()}
    styles = read_styles()

    def rows(head: tuple[str, ...], body: list[tuple[str, ...]]) -> list[str]:
        return [*(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *body)), ""]

    lines = [
        "# What the networks hold",
        "",
        "By `python tests/readers/renew_docs.py` from `src/mesokg/networks/views.py`, `styles.tsv` and the ontology. A missing value is left out, never",
        "written as empty or 0. Reports without a date, such as most registry records and web pages, count as sources but give no year.",
        "",
        "## Attributes of nodes",
        "",
        *rows(("attribute", "what it is"), [(f"`{name}`", words) for name, words in NODE.items()]),
        "Beside these, places and looks (`x`, `y`, `size`, `color`, `shape`) and what some kinds have. `size` is a diameter in the units of `x` and `y`;",
        "GEXF and GraphML hold its half, since Gephi and Gephi Lite read a radius.",
        "",
        *rows(("attribute", "what it is"), [(f"`{snake(name)}`", terms[name].definition.split(". ")[0].rstrip(".")) for name in sorted(ATTRIBUTES)]),
        "## Attributes of links",
        "",
        *rows(("attribute", "what it is"), [(f"`{name}`", words) for name, words in EDGE.items()]),
        "Colours of nodes differ by kind (`styles.tsv`). Gephi draws every node as a disc, so in each view of up to ten kinds any two differ by",
        "colour alone: by 14 units of CIELAB or more, with three kinds of cones and with any two of them. Of the kinds of `full` those of more than",
        "2 % of its nodes differ by 12; the rest are too many for that, and some pairs, such as site and taxon, differ by no more than 7: shapes",
        "(in SVG, Cytoscape and CX2) tell most of these apart, in Gephi the column `kind`.",
        "",
        f"`color` of a link lies between the colours of the ends; {', '.join(f'`{name}`' for name in sorted(DENIALS))} are red, since they say that",
        f"something is not so, {' and '.join(f'`{name}`' for name in sorted(CLAIMS))} grey, since nobody has shown it.",
        "Links that would look like others have a colour of their own, of what they share or deliver:",
        f"{', '.join(f'`{name}`' for name in sorted(LINKS))}.",
        "",
        "In the SVG picture an arrow leads from what a link is said of to what it says: `A succeeds B` and `A follows B` point to B, the earlier one.",
        f"{', '.join(f'`{name}`' for name in both_ways)} hold both ways and have none",
        "(nor in Cytoscape; in GEXF they are undirected edges, in GraphML directed ones as all others, since NetworkX reads no file with both); nor have links of",
        f"nodes that touch, loops, and pictures of {CROWD} nodes or more, such as `full`, where arrows would hide the nodes.",
        "It first looks for room for the names of all therapies and trials of a view and of its most important nodes, then for the others; a note",
        f"says how many names are left out. More than {MOST_LABELS:,} are never put.",
        "",
        "Places are read from a table (`src/mesokg/networks/layout.tsv`), so a view looks the same from build to build, and new nodes stand beside",
        "their neighbours. Where more than a fifth of a view's nodes are not in the table, as with tables of your own, the view is laid out anew:",
        "`pip install 'mesokg[layout]'`; without it they stand beside their neighbours. A warning says which. A layout made anew is not the same on",
        "every machine, so neither are the files of a build with it; `python -m mesokg.networks.renew --build DIR` writes a table that is.",
        "",
    ]
    for view in VIEWS.values():
        lines += [f"## `{view.name}`: {view.title}", "", view.story, ""]
        kinds = sorted(styles[name].kind for name in view.kinds) if view.kinds else sorted(style.kind for style in styles.values())
        lines += [f"Nodes: {', '.join(kinds)}.", ""]
        if view.links is None:
            lines += ["Links: every property of the ontology between two things, but for inferred ones that only repeat a more exact one.", ""]
            continue
        body = [(f"`{name}`", terms[name].label, terms[name].definition.rstrip("."), "itself" if terms[name].exempt else "sources") for name in sorted(view.links)]
        body += [(f"`{p.name}`", p.label, f"{p.told}; a projection along `{', '.join(p.path).replace('|', ' or ')}`", p.counts) for p in view.projections]
        if view.evidence:
            body += [(f"`{name}`", label, told, "statements") for name, (label, told) in STATEMENTS.items()]
        lines += rows(("link", "reads", "what it says", "weight counts"), body)
    return "\n".join(lines).rstrip("\n") + "\n"


def renew_table(build: Path) -> None:
    """Put the table in the place of the one that begins with the same columns."""
    import test_formats_readers

    lines = test_formats_readers.table(build)
    page = ROOT / "docs" / "how-to-gephi.md"
    old = re.compile(re.escape(lines[0]) + r"\n(\|.*\n)+")
    text, found = old.subn("".join(line + "\n" for line in lines), page.read_text(encoding="utf-8"))
    if found != 1:
        sys.exit(f"{page}: the table of readers is not there once")
    page.write_text(text, encoding="utf-8", newline="\n")
    print("\n".join(lines))


def renew_pictures(build: Path) -> None:
    """Draw each view at its own size."""
    from playwright.sync_api import sync_playwright

    from mesokg.builds import load_build
    from mesokg.formats import EXPORTS
    from mesokg.networks import network_of
    from mesokg.networks.facts import read_facts

    facts = read_facts(load_build(build))
    browser_path = os.environ.get("MESOKG_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for view in PICTURES:
            file = Path(name) / f"{view}.svg"
            EXPORTS["svg"].write(network_of(facts, view), file)
            box = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', file.read_text(encoding="utf-8"))
            assert box
            page = browser.new_page(viewport={"width": int(box[1]), "height": int(box[2])})
            page.goto(file.as_uri())
            out = ROOT / "docs" / "pictures" / f"{view}.png"
            page.screenshot(path=out)
            print(f"{out}: {box[1]} by {box[2]}, {out.stat().st_size:,} bytes")
        browser.close()


def main() -> None:
    from mesokg.builds import find_build

    build = find_build(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    (ROOT / "docs" / "networks.md").write_text(views_page(), encoding="utf-8", newline="\n")
    renew_pictures(build)
    renew_table(build)


if __name__ == "__main__":
    main()
