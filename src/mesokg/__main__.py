"""``python -m mesokg`` is the same as ``mesokg``."""

from mesokg.cli import main

main()
