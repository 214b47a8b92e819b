"""Pages and data of things, made in the workers."""
from __future__ import annotations
from typing import Any

class Explorer:
    def __init__(self, settings: Any, store: Any) -> None:
        self.settings, self.store = settings, store
    def warm(self) -> None: ...
    def page(self, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        raise NotImplementedError
