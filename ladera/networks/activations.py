"""Activation functions by name: what each computes, and what is said of it.

At a corner the derivative is PyTorch's. JAX is imported when an activation is computed: asking for a
name must not cost half a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ladera.base import unknown_name
from ladera.locale import N_

__all__ = ["ACTIVATIONS", "Activation", "Case", "activation", "canonical", "find", "identity", "is_name"]

_SLOPE = 0.01  # of leaky_relu below 0


def sigmoid(x: Any) -> Any:
    import jax

    return jax.nn.sigmoid(x)


def tanh(x: Any) -> Any:
    import jax.numpy as jnp

    return jnp.tanh(x)


def relu(x: Any) -> Any:
    import jax

    return jax.nn.relu(x)


def leaky_relu(x: Any) -> Any:
    import jax.numpy as jnp

    return jnp.where(x > 0, x, _SLOPE * x)  # jax.nn's has the slope 1 at 0, PyTorch's 0.01


def elu(x: Any) -> Any:
    import jax

    return jax.nn.elu(x)


def selu(x: Any) -> Any:
    import jax

    return jax.nn.selu(x)


def softplus(x: Any) -> Any:
    import jax

    return jax.nn.softplus(x)


def softmax(x: Any) -> Any:
    import jax

    return jax.nn.softmax(x, axis=-1)


def gelu(x: Any) -> Any:
    import jax

    return jax.nn.gelu(x, approximate=False)


def silu(x: Any) -> Any:
    import jax

    return jax.nn.silu(x)


def hard_swish(x: Any) -> Any:
    import jax.numpy as jnp

    # Where x (x + 3) overflows it is not taken, and its derivative 2x + 3 is still finite.
    return jnp.where(x <= -3, jnp.zeros_like(x), jnp.where(x < 3, x * (x + 3) / 6, x))


@dataclass(frozen=True)
class Case:
    """One piece of a formula: value and derivative as texts, and where it holds ("": everywhere)."""

    value: str
    slope: str
    when: str = ""


@dataclass(frozen=True)
class Activation:
    """An activation function.

    apply: of an array whose last axis is a layer's units, the same shape. cases: its formula. range: of
    its values. said: what it is for. source: its paper. version: raised when its numbers change.
    monotone: whether it never decreases, unit by unit.
    """

    apply: Callable[[Any], Any]
    cases: tuple[Case, ...]
    range: str
    said: str
    source: str
    version: int = 1
    monotone: bool = True


ACTIVATIONS: dict[str, Activation] = {
    "elu": Activation(
        elu,
        (Case("x", "1", "x > 0"), Case("exp(x) - 1", "exp(x)", "x <= 0")),
        "(-1, ∞)",
        N_("Like relu, but it goes down to -1 smoothly, so that the mean of the units is nearer to 0."),
        "Clevert, Unterthiner and Hochreiter 2016",
    ),
    "gelu": Activation(
        gelu,
        (
            Case(
                "x/2*(1 + erf(x/sqrt(2)))",
                "(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(2*π)",
            ),
        ),
        "[-0.170, ∞)",
        N_(
            "x times the share of a standard normal below x. The exact form with erf, as in PyTorch; JAX's "
            "default is an approximation by tanh."
        ),
        "Hendrycks and Gimpel 2016",
        version=2,
        monotone=False,
    ),
    "hard_swish": Activation(
        hard_swish,
        (
            Case("0", "0", "x <= -3"),
            Case("x*(x + 3)/6", "(2*x + 3)/6", "-3 < x < 3"),
            Case("x", "1", "x >= 3"),
        ),
        "[-0.375, ∞)",
        N_("silu made of straight lines and a parabola: no exponential is needed."),
        "Howard et al. 2019 (MobileNetV3)",
        monotone=False,
    ),
    "leaky_relu": Activation(
        leaky_relu,
        (Case("x", "1", "x > 0"), Case("0.01*x", "0.01", "x <= 0")),
        "(-∞, ∞)",
        N_("relu with a small slope below 0, so that a unit that is off still learns."),
        "Maas, Hannun and Ng 2013",
        version=2,
    ),
    "relu": Activation(
        relu,
        (Case("x", "1", "x > 0"), Case("0", "0", "x <= 0")),
        "[0, ∞)",
        N_("What is positive passes, all else is 0. A unit that is off for all examples learns no more."),
        "Nair and Hinton 2010",
    ),
    "selu": Activation(
        selu,
        (
            Case("1.0507009873554805*x", "1.0507009873554805", "x > 0"),
            Case(
                "1.0507009873554805*1.6732632423543772*(exp(x) - 1)",
                "1.0507009873554805*1.6732632423543772*exp(x)",
                "x <= 0",
            ),
        ),
        "(-1.758, ∞)",
        N_(
            "elu with two numbers for which mean 0 and variance 1 of the units come back in every layer; it "
            "goes with the initial weights lecun_normal."
        ),
        "Klambauer et al. 2017",
    ),
    "sigmoid": Activation(
        sigmoid,
        (Case("1/(1 + exp(-x))", "exp(-x)/(1 + exp(-x))^2"),),
        "(0, 1)",
        N_("From 0 to 1. Its slope is 1/4 at most, so gradients shrink from layer to layer."),
        "Rumelhart, Hinton and Williams 1986",
    ),
    "silu": Activation(
        silu,
        (Case("x/(1 + exp(-x))", "(1 + exp(-x) + x*exp(-x))/(1 + exp(-x))^2"),),
        "[-0.278, ∞)",
        N_("x times its sigmoid, also called swish: smooth, and a little below 0 for negative x."),
        "Elfwing, Uchibe and Doya 2018",
        monotone=False,
    ),
    "softmax": Activation(
        softmax,
        (Case("exp(xᵢ)/Σⱼ exp(xⱼ)", "yᵢ (δᵢⱼ - yⱼ)"),),
        "(0, 1)",
        N_(
            "The units of a layer as shares of 1: each depends on all of them. The largest is taken out "
            "first, so that nothing overflows."
        ),
        "Bridle 1990",
        monotone=False,
    ),
    "softplus": Activation(
        softplus,
        (Case("ln(1 + exp(x))", "1/(1 + exp(-x))"),),
        "(0, ∞)",
        N_(
            "A smooth relu. It is exact everywhere; PyTorch's is x itself above 20, which differs by 2e-9 "
            "at most."
        ),
        "Dugas et al. 2001",
    ),
    "tanh": Activation(
        tanh,
        (Case("tanh(x)", "1 - tanh(x)^2"),),
        "(-1, 1)",
        N_("From -1 to 1 around 0, with slope 1 there; far out gradients vanish."),
        "LeCun et al. 1998",
    ),
}


def canonical(name: str) -> str:
    """The activation's name as the table has it: lower case, with underscores.

    Raises UsageError, with the nearest known name, where it is unknown.
    """
    known = str(name).strip().lower().replace("-", "_")
    if known not in ACTIVATIONS:
        raise unknown_name("activation", str(name), ACTIVATIONS)
    return known


def is_name(text: str) -> bool:
    """Whether the text names an activation."""
    return text.strip().lower().replace("-", "_") in ACTIVATIONS


def find(name: str) -> Activation:
    """The activation of that name. Raises UsageError where there is none."""
    return ACTIVATIONS[canonical(name)]


def activation(name: str) -> Callable[[Any], Any]:
    """The function of that name: elementwise, but for softmax, which goes over the last axis."""
    return find(name).apply


def identity(name: str) -> str:
    """What makes it the same function as another: its name, and its version once that was raised."""
    version = find(name).version
    return canonical(name) if version == 1 else f"{canonical(name)}-{version}"
