"""Renews what the documentation shows of the explorer: ``python tests/server/renew_explorer.py [BUILD]``.

Writes ``docs/accessibility.md`` (what axe-core finds on each page, in two looks, how soon each is seen and how much script it has)
and ``docs/pictures/explorer-*.png``, as Chromium shows them. Wants node, npm, Playwright, Pillow and Chromium; three minutes, and a
machine that does nothing else, for the times. Run after a new build, and look at the pictures.
"""

from __future__ import annotations

import datetime
import io
import os
import platform
import shutil
import statistics
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

WHOLE: tuple[tuple[str, int, str, str], ...] = (
    ("therapy-whole", 1100, "light", "/id/therapy-m28z1xxpd1dnr"),
    ("trial-whole", 1100, "light", "/id/trial-NCT02414269"),
)
"""Pictures of all of a page: a name, the width, light or dark, and the path."""

MOST_BYTES = 500_000
"""What the picture of a whole page may have."""

TIMED = (
    "/", "/therapies", "/trials", "/id/therapy-m28z1xxpd1dnr", "/id/trial-NCT02414269", "/thing/HGNC:7371", "/id/mechanism-car-t-cell-cytotoxicity",
    "/id/publication-PMID36856952", "/ask", "/ask/which_therapies_target_gene?target=MSLN", "/search?q=ifn", "/download/", "/graph", "/editor",
)  # fmt: skip
"""The pages whose first view is timed: one of each kind."""

LOADS = 5

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


def save(taken: bytes, name: str) -> int:
    """Write a picture in 256 colours, which no eye tells from all of them, and give its bytes."""
    from PIL import Image

    place = ROOT / "docs" / "pictures" / f"explorer-{name}.png"
    # by coverage, as the usual way merges a colour that few pixels have, such as that of an interval, into grey
    few = Image.open(io.BytesIO(taken)).convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(place, optimize=True)
    return place.stat().st_size


def take_pictures(browser: Any, site: str) -> None:
    for name, width, height, scheme, path in PICTURES:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.goto(site + path)
        wait_for(page, path)
        if name == "edge-phone":
            page.locator("#network").press("Enter")
            page.get_by_role("button", name="1 source").first.click()
            page.wait_for_selector("#network-detail .sources a")
        page.wait_for_timeout(600)
        save(page.screenshot(scale="css"), name)
        context.close()


def take_whole_pictures(browser: Any, site: str) -> None:
    """All of a page from head to foot; raises RuntimeError where a picture is larger than MOST_BYTES."""
    for name, width, scheme, path in WHOLE:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.goto(site + path)
        page.wait_for_timeout(600)
        size = save(page.screenshot(full_page=True, scale="css"), name)
        context.close()
        if size > MOST_BYTES:
            raise RuntimeError(f"explorer-{name}.png has {size:,} bytes: take a shorter page")


def first_view(browser: Any, address: str, path: str) -> tuple[float, float, float, int, int]:
    """Of one load with an empty cache, in ms: when something is seen, when all is loaded and when what a script draws is there;
    then the bytes of script, and as they were sent."""
    # a context of its own holds nothing from the loads before
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.goto(address + path)
    drawn = 0.0
    for begin, mark in (("/graph", "network"), ("/editor", "editor")):
        if path.startswith(begin):
            page.wait_for_selector(f"html[data-{mark}=ready]", timeout=60_000)
            drawn = page.evaluate("performance.now()")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    seen = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    files = page.evaluate("performance.getEntriesByType('resource').filter(one => new URL(one.name).pathname.endsWith('.js')).map(one => [one.decodedBodySize, one.transferSize])")
    context.close()
    if not files or not all(sent for _, sent in files):
        raise RuntimeError(f"{path}: no script was sent, so the times are of a cache")
    return seen, loaded, drawn, sum(size for size, _ in files), sum(sent for _, sent in files)


def speed(browser: Any, site: str) -> str:
    """How soon each kind of page is seen and how much script it has, as Markdown: medians of LOADS loads."""
    lines = []
    for path in TIMED:
        seen, loaded, drawn, size, sent = (statistics.median(column) for column in zip(*(first_view(browser, site, path) for _ in range(LOADS)), strict=True))
        lines.append(f"| `{path}` | {seen:,.0f} | {loaded:,.0f} | {f'{drawn:,.0f}' if drawn else ''} | {size / 1000:,.1f} | {sent / 1000:,.1f} |")
    return "\n".join(
        [
            "## How soon pages are seen, and how much script they have",
            "",
            f"By the same program on {datetime.date.today():%d %B %Y}: medians of {LOADS} loads in Chromium {browser.version}, each with an empty cache, 1,200 px",
            f"wide, browser and server on one machine with {os.cpu_count()} cores ({platform.system()} {platform.machine()}) where {os.getloadavg()[1]:.1f} programs wanted to run (mean of 5 minutes); the",
            "server had answered before. Milliseconds until something is seen (first contentful paint), until all is loaded, and until network or",
            "editor are drawn; kilobytes of script, and as they are sent (gzip). The aims for the start page are 1 s and 400 kB, which a test asserts.",
            "",
            "| page | seen, ms | loaded, ms | drawn, ms | script, kB | sent, kB |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


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
        # the pages are loaded by axe and for the pictures first, so that the server has answered when times are taken
        page = accessibility(browser, site, axe_source(Path(folder) / "node"))
        take_pictures(browser, site)
        take_whole_pictures(browser, site)
        page += "\n" + speed(browser, site)
        (ROOT / "docs" / "accessibility.md").write_text(page, encoding="utf-8", newline="\n")
        browser.close()


if __name__ == "__main__":
    main()
