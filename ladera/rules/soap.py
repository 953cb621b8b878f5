"""SOAP: Adam in the axes along which the gradients of a matrix vary, found as it goes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ladera.rules._flags import check_whole
from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import (
    descending,
    eigenvectors,
    maximum,
    mean,
    ndim,
    one_minus_power,
    orthonormal,
    sqrt,
    when,
    where,
    zeros_like,
)

__all__ = ["SOAP"]


class Bases(NamedTuple):
    M: Any
    V: Any
    L: Any  # this and the three below of a matrix alone
    R: Any
    Q_L: Any
    Q_R: Any


class SOAP(Rule):
    """Vyas et al. 2024, SOAP: improving and stabilizing Shampoo using Adam, Algorithms 3 and 4.

    What the paper leaves open is as in the authors' code: the first gradient only sets the axes, by
    an eigendecomposition; M and V are corrected for starting at 0; the axes are sorted before each
    power iteration, and V with them. An array that is no matrix has no axes and takes Adam's step.

    lr: step size η. b1, b2: decay rates of M and of V; b2 also of L and R. eps: added to the root of
    V before it is corrected. weight_decay: share of the weights taken off per unit of lr, after the
    step. frequency: steps from one turn of the axes to the next.
    """

    paper = "Vyas et al. 2024, Algorithms 3 and 4"
    scope = "block"

    lr: Positive = 3e-3
    b1: Fraction = 0.95
    b2: Fraction = 0.95
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.01
    frequency: int = 10

    def __post_init__(self):
        super().__post_init__()
        check_whole(self, "frequency")

    def init(self, x):
        M, V = zeros_like(x), zeros_like(x)
        if ndim(x) != 2:
            return Bases(M, V, None, None, None, None)
        L, R = zeros_like(x @ x.T), zeros_like(x.T @ x)
        return Bases(M, V, L, R, Q_L=L, Q_R=R)

    def step(self, t, g, s, x):
        n = maximum(t - 1, 1)  # the first gradient only sets the axes
        lr = where(t > 1, self.lr, 0.0)
        G = where(t > 1, g, zeros_like(g))
        M = self.b1 * s.M + (1 - self.b1) * G
        V = self.b2 * s.V + (1 - self.b2) * turned(G, s) ** 2
        N = turned_back(turned(M, s) / (sqrt(V) + self.eps), s)
        eta = lr * sqrt(one_minus_power(self.b2, n)) / one_minus_power(self.b1, n)
        x = x - eta * N
        x = x - lr * self.weight_decay * x
        if s.L is None:
            return Bases(M, V, None, None, None, None), x
        L, R = self.averaged(s.L, g @ g.T), self.averaged(s.R, g.T @ g)

        def later(*state):
            return when((t - 1) % self.frequency == 0, iterated, kept, *state)

        Q_L, Q_R, V = when(t > 1, later, decomposed, L, R, s.Q_L, s.Q_R, V)
        return Bases(M, V, L, R, Q_L, Q_R), x

    def averaged(self, P, outer):
        """b2 P + (1 - b2) outer."""
        return P + (1 - self.b2) * (outer - P)


def turned(G, s):
    """A matrix, in the axes of the state."""
    return G if s.L is None else s.Q_L.T @ G @ s.Q_R


def turned_back(N, s):
    return N if s.L is None else s.Q_L @ N @ s.Q_R.T


# The axes and the V that belongs to them, from L, R, those of before and V.


def decomposed(L, R, Q_L, Q_R, V):
    return eigenvectors(L), eigenvectors(R), V


def kept(L, R, Q_L, Q_R, V):
    return Q_L, Q_R, V


def iterated(L, R, Q_L, Q_R, V):
    Q_L, V = power_iteration(L, Q_L, V)
    Q_R, V = power_iteration(R, Q_R, V.T)
    return Q_L, Q_R, V.T


def power_iteration(P, Q, V):
    """One round of Algorithm 4 for the axes of P, and the rows of V in their order."""
    S = P @ Q
    order = descending(mean(Q * S, 0)[0])  # by the eigenvalues, as far as Q knows them
    return orthonormal(S[:, order]), V[order]
