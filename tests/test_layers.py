"""The layer table of docs/architecture.md, read off the imports, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ladera"

# room: the rooms of ours it may import (base and locale beside them), and the libraries it must not.
MAY = {
    "base": set(),
    "locale": set(),
    "hyperparameters": set(),
    "users_file": set(),
    "rules": {"hyperparameters", "users_file"},
    "schedules": {"hyperparameters"},
    "formulas": set(),
    "surfaces": {"formulas"},
    "solvers": {"hyperparameters", "rules"},
    "optimize": {"formulas", "solvers", "surfaces"},
    "fitting": {"formulas", "optimize", "problems", "report", "solvers", "surfaces"},
    "steps": {"rules"},
    "symmetries": {"rules"},
    "tracing": {"hyperparameters", "optimize", "report", "rules", "solvers", "steps", "surfaces"},
    "explaining": {
        *("hyperparameters", "networks", "report", "rules", "schedules", "solvers", "steps", "symmetries"),
    },
    "reproduce": {"rules"},
    "dropin": {"rules"},
    "torch": {"dropin", "rules"},
    "optax": {"dropin", "rules"},
    "networks": {"users_file"},
    "problems": {"networks"},
    "configs": {"hyperparameters", "rules", "solvers"},
    "train": {"hyperparameters", "networks", "problems", "rules", "schedules", "solvers"},
    "suited": {"configs", "networks", "problems", "rules", "schedules", "solvers"},
    "request": {"configs", "rules", "problems", "schedules", "store", "suited", "train"},
    "study_file": {
        *("configs", "networks", "problems", "request", "rules", "schedules", "suited", "train"),
    },
    "store": set(),
    "analysis": {"schedules", "store"},
    "report": {"store", "analysis"},
    "study": {"store", "analysis", "report"},
    "swept": {"analysis", "report", "store", "study"},
    "terminal": {"store", "analysis", "study"},
    "terminal_sweep": {"analysis", "swept", "terminal"},
    "comparison": {
        *("analysis", "configs", "problems", "progress", "request", "rules", "schedules", "solvers"),
        *("store", "study", "study_file", "swept", "train"),
    },
    "progress": {"terminal"},
    "finding": {"analysis", "configs", "problems", "progress", "report", "request", "rules", "train"},
    "sweep_request": {"configs", "problems", "request", "schedules", "store", "suited", "swept"},
    "sweeping": {"comparison", "problems", "progress", "request", "store", "sweep_request", "swept"},
    "__main__": {"cli"},
    "cli": {
        *(
            "comparison",
            "explaining",
            "finding",
            "fitting",
            "optimize",
            "problems",
            "report",
            "reproduce",
            "rules",
            "schedules",
            "solvers",
            "steps",
        ),
        *("study", "surfaces", "sweeping", "swept", "terminal", "terminal_sweep", "tracing"),
    },
    "__init__": {
        *(
            "analysis",
            "comparison",
            "explaining",
            "finding",
            "fitting",
            "optax",
            "optimize",
            "problems",
            "report",
            "rules",
            "schedules",
        ),
        *("solvers", "study", "surfaces", "sweeping", "swept", "torch", "tracing"),
    },
}
RIGHT_OF_THE_FOLDER = (
    "store",
    "analysis",
    "report",
    "study",
    "swept",
    "terminal",
    "terminal_sweep",
    "locale",
    "base",
)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_table(path: Path):
    mine = room(path)
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("ladera.")}
    assert ours <= MAY[mine] | {mine, "base", "locale"}
    if mine in RIGHT_OF_THE_FOLDER:
        assert not {name for name in imports(path) if name.split(".")[0] in ("jax", "optax", "torch")}


def test_every_room_is_in_the_table():
    assert {room(path) for path in FILES} == set(MAY)


def test_no_cycles():
    seen: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in seen:
            for other in MAY[name]:
                visit(other, (*above, name))
            seen.append(name)

    for name in MAY:
        visit(name, ())


@pytest.mark.parametrize(
    "statement",
    [
        "import ladera.analysis",
        "import ladera.study",
        "import ladera.report",
        "import ladera.cli",
        "import ladera.schedules",
        "import ladera.comparison, ladera; ladera.Problem('digits').prepared()",
    ],
)
def test_jax_is_left_out(statement: str):
    code = f"import sys; {statement}; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
