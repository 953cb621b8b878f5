"""examples/one_file.py is Ladera in small: it must say what the package says."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from sklearn.datasets import load_digits

from ladera import configs, rules
from ladera.networks import losses, parse
from ladera.networks.layers import Affine

FILE = Path(__file__).parents[1] / "examples" / "one_file.py"


@pytest.fixture(scope="module")
def one_file():
    spec = importlib.util.spec_from_file_location("one_file", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["one_file"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn(one_file):
    return one_file.draw(one_file.TUNING[:3], 200)


RULES = [
    ("SGD", {}),
    ("SGD", {"lr": 0.3}),
    ("Nesterov", {}),
    ("Nesterov", {"lr": 0.1, "momentum": 0.5}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05}),
]


@pytest.mark.parametrize(("name", "hyperparameters"), RULES, ids=str)
def test_its_rules_step_as_the_packages(one_file, name, hyperparameters):
    """In float64, on a curved function, at every step, with defaults and without."""

    def points(rule):
        x = np.array([1.0, -2.0, 3.0])
        s = rule.init(x)
        for t in range(1, 31):
            g = np.array([1.0, 4.0, 0.5]) * np.tanh(rule.read(s, x)) + 0.1 * t
            s, x = rule.step(t, g, s, x)
            yield x

    mine = getattr(one_file, name)(**hyperparameters)
    theirs = getattr(rules, name)(**hyperparameters)
    rest = theirs.hyperparameters().items() - dataclasses.asdict(mine).items()  # what dialects turn on
    assert {f.name for f in dataclasses.fields(mine)} <= set(theirs.hyperparameters())
    assert all(value in (False, None) for _, value in rest)
    for x, expected in zip(points(mine), points(theirs), strict=True):
        np.testing.assert_allclose(x, expected, rtol=1e-11)


def package_network(one_file, weights):
    text = "mlp:" + ",".join(map(str, one_file.LAYERS[1:-1]))
    return parse(text), [Affine(w, b[0]) for w, b in weights]


def lane(tree, k):
    return jax.tree.map(lambda leaf: leaf[k], tree)


def test_its_network_and_loss_are_the_packages(one_file, drawn):
    weights = lane(drawn[0], 1)
    weights = [(w, b + 0.1) for w, b in weights]  # biases count, too
    (x, y), *_ = one_file.digits()
    network, params = package_network(one_file, weights)
    z = one_file.network(weights, x)
    np.testing.assert_allclose(z, network.apply(params, [], jnp.asarray(x))[0], rtol=1e-5, atol=1e-5)
    loss = losses.cross_entropy(z, jnp.asarray(y))
    np.testing.assert_allclose(one_file.cross_entropy(z, y), loss.mean(), rtol=1e-6)
    right = losses.correct(z, jnp.asarray(y)).mean()
    np.testing.assert_allclose(one_file.accuracy(weights, x, y), right, rtol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Nesterov", "Adam"])
def test_it_trains_as_a_plain_loop_over_the_packages_parts(one_file, drawn, name):
    """One lane of its program, against the package's rule and network, step by step."""
    lr = 0.01
    (x, y), *_ = one_file.digits()
    weights, batches = lane(drawn, 2)
    network, params = package_network(one_file, weights)
    rule = getattr(rules, name)(lr=lr)
    leaves, structure = jax.tree.flatten(params)

    @jax.jit
    def gradient(leaves, rows):
        def loss(leaves):
            z, _ = network.apply(structure.unflatten(leaves), [], jnp.asarray(x)[rows])
            return losses.cross_entropy(z, jnp.asarray(y)[rows]).mean()

        return jax.grad(loss)(leaves)

    states = [rule.init(leaf) for leaf in leaves]
    for t, rows in enumerate(batches, start=1):
        points = [rule.read(s, leaf) for s, leaf in zip(states, leaves, strict=True)]
        moved = [
            rule.step(t, np.asarray(g), s, leaf)
            for g, s, leaf in zip(gradient(points, rows), states, leaves, strict=True)
        ]
        states, leaves = [s for s, _ in moved], [leaf for _, leaf in moved]

    trained = lane(one_file.lanes(getattr(one_file, name)(), lr, drawn, x, y), 2)
    for (w, b), layer in zip(trained, structure.unflatten(leaves), strict=True):
        np.testing.assert_allclose(w, layer.w, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(b[0], layer.b, rtol=1e-3, atol=1e-4)


def test_the_seed_alone_decides_start_and_batches(one_file):
    n = 200
    pair, alone = one_file.draw((4, 5), n), one_file.draw((5,), n)
    same = jax.tree.map(np.array_equal, lane(pair, 1), lane(alone, 0))
    assert all(jax.tree.leaves(same))
    (first, *_), batches = pair
    assert not np.array_equal(first[0][0], first[0][1])
    assert not np.array_equal(batches[0], batches[1])
    epochs = batches[0].reshape(one_file.EPOCHS, -1)
    assert all(len(set(rows)) == len(rows) == n - n % one_file.BATCH for rows in epochs)
    assert not np.array_equal(epochs[0], epochs[1])
    assert first[0].var() == pytest.approx(2 / one_file.LAYERS[0], rel=0.1)
    assert not set(one_file.TUNING) & set(one_file.REPORTING)
    assert len(one_file.TUNING) == len(one_file.REPORTING)  # one compilation serves both


def test_its_parts_are_the_digits_cut_in_three(one_file):
    pixels, labels = load_digits(return_X_y=True)
    parts = one_file.digits()
    assert [len(y) for _, y in parts] == [1078, 359, 360]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    mine, first, counts = np.unique(x, axis=0, return_index=True, return_counts=True)
    whole, whole_first, whole_counts = np.unique(pixels, axis=0, return_index=True, return_counts=True)
    np.testing.assert_array_equal(counts, whole_counts)  # scaling keeps the order of the rows
    np.testing.assert_array_equal(y[first], labels[whole_first])
    scale = np.polyfit(whole.ravel(), mine.ravel(), 1)
    np.testing.assert_allclose(np.polyval(scale, whole), mine, atol=1e-5)
    assert parts[0][0].mean() == pytest.approx(0, abs=1e-5)
    assert parts[0][0].std() == pytest.approx(1, rel=1e-5)


def test_a_training_that_diverged_gets_nothing_right(one_file, drawn):
    (x, y), *_ = one_file.digits()
    scores = one_file.scores(one_file.lanes(one_file.SGD(), 1e30, drawn, x, y), x, y)
    np.testing.assert_array_equal(scores, 0)


@pytest.mark.parametrize("seed", range(5))
def test_its_p_value_is_the_exact_permutation_test(one_file, seed):
    d = np.random.default_rng(seed).integers(-4, 9, size=9) / 359
    d *= np.sign(d.sum())
    judge = scipy.stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert one_file.p_value(d) == pytest.approx(judge.pvalue)
    assert one_file.p_value(-d) == 1  # the first is not better at all


def test_it_stays_small_and_alone():
    text = FILE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    tree = ast.parse(text)
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    roots = {name.partition(".")[0] for name in imported}
    assert roots - set(sys.stdlib_module_names) == {"jax", "numpy", "sklearn"}


def test_it_answers(one_file):
    """Every rule has its row, at a rate of the package's grid, and the sentence names the best."""
    run = subprocess.run([sys.executable, "-W", "error", FILE], check=True, capture_output=True, text=True)
    *table, sentence = run.stdout.splitlines()
    rows = [re.match(r"(\w+) \(lr ([\d.e-]+)\) +accuracy (0\.\d+)", line).groups() for line in table]
    assert {name for name, _, _ in rows} == {"SGD", "Nesterov", "Adam"}
    for name, lr, accuracy in rows:
        assert float(lr) in configs.grid("auto", getattr(rules, name)())
        assert float(accuracy) > 0.9
    (name, lr, accuracy), *_ = rows
    assert float(accuracy) == max(float(value) for *_, value in rows)
    assert sentence.startswith(f"Use {name} (lr {lr}): ")
    tested = float(re.search(r"accuracy (0\.\d+) on the test set\.$", sentence)[1])
    assert abs(tested - float(accuracy)) < 0.05
