"""A network of the user's own tried before it trains: what would fail there is told in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.networks.layers import Pass, Shape

__all__ = ["check"]

_TRIED = 2  # examples


def check(network: Any, shape: Shape, outputs: int) -> None:
    """Raise UsageError where the network cannot be trained on examples of that shape: where it fails, has
    nothing to learn, gives other than floats [n, outputs], or a state of another structure.

    Nothing is computed but the first parameters: JAX follows the shapes, asking, training and through
    the gradient.
    """
    import jax

    x = jax.ShapeDtypeStruct((_TRIED, *shape), np.float32)
    key = jax.ShapeDtypeStruct((2,), np.uint32)
    target = jax.ShapeDtypeStruct((_TRIED, outputs), np.float32) if network.forced else None

    def trained(params: Any, x: Any, key: Any, target: Any) -> tuple[Any, Any]:
        return network.apply(params, state, x, Pass(train=True, key=key, target=target))

    def slope(params: Any, *of: Any) -> Any:
        return jax.grad(lambda params: trained(params, *of)[0].sum())(params)

    try:
        params, state = network.init(np.random.default_rng(0), shape, outputs), network.state(shape, outputs)
        _check_parameters(network, jax.tree.leaves(params))
        asked, _ = jax.eval_shape(lambda params, x: network.apply(params, state, x), params, x)
        _check_outputs(network, asked, outputs)
        given, after = jax.eval_shape(trained, params, x, key, target)
        _check_outputs(network, given, outputs)
        _check_state(network, state, after)
        jax.eval_shape(slope, params, x, key, target)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(
            "The network {network} fails on {tried} examples of shape {shape} ({kind}: {reason}); mend "
            "it and try again.",
            network=network,
            tried=_TRIED,
            shape=shape,
            kind=type(error).__name__,
            reason=str(error).strip().split("\n")[0],
        ) from error


def _check_parameters(network: Any, leaves: list[Any]) -> None:
    if not sum(np.size(leaf) for leaf in leaves):
        raise UsageError(
            "A network that is trained has parameters, received none from {network}; give it at least one "
            "array of floats.",
            network=network,
        )


def _check_outputs(network: Any, z: Any, outputs: int) -> None:
    found = getattr(z, "shape", None)
    if found != (_TRIED, outputs):
        raise UsageError(
            "A network gives {outputs} raw outputs for each example, an array of shape {wanted} for "
            "{tried} examples, received {received} from {network}; give its last layer {outputs} units.",
            outputs=outputs,
            wanted=(_TRIED, outputs),
            tried=_TRIED,
            received=found if found is not None else type(z).__name__,
            network=network,
        )
    import jax.numpy as jnp

    if not jnp.issubdtype(z.dtype, jnp.floating):
        raise UsageError(
            "A network gives raw outputs that are floats, received {kind} from {network}; leave its last "
            "numbers as they are computed, neither rounded nor decided.",
            kind=z.dtype,
            network=network,
        )


def _check_state(network: Any, before: Any, after: Any) -> None:
    import jax

    def told(tree: Any) -> tuple[list[Any], Any]:
        leaves, structure = jax.tree.flatten(tree)
        return [(leaf.shape, leaf.dtype) for leaf in leaves], structure

    if told(before) != told(after):
        raise UsageError(
            "What a network keeps beside its parameters keeps its structure in every step, received "
            "arrays {before} that become {after} in {network}; let nothing be added to it (Flax: sow into "
            "'intermediates' alone).",
            before=_many(before),
            after=_many(after),
            network=network,
        )


def _many(tree: Any) -> str:
    import jax

    return ", ".join(f"{tuple(leaf.shape)} {leaf.dtype}" for leaf in jax.tree.leaves(tree)) or "-"
