"""Networks of the user's own: two functions, a Flax module, or what makes an Equinox module."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.networks import identities, trial
from ladera.networks.layers import ASKING, Pass, Shape
from ladera.networks.network import Network
from ladera.users_file import run

__all__ = ["EquinoxNetwork", "FlaxNetwork", "Function", "from_file", "users"]

# The names by which Flax modules ask whether they train: those that are true then, and those that are not.
_TRAINS = {
    "train": True,
    "training": True,
    "is_training": True,
    "deterministic": False,
    "inference": False,
    "use_running_average": False,
}


class UsersNetwork(Network):
    """What is done alike for all of them; `text` is what it is called."""

    text: str
    twice = False  # for all that is known
    at_once = 128
    units_last = False  # for all that is known

    def __str__(self) -> str:
        return self.text

    @property
    def parts(self) -> tuple[Any, ...]:
        """What of it the user wrote."""
        raise NotImplementedError

    def modules(self) -> set[str]:
        return identities.modules(*self.parts)

    def identity(self) -> dict[str, Any]:
        return {"source": identities.fingerprint(*self.parts)}

    def check(self, shape: Shape, outputs: int) -> None:
        """Raise UsageError where it cannot be trained on examples of that shape."""
        trial.check(self, shape, outputs)


@dataclass(frozen=True, eq=False, repr=False)
class Function(UsersNetwork):
    """A network of two functions.

    forward(params, x, key, train): raw outputs [n, outputs] of inputs `x` [n, ...]; it may leave out
        `key`, a JAX key that is another one in every step, and `train`, which are passed by name.
    begin(key, shape, outputs): the first parameters, any tree of float arrays; `shape` is an example's.
    """

    begin: Callable[..., Any]
    forward: Callable[..., Any]

    @property
    def text(self) -> str:  # type: ignore[override]
        return getattr(self.forward, "__qualname__", type(self.forward).__name__)

    def init(self, rng: np.random.Generator, shape: Shape, outputs: int) -> Any:
        with _at_once():
            return _floats(self.begin(_jax_key(rng), shape, outputs))

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        known = {"key": _key(how), "train": how.train}
        return self.forward(params, x, **_taken(self.forward, known)), state

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.begin, self.forward)


@dataclass(frozen=True, eq=False, repr=False)
class FlaxNetwork(UsersNetwork):
    """A `flax.linen.Module`, called with inputs [n, ...] and, where it takes it, `train` by name (or
    `training`, `deterministic` and what else says the same). Collections other than its parameters, such
    as batch_stats, move while it trains."""

    module: Any

    units_last = True  # kernels are [inputs, units], [height, width, inputs, units]

    @property
    def text(self) -> str:  # type: ignore[override]
        return type(self.module).__name__

    def _variables(self, rng: np.random.Generator, shape: Shape) -> dict[str, Any]:
        import jax

        x = np.zeros((2, *shape), np.float32)
        with _at_once():
            params, dropout = jax.random.split(_jax_key(rng))
            keys = {"params": params, "dropout": dropout}
            return dict(self.module.init(keys, x, **self._told(train=False)))

    def _told(self, train: bool) -> dict[str, bool]:
        """What says whether it trains, by each name under which it asks for that."""
        asked = inspect.signature(type(self.module).__call__).parameters
        return {name: train == training for name, training in _TRAINS.items() if name in asked}

    def init(self, rng: np.random.Generator, shape: Shape, outputs: int) -> Any:
        return _floats(self._variables(rng, shape)["params"])

    def state(self, shape: Shape, outputs: int) -> Any:
        variables = self._variables(np.random.default_rng(0), shape)
        return _floats({name: part for name, part in variables.items() if name != "params"})

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        rngs = {"dropout": _key(how)} if how.train and how.key is not None else None
        told = self._told(how.train)
        variables = {"params": params, **state}
        if not (how.train and state):
            return self.module.apply(variables, x, rngs=rngs, **told), state
        return self.module.apply(variables, x, rngs=rngs, mutable=list(state), **told)

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.module,)


@dataclass(frozen=True, eq=False, repr=False)
class EquinoxNetwork(UsersNetwork):
    """Equinox modules of make(key, shape, outputs), each called with one example (and a `key`, where it
    takes one; asked, it is told `inference`, and the key is always the same). Layers with a state of
    their own, such as Equinox's BatchNorm, are not supported.

    A convolution's bias [units, 1, 1] is kept as [units]: it is no weight.
    """

    make: Callable[..., Any]
    _shells: dict[Shape, Any] = field(default_factory=dict, init=False, repr=False)

    def __reduce__(self) -> Any:  # to a worker
        return _travelled, (self.make,)

    @property
    def text(self) -> str:  # type: ignore[override]
        return getattr(self.make, "__qualname__", type(self.make).__name__)

    def init(self, rng: np.random.Generator, shape: Shape, outputs: int) -> Any:
        import equinox
        import jax

        with _at_once():
            module = self.make(_jax_key(rng), shape, outputs)
        if not (isinstance(module, equinox.Module) and callable(module)):
            raise UsageError(
                "A function that makes a network gives an Equinox module, received {received} from "
                "{network}; of two functions of parameters make ladera.networks.Function(begin, forward).",
                received=type(module).__name__,
                network=self,
            )
        arrays, rest = equinox.partition(module, equinox.is_inexact_array)
        found, structure = jax.tree.flatten_with_path(arrays)
        self._shells[shape] = structure, [np.shape(leaf) for _, leaf in found], rest  # alike for all seeds
        return _floats([leaf.reshape(-1) if _is_bias(path, leaf) else leaf for path, leaf in found])

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        import equinox
        import jax

        structure, shapes, rest = self._shells[x.shape[1:]]
        arrays = [leaf.reshape(shape) for leaf, shape in zip(params, shapes, strict=True)]
        module = equinox.combine(structure.unflatten(arrays), rest)
        module = equinox.nn.inference_mode(module, value=not how.train)
        if "key" not in inspect.signature(type(module).__call__).parameters:
            return jax.vmap(module)(x), state
        keys = jax.random.split(_key(how), len(x))
        return jax.vmap(lambda one, key: module(one, key=key))(x, keys), state

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.make,)


def users(asked: Any) -> Network | None:
    """The network of what is given in Python: a Flax module, a pair of functions (begin, forward), or a
    function that makes Equinox modules; None where it is none of these.

    Raises UsageError for an Equinox module that is made already.
    """
    flax, equinox = sys.modules.get("flax.linen"), sys.modules.get("equinox")
    if flax is not None and isinstance(asked, flax.Module):
        return FlaxNetwork(asked)
    if equinox is not None and isinstance(asked, equinox.Module):
        raise UsageError(
            "Every seed begins with weights of its own, and a module {received} has some already; give a "
            "function make(key, shape, outputs) that makes it.",
            received=type(asked).__name__,
        )
    if isinstance(asked, tuple) and len(asked) == 2 and all(map(callable, asked)):
        return Function(*asked)
    return EquinoxNetwork(asked) if callable(asked) else None


def from_file(path: Path, name: str) -> Any:
    """What `name` is in a Python file of the user's, which is run.

    Raises UsageError where the file or the name is missing, or the file fails.
    """
    if not path.is_file():
        raise UsageError("There is no file '{path}' to take the network '{name}' from.", path=path, name=name)
    module = run(path)
    if name.startswith("_") or not hasattr(module, name):
        public = sorted(n for n in vars(module) if not n.startswith("_"))
        raise UsageError(
            "The file '{path}' holds no '{name}'; it holds: {found}.",
            path=path,
            name=name,
            found=", ".join(public) or "-",
        )
    return getattr(module, name)


def _travelled(make: Any) -> EquinoxNetwork:
    from ladera.networks._travelled import mended

    return EquinoxNetwork(mended(make))


def _floats(tree: Any) -> Any:
    """The tree with NumPy float32 arrays. Raises UsageError where one holds something else."""
    import jax

    def as_float(leaf: Any) -> np.ndarray:
        array = np.asarray(leaf)
        if array.dtype.kind != "f" and str(array.dtype) != "bfloat16":
            raise UsageError(
                "Parameters of a network are arrays of floats, received one of {kind} and shape {shape}; "
                "keep what is not trained outside of them.",
                kind=array.dtype,
                shape=array.shape,
            )
        return array.astype(np.float32)

    return jax.tree.map(as_float, tree)


def _is_bias(path: Any, leaf: Any) -> bool:
    """Whether an array of an Equinox module, at a path of names, is a shift for each unit."""
    return getattr(path[-1], "name", "") == "bias" and leaf.size == max(leaf.shape, default=1)


def _at_once() -> Any:
    """Computed now, even where a program that needs the parameters' shapes is being traced."""
    import jax

    return jax.ensure_compile_time_eval()


def _jax_key(rng: np.random.Generator) -> Any:
    import jax

    return jax.random.key(int(rng.integers(2**31)))


def _key(how: Pass) -> Any:
    """The step's key as JAX's; one for all where the network is asked."""
    import jax

    return jax.random.key(0) if how.key is None else jax.random.wrap_key_data(how.key)


def _taken(function: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments that the function takes by name."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # a function that is not Python's
        return {}
    every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {name: value for name, value in known.items() if every or name in parameters}
