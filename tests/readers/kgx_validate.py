"""Validates KGX tables with kgx itself, offline: run by a Python that has kgx (an environment of its own, since kgx pins
old libraries), with the Biolink model of the package biolink-model that came with it.

    python kgx_validate.py FOLDER ...

Prints one line of JSON for each folder with ``nodes.tsv`` and ``edges.tsv``: counts, and every message of kgx by level and kind.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import biolink_model
import bmt

OURS = {"mkg": "https://w3id.org/mesokg/id/", "mesokg": "https://w3id.org/mesokg/ontology/"}

model = Path(next(iter(biolink_model.__path__)))
# kgx makes a toolkit while it is imported, from the network unless its defaults say otherwise
bmt.Toolkit.__init__.__defaults__ = (str(model / "schema" / "biolink_model.yaml"), {"predicate mappings": []})

from kgx import config  # noqa: E402

context = json.loads((model / "prefixmaps" / "biolink_model_prefix_map.json").read_text(encoding="utf-8"))
config.jsonld_context_map["biolink"] = {**context.get("@context", context), **OURS}

from kgx.transformer import Transformer  # noqa: E402
from kgx.utils.kgx_utils import GraphEntityType, get_toolkit  # noqa: E402
from kgx.validator import Validator  # noqa: E402

toolkit = get_toolkit()


def validate(folder):
    validator = Validator(verbose=True)
    seen = Counter()

    def inspect(kind, record):
        seen[kind] += 1
        validator(kind, record)

    transformer = Transformer(stream=True)
    transformer.transform(
        {"filename": [str(folder / "nodes.tsv"), str(folder / "edges.tsv")], "format": "tsv"},
        {"filename": "-", "format": "null"},
        inspector=inspect,
    )
    messages = {
        level: {kind: {text: len(who) for text, who in texts.items()} for kind, texts in kinds.items()}
        for level, kinds in validator.get_errors().items()
    }
    return {
        "folder": folder.name,
        "nodes": seen[GraphEntityType.NODE],
        "edges": seen[GraphEntityType.EDGE],
        "biolink": toolkit.get_model_version(),
        "messages": messages,
    }


for name in sys.argv[1:]:
    print(json.dumps(validate(Path(name))))
