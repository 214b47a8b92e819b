"""Renews what the documentation shows of the explorer: ``python tests/server/renew_explorer.py [BUILD]``.

Writes ``docs/accessibility.md`` (what axe-core finds on each page, in two looks) and ``docs/pictures/explorer-*.png``, as
Chromium shows them. Wants node, npm, Playwright and Chromium; a minute. Run after a new build, and look at the pictures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(ROOT / "tests")]

Place = tuple[str, int, int, str, str]
"""A name, the width and height in pixels, light or dark, and the path of a page."""

PICTURES: tuple[Place, ...] = (
    ("start", 1100, 1000, "light", "/"),
    ("start-phone-dark", 390, 1000, "dark", "/"),
    ("therapy", 1100, 1000, "light", "/id/therapy-m28z1xxpd1dnr"),
    ("therapy-phone-dark", 390, 1000, "dark", "/id/therapy-rad-ifn"),
    ("trial", 1100, 1000, "light", "/id/trial-NCT02414269"),
    ("gene-dark", 1100, 900, "dark", "/thing/HGNC:7371"),
    ("mechanism", 1100, 800, "light", "/id/mechanism-car-t-cell-cytotoxicity"),
    ("publication-dark", 1100, 800, "dark", "/id/publication-PMID36856952"),
    ("why", 1100, 900, "light", "/why?s=mkg:therapy-rad-ifn&p=rdf:type&o=mesokg:CytokineGeneTherapy"),
    ("ask", 1100, 800, "light", "/ask/which_therapies_target_gene?target=MSLN"),
    ("graph-dark", 1100, 820, "dark", "/graph"),
    ("edge-phone", 390, 1300, "light", "/graph?focus=mkg:therapy-rad-ifn"),
    ("editor", 1200, 900, "light", "/editor"),
)

_RUN = """axe.run(document).then(found => ({
  passes: found.passes.length, incomplete: found.incomplete.map(rule => rule.id),
  violations: found.violations.map(rule => [rule.impact, rule.id, rule.nodes.length]) }))"""


def axe_source(folder: Path) -> str:
    """The script of axe-core, from the packages of the tests, installed where MESOKG_NODE_TOOLS says or into the folder."""
    tools = Path(os.environ.get("MESOKG_NODE_TOOLS", folder))
    tools.mkdir(parents=True, exist_ok=True)
    if not (tools / "node_modules" / "axe-core").is_dir():
        shutil.copy(HERE / "package.json", tools)
        subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], cwd=tools, check=True)
    return (tools / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def wait_for(page: Any, path: str) -> None:
    """Until what a page draws by script is there."""
    if path.startswith("/graph"):
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
    if path == "/editor":
        page.wait_for_selector("html[data-editor=ready]", timeout=20_000)
        page.locator(".yasqe_queryButton").first.click()
        page.wait_for_selector(".yasr table td")


def take_pictures(browser: Any, site: str) -> None:
    for name, width, height, scheme, path in PICTURES:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.goto(site + path)
        wait_for(page, path)
        if name == "edge-phone":
            page.get_by_role("button", name="1 source").first.click()
        page.wait_for_timeout(600)
        page.screenshot(path=str(ROOT / "docs" / "pictures" / f"explorer-{name}.png"), scale="css")
        context.close()


def accessibility(browser: Any, site: str, axe: str) -> str:
    """What axe finds on every page that the tests visit, as Markdown."""
    from test_server_tools import LOOKS, VISITED

    lines, open_questions, version = [], set(), ""
    for path in (*VISITED, "/editor"):
        cells = []
        for scheme, width in LOOKS:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            page.goto(site + path)
            wait_for(page, path)
            # through the debugger, as the policy of the page forbids scripts from elsewhere
            context.new_cdp_session(page).send("Runtime.evaluate", {"expression": axe})
            found, version = page.evaluate(_RUN), page.evaluate("axe.version")
            open_questions |= set(found["incomplete"])
            wrong = [f"{impact}: `{rule}` ({nodes})" for impact, rule, nodes in found["violations"]]
            cells.append(f"{found['passes']} | {', '.join(f'`{one}`' for one in sorted(found['incomplete'])) or '0'} | {', '.join(wrong) or '0'}")
            context.close()
        lines.append(f"| `{path}` | {' | '.join(cells)} |")
    wide, narrow = (f"{scheme}, {width} px" for scheme, width in LOOKS)
    return "\n".join(
        [
            "# What axe finds",
            "",
            f"By `python tests/server/renew_explorer.py`: axe-core {version} with all its rules in Chromium on the pages that the tests visit, the",
            "editor with an answer. Rules that a page passes; rules that axe leaves to a person to judge; rules that it breaks, with their impact and",
            "the number of places. The tests fail where one is serious or critical.",
            "",
            f"| page | {wide}: passed | to judge | broken | {narrow}: passed | to judge | broken |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


def main() -> None:
    from playwright.sync_api import sync_playwright
    from running import serving

    from mesokg.builds import find_build

    build = find_build(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, serving("--build", build, log=Path(folder) / "log") as site, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = accessibility(browser, site, axe_source(Path(folder) / "node"))
        (ROOT / "docs" / "accessibility.md").write_text(page, encoding="utf-8", newline="\n")
        take_pictures(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
