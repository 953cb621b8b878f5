"""The surfaces: data that `Surface` is made from.

A formula is written in the grammar of `ladera.formulas`. Minimisers are given to float64: for
surfaces without a closed form they are the roots of the gradient, found with 40 digits.
"""

from __future__ import annotations

from typing import NamedTuple

from ladera.locale import N_

__all__ = ["TABLE", "Entry"]

Point = tuple[float, ...]

_ROOT = 1.4142135623730951  # √2
_PI = 3.141592653589793


class Entry(NamedTuple):
    """One surface.

    minima: all points where it is lowest; minimum: its value there, -inf if it falls without bound.
    bounded: False if it falls without bound; minima, if any, are then the lowest points of the window.
    start: a customary starting point. window: (low, high) of every variable.
    residuals: formulas whose squares add up to the surface, without a factor ½.
    """

    formula: str
    title: str
    minima: tuple[Point, ...]
    minimum: float
    start: Point
    window: tuple[tuple[float, float], ...]
    reference: str
    residuals: tuple[str, ...] = ()
    bounded: bool = True


def _square(side: float) -> tuple[tuple[float, float], ...]:
    return ((-side, side), (-side, side))


_TEXTBOOK = "Nocedal & Wright, Numerical Optimization, 2nd ed. (2006), chapters 2 and 3"
_D2L = "Zhang, Lipton, Li & Smola, Dive into Deep Learning (2023), chapter 12"
_SURVEY = "Jamil & Yang, Int. J. Math. Model. Numer. Optim. 4 (2013) 150-194"

