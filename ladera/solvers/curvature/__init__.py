"""Solvers for networks, which are handed the curvature of a model instead of deriving it.

What they ask of f, beside `value` and `value_and_grad` (x is the flat vector of all d parameters):

    f.curvature(x)      value, gradient (d,), and the generalised Gauss-Newton matrix G, (d, d):
                        Jᵀ H J, J the derivative of the model's outputs, H the loss's Hessian in them
                        (Schraudolph 2002). For squares it is Gauss and Newton's JᵀJ.
    f.gram(x, V)        V G Vᵀ, (k, k), for k rows V, (k, d), without G
    f.factors(x, draw)  value, gradient, and for every layer the two Kronecker factors of its block of
                        G; `draw` is the number of the sample that they are estimated from
    f.layers(v), f.flat(matrices)   a vector as one matrix per layer (bias below the weights), and back
    f.ridge             twice the l2 penalty: the curvature that f adds to the model's
"""

from ladera.solvers.curvature.gauss_newton import GeneralizedGaussNewton
from ladera.solvers.curvature.kfac import KFAC
from ladera.solvers.curvature.levenberg_marquardt import GeneralizedLevenbergMarquardt

__all__ = ["KFAC", "GeneralizedGaussNewton", "GeneralizedLevenbergMarquardt"]
