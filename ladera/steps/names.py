"""How the names of the code are written in a formula: lr is α, m_hat is m̂, rho_inf is ρ∞."""

from __future__ import annotations

import re

__all__ = ["indexed", "latex_name"]

# The field's letters for hyperparameters, and words that are symbols.
_LETTERS = {
    "lr": r"\alpha",
    "eps": r"\epsilon",
    "momentum": r"\mu",
    "decay": r"\rho",
    "weight_decay": r"\lambda",
    "lambd": r"\lambda",
    "momentum_decay": r"\psi",
    "clip_value": "c",
    "clip_norm": "c",
    "clip_global_norm": "c",
    "ema_decay": r"\rho",
    "slow_lr": r"\alpha_{\mathrm{slow}}",
    "radius": r"\rho",
    "inf": r"\infty",
    "min": r"\min",
    "max": r"\max",
    "b": r"\beta",
}
_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda"),
        *("mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega"),
    )
)
_ACCENTS = {"hat": r"\hat{%s}", "bar": r"\bar{%s}", "tilde": r"\tilde{%s}"}


def latex_name(name: str) -> str:
    """The name of a variable in LaTeX; an accent or a subscript follows an underscore or is a number."""
    if name in _LETTERS:
        return _LETTERS[name]
    base, *rest = name.split("_")
    if match := re.fullmatch(r"([A-Za-z]+)(\d+)", base):
        base, rest = match[1], [match[2], *rest]
    letter = _letter(base)
    for accent in [part for part in rest if part in _ACCENTS]:
        letter = _ACCENTS[accent] % letter
    below = ",".join(_letter(part) for part in rest if part not in _ACCENTS)
    return f"{letter}_{{{below}}}" if below else letter


def _letter(word: str) -> str:
    if word in _LETTERS:
        return _LETTERS[word]
    if word in _GREEK:
        return f"\\{word}"
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}"


def indexed(letter: str, index: str) -> str:
    """The LaTeX letter with a step's index below, behind the subscript that it may have."""
    bare = letter.rstrip("'")
    if primes := letter[len(bare) :]:
        return f"{indexed(bare, index)}{primes}"
    if letter.endswith("}") and "_{" in letter:
        return f"{letter[:-1]},{index}}}"
    return f"{letter}_{{{index}}}"
