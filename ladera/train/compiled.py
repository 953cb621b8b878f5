"""Programs compiled ahead of time, kept while the process lives and on disk between processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ladera.networks.penalties import Penalty
from ladera.schedules import Plateau, Stop
from ladera.train.epoch_end import Watch
from ladera.train.evaluation import Chunks, Data, Row, Weights
from ladera.train.plan import cache_folder
from ladera.train.program import Program
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Task, initial

if TYPE_CHECKING:
    from ladera.train.solver_program import SolverProgram

__all__ = ["Compiled", "compiled", "examples", "use_cache"]

# Level 1 compiles 40 % faster than the default and steps as fast; wide vectors step 5 % faster.
OPTIONS = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_prefer_vector_width": 512,
    "xla_cpu_multi_thread_eigen": False,
    "xla_cpu_use_fusion_emitters": True,  # the default, whatever XLA_FLAGS say
}


def use_cache() -> None:
    """Keep compiled programs on disk, small and quick ones too."""
    if not jax.config.values["jax_compilation_cache_dir"]:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "programs"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@dataclass(frozen=True)
class Compiled:
    """The executables of one program, and the examples as it takes them."""

    program: Program | SolverProgram
    data: Any
    start: Any
    run: Any
    evaluate: Any
    measures: Any  # what a segment hands out, as shapes
    seconds: float  # spent tracing and compiling


def examples(task: Task) -> tuple[Data, Chunks]:
    """Training and validation data, and the test set, on the device."""
    return _examples(task.examples, task.network.at_once)


@lru_cache(maxsize=2)
def _examples(folder: Path, most: int) -> tuple[Data, Chunks]:
    def load(name: str) -> np.ndarray:
        return np.load(folder / f"{name}.npy", allow_pickle=False)

    validation = Chunks.of(load("x_validation"), load("y_validation"), most)
    test = Chunks.of(load("x_test"), load("y_test"), most)
    data = Data(load("x_train"), load("y_train"), validation)
    return jax.tree.map(jnp.asarray, (data, test))


@lru_cache(maxsize=2)
def _chunked(task: Task, most: int) -> Chunks:
    """The training set in chunks of at most so many examples, on the device."""
    data, _ = examples(task)
    return jax.tree.map(jnp.asarray, Chunks.of(np.asarray(data.x), np.asarray(data.y), most))


def _program(task: Task, recipes: tuple[Recipe, ...], width: int) -> Program | SolverProgram:
    if recipes[0].solves:
        from ladera.train.solver_program import SolverProgram

        return SolverProgram.of(task, width, recipe=recipes[0])
    return Program.of(task, width, batch=task.batch, recipes=recipes)


def _data(one: Program | SolverProgram, task: Task) -> Any:
    data, _ = examples(task)
    if one.chunk is None:
        return data
    from ladera.train.solver_program import SolverData

    return SolverData(_chunked(task, one.chunk), data.validation)


def compiled(cohort: Cohort) -> Compiled:
    """The cohort's executables, from this process if it has them."""
    asked = _Asked(bool(cohort.schedule.tabled), cohort.stop.early, cohort.schedule.plateau is not None)
    one = _program(cohort.task, cohort.recipes, cohort.width)
    return _compiled(one, _like(cohort.task, one), asked)


def _like(task: Task, one: Program | SolverProgram) -> Task:
    """One task for all that the program serves, whatever their numbers and however many segments."""
    epochs = one.epochs_per_segment(task)
    return replace(task, penalty=Penalty(), dropout=0.0, target_scale=1.0, epochs=epochs, segments=1)


class _Asked(NamedTuple):
    """What a program is told beside its numbers."""

    scheduled: bool
    stops: bool
    falls: bool


@lru_cache(maxsize=32)
def _compiled(one: Program | SolverProgram, task: Task, asked: _Asked) -> Compiled:
    began = time.perf_counter()
    data = _data(one, task)
    with one.precision():
        return _ahead_of_time(one, task, data, asked, began)


def _ahead_of_time(
    one: Program | SolverProgram, task: Task, data: Any, asked: _Asked, began: float
) -> Compiled:
    width, longest = one.width, max(len(r.numbers) for r in one.recipes)
    index = jax.ShapeDtypeStruct((), jnp.int32)
    row = Row(
        jax.ShapeDtypeStruct((width, longest), one.dtype),
        jax.ShapeDtypeStruct((width, len(task.penalty.numbers)), one.dtype),
        jax.ShapeDtypeStruct((width,), jnp.float32),
        jax.ShapeDtypeStruct((width,), jnp.uint32),
        Watch.of(Stop(int(asked.stops)), Plateau() if asked.falls else None, width, (), longest),
    )
    begun = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((width, *leaf.shape), leaf.dtype), Weights(*initial(task, 0))
    )
    moved = np.ones((task.epochs, task.steps_per_epoch, longest), np.float32) if asked.scheduled else None
    told = jax.tree.map(
        lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype), one.agenda(task, [0] * width, 0, moved)
    )
    carry: Any = jax.eval_shape(one.start, index, row, begun, data)
    evaluate = jax.jit(one.evaluate, compiler_options=_options())
    weights = jax.eval_shape(one.weights, carry)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), weights)
    for part in (data.validation, *([] if one.chunk is None else [data.training])):
        jax.block_until_ready(evaluate(zeros, part))
    run = jax.jit(one.run, donate_argnums=1, compiler_options=_options()).lower(index, carry, row, told, data)
    _, measures = run.out_info
    return Compiled(
        program=one,
        data=data,
        # What runs once need not be fast: half of the time that a solver's start takes to compile.
        start=jax.jit(one.start, compiler_options=_options(hurried=one.chunk is not None))
        .lower(index, row, begun, data)
        .compile(),
        run=run.compile(),
        evaluate=evaluate,
        measures=measures,
        seconds=time.perf_counter() - began,
    )


def _options(hurried: bool = False) -> dict[str, Any]:
    if jax.default_backend() != "cpu":
        return {}
    return {**OPTIONS, "xla_backend_optimization_level": 0} if hurried else OPTIONS
