"""mesokg: an open knowledge graph of gene therapy for mesothelioma.

>>> import mesokg
>>> callable(mesokg.open)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesokg.api import open_graph as open

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import mesokg` and the commands start at once.
    if name == "open":
        from mesokg.api import open_graph

        return open_graph
    raise AttributeError(f"module 'mesokg' has no attribute {name!r}")
