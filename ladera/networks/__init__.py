"""What is trained: networks by a short text, layers, activations, initial weights, losses, penalties."""

from ladera.networks import activations, initialisers, layers, losses, penalties
from ladera.networks.network import Network
from ladera.networks.sequential import Sequential
from ladera.networks.texts import KINDS, NORMS, parse
from ladera.networks.users import EquinoxNetwork, FlaxNetwork, Function, from_file, users

__all__ = [
    "KINDS",
    "NORMS",
    "EquinoxNetwork",
    "FlaxNetwork",
    "Function",
    "Network",
    "Sequential",
    "activations",
    "from_file",
    "initialisers",
    "layers",
    "losses",
    "parse",
    "penalties",
    "users",
]
