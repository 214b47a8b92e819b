"""Shared fixtures: a tiny set of tables, and one build of the real ones."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

TINY = Path(__file__).parent / "tiny"

# Programs that tests start in environments of their own, and what those environments hold.
collect_ignore = ["readers", "registries/guard"]


def require(tool: str, *, why: str) -> str:
    """The path of a tool, or skip with the reason; where MESOKG_REQUIRE_TOOLS is set, fail instead."""
    found = shutil.which(tool)
    if found:
        return found
    if os.environ.get("MESOKG_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{tool} is missing, and MESOKG_REQUIRE_TOOLS is set")
    pytest.skip(f"{tool} is not installed: {why}")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A copy of the tiny tables that a test may change."""
    return Path(shutil.copytree(TINY, tmp_path / "data"))


@pytest.fixture(scope="session")
def real_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The products of the real tables, built once."""
    from mesokg.release import build

    out = tmp_path_factory.mktemp("real") / "build"
    build(out)
    return out


@pytest.fixture(scope="session")
def real_store(real_build: Path):
    """The graph of the real build."""
    from mesokg.builds import load_build

    return load_build(real_build)
