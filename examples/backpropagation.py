"""Backpropagation by hand: a multilayer perceptron in NumPy, forward and backward, line by line.

Read it from top to bottom; run it:  python examples/backpropagation.py [relu | tanh | sigmoid]

Examples are the rows of x [n, features]. A layer has weights w [inputs, units] and biases b [units]. Of
its input a [n, inputs] it makes what its units receive, and of that what they pass on to the next layer:

    z = a w + b        f(z) = the next layer's a

The last layer's z are scores, one per class. They and the right classes y [n] make one number, the loss L.
How does L change with every single weight? Backpropagation tells it for all of them at the price of about
two more forward passes: it is the chain rule, begun at L.
"""

import sys
from itertools import pairwise

import numpy as np
from sklearn.datasets import load_digits

from ladera import rules

HIDDEN, EPOCHS, BATCH = (64, 32), 15, 32

# An activation f, and its slope f'(z): all three can tell it from a = f(z), which is at hand.
ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),  # at the corner the slope is taken to be 0
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
}


def initial(rng, sizes):
    """First weights and biases of the layers between these sizes: [(w, b), ...]."""
    # A unit sums as many terms as it has inputs. With the variance 2/inputs (He et al. 2015) the sums
    # of a relu network are as large in the last layer as in the first.
    return [(rng.normal(0, (2 / i) ** 0.5, (i, o)), np.zeros(o)) for i, o in pairwise(sizes)]


def forward(weights, x, activation):
    """The scores z [n, classes], and what each layer was given, which the way back needs again."""
    f, _ = ACTIVATIONS[activation]
    given = [x]
    for w, b in weights[:-1]:
        given.append(f(given[-1] @ w + b))
    w, b = weights[-1]
    return given[-1] @ w + b, given


def cross_entropy(z, y):
    """L, the mean over the examples of -ln p(y), and p = softmax(z) [n, classes]."""
    z = z - z.max(axis=1, keepdims=True)  # the same p, but no exponential can overflow
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(y)), y].mean(), np.exp(log_p)


def backward(weights, x, y, activation):
    """L, and dL/dw and dL/db of every layer: [(dw, db), ...].

    What travels back, a layer at a time, is delta = dL/dz [n, units].
    """
    _, slope = ACTIVATIONS[activation]
    z, given = forward(weights, x, activation)
    loss, p = cross_entropy(z, y)
    # One example has L = -ln p(y) = ln Σ exp(z) - z(y). The logarithm's derivative is p, and z(y) takes
    # 1 away at the right class: what was said minus what is true. The mean divides by n.
    delta = p.copy()
    delta[np.arange(len(y)), y] -= 1
    delta /= len(y)
    gradients = []
    for (w, _), a in zip(reversed(weights), reversed(given), strict=True):
        # w[i, j] changes z[:, j] alone, by a[:, i]: dL/dw[i, j] is the sum over the examples of
        # a[:, i] delta[:, j], a product of matrices. b[j] is a weight whose input is always 1.
        gradients.append((a.T @ delta, delta.sum(axis=0)))
        if a is not given[0]:  # which no layer made
            # a[:, i] changes every z[:, j], by w[i, j]: dL/da is a sum over the units, a product again.
            da = delta @ w.T
            # a = f(z) of the layer before, each element by itself: times the slope, and we are one back.
            delta = da * slope(a)
    return loss, gradients[::-1]


def accuracy(weights, x, y, activation):
    z, _ = forward(weights, x, activation)
    return np.mean(z.argmax(axis=1) == y)


# A rule updates one array, and a derivative is asked of one number: both see the network as arrays.
def flat(layers):  # (w, b), (w, b), ... as w, b, w, b, ...
    return [array for layer in layers for array in layer]


def pairs(arrays):  # and back
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def epochs(weights, x, y, activation, rule, rng):
    """Train in mini-batches; of each epoch the mean loss, and the weights after it."""
    arrays = flat(weights)
    states, t = [rule.init(array) for array in arrays], 0  # what the rule remembers of each array
    for _ in range(EPOCHS):
        losses, order = [], rng.permutation(len(y))
        for rows in (order[at : at + BATCH] for at in range(0, len(y), BATCH)):
            t += 1
            points = map(rule.read, states, arrays)  # where the rule wants its gradient: Nesterov's, ahead
            loss, gradients = backward(pairs([*points]), x[rows], y[rows], activation)
            moved = [rule.step(t, *three) for three in zip(flat(gradients), states, arrays, strict=True)]
            states, arrays = zip(*moved, strict=True)
            losses.append(loss)
        yield np.mean(losses), pairs(arrays)


def central_differences(weights, x, y, activation, h=1e-5):
    """The same gradients from what a derivative is: two forward passes for each single weight."""

    def loss():
        z, _ = forward(weights, x, activation)
        return cross_entropy(z, y)[0]

    gradients = [np.zeros_like(array) for array in flat(weights)]
    for array, slopes in zip(flat(weights), gradients, strict=True):
        for at, value in np.ndenumerate(array):
            array[at] = value + h
            above = loss()
            array[at] = value - h  # to the other side, too: so the error falls with h², not with h
            slopes[at] = (above - loss()) / (2 * h)
            array[at] = value
    return pairs(gradients)


def autodiff(weights, x, y, activation):
    """The same gradients of Ladera's own network and loss, differentiated by JAX."""
    import jax

    from ladera import networks

    hidden = ",".join(str(len(b)) for _, b in weights[:-1])
    network = networks.parse(f"mlp:{hidden}" if hidden else "linear", activation)
    like = network.init(np.random.default_rng(0), x.shape[1:], len(weights[-1][1]))

    def loss(arrays):
        z, _ = network.apply(jax.tree.structure(like).unflatten(arrays), [], x)
        return networks.losses.cross_entropy(z, y).mean()

    with jax.enable_x64(True):
        return pairs([np.asarray(g) for g in jax.grad(loss)([*map(jax.numpy.asarray, flat(weights))])])


def check(activation, rng):
    """By hand, by definition and by machine: one answer, but for rounding and for h."""
    weights, x, y = initial(rng, (6, 5, 4, 3)), rng.normal(size=(8, 6)), rng.integers(3, size=8)
    _, gradients = backward(weights, x, y, activation)
    for judge, allowed in ((autodiff, 1e-10), (central_differences, 1e-8)):
        both = zip(flat(gradients), flat(judge(weights, x, y, activation)), strict=True)
        apart = max(abs(by_hand - judged).max() for by_hand, judged in both)
        print(f"gradients by hand and by {judge.__name__}: {apart:.0e} apart")
        assert apart < allowed


if __name__ == "__main__":
    activation, rng = sys.argv[1] if len(sys.argv) > 1 else "relu", np.random.default_rng(0)
    check(activation, rng)
    x, y = load_digits(return_X_y=True)
    x = x / 16  # 64 pixels from 0 to 1
    learn, validation = np.split(rng.permutation(len(y)), [len(y) * 8 // 10])
    weights = initial(rng, (x.shape[1], *HIDDEN, 10))
    print("\nepoch   loss  training  validation")
    trained = epochs(weights, x[learn], y[learn], activation, rules.Adam(lr=0.005), rng)
    for epoch, (loss, weights) in enumerate(trained, start=1):
        right = [accuracy(weights, x[part], y[part], activation) for part in (learn, validation)]
        print(f"{epoch:5} {loss:6.3f} {right[0]:9.1%} {right[1]:11.1%}")
