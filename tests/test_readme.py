"""What the README tells people to type works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mesokg.resources import checkout

ROOT = checkout()
README = (ROOT / "README.md").read_text(encoding="utf-8") if ROOT else ""
COMMANDS = [line.partition("   #")[0].strip() for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line.startswith("mesokg ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, real_build: Path, tmp_path: Path) -> None:
    words = shlex.split(command)
    if words[1] == "serve":
        pytest.skip("runs until stopped; tests/test_server*.py start the server")
    done = subprocess.run(
        [sys.executable, "-m", "mesokg", *words[1:]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MESOKG_BUILD": str(real_build)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or list(tmp_path.iterdir())


def test_the_readme_has_its_two_commands() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [("mesokg build" in line, "pytest" in line) for line in lines] == [(True, False), (False, True)]


def test_python_from_the_readme(real_build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mesokg

    monkeypatch.setenv("MESOKG_BUILD", str(real_build))
    table = mesokg.open().query("which_therapies_target_gene", target="MSLN")
    assert len(table) > 10
    assert {row["targetLabel"] for row in table} == {"MSLN"}
    assert "<table>" in table._repr_html_()


PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md")))] if ROOT else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_of_the_pages_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the project, and every anchor a heading of the page it leads to."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            lost.append(target)
        elif anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            if anchor not in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}:
                lost.append(target)
    assert lost == []
