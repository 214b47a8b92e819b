"""The services reached without waiting: no rate, no pauses between tries, no patience with slow bytes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mesokg.refresh import Online
from mesokg.registries.web import Client, Policy

__all__ = ["Quick"]


@dataclass(frozen=True)
class Quick(Online):
    """How tests reach a registry on loopback."""

    patience: Policy = field(default_factory=lambda: Policy(interval=0.0, tries=3, timeout=1.0, deadline=0.3, max_bytes=2_000_000))

    @classmethod
    def at(cls, url: str, cache: Path, **more: Any) -> Quick:
        """Every service at one address, those that are added later too, so that no test can reach a real one."""
        services = [f.name for f in fields(Online) if str(f.default).startswith("https://")]
        assert len(services) >= 8
        return cls(cache=cache, **{**dict.fromkeys(services, url), **more})

    def client(self, name: str) -> Client:
        client = super().client(name)
        client.policy, client.sleep = self.patience, lambda seconds: None
        return client
