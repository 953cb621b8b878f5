"""Surfaces to descend: the field's test functions, a user's formula, a user's JAX function.

surface = get("rosenbrock")
surface.value(x), surface.gradient(x), surface.hessian(x), surface.minima, surface.start
of("3x^2 + 2xy + y^2"), of(lambda x: (x**2).sum(), dimension=3)
"""

from ladera.surfaces.surface import Surface, check_start, get, names, of

__all__ = ["Surface", "check_start", "get", "names", "of"]
