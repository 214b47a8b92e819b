"""The tutorial notebook runs from question to table to plot to network, and is kept without its outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def _need(*modules: str) -> None:
    if os.environ.get("MESOKG_REQUIRE_TOOLS") == "1":
        return
    for module in modules:
        pytest.importorskip(module, reason=f"{module} is not installed: the notebook is not verified")


def test_the_notebook_is_kept_without_outputs() -> None:
    _need("nbformat")
    import nbformat

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and not any(cell.outputs or cell.execution_count for cell in code)


_ASKED_AFTERWARDS = """
import json
points = {one.get_label(): one for one in axes.collections}
hollow, filled, crosses = points["fewer than 10"], points["10 or more"], points["of how many is not known"]
assert len(hollow.get_facecolors()) == 0 and len(filled.get_facecolors()) == 1
print(json.dumps({
    "rows": len(held), "flagged": int(held["note"].str.contains("n < 10", regex=False).sum()),
    "below ten": int((held["denominator"] < 10).sum()), "not known": int(held["denominator"].isna().sum()),
    "hollow": len(hollow.get_offsets()), "filled": len(filled.get_offsets()), "crosses": len(crosses.get_offsets()),
}))
"""


# nbclient and the kernel it starts warn of their own event loops, sockets and folders
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs(real_build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _need("nbformat", "nbclient", "ipykernel", "matplotlib", "pandas", "networkx")
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("MESOKG_BUILD", str(real_build))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    number = len(notebook.cells)
    notebook.cells.append(nbformat.v4.new_code_cell(_ASKED_AFTERWARDS))
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    drawn = json.loads(notebook.cells.pop().outputs[0].text)
    assert len(notebook.cells) == number
    # what the text says of small denominators holds for the rows that it shows and for the plot of them
    assert drawn["flagged"] == drawn["below ten"] == drawn["hollow"] >= 3
    assert drawn["not known"] == drawn["crosses"] >= 1
    assert drawn["filled"] == drawn["rows"] - drawn["hollow"] - drawn["crosses"] >= 1
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.data for output in outputs if "data" in output]
    assert sum("<table" in data.get("text/html", "") for data in shown) >= 3, "the answers show as tables"
    assert sum("image/png" in data for data in shown) == 1, "the plot shows, and once"
    nodes, edges = map(int, notebook.cells[-2].outputs[0].data["text/plain"].strip("()").split(", "))
    assert nodes > 20 and edges > 20, "the network has nodes and edges"
