"""The instruments, against NumPy's own numbers of a training that is followed step by step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from studies import at, cohort, task

from ladera import rules
from ladera.networks import losses
from ladera.networks.layers import Pass
from ladera.networks.penalties import value
from ladera.problems import Problem
from ladera.train import work
from ladera.train.cohort import train

FIELDS = ("gradient_norm", "update_ratio", "effective_lr", "step_quality", "cosine", "path_ratio")


def flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]).astype(np.float64)


def weights(tree: Any) -> list[np.ndarray]:
    return [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(tree) if leaf.ndim > 1]


def norms(tree: Any) -> np.ndarray:
    return np.array([np.linalg.norm(w) for w in weights(tree)])


def followed(problem: Problem, rule: rules.Rule, seed: int, epochs: int) -> tuple[dict, Any]:
    """The instruments of every epoch, from all of its points, and the last parameters."""
    one, data, network = task(problem, epochs=epochs), problem.prepared(), problem.parsed_network
    x, y, held = jnp.asarray(data.train.x), jnp.asarray(data.train.y), problem.parsed_penalty
    params, _ = work.initial(one, seed)
    params = jax.tree.map(jnp.asarray, params)
    origin, states, t, way = flat(params), [rule.init(leaf) for leaf in jax.tree.leaves(params)], 0, 0.0

    @jax.jit
    def gradient(params: Any, rows: Any) -> Any:
        def loss(params: Any) -> Any:
            loss = losses.cross_entropy(network.apply(params, [], x[rows])[0], y[rows]).mean()
            return loss + value(params, held.l1, held.l2)

        return jax.grad(loss)(params)

    @jax.jit
    def stepped(t: Any, g: Any, states: Any, params: Any) -> Any:
        pairs = zip(jax.tree.leaves(g), states, jax.tree.leaves(params), strict=True)
        moved = [rule.step(t, slope, state, leaf) for slope, state, leaf in pairs]
        after = jax.tree.structure(params).unflatten([leaf for _, leaf in moved])
        return [state for state, _ in moved], after

    found: dict[str, list[Any]] = {name: [] for name in FIELDS}
    for epoch in range(epochs):
        points = [params]
        for rows in work.orders(one, seed, epoch, 1)[0]:
            t += 1
            g = gradient(points[-1], rows)
            states, moved = stepped(np.float32(t), g, states, points[-1])
            points.append(moved)
        params = points[-1]
        d, before = flat(points[-1]) - flat(points[-2]), flat(points[-2]) - flat(points[-3])
        step = jax.tree.map(jnp.subtract, points[-1], points[-2])
        found["gradient_norm"].append(norms(g))
        found["update_ratio"].append(norms(step) / norms(points[-2]))
        found["effective_lr"].append(norms(step) / norms(g))
        found["step_quality"].append([-flat(gradient(params, rows)) @ d / (flat(g) @ d)])
        found["cosine"].append([d @ before / np.linalg.norm(d) / np.linalg.norm(before)])
        way += one.steps_per_epoch * (np.linalg.norm(d) + np.linalg.norm(before)) / 2
        found["path_ratio"].append([way / np.linalg.norm(flat(params) - origin)])
    return found, params


@pytest.mark.parametrize("penalty", ["none", "l2:0.3", "l1:0.1"])
def test_they_are_what_they_say(penalty):
    rule = rules.Adam(lr=0.01)
    problem = Problem("iris", network="mlp:8,6", activation="relu", penalty=penalty)
    expected, _ = followed(problem, rule, seed=3, epochs=3)
    curve = train(cohort(task(problem, epochs=3), [rule], [3], width=2)).curves[0]
    for name in FIELDS:
        values = np.reshape(curve[name], (4, -1))
        assert np.isnan(values[0]).all()
        np.testing.assert_allclose(values[1:], expected[name], rtol=2e-3, err_msg=name)


def test_units_that_are_dead_and_saturated_are_counted():
    """A bias far below 0 kills relu units, a large rate drives tanh into its ends."""
    problem = Problem("iris", network="mlp:16,8")
    wild = rules.SGD(lr=3.0)
    curve = train(cohort(task(problem), [wild], [1], width=1)).curves[0]
    dead = np.reshape(curve["dead"], (4, 2))
    with np.errstate(invalid="ignore", divide="ignore"):  # dead units have no gradient
        _, params = followed(problem, wild, seed=1, epochs=3)
    seen: list[Any] = []
    problem.parsed_network.apply(params, [], jnp.asarray(problem.prepared().validation.x), Pass(seen=seen))
    np.testing.assert_allclose(dead[-1], [(np.asarray(one.x).max(axis=0) == 0).mean() for one in seen])
    assert dead[-1].max() > 0
    assert np.isnan(curve["saturated"]).all()

    tanh = Problem("iris", network="mlp:16", activation="tanh")
    slow, fast = train(cohort(task(tanh), at(rules.SGD(), 0.01, 3.0), [1, 1], width=2)).curves
    assert np.isfinite(slow["saturated"][1:]).all()
    assert fast["saturated"][-1] > slow["saturated"][-1] + 0.2
    assert (slow["dead"][1:] == 0).all()


def test_a_lost_training_shows_nothing_more():
    lost = train(cohort(task(), at(rules.SGD(), 1e30), [0], width=1)).curves[0]
    assert np.isnan(lost["gradient_norm"]).all()


@pytest.mark.parametrize("network", ["cnn:3/4", "gru:4"])
def test_every_network_has_them(network):
    """A value for each array of weights, and for each layer with an activation."""
    layers = {"cnn:3/4": (3, 2), "gru:4": (3, 1)}[network]
    one = task(Problem("digits", network=network), batch=256, epochs=1)
    curve = train(cohort(one, [rules.SGD()], [0], width=1)).curves[0]
    assert [len(curve[name]) // 2 for name in ("update_ratio", "dead")] == list(layers)
    assert (curve["update_ratio"][layers[0] :] > 0).all()
