"""What the judges of the tests measure, kept in docs/evidence.json: what has changed is measured again."""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import ladera.rules

__all__ = ["FILE", "ROOT", "Evidence", "code_of", "evidence", "fingerprint"]

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "evidence.json"
_JUDGES = ROOT / "tests" / "judges"
_LIBRARIES = ("torch", "keras", "optax")

Evidence = dict[str, dict[str, Any]]  # rule -> key, versions, dialects, rule (lists of measurements)


def evidence(names: list[str], file: Path = FILE, measure: bool = True) -> Evidence:
    """What is known of these rules and wrappers; those that have no judge are left out.

    measure: what is not in the file, or was measured for other code of the rule or of its cases, is
        measured now, and the file written. That needs PyTorch, Keras and optax; the rest does not.
    """
    known: Evidence = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    keys = {name: fingerprint(name) for name in names} if measure else {}
    for name, key in keys.items():
        if key and known.get(name, {}).get("key") != key:
            print(f"measured again: {name}", flush=True)
            known[name] = {"key": key, **_measured(name)}
            every = {*ladera.rules.names(), *ladera.rules.wrappers()}
            kept = {name: known[name] for name in sorted(known) if name in every}
            file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return {name: known[name] for name in names if name in known}


def fingerprint(name: str) -> str:
    """What the measurement depends on most: the code of the rule and of its cases; "" without cases."""
    rule = Path(ladera.rules.__file__).parent
    paths = [(rule / f"{name}.py", _JUDGES / "cases" / f"{name}.py")]
    paths += [(rule / "wrappers" / f"{name}.py", _JUDGES / "cases" / "wrappers" / f"{name}.py")]
    for both in paths:
        if all(path.is_file() for path in both):
            return hashlib.sha256("".join(map(code_of, both)).encode()).hexdigest()[:16]
    return ""


def code_of(path: Path) -> str:
    """A file without its comments and strings that stand alone, and without what only pages show."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            node.body = [part for part in node.body if not _only_shown(part)]
    return ast.dump(tree)


def _only_shown(part: ast.stmt) -> bool:
    if isinstance(part, ast.Expr):
        return isinstance(part.value, ast.Constant)
    targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
    return any(
        isinstance(t, ast.Name) and t.id in ("paper", "letters", "SLIPS", "EQUIVALENT") for t in targets
    )


def _judges() -> ModuleType:
    """The module that holds the trials; the tests are no package, but stand beside each other."""
    if str(_JUDGES) not in sys.path:
        sys.path.insert(0, str(_JUDGES))
    return importlib.import_module("rule_cases")


def _measured(name: str) -> dict[str, Any]:
    judges = _judges()
    found = judges.judged(name)
    dialects = [(d.framework, t) for d in found.DIALECTS for t in d.trials(name)]
    itself = [(_framework(t.judge), t) for case in found.CASES for t in case.trials(name)]
    if dialects:  # then the rule itself is judged by other code alone
        itself = [(framework, trial) for framework, trial in itself if not framework]
    return {
        "versions": {library: version(library).partition("+")[0] for library in _LIBRARIES},
        "dialects": _rows(name, dialects, judges),
        "rule": _rows(name, itself, judges),
    }


def _framework(judge: type) -> str:
    """The framework whose optimizer a judge runs; "" for other code."""
    frameworks = importlib.import_module("frameworks").FRAMEWORKS
    return next((name for name, cls in frameworks.items() if issubclass(judge, cls)), "")


def _rows(name: str, trials: list[tuple[str, Any]], judges: ModuleType) -> list[dict[str, Any]]:
    """A row for each optimizer of a framework, or for each piece of other code."""
    grouped: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for framework, trial in trials:
        grouped[framework, _ran(name, framework, trial, judges)].append(trial)
    return [
        {
            "framework": framework,
            "what": what,
            "ways": len(group),
            "steps": group[0].steps,
            "difference": float(max(_differences(name, group, judges))),
        }
        for (framework, what), group in grouped.items()
    ]


def _ran(name: str, framework: str, trial: Any, judges: ModuleType) -> str:
    """The framework's name of the optimizer; "" where a judge has put one together; of other code, where
    it is."""
    if not framework:
        return f"{judges.file_of(name).relative_to(ROOT)}: {trial.judge.__name__}"
    try:
        attrgetter(trial.optimizer)(importlib.import_module("frameworks").FRAMEWORKS[framework].library)
    except AttributeError:
        return ""
    return trial.optimizer


def _differences(name: str, trials: list[Any], judges: ModuleType) -> Iterator[float]:
    """The difference at each step of each trial, relative to the largest weight."""
    cls = judges.rule_class(name)
    for trial in trials:
        points, xs = judges.theirs(trial)
        for k, (point, x) in enumerate(judges.ours(cls, trial)):
            yield _difference(point, points[k])
            if xs is not None and k > 0:
                yield _difference(x, xs[k - 1])


def _difference(a: Any, b: Any) -> float:
    return float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), np.finfo(float).tiny))
