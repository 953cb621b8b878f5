"""What the documentation says of its pictures, of their steps, and of what the judges measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ladera.explaining.page import FRAMEWORK_NAMES, table
from ladera.locale import N_, Translator

__all__ = [
    "LEGEND",
    "card_words",
    "evidence",
    "function_words",
    "picture_words",
    "schedule_words",
    "solver_evidence",
    "solver_picture_words",
]

# What the signs of a picture are.
LEGEND = {
    "title": N_("The way of {rule}"),
    "way": N_("way"),
    "step": N_("step {k}"),
    "gradient": N_("against the gradient"),
    "minimum": N_("minimum"),
    "steps": N_("step"),
    "other": N_("{rule} alone"),
    "model": N_("quadratic model"),
    "curve": N_("Curves of {name}"),
}


def picture_words(
    rule: str,
    formula: str,
    start: Sequence[float],
    rates: Sequence[float],
    close: float,
    arrives: bool,
    fun: Sequence[float],
    neuron: bool,
    _: Translator,
) -> str:
    """What a picture shows. rule: with its settings; fun: f at the start and after every step; neuron:
    the way is that of a matrix."""
    lowest = min(range(len(fun)), key=lambda k: fun[k])
    said = [
        _("{steps} steps of {rule} on f = {formula} from ({start}).").format(
            steps=len(fun) - 1, rule=rule, formula=formula, start=_listed(start)
        ),
        _(_ARRIVES if arrives else _ENDS_LOWEST).format(rates=_listed(rates), close=close),
        _("f falls from {first} to {lowest} at step {k} and is {last} at the end.").format(
            first=f"{fun[0]:.3g}", lowest=f"{fun[lowest]:.2g}", k=lowest, last=f"{fun[-1]:.2g}"
        ),
    ]
    return " ".join([*said, _(_NEURON)] if neuron else said)


_ARRIVES = N_("lr is the smallest of {rates} with which f comes below {close} in so many steps.")
_ENDS_LOWEST = N_(
    "With no lr of {rates} f comes below {close} in so many steps; with this one it ends lowest."
)
_NEURON = N_("The two numbers are the weights of one neuron, a matrix of one column.")


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def card_words(k: int, neuron: bool, _: Translator) -> str:
    """What stands above a step with its numbers."""
    return _(_STEP_OF_A_VECTOR if neuron else _STEP).format(k=k)


_STEP = N_("Step {k} of that way, every statement with its numbers:")
_STEP_OF_A_VECTOR = N_("Step {k} from that start, on a vector, every statement with its numbers:")


def evidence(
    dialects: Iterable[Mapping[str, Any]],
    rule: Iterable[Mapping[str, Any]],
    versions: Mapping[str, str],
    _: Translator,
) -> str:
    """What the judges measured: of the dialects, and of the rule itself.

    A measurement has a framework ("" for other code), what was run ("": put together of its parts), the
    number of ways gone together, the steps of each, and the largest relative difference.
    """
    parts = []
    for said, measured in ((_DIALECTS_JUDGED, dialects), (_RULE_JUDGED, rule)):
        rows = [_judged(one, _) for one in measured]
        if rows:
            header = [_("against"), _("ways"), _("steps"), _("largest difference")]
            parts += [_(said), table(header, rows)]
    if not parts:
        return _("No judge has measured this rule.")
    measured_with = ", ".join(f"{FRAMEWORK_NAMES[name]} {version}" for name, version in versions.items())
    return "\n\n".join([*parts, _("Measured with {libraries}.").format(libraries=measured_with)])


_DIALECTS_JUDGED = N_(
    "Each of them went side by side with the framework's own optimizer, in float64: along random gradients "
    "at constant lr, down a small function at decaying lr, with weight decay where there is such an "
    "argument, and with nothing set at all. The largest difference at any step, relative to the largest "
    "weight:"
)
_RULE_JUDGED = N_(
    "The rule itself went side by side with other code, at several settings. The largest difference at any "
    "step, relative to the largest weight:"
)


def _judged(one: Mapping[str, Any], _: Translator) -> list[str]:
    name = FRAMEWORK_NAMES.get(one["framework"]) or _("other code")
    judge = f"{name} `{one['what']}`" if one["what"] else name
    return [judge, str(one["ways"]), str(one["steps"]), f"{one['difference']:.1g}"]


def solver_picture_words(
    solver: str,
    formula: str,
    start: Sequence[float],
    fun: Sequence[float],
    spent: Sequence[int],
    model: int | None,
    _: Translator,
) -> str:
    """What the picture of a solver shows. fun: f at the start and after every step; spent: gradient
    evaluations by then; model: the step whose quadratic model is drawn, None without."""
    said = [
        _("{steps} steps of {rule} on f = {formula} from ({start}).").format(
            steps=len(fun) - 1, rule=solver, formula=formula, start=_listed(start)
        ),
        _("f falls from {first} to {last}, for {spent} gradient evaluations in all.").format(
            first=f"{fun[0]:.3g}", last=f"{fun[-1]:.2g}", spent=spent[-1]
        ),
    ]
    if model is not None:
        said.append(_("Dashed: where the quadratic model of step {k} has one value.").format(k=model))
    return " ".join(said)


def solver_evidence(measured: Mapping[str, Any], _: Translator) -> str:
    """What a solver spends on a few functions, beside SciPy where that has the method."""
    if not measured:
        return ""
    counts = ("nit", "nfev", "njev", "nhev", "nhvp")
    header = [_("function"), _("whose"), _("steps"), "f", _("gradient"), _("Hessian"), _("products")]
    rows = [
        [f"`{row['function']}`", row["who"], *(str(row[name]) for name in counts), f"{row['fun']:.1g}"]
        for row in measured["rows"]
    ]
    said = _(_SPENT).format(scipy=measured["scipy"])
    return f"{said}\n\n{table([*header, _('f at the end')], rows)}"


_SPENT = N_(
    "Evaluations until the largest element of the gradient is below 1e-6 (of least squares, each by its own "
    "tests), from the customary starts, with exact derivatives for both; measured with SciPy {scipy}, whose "
    "trust regions count rejected steps, too. Of least squares f is the residuals and the gradient their "
    "Jacobian."
)


def function_words(
    name: str, varied: str, value: Sequence[float], derivative: Sequence[float], _: Translator
) -> str:
    """What the picture of an activation or a loss shows. varied: what lies along it."""
    low, high, least, most = (f"{end(v) + 0.0:.3g}" for v in (value, derivative) for end in (min, max))
    said = _("Value and derivative of {name}; along the picture: {varied}.").format(name=name, varied=varied)
    ends = _("Here the value goes from {low} to {high}, the derivative from {least} to {most}.")
    return f"{said} {ends.format(low=low, high=high, least=least, most=most)}"


def schedule_words(schedule: str, epochs: int, steps: int, factors: Sequence[float], _: Translator) -> str:
    """What the picture of a schedule shows. factors: of every step."""
    first, last, low, high = (f"{f:.3g}" for f in (factors[0], factors[-1], min(factors), max(factors)))
    said = _("The factor under {schedule} over {epochs} epochs of {steps} steps each.")
    ends = _("It is {first} at the first step and {last} at the last, {low} at least and {high} at most.")
    told = said.format(schedule=schedule, epochs=epochs, steps=steps)
    return f"{told} {ends.format(first=first, last=last, low=low, high=high)}"
