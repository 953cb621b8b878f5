"""What a sweep asks for: dimensions, their values, and each combination's comparison.

Dimensions are read off: every field of a problem beside those that say what the data are, and every
argument of a comparison that is of the training. One that is added there can be swept at once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ladera import configs
from ladera.base import UsageError, unknown_name
from ladera.problems import Problem
from ladera.problems.reading import Reading
from ladera.request import Request, requested
from ladera.schedules import Schedules
from ladera.store import Store
from ladera.suited import check_sizes
from ladera.swept import is_sweep, read

__all__ = ["MOST", "Combination", "check_folder", "combinations", "default_folder", "dimensions", "told"]

MOST = 200  # combinations that are trained without being asked for twice

# Other data are no pairs.
_OF_DATA = {"data", "target", "split_seed", "task", *(f.name for f in dataclasses.fields(Reading))}
_OF_COMPARING = {"problem", "optimizers", "lr", "seeds", "instruments"}
_LONGEST = 120  # characters of a folder's name


@cache
def dimensions() -> dict[str, Any]:
    """Everything that can be swept, with its default: of the problem first, then of the training."""
    problem = {f.name: f.default for f in dataclasses.fields(Problem) if f.name not in _OF_DATA}
    training = {
        name: parameter.default
        for name, parameter in inspect.signature(requested).parameters.items()
        if name not in _OF_COMPARING
    }
    return {**problem, **training}


@dataclass(frozen=True)
class Combination:
    """One of them: values of what is swept, as texts, and what it asks of a comparison."""

    values: dict[str, str]
    fixed: dict[str, str]
    request: Request
    folder: str

    @property
    def runs(self) -> int:
        """Trainings that it asks for at first."""
        r = self.request
        return len(r.tuning(r.grids)) + len(r.optimizers) * r.seeds


# ---- what is asked ---------------------------------------------------------------------------------


def combinations(
    problem: Problem, optimizers: Any, lr: Any, seeds: int, asked: Mapping[str, Any], many: bool
) -> list[Combination]:
    known = dimensions()
    for name in asked:
        if name not in known:
            raise unknown_name("dimension", name, known)
    values = {name: _values(name, known[name], asked[name]) for name in known if name in asked}
    count = math.prod(len(found) for found in values.values())
    if count > MOST and not many:
        raise UsageError(
            "A sweep of more than {most} combinations is asked for with --yes (many=True in Python), "
            "received {count}; leave values out, or say so.",
            most=MOST,
            count=count,
        )
    swept = [name for name, found in values.items() if len(found) > 1]
    if not swept:
        raise UsageError(
            "A sweep needs a dimension with two values or more, such as --activation relu --activation tanh, "
            "received none; 'ladera compare' compares the optimizers on one combination."
        )
    rules = [optimizer.rule for optimizer in configs.optimizers(optimizers)]  # a user's file is run once
    made = [
        _combination(problem, rules, lr, seeds, dict(zip(values, chosen, strict=True)), swept)
        for chosen in itertools.product(*values.values())
    ]
    _check_data(made)
    return made


def _values(name: str, default: Any, asked: Any) -> list[Any]:
    """The values of a dimension, read from texts where the dimension is a number or a truth value."""
    listed = list(asked) if isinstance(asked, (list, tuple, range, set)) else [asked]
    if not listed:
        raise UsageError("The dimension {name} has no value; give it one or more.", name=name)
    found = [_value(name, default, one) for one in listed]
    texts = [_text(one).casefold() for one in found]
    for text in texts:
        if texts.count(text) > 1:
            raise UsageError(
                "The dimension {name} has the value {value} twice; name each one once.", name=name, value=text
            )
    return found


_TRUE, _FALSE = ("on", "true", "yes", "1"), ("off", "false", "no", "0")


def _value(name: str, default: Any, asked: Any) -> Any:
    if isinstance(default, bool):
        text = str(asked).strip().lower()
        if text not in (*_TRUE, *_FALSE):
            raise UsageError(
                "The dimension {name} is on or off, received '{received}'.", name=name, received=asked
            )
        return text in _TRUE
    if isinstance(asked, str) and isinstance(default, (int, float)):
        try:
            return type(default)(asked)
        except ValueError:
            return asked  # "full", or what the comparison refuses in its own words
    return asked


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return str(Schedules.of(dict(value)))
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value).strip()


def _combination(
    problem: Problem, rules: list[Any], lr: Any, seeds: int, chosen: dict[str, Any], swept: list[str]
) -> Combination:
    fields = {f.name for f in dataclasses.fields(Problem)}
    varied = problem.varied(**{name: value for name, value in chosen.items() if name in fields})
    training = {name: value for name, value in chosen.items() if name not in fields}
    request = requested(varied, rules, lr, seeds, **training)
    every = {
        name: _text(chosen.get(name, getattr(varied, name, default)))
        for name, default in dimensions().items()
    }
    values = {name: every.pop(name) for name in swept}
    return Combination(values, every, request, _folder_name(values))


def _folder_name(values: Mapping[str, str]) -> str:
    """Readable: activation-relu,dropout-0.2. Where characters were left out a hash tells it from others."""
    plain = ",".join(f"{name}-{value}" for name, value in values.items())
    name = _file_name(plain)
    if name == plain and len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}-{hashlib.sha256(plain.encode()).hexdigest()[:6]}"


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "._-,=" else "-" for c in text)


def default_folder(combinations: Sequence[Combination]) -> Path:
    first = combinations[0]
    base = first.request.default_folder().parent
    data = first.request.problem.data
    parts = [Path(data).stem if isinstance(data, (str, Path)) else "data", "sweep", *first.values]
    default = {name: _text(value) for name, value in dimensions().items()}
    parts += [f"{name}-{value}" for name, value in first.fixed.items() if value != default[name]]
    return base / _file_name("-".join(parts))[:_LONGEST]


def _check_data(combinations: Sequence[Combination]) -> None:
    """Raise UsageError where a combination cannot be trained on the data, or two are the same."""
    known: dict[str, Combination] = {}
    for one in combinations:
        check_sizes(one.request.problem, one.request.solvers)
        same = known.setdefault(configs.canonical(one.request.asked), one)
        if same is not one:
            raise UsageError(
                "The combinations {one} and {other} are the same training; leave one of them out.",
                one=same.folder,
                other=one.folder,
            )


# ---- the folder ------------------------------------------------------------------------------------


def told(combinations: Sequence[Combination], command: str | None) -> dict[str, Any]:
    """What sweep.toml says."""
    first = combinations[0]
    r = first.request
    described = r.problem.describe()
    lr = list(r.lr) if isinstance(r.lr, Sequence) and not isinstance(r.lr, str) else r.lr
    swept = {name: list(dict.fromkeys(one.values[name] for one in combinations)) for name in first.values}
    return {
        "ladera": version("ladera"),
        "command": command or "",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "asked": {
            **{name: described[name] for name in ("data", "data_hash", "split_hash")},
            "optimizers": [o.name for o in r.optimizers],
            "lr": lr,
            "seeds": r.seeds,
        },
        "fixed": first.fixed,
        "dimensions": swept,
        "combinations": [{"folder": one.folder, "values": one.values} for one in combinations],
    }


def check_folder(folder: Path, told: Mapping[str, Any]) -> None:
    """Raise UsageError where the folder holds a study, or the sweep of another question."""
    if Store(folder).exists():
        raise UsageError(
            "The folder '{path}' holds a study, and a sweep needs one of its own; choose another folder with "
            "--out.",
            path=folder,
        )
    if not is_sweep(folder):
        return
    stored = read(folder)
    data = [
        (key, stored["asked"].get(key), told["asked"][key]) for key in ("data", "data_hash", "split_hash")
    ]
    fixed = [(key, stored["fixed"].get(key, here), here) for key, here in told["fixed"].items()]
    for key, there, here in (*data, *fixed):
        if there != here:
            raise UsageError(
                "The folder '{path}' holds another sweep ({key} is {there} there, {here} here); choose "
                "another folder with --out.",
                path=folder,
                key=key,
                there=there,
                here=here,
            )
