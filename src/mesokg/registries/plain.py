"""Texts of others made fit to show: what would steer a terminal, or cannot be written as UTF-8, is named instead."""

from __future__ import annotations

import re
from dataclasses import replace

from mesokg.cells import SURROGATE, broken
from mesokg.errors import Problem

__all__ = ["broken", "one_line", "plain", "plain_problem", "whole"]

# control characters but tab and line feed, which are white space; and those that turn the direction of writing
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def whole(text: str) -> str:
    """The text with U+FFFD for every half of a surrogate pair."""
    return SURROGATE.sub("\ufffd", text) if broken(text) else text


def plain(text: str) -> str:
    r"""The text with control characters spelled out, so that it cannot colour, move or rename anything.

    >>> plain("\x1b[31mred\x00")
    '\\x1b[31mred\\x00'
    """
    return text if text.isprintable() else _STEERING.sub(_spelled, text)


def one_line(text: str) -> str:
    """The text in one line, plain: nobody's title can look like a line of ours."""
    return plain(text if text.isprintable() else " ".join(text.split()))


def plain_problem(problem: Problem) -> Problem:
    """The problem with its texts plain; its value is spelled out wherever it is shown."""
    return replace(problem, **{name: plain(getattr(problem, name)) for name in ("file", "column", "rule", "fix")})


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
