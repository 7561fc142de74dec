"""Imports point one way, and no two modules import each other, wherever an import stands."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pf_fairseq

PACKAGE = "pf_fairseq"
ROOT = Path(pf_fairseq.__file__).parent
ARCHIVE = Path(__file__).parent / "data" / "format_1" / "model.pt"

# From the top down: a room imports those below it, and none beside or above it.
LAYERS = [
    {"cli"},
    {"serving"},
    {"recording"},
    {"trained"},
    {"registration"},
    {"models", "criterions", "artefact", "reporting"},
    {"checkpoints"},
    {"methods", "runtime", "exiting"},
    {"backbones"},
    {"text"},
    {"losses"},
    {"modules"},
    {"files", "threads", "values", "cpu_ranks", "half_precision", "prefetching"},
    {"errors"},
]
FAIRSEQ_FREE = ("artefact", "runtime", "exiting", "modules", "methods", "backbones")


def module_files() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join((PACKAGE, *parts)).removesuffix(".__init__")] = path
    return found


FILES = module_files()


def imported_names(path: Path) -> Iterator[str]:
    """Dotted names that a file imports: at its top, in functions, and for type checkers alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))


def modules_imported(path: Path) -> Iterator[str]:
    """Modules of the package that a file imports.

    What the package itself offers (`from pf_fairseq import EarlyExitClassifier`) is serving's.
    """
    for name in imported_names(path):
        if name in FILES and name != PACKAGE:
            yield name
        elif name.removeprefix(f"{PACKAGE}.") in ("EarlyExitClassifier", "Prediction"):
            yield f"{PACKAGE}.serving.classifier"


def graph() -> dict[str, set[str]]:
    """Which modules of the package each of them imports."""
    return {name: set(modules_imported(path)) - {name} for name, path in FILES.items()}


def room_of(module: str) -> str:
    """First part below the package."""
    return module.split(".")[1] if "." in module else ""


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Every circle that a walk in depth runs into."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
        elif name not in done:
            for each in sorted(edges.get(name, ())):
                walk(each, [*way, name])
            done.add(name)

    for name in edges:
        walk(name, [])
    return found


def test_no_module_imports_itself_by_a_detour() -> None:
    assert circles(graph()) == []


def test_a_circle_would_be_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c", "a"]]


def test_every_room_has_its_layer() -> None:
    rooms = {room_of(name) for name in FILES} - {""}
    placed = set().union(*LAYERS)
    assert rooms <= placed, f"say where {sorted(rooms - placed)} stand in LAYERS"


def test_imports_point_down() -> None:
    height = {room: depth for depth, layer in enumerate(LAYERS) for room in layer}
    arrows = sorted(
        f"{name} imports {target}"
        for name, targets in graph().items()
        for target in targets
        if room_of(name) and room_of(target) != room_of(name)
        if height[room_of(target)] <= height[room_of(name)]
    )
    assert arrows == []


@pytest.mark.parametrize("room", FAIRSEQ_FREE)
def test_knows_nothing_of_fairseq(room: str) -> None:
    """Neither itself nor through what it imports, even in a function."""
    edges = graph()
    reached, waiting = set(), [name for name in FILES if room_of(name) == room]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(edges[name])
    guilty = [
        name
        for name in sorted(reached)
        if any(each.split(".")[0] == "fairseq" for each in imported_names(FILES[name]))
    ]
    assert guilty == []


def test_archives_serve_where_there_is_no_fairseq() -> None:
    """What the walk says of the text, the interpreter says in a process of its own."""
    modules = [name for name in FILES if room_of(name) in FAIRSEQ_FREE]
    code = (
        "import importlib, sys\n"
        "sys.modules['fairseq'] = None\n"  # importing it raises ImportError
        "archive, *modules = sys.argv[1:]\n"
        "for name in modules: importlib.import_module(name)\n"
        "from pf_fairseq import EarlyExitClassifier\n"
        "print(EarlyExitClassifier.load(archive).predict(['good'])[0].exit_layer)\n"
    )
    command = [sys.executable, "-c", code, str(ARCHIVE), *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
