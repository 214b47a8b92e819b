"""Completion in real shells: what stands on the line after a press of the tabulator key."""

from __future__ import annotations

import os
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("bash, zsh and fish complete on a terminal of Unix", allow_module_level=True)

import gzip
import pty

import pyoxigraph as ox

sys.path.insert(0, str(Path(__file__).resolve().parent / "questions"))

import engines  # noqa: E402

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; "),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; bindkey -e; unsetopt prompt_sp zle_bracketed_paste 2>/dev/null; "),
    "fish": (["fish", "--no-config", "--interactive"], ""),
}
LOAD = {
    "bash": 'eval "$(_MESOKG_COMPLETE=bash_source mesokg)"',
    "zsh": 'eval "$(_MESOKG_COMPLETE=zsh_source mesokg)"',
    "fish": "_MESOKG_COMPLETE=fish_source mesokg | source",
}
SECONDS = 60


@pytest.fixture(scope="module")
def small_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files of a build that a question is asked of, of the world written by hand; mesothelin is its one target."""
    folder = tmp_path_factory.mktemp("build")
    quads = ox.serialize(engines.small_world().oxigraph, format=ox.RdfFormat.N_QUADS)
    (folder / "mesokg.nq.gz").write_bytes(gzip.compress(quads))
    (folder / "mesokg-simple.ttl").write_bytes(ox.serialize({quad.triple for quad in engines.small_world().oxigraph}, format=ox.RdfFormat.TURTLE))
    return folder


class Shell:
    """A shell on a terminal of its own, with mesokg on its path and its completion loaded."""

    def __init__(self, name: str, build: Path, home: Path) -> None:
        if shutil.which(name) is None:
            if os.environ.get("MESOKG_REQUIRE_TOOLS") == "1":
                pytest.fail(f"{name} is required")
            pytest.skip(f"not verified: {name} is not installed")
        program = home / "bin" / "mesokg"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c 'from mesokg.cli import main; main(prog_name=\"mesokg\")' \"$@\"\n", encoding="utf-8")
        program.chmod(0o755)
        command, setting = START[name]
        environment = {
            "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb", "LANG": "C.UTF-8", "PS1": "$ ",
            "MESOKG_BUILD": str(build), "PYTHONPATH": os.pathsep.join(sys.path), "XDG_CACHE_HOME": str(home / "cache"),
        }  # fmt: skip
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(home)
            os.execvpe(command[0], command, environment)
        self.type(f"{setting}{LOAD[name]}; echo load'ed'\r")
        self.read_until("loaded")

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def read_until(self, mark: str) -> str:
        found, end = "", time.monotonic() + SECONDS
        while mark not in found:
            assert time.monotonic() < end, found
            if select.select([self.terminal], [], [], 1)[0]:
                found += os.read(self.terminal, 65536).decode(errors="replace")
        return found

    def words(self, keys: str) -> list[str]:
        """The words of the line after these keys: the start of the line is then overwritten to print its words."""
        self.type(keys + "\x01printf '[%s]' begin \x05 'en'd\r")
        shown = self.read_until("[end]")
        return shown[shown.rindex("[begin]") + 1 : shown.rindex("]")].split("][")[1:-1]

    def close(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.child, 0)


@pytest.mark.parametrize("name", START)
def test_names_parameters_and_values_are_completed(name: str, small_build: Path, tmp_path: Path) -> None:
    shell = Shell(name, small_build, tmp_path)
    try:
        asking = "mesokg query which_therapies_target_gene"
        assert shell.words("mesokg query which_therapies_target_g\t") == asking.split()
        # no space is put after the sign that a value follows
        assert shell.words(f"{asking} --set ta\tX") == [*asking.split(), "--set", "target=X"]
        for begun, whole in (("target=M", "target=MSLN"), ("target=HGNC:73", "target=HGNC:7371"), ("target=", "target=MSLN")):
            assert shell.words(f"{asking} --set {begun}\t") == [*asking.split(), "--set", whole], begun
        # a parameter of another question is not offered
        assert shell.words("mesokg query which_countries_run_trials --set ta\t") == ["mesokg", "query", "which_countries_run_trials", "--set", "ta"]
    finally:
        shell.close()


def test_bash_completes_values_whether_or_not_the_sign_breaks_words(small_build: Path, tmp_path: Path) -> None:
    shell = Shell("bash", small_build, tmp_path)
    try:
        asking = "mesokg query which_therapies_target_gene --set"
        for breaks in ("=", ":", "=:", ""):
            shell.type(f"COMP_WORDBREAKS=$' \\t\\n{breaks}'; echo chang'ed'\r")
            shell.read_until("changed")
            for begun, whole in (("target=M", "target=MSLN"), ("target=HGNC:73", "target=HGNC:7371")):
                assert shell.words(f"{asking} {begun}\t") == [*asking.split(), whole], (breaks, begun)
    finally:
        shell.close()


def test_a_shell_that_completes_makes_no_build(tmp_path: Path) -> None:
    """Values come from a build that is there; nobody waits ten seconds for a press of a key."""
    shell = Shell("bash", Path(), tmp_path)
    try:
        shell.type("unset MESOKG_BUILD; cd /; echo chang'ed'\r")
        shell.read_until("changed")
        line = "mesokg query which_therapies_target_gene --set target=M"
        assert shell.words(f"{line}\t") == line.split()
        assert not (tmp_path / "cache" / "mesokg").exists()
    finally:
        shell.close()
