"""Ladera in one file: which optimizer should train this network, at which learning rate, how sure?

Read it from top to bottom; run it with numpy, jax and scikit-learn:  python examples/one_file.py
"""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from sklearn.datasets import load_digits

LAYERS, EPOCHS, BATCH = (64, 32, 10), 5, 32  # pixels, hidden units, classes
TUNING, REPORTING = range(12), range(12, 24)  # seeds that choose learning rates, seeds that compare


def digits():
    """(x [n, 64], y [n]) thrice: train moves the weights, validation chooses, test is read once."""
    x, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(x))
    train, validation, test = np.split(rows, [len(x) * 6 // 10, len(x) * 8 // 10])
    x = (x - x[train].mean()) / x[train].std()  # by what the train rows show, and nothing else
    return [(np.float32(x[part]), np.int32(y[part])) for part in (train, validation, test)]


def network(weights, x):
    (w1, b1), (w2, b2) = weights
    return jax.nn.relu(x @ w1 + b1) @ w2 + b2


def cross_entropy(z, y):  # mean of -log p(y), for outputs z [n, classes] and labels y [n]
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1).mean()


def accuracy(weights, x, y):
    z = network(weights, x)  # not finite after a training that diverged: then nothing is right
    return jnp.where(jnp.isfinite(z).all(), (z.argmax(axis=1) == y).mean(), 0.0)


# An update rule is three small functions of one array x, in the letters of its paper.
class Rule:
    def init(self, x):  # what the rule remembers, before the first step
        return ()

    def read(self, s, x):  # the point at which it wants the gradient
        return x


@dataclass(frozen=True)
class SGD(Rule):
    lr: float = 0.01

    def step(self, t, g, s, x):  # step t = 1, 2, ... along the gradient g
        return s, x - self.lr * g


@dataclass(frozen=True)
class Nesterov(Rule):
    lr: float = 0.01
    momentum: float = 0.9

    def init(self, x):
        return 0 * x

    def read(self, v, x):  # where the momentum is about to take it
        return x + self.momentum * v

    def step(self, t, g, v, x):
        v = self.momentum * v - self.lr * g
        return v, x + v


@dataclass(frozen=True)
class Adam(Rule):
    lr: float = 0.001
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8

    def init(self, x):
        return 0 * x, 0 * x

    def step(self, t, g, s, x):
        m = self.b1 * s[0] + (1 - self.b1) * g
        v = self.b2 * s[1] + (1 - self.b2) * g**2
        m_hat = m / (1 - self.b1**t)
        v_hat = v / (1 - self.b2**t)
        return (m, v), x - self.lr * m_hat / (v_hat**0.5 + self.eps)


def draw(seeds, n):
    """All that is random, seed beside seed: first weights and mini-batches, the same for every rule."""
    rngs = [np.random.default_rng(seed) for seed in seeds]
    w = [np.float32([rng.normal(0, (2 / i) ** 0.5, (i, o)) for rng in rngs]) for i, o in pairwise(LAYERS)]
    b = [np.zeros((len(rngs), 1, o), np.float32) for o in LAYERS[1:]]
    rows = [[rng.permutation(n)[: n - n % BATCH] for _ in range(EPOCHS)] for rng in rngs]
    return list(zip(w, b, strict=True)), np.reshape(rows, (len(rngs), -1, BATCH))


def train(rule, lr, drawn, x, y):
    """One training, one loop: the weights after the last step."""
    rule, (weights, batches) = replace(rule, lr=lr), drawn
    w, unravel = ravel_pytree(weights)  # to a rule, the network is one array of numbers

    def loss(w, rows):
        return cross_entropy(network(unravel(w), x[rows]), y[rows])

    def step(carry, now):
        (s, w), (t, rows) = carry, now
        return rule.step(t, jax.grad(loss)(rule.read(s, w), rows), s, w), None

    (_, w), _ = jax.lax.scan(step, (rule.init(w), w), (jnp.arange(1.0, len(batches) + 1), batches))
    return unravel(w)


# Many trainings at once, a seed in each lane. The rate is an argument: a rule is compiled once.
lanes = jax.jit(jax.vmap(train, in_axes=(None, None, 0, None, None)), static_argnums=0)
scores = jax.vmap(accuracy, in_axes=(0, None, None))


def p_value(differences):  # between equals, each seed's difference could as well have the other sign
    sums = np.array(list(product((-1, 1), repeat=len(differences)))) @ differences
    return np.mean(abs(sums) > differences.sum() - 1e-9)


if __name__ == "__main__":
    learn, validation, test = digits()
    tuning, reporting = (draw(seeds, len(learn[1])) for seeds in (TUNING, REPORTING))
    found = {}
    for rule in (SGD(), Nesterov(), Adam()):  # as many rates for each, on the same seeds
        rates = [float(f"{rule.lr * 10**k:.1g}") for k in np.linspace(-2, 2, 9)]
        tuned = {lr: np.median(scores(lanes(rule, lr, tuning, *learn), *validation)) for lr in rates}
        lr = max(tuned, key=tuned.get)
        assert rates[0] < lr < rates[-1], "the best rate is on the edge: better ones may lie beyond it"
        weights = lanes(rule, lr, reporting, *learn)
        found[f"{type(rule).__name__} (lr {lr:g})"] = np.float64(scores(weights, *validation)), weights
    best, *rivals = sorted(found, key=lambda name: -np.median(found[name][0]))
    values, weights = found[best]
    print(f"{best:18} accuracy {np.median(values):.3f}, the median of {len(REPORTING)} seeds")
    ties = []
    for name in rivals:
        d = values - found[name][0]
        p = min(1.0, len(rivals) * p_value(d))  # so many rivals, so many chances to err (Bonferroni)
        ties += [name] if p >= 0.05 else []
        against = f"{best} is better on {sum(d > 0)}, worse on {sum(d < 0)}, p = {p:.3f}"
        print(f"{name:18} accuracy {np.median(found[name][0]):.3f}; {against}")
    sure = f"tied with {' and '.join(ties)}" if ties else "better than the others"
    print(f"Use {best}: {sure}; accuracy {np.median(scores(weights, *test)):.3f} on the test set.")
