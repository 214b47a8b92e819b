"""Pages, linked data, downloads and assets by address."""
from __future__ import annotations
import json
from pathlib import Path
from typing import Any

def release_of(build: Path) -> str:
    receipt = json.loads((build / "receipt.json").read_text(encoding="utf-8"))
    return receipt["files"]["mesokg.nq.gz"]["sha256"]

class Site:
    def __init__(self, settings: Any, pool: Any, cache: Any) -> None:
        self.settings, self.pool, self.cache = settings, pool, cache
    def routes(self) -> list[Any]:
        return []
