"""Renews what the documentation shows of the networks: ``python tests/readers/renew_docs.py [BUILD]``.

Writes the table of readers into ``docs/how-to-gephi.md`` and draws ``docs/pictures/therapies.png`` and ``trials.png`` with
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
    renew_pictures(build)
    renew_table(build)


if __name__ == "__main__":
    main()
