"""Networks of the user's own: two functions, a Flax module, or what makes an Equinox module."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.networks.layers import ASKING, Pass, Shape
from ladera.networks.network import Network
from ladera.users_file import run

__all__ = ["EquinoxNetwork", "FlaxNetwork", "Function", "from_file", "users"]

_TRIED = 2  # examples on which a network's shapes are looked at


class UsersNetwork(Network):
    """What is done alike for all of them; `text` is what it is called."""

    text: str
    twice = False  # for all that is known
    wide = True
    at_once = 128

    def __str__(self) -> str:
        return self.text

    @property
    def parts(self) -> tuple[Any, ...]:
        """What of it the user wrote."""
        raise NotImplementedError

    def modules(self) -> set[str]:
        return {module for part in self.parts if (module := getattr(part, "__module__", None))}

    def identity(self) -> dict[str, Any]:
        return {"source": _source(*self.parts)}

    def check(self, shape: Shape, outputs: int) -> None:
        """Raise UsageError where it fails on examples of that shape, or gives other than [n, outputs]."""
        import jax

        x = jax.ShapeDtypeStruct((_TRIED, *shape), np.float32)
        key = jax.ShapeDtypeStruct((2,), np.uint32)
        try:
            params = self.init(np.random.default_rng(0), shape, outputs)
            state = self.state(shape, outputs)
            for train in (True, False):
                z, _ = jax.eval_shape(
                    lambda x, key, train=train: self.apply(params, state, x, Pass(train=train, key=key)),
                    x,
                    key,
                )
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(
                "The network {network} fails on {tried} examples of shape {shape} ({kind}: {reason}); mend "
                "it and try again.",
                network=self,
                tried=_TRIED,
                shape=shape,
                kind=type(error).__name__,
                reason=str(error).strip().split("\n")[0],
            ) from error
        found = getattr(z, "shape", None)
        if found != (_TRIED, outputs):
            raise UsageError(
                "A network gives {outputs} raw outputs for each example, an array of shape {wanted} for "
                "{tried} examples, received {received} from {network}; give its last layer {outputs} units.",
                outputs=outputs,
                wanted=(_TRIED, outputs),
                tried=_TRIED,
                received=found if found is not None else type(z).__name__,
                network=self,
            )


@dataclass(frozen=True, eq=False)
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


@dataclass(frozen=True, eq=False)
class FlaxNetwork(UsersNetwork):
    """A `flax.linen.Module`, called with inputs [n, ...] and, where it takes it, `train` by name (or
    `deterministic`). Collections other than its parameters, such as batch_stats, move while it trains."""

    module: Any

    @property
    def text(self) -> str:  # type: ignore[override]
        return type(self.module).__name__

    def _variables(self, rng: np.random.Generator, shape: Shape) -> dict[str, Any]:
        import jax

        x = np.zeros((_TRIED, *shape), np.float32)
        with _at_once():
            params, dropout = jax.random.split(_jax_key(rng))
            keys = {"params": params, "dropout": dropout}
            return dict(self.module.init(keys, x, **self._told(train=False)))

    def _told(self, train: bool) -> dict[str, bool]:
        return _taken(type(self.module).__call__, {"train": train, "deterministic": not train})

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
        return (type(self.module),)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "module": repr(self.module)}


@dataclass(frozen=True, eq=False)
class EquinoxNetwork(UsersNetwork):
    """Equinox modules of make(key, shape, outputs), each called with one example (and a `key`, where it
    takes one). Layers with a state of their own, such as Equinox's BatchNorm, are not supported."""

    make: Callable[..., Any]
    _shells: dict[Shape, Any] = field(default_factory=dict, init=False, repr=False)

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
        leaves, structure = jax.tree.flatten(arrays)
        self._shells[shape] = structure, rest  # what is no number is alike for all seeds
        return _floats(leaves)

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        import equinox
        import jax

        structure, rest = self._shells[x.shape[1:]]
        module = equinox.combine(structure.unflatten(params), rest)
        module = equinox.nn.inference_mode(module, value=not how.train)
        if "key" not in inspect.signature(type(module).__call__).parameters or how.key is None:
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
    parameters = inspect.signature(function).parameters
    every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {name: value for name, value in known.items() if every or name in parameters}


def _source(*parts: Any) -> str:
    """16 digits of what the parts' files say, or they themselves where they were typed in: another text
    is another network."""
    digest = hashlib.sha256()
    for part in parts:
        module = sys.modules.get(getattr(part, "__module__", ""), None)
        try:
            whole = module is not None and module.__name__ != "__main__"
            text = inspect.getsource(module if whole else part)  # type: ignore[arg-type]
        except (OSError, TypeError):
            code = getattr(part, "__code__", None)
            text = repr((code.co_code, code.co_consts, code.co_names)) if code else repr(part)
        digest.update(text.encode())
    return digest.hexdigest()[:16]
