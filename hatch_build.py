"""Bundles the interactive parts of the explorer when a wheel is built, with npm or a Node that comes as a wheel (`web/backend.py`).

Left out for editable installs, where MESOKG_NO_WEB=1, and where there is neither, as nothing is brought without build isolation: the
server then says that these parts are missing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "web"))
from bundle import bundle, npm

_BUNDLE = "mesokg/server/static/bundle"


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the bundles into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel" or os.environ.get("MESOKG_NO_WEB") == "1":
            return
        out = Path(tempfile.mkdtemp()) / "bundle"
        if not npm():
            self.app.display_warning("no Node found: the wheel will lack the explorer's network and editor, and the server will say so")
            return
        bundle(out)
        build_data["force_include"][str(out)] = _BUNDLE
