"""What is said of each way to draw initial weights."""

from __future__ import annotations

from dataclasses import dataclass

from ladera.locale import N_

__all__ = ["TOLD", "Told"]

_NORMAL, _UNIFORM = N_("a normal distribution"), N_("a uniform distribution")
_GLOROT = N_("For tanh, sigmoid and linear layers: signals and gradients keep about their size.")
_HE = N_("For relu and its kin, which switch half of the units off.")
_LECUN = N_("For selu, and for tanh where only the signals count.")


@dataclass(frozen=True)
class Told:
    """variance: of a weight, as a text in `inputs` and `units`; "" where weights depend on each other.
    drawn: from what. said: what it is for. source: its paper, "" without one."""

    variance: str
    drawn: str
    said: str
    source: str = ""


TOLD: dict[str, Told] = {
    "glorot_normal": Told("2/(inputs + units)", _NORMAL, _GLOROT, "Glorot and Bengio 2010, equation 12"),
    "glorot_uniform": Told("2/(inputs + units)", _UNIFORM, _GLOROT, "Glorot and Bengio 2010, equation 16"),
    "he_normal": Told("2/inputs", _NORMAL, _HE, "He et al. 2015, equation 10"),
    "he_uniform": Told("2/inputs", _UNIFORM, _HE, "He et al. 2015, equation 10"),
    "lecun_normal": Told("1/inputs", _NORMAL, _LECUN, "LeCun et al. 1998, section 4.6"),
    "lecun_uniform": Told("1/inputs", _UNIFORM, _LECUN, "LeCun et al. 1998, section 4.6"),
    "orthogonal": Told(
        "1/max(inputs, units)",
        N_("all matrices with orthonormal columns, or rows where there are fewer of them"),
        N_("For deep networks: a layer keeps lengths and angles."),
        "Saxe et al. 2014",
    ),
    "zeros": Told(
        "0",
        N_("nothing: every weight is 0"),
        N_("For linear models. In a hidden layer every unit would learn the same."),
    ),
}
