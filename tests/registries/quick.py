"""The services reached without waiting: no rate, no pauses between tries, no patience with slow bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from mesokg.refresh import Online
from mesokg.registries.web import Client, Policy

__all__ = ["Quick"]


@dataclass(frozen=True)
class Quick(Online):
    """How tests reach a registry on loopback."""

    patience: Policy = field(default_factory=lambda: Policy(interval=0.0, tries=3, timeout=1.0, deadline=0.3, max_bytes=2_000_000))

    def client(self, name: str) -> Client:
        client = super().client(name)
        client.policy, client.sleep = self.patience, lambda seconds: None
        return client
