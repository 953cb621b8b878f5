"""A fit in words and tables: how well it fits, and what must not be believed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.locale import N_, Translator

if TYPE_CHECKING:
    import pandas as pd

    from ladera.fitting.fit import Fit

__all__ = ["as_dict", "doubts", "quality", "sentence", "table"]

FEW = 5  # degrees of freedom: with fewer, Student's t is far from the normal distribution
_ALIKE = 1e4  # how often other parameters multiply a variance: the usual rules of thumb begin at 10


def table(fit: Fit, level: float, _: Translator) -> pd.DataFrame:
    """A row per parameter; nan where there is no number."""
    import pandas as pd

    interval = fit.interval(level)
    share = f"{100 * level:g} %"
    columns = {
        _(N_("parameter")): list(fit.names),
        _(N_("value")): fit.values,
        _(N_("standard error")): _known(fit.errors),
        _(N_("{share} from")).format(share=share): _known(interval[:, 0]),
        _(N_("{share} to")).format(share=share): _known(interval[:, 1]),
    }
    return pd.DataFrame(columns)


def sentence(fit: Fit, _: Translator) -> str:
    """The equation, how well it fits, and every doubt."""
    said = _(
        N_("{equation} fits {m} observations with a residual standard deviation of {sigma} (R² = {r2}).")
    )
    if not fit.dof:
        said = _(N_("{equation}, of {m} observations."))
    elif not np.isfinite(fit.r2):
        said = _(N_("{equation} fits {m} observations with a residual standard deviation of {sigma}."))
    numbers = {"sigma": f"{fit.sigma:.4g}", "r2": f"{fit.r2:.6g}"}
    return " ".join([said.format(equation=fit.equation, m=fit.observed.size, **numbers), *doubts(fit, _)])


def quality(fit: Fit, _: Translator) -> str:
    """How well it fits, and how it was found."""
    said = _(
        N_(
            "Residual standard deviation {sigma} with {dof} degrees of freedom, R² {r2}; {method}: {nit} "
            "iterations, {nfev} evaluations. {message}"
        )
    )
    ended = fit.solution
    return said.format(
        sigma=f"{fit.sigma:.7g}" if fit.dof else "–",
        dof=fit.dof,
        r2=f"{fit.r2:.7g}" if np.isfinite(fit.r2) else "–",
        method=ended.method,
        nit=ended.nit,
        nfev=ended.nfev,
        message=ended.told(_),
    )


def doubts(fit: Fit, _: Translator) -> list[str]:
    """What weakens the fit, a sentence each; none if nothing does."""
    found = []
    if not fit.dof and not fit.absolute:
        found.append(
            _(
                N_(
                    "There are as many parameters as observations: no degree of freedom is left, so there "
                    "are no standard errors and nothing tells a good formula from a bad one; measure more."
                )
            )
        )
    if fit.undetermined:
        template = _(
            N_(
                "The data do not determine {names}: other values fit equally well, so there are no standard "
                "errors; hold one of them at a number."
            )
        )
        found.append(template.format(names=", ".join(fit.undetermined)))
    elif fit.dof:
        found += _hardly_determined(fit, _)
    if 0 < fit.dof < FEW and not fit.absolute:
        template = _(
            N_(
                "Degrees of freedom: only {dof}; the intervals are wide, and true only of normally "
                "distributed errors."
            )
        )
        found.append(template.format(dof=fit.dof))
    if held := _on_a_bound(fit):
        template = _(N_("On a bound, so that standard errors do not hold: {names}."))
        found.append(template.format(names=", ".join(held)))
    return found


def _hardly_determined(fit: Fit, _: Translator) -> list[str]:
    """Parameters whose interval includes 0 and anything else, as others make up for any change of them."""
    jac = fit.solution.jac
    low, high = fit.interval().T
    variance = fit.rss / fit.dof if not fit.absolute else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        multiplied = np.diagonal(fit.covariance) * (jac**2).sum(axis=0) / variance
    loose = np.flatnonzero((multiplied > _ALIKE) & (low < 0) & (high > 0))
    if not loose.size:
        return []
    i = loose[0]
    r = np.where(np.arange(len(fit.names)) == i, 0, fit.correlation[i])
    other = int(np.abs(r).argmax())
    template = _(
        N_(
            "The data hardly determine {names}: the interval of {name} reaches from {low} to {high}, as "
            "{other} makes up for any change (correlation {r}); hold one of them at a number, or measure "
            "where they differ."
        )
    )
    return [
        template.format(
            names=", ".join(fit.names[k] for k in loose),
            name=fit.names[i],
            low=f"{low[i]:.3g}",
            high=f"{high[i]:.3g}",
            other=fit.names[other],
            r=f"{r[other]:.6f}",
        )
    ]


def _on_a_bound(fit: Fit) -> list[str]:
    if fit.box is None:
        return []
    low, high = fit.box
    held = (fit.values <= low) | (fit.values >= high)
    return [name for name, on in zip(fit.names, held, strict=True) if on]


def as_dict(fit: Fit, _: Translator) -> dict[str, Any]:
    interval = fit.interval()
    rows = zip(fit.names, fit.values, fit.errors, interval, strict=True)
    return {
        "formula": f"{fit.target} = {fit.formula.text}",
        "equation": fit.equation,
        "latex": fit.latex(),
        "target": fit.target,
        "variables": list(fit.variables),
        "parameters": [
            {
                "name": name,
                "value": float(value),
                "error": _plain(error),
                "interval": [_plain(low), _plain(high)],
            }
            for name, value, error, (low, high) in rows
        ],
        "covariance": [[_plain(value) for value in row] for row in fit.covariance],
        "observations": fit.observed.size,
        "dof": fit.dof,
        "rss": fit.rss,
        "sigma": _plain(fit.sigma),
        "r2": _plain(fit.r2),
        "method": fit.solution.method,
        "iterations": fit.solution.nit,
        "evaluations": fit.solution.nfev,
        "seconds": fit.solution.seconds,
        "success": fit.solution.success,
        "message": fit.solution.told(_),
        "sentence": sentence(fit, _),
        "warnings": doubts(fit, _),
    }


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _known(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)
