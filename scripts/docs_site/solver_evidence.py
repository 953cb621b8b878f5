"""What each solver spends on a few functions beside SciPy, kept in docs/solver_evidence.json.

Whatever changes in the solvers' code is measured again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import scipy.optimize

import ladera.solvers
from docs_site.evidence import ROOT, code_of
from ladera import minimize, surfaces

__all__ = ["FILE", "FUNCTIONS", "Evidence", "evidence", "fingerprint"]

FILE = ROOT / "docs" / "solver_evidence.json"
FUNCTIONS = ("rosenbrock", "beale", "himmelblau")
_TOLERANCE = 1e-6
# Each with its own name for the same tolerance; where there is another one beside, that is switched off.
_SCIPY: dict[str, tuple[str, dict[str, Any]]] = {
    "bfgs": ("BFGS", {"gtol": _TOLERANCE}),
    "cg": ("CG", {"gtol": _TOLERANCE}),
    "lbfgs": ("L-BFGS-B", {"gtol": _TOLERANCE, "ftol": 0.0}),
    "newton-cg": ("trust-ncg", {"gtol": _TOLERANCE}),
    "trust": ("trust-exact", {"gtol": _TOLERANCE}),
}

Evidence = dict[str, dict[str, Any]]  # solver -> key, scipy (its version), rows


def evidence(names: list[str], file: Path = FILE, measure: bool = True) -> Evidence:
    """What is known of these solvers. measure: what is not in the file, or was measured of other code,
    is measured now, and the file written."""
    known: Evidence = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for name in names if measure else ():
        key = fingerprint()
        if known.get(name, {}).get("key") != key:
            print(f"measured again: {name}", flush=True)
            known[name] = {"key": key, "scipy": scipy.__version__, "rows": _rows(name)}
            kept = {name: known[name] for name in sorted(known) if name in ladera.solvers.names()}
            file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return {name: known[name] for name in names if name in known}


def fingerprint() -> str:
    """Of the code of all solvers, which use each other's."""
    folder = Path(ladera.solvers.__file__).parent
    paths = sorted([*folder.glob("*.py"), *(folder / "searches").glob("*.py")])
    return hashlib.sha256("".join(map(code_of, paths)).encode()).hexdigest()[:16]


def _rows(name: str) -> list[dict[str, Any]]:
    rows = []
    for function in FUNCTIONS:
        surface = surfaces.get(function)
        if ladera.solvers.get(name).needs == "residuals" and not surface.residuals:
            continue
        ours = minimize(function, surface.start, name)
        counts = {key: int(ours[key]) for key in ("nit", "nfev", "njev", "nhev", "nhvp")}
        # the look around the end, which tells a minimum from a saddle, is not the method's own
        counts["nhev"] -= ladera.solvers.get(name).needs == "value"
        rows.append({"function": function, "who": "Ladera", **counts, "fun": float(ours.fun)})
        if theirs := _scipy(name, surface):
            rows.append({"function": function, "who": "SciPy", **theirs})
    return rows


def _scipy(name: str, surface: surfaces.Surface) -> dict[str, Any]:
    """SciPy's counts; the derivatives are the exact ones, too, and every call is counted here."""
    calls: dict[str, int] = dict.fromkeys(("nfev", "njev", "nhev", "nhvp"), 0)

    def counted(what: str, function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            calls[what] += 1
            return function(*arguments)

        return call

    x0 = np.array(surface.start)
    if name == "lm":
        found = scipy.optimize.least_squares(
            counted("nfev", surface.residual_values), x0, counted("njev", surface.jacobian), method="lm"
        )
        return {"nit": calls["njev"], **calls, "fun": 2 * float(found.cost)}
    if name not in _SCIPY:
        return {}
    method, options = _SCIPY[name]
    second: dict[str, Any] = {}
    if method == "trust-exact":
        second["hess"] = counted("nhev", surface.hessian)
    if method == "trust-ncg":
        second["hessp"] = counted("nhvp", lambda x, v: surface.hessian(x) @ v)
    found = scipy.optimize.minimize(
        counted("nfev", surface.value),
        x0,
        method=method,
        jac=counted("njev", surface.gradient),
        options=options,
        **second,
    )
    return {"nit": int(found.nit), **calls, "fun": float(found.fun)}
