"""The package: what it offers, what it imports when, and that imports point one way."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

import pytest

import pf_fairseq

PACKAGE = Path(str(files("pf_fairseq")))

# DESIGN's rooms, lowest first: a room imports from its own row or those above it in this list.
FLOORS = [
    {"errors", "files", "values"},
    {"modules", "losses"},
    {"backbones", "exiting", "text", "checkpoints"},
    {"models", "criterions", "runtime", "reporting", "artefact", "recording", "trained", "serving"},
    {"cli"},
]


def imported_rooms(source: Path) -> set[str]:
    """Rooms of the package that a file imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source} imports relatively"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.split(".")[1] for name in names if name.startswith("pf_fairseq.")}


def import_graph() -> dict[str, set[str]]:
    """Which rooms each room imports from, itself left out."""
    graph: dict[str, set[str]] = {}
    for source in PACKAGE.rglob("*.py"):
        room = source.relative_to(PACKAGE).parts[0].removesuffix(".py")
        graph.setdefault(room, set()).update(imported_rooms(source) - {room})
    return graph


def test_imports_point_one_way() -> None:
    floor_of = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    upwards = [
        f"{room} imports {other}"
        for room, others in import_graph().items()
        for other in others
        if floor_of.get(other, 0) > floor_of.get(room, len(FLOORS))
    ]
    assert upwards == []


def test_imports_make_no_circle() -> None:
    order = list(TopologicalSorter(import_graph()).static_order())  # raises for a circle
    assert order.index("errors") < order.index("modules") < order.index("runtime")


def modules_after(statement: str) -> set[str]:
    """Top-level names of everything that is imported after a statement, in a fresh process."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_itself_waits_for_nothing() -> None:
    assert not {"torch", "fairseq", "numpy", "tokenizers"} & modules_after("import pf_fairseq")


def test_predicting_from_an_archive_needs_no_fairseq() -> None:
    """Nor does any of the mathematics, or an exported module."""
    rooms = [
        "modules.exits",
        "losses",
        "backbones.roberta",
        "runtime.early_exit",
        "artefact.loading",
        "artefact.saving",
        "recording.models",
    ]
    statements = [f"import pf_fairseq.{room}" for room in rooms]
    statements.append("from pf_fairseq import EarlyExitClassifier, Prediction")
    assert "fairseq" not in modules_after("; ".join(statements))


def test_what_the_package_offers() -> None:
    from pf_fairseq.serving import classifier

    assert pf_fairseq.__all__ == ["EarlyExitClassifier", "Prediction", "use_threads"]
    assert pf_fairseq.EarlyExitClassifier is classifier.EarlyExitClassifier
    assert pf_fairseq.Prediction is classifier.Prediction
    with pytest.raises(AttributeError, match="module 'pf_fairseq' has no attribute 'Predictor'"):
        pf_fairseq.Predictor  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
