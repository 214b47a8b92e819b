"""What a server may do and how much of it, in one frozen value that is handed to every part."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["MEBIBYTE", "Settings"]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Times are in seconds, sizes in bytes.

    ``build`` is the folder of products; ``endpoint`` the SPARQL server that answers instead of it; ``store`` the
    folder of the store that updates change.

    ``workers`` are ready for the first turn of a request, ``turn_seconds`` of processor time (``fast_seconds`` on the clock
    where it does not get them); in front of another server all but two are started when they are needed. Of those that need
    more ``running_workers`` run, and ``held_workers`` are held, paused ones included, with ``held_bytes`` together; where the
    system does not tell the memory of a process only as many as that is enough for, and two more than run at least.
    ``queue_length`` requests wait for their first turn, for ``queue_seconds``.
    """

    build: Path | None = None
    endpoint: str | None = None
    store: Path | None = None
    allow_update: bool = False
    token: str | None = None
    public_url: str | None = None
    hosts: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    release: str = ""

    workers: int = 2
    running_workers: int = 2
    held_workers: int = 64
    held_bytes: int = 4096 * MEBIBYTE
    turn_seconds: float = 0.05
    fast_seconds: float = 1.0
    deadline_seconds: float = 20.0
    queue_seconds: float = 5.0
    queue_length: int = 128
    memory_bytes: int = 1024 * MEBIBYTE
    rows: int = 1_048_576
    answer_bytes: int = 64 * MEBIBYTE
    cache_bytes: int = 64 * MEBIBYTE
    query_bytes: int = 200_000
    upload_bytes: int = 64 * MEBIBYTE
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    reader_seconds: float = 30.0
    fork: bool = True
    extra_hosts: tuple[str, ...] = field(default=("localhost", "127.0.0.1", "[::1]"))

    def to_json(self) -> str:
        """For a worker process, which needs no token."""
        return json.dumps({**asdict(self), "token": None}, default=str)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings that :meth:`to_json` wrote.

        >>> Settings.from_json(Settings(build=Path("b"), hosts=("h",)).to_json()) == Settings(build=Path("b"), hosts=("h",))
        True
        """
        return cls(**{
            name: Path(value) if name in ("build", "store") and value else tuple(value) if isinstance(value, list) else value
            for name, value in json.loads(text).items()
        })

    @property
    def read_only(self) -> bool:
        return not self.allow_update