TABLE: dict[str, Entry] = {
    # -- one variable ------------------------------------------------------------------------
    "parabola": Entry(
        formula="x^2",
        title=N_("Parabola"),
        minima=((0.0,),),
        minimum=0.0,
        start=(5.0,),
        window=((-6.0, 6.0),),
        reference=_TEXTBOOK,
        residuals=("x",),
    ),
    "shifted-parabola": Entry(
        formula="(w - 3)^2",
        title=N_("Shifted parabola"),
        minima=((3.0,),),
        minimum=0.0,
        start=(0.0,),
        window=((-2.0, 8.0),),
        reference=_TEXTBOOK,
        residuals=("w - 3",),
    ),
    "neuron": Entry(
        formula="(2w - 4)^2/2",
        title=N_("Cost of one neuron: input 2, target 4"),
        minima=((2.0,),),
        minimum=0.0,
        start=(1.0,),
        window=((-1.0, 5.0),),
        reference="Rumelhart, Hinton & Williams, Nature 323 (1986) 533-536",
        residuals=("(2w - 4)/√2",),
    ),
    "cosh": Entry(
        formula="cosh(x)",
        title=N_("Hyperbolic cosine"),
        minima=((0.0,),),
        minimum=1.0,
        start=(2.5,),
        window=((-4.0, 4.0),),
        reference=_D2L,
    ),
    "x-cosine": Entry(
        formula="x·cos(0.15πx)",
        title=N_("Growing cosine wave"),
        minima=((7.269388146311475,),),
        minimum=-6.9781408310704744,
        start=(-5.0,),
        window=((-10.0, 10.0),),
        reference=_D2L,
        bounded=False,
    ),
    # -- quadratics --------------------------------------------------------------------------
    "sphere": Entry(
        formula="x^2 + y^2",
        title=N_("Sphere"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(-4.0, 3.0),
        window=_square(5.0),
        reference=_SURVEY,
        residuals=("x", "y"),
    ),
    "valley": Entry(
        formula="3x^2 + 2xy + y^2",
        title=N_("Tilted valley"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(-4.0, 3.0),
        window=_square(5.0),
        reference=_TEXTBOOK,
        residuals=("√2 x", "x + y"),
    ),
    "ellipse": Entry(
        formula="0.1x^2 + 2y^2",
        title=N_("Elongated valley"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(-5.0, -2.0),
        window=((-6.0, 6.0), (-3.0, 3.0)),
        reference=_D2L,
        residuals=("√0.1 x", "√2 y"),
    ),
    "rotated-quadratic": Entry(
        formula="(x + y)^2/4 + 25(x - y)^2",
        title=N_("Narrow valley along the diagonal (condition number 100)"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(-4.0, -2.0),
        window=_square(5.0),
        reference=_TEXTBOOK,
        residuals=("(x + y)/2", "5(x - y)"),
    ),
    "booth": Entry(
        formula="(x + 2y - 7)^2 + (2x + y - 5)^2",
        title=N_("Booth's function"),
        minima=((1.0, 3.0),),
        minimum=0.0,
        start=(-8.0, -6.0),
        window=_square(10.0),
        reference=_SURVEY,
        residuals=("x + 2y - 7", "2x + y - 5"),
    ),
    "matyas": Entry(
        formula="0.26(x^2 + y^2) - 0.48xy",
        title=N_("Matyas's function"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(-8.0, 4.0),
        window=_square(10.0),
        reference="Matyas, Automation and Remote Control 26 (1965) 246-253",
        residuals=("(x + y)/10", "(x - y)/2"),
    ),
    # -- curved valleys ----------------------------------------------------------------------
    "rosenbrock": Entry(
        formula="(1 - x)^2 + 100(y - x^2)^2",
        title=N_("Rosenbrock's curved valley"),
        minima=((1.0, 1.0),),
        minimum=0.0,
        start=(-1.2, 1.0),
        window=((-2.0, 2.0), (-1.0, 3.0)),
        reference="Rosenbrock, Computer Journal 3 (1960) 175-184",
        residuals=("1 - x", "10(y - x^2)"),
    ),
    "beale": Entry(
        formula="(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
        title=N_("Beale's function"),
        minima=((3.0, 0.5),),
        minimum=0.0,
        start=(1.0, 1.0),
        window=_square(4.5),
        reference="Moré, Garbow & Hillstrom, ACM Trans. Math. Softw. 7 (1981) 17-41, problem 5",
        residuals=("1.5 - x + xy", "2.25 - x + xy^2", "2.625 - x + xy^3"),
    ),
    "dixon-price": Entry(
        formula="(x - 1)^2 + 2(2y^2 - x)^2",
        title=N_("Dixon and Price's function"),
        minima=((1.0, _ROOT / 2), (1.0, -_ROOT / 2)),
        minimum=0.0,
        start=(-6.0, 4.0),
        window=_square(10.0),
        reference="Dixon & Price, J. Optim. Theory Appl. 60 (1989) 261-275",
        residuals=("x - 1", "√2 (2y^2 - x)"),
    ),
    # -- several minima ----------------------------------------------------------------------
    "himmelblau": Entry(
        formula="(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        title=N_("Himmelblau's function"),
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.2831859912861696),
            (3.5844283403304917, -1.8481265269644036),
        ),
        minimum=0.0,
        start=(0.0, 0.0),
        window=_square(6.0),
        reference="Himmelblau, Applied Nonlinear Programming (1972)",
        residuals=("x^2 + y - 11", "x + y^2 - 7"),
    ),
    "styblinski-tang": Entry(
        formula="(x^4 - 16x^2 + 5x + y^4 - 16y^2 + 5y)/2",
        title=N_("Styblinski and Tang's function"),
        minima=((-2.903534027771177, -2.903534027771177),),
        minimum=-78.33233140754282,
        start=(0.5, -1.0),
        window=_square(5.0),
        reference="Styblinski & Tang, Neural Networks 3 (1990) 467-483",
    ),
    "three-hump-camel": Entry(
        formula="2x^2 - 1.05x^4 + x^6/6 + xy + y^2",
        title=N_("Three-hump camel"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(-1.5, 2.0),
        window=_square(2.5),
        reference=_SURVEY,
    ),
    "six-hump-camel": Entry(
        formula="(4 - 2.1x^2 + x^4/3)x^2 + xy + (-4 + 4y^2)y^2",
        title=N_("Six-hump camel"),
        minima=(
            (0.08984201310031806, -0.7126564030207396),
            (-0.08984201310031806, 0.7126564030207396),
        ),
        minimum=-1.0316284534898774,
        start=(-2.0, 1.0),
        window=((-3.0, 3.0), (-2.0, 2.0)),
        reference="Dixon & Szegö, Towards Global Optimisation 2 (1978)",
    ),
    "goldstein-price": Entry(
        formula="(1 + (x + y + 1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2))"
        " (30 + (2x - 3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2))",
        title=N_("Goldstein and Price's function"),
        minima=((0.0, -1.0),),
        minimum=3.0,
        start=(-0.5, 0.5),
        window=_square(2.0),
        reference="Goldstein & Price, Math. Comput. 25 (1971) 569-574",
    ),
    "mccormick": Entry(
        formula="sin(x + y) + (x - y)^2 - 1.5x + 2.5y + 1",
        title=N_("McCormick's function"),
        minima=((-0.5471975511965977, -1.5471975511965979),),
        minimum=-1.9132229549810364,
        start=(3.0, 3.0),
        window=((-1.5, 4.0), (-3.0, 4.0)),
        reference="Adorio & Diliman, Multivariate Test Functions Library (2005)",
        bounded=False,
    ),
    # -- waves -------------------------------------------------------------------------------
    "rastrigin": Entry(
        formula="20 + x^2 + y^2 - 10cos(2πx) - 10cos(2πy)",
        title=N_("Rastrigin's function"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(3.3, -2.2),
        window=_square(5.12),
        reference="Rastrigin, Systems of Extremal Control (1974)",
    ),
    "ackley": Entry(
        formula="-20exp(-0.2√((x^2 + y^2)/2)) - exp((cos(2πx) + cos(2πy))/2) + e + 20",
        title=N_("Ackley's function"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(2.4, -1.6),
        window=_square(5.0),
        reference="Ackley, A Connectionist Machine for Genetic Hillclimbing (1987)",
    ),
    "levi-13": Entry(
        formula="sin²(3πx) + (x - 1)^2 (1 + sin²(3πy)) + (y - 1)^2 (1 + sin²(2πy))",
        title=N_("Lévi's function no. 13"),
        minima=((1.0, 1.0),),
        minimum=0.0,
        start=(-4.0, 6.0),
        window=_square(10.0),
        reference="Lévy & Montalvo, SIAM J. Sci. Stat. Comput. 6 (1985) 15-29",
        residuals=("sin(3πx)", "(x - 1)√(1 + sin²(3πy))", "(y - 1)√(1 + sin²(2πy))"),
    ),
    "easom": Entry(
        formula="-cos(x)cos(y)exp(-(x - π)^2 - (y - π)^2)",
        title=N_("Easom's needle"),
        minima=((_PI, _PI),),
        minimum=-1.0,
        start=(2.0, 2.5),
        window=_square(10.0),
        reference="Easom, A Survey of Global Optimization Techniques, University of Louisville (1990)",
    ),
    "griewank": Entry(
        formula="1 + (x^2 + y^2)/4000 - cos(x)cos(y/√2)",
        title=N_("Griewank's function"),
        minima=((0.0, 0.0),),
        minimum=0.0,
        start=(7.0, -5.0),
        window=_square(10.0),
        reference="Griewank, J. Optim. Theory Appl. 34 (1981) 11-39",
    ),
    # -- saddles -----------------------------------------------------------------------------
    "saddle": Entry(
        formula="x^2 - y^2",
        title=N_("Saddle"),
        minima=(),
        minimum=float("-inf"),
        start=(1.5, 0.001),
        window=_square(2.0),
        reference=_D2L,
        bounded=False,
    ),
    "bounded-saddle": Entry(
        formula="x^2 - y^2 + y^4/4",
        title=N_("Saddle between two minima"),
        minima=((0.0, _ROOT), (0.0, -_ROOT)),
        minimum=-1.0,
        start=(1.5, 0.001),
        window=_square(2.5),
        reference="after Nesterov, Introductory Lectures on Convex Optimization (2004), example 1.2.2",
    ),
    "monkey-saddle": Entry(
        formula="x^3 - 3xy^2",
        title=N_("Monkey saddle"),
        minima=(),
        minimum=float("-inf"),
        start=(1.0, 0.05),
        window=_square(1.5),
        reference="Hilbert & Cohn-Vossen, Geometry and the Imagination (1952), section 29",
        bounded=False,
    ),
}
