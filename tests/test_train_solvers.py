"""Solvers that train networks: the full batch against PyTorch, optima against scikit-learn, what a step
costs, and what is recorded."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.flatten_util import ravel_pytree
from sklearn.linear_model import LogisticRegression, Ridge
from studies import at, cohort, nothing_compiled, same_bits, task
from torch.autograd import functional

from ladera import rules, solvers
from ladera.networks import Network
from ladera.problems import Problem
from ladera.solvers._solver import Solver, State, begin
from ladera.solvers.curvature import KFAC, GeneralizedGaussNewton, GeneralizedLevenbergMarquardt
from ladera.solvers.result import Result
from ladera.train import checkpoint, compiled, solver_program, work
from ladera.train.cohort import train
from ladera.train.compiled import _data, _program
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Task, Trial

LM = GeneralizedLevenbergMarquardt
IRIS = Problem("iris", network="mlp:5", activation="tanh", penalty="l2:1e-2")
DIABETES = Problem("diabetes", network="mlp:4", activation="tanh")
PROBLEMS = [
    IRIS,
    DIABETES,
    Problem("iris", network="mlp:4,3", activation="tanh", loss="mse", penalty="l2:1e-2"),
]


@pytest.fixture(autouse=True)
def _several_chunks(monkeypatch):
    """Small sets are cut into chunks, too, the last one padded; and what runs once is compiled quickly."""
    monkeypatch.setattr(Network, "at_once", 50)
    monkeypatch.setattr(solver_program, "_SEGMENT_EPOCHS", 4)
    monkeypatch.setitem(compiled.OPTIONS, "xla_backend_optimization_level", 0)


def quick(function):
    return jax.jit(function, compiler_options=compiled.OPTIONS)


@dataclasses.dataclass
class Whole:
    """A problem's full batch as Ladera sees it, and the same in float64 PyTorch."""

    task: Task
    f: object
    x: np.ndarray
    layers: list

    def outputs(self, x: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        parts, at = [], 0
        for w, b in self.layers:
            parts.append((x[at : at + w.size].reshape(w.shape), x[at + w.size : at + w.size + b.size]))
            at += w.size + b.size
        for w, b in parts[:-1]:
            inputs = torch.tanh(inputs @ w + b)
        return inputs @ parts[-1][0] + parts[-1][1]

    def examples(self, name: str = "train") -> tuple[torch.Tensor, torch.Tensor]:
        x, y = (np.load(self.task.examples / f"{kind}_{name}.npy") for kind in "xy")
        return torch.tensor(x).double(), torch.tensor(y).long() if self.task.classifies else torch.tensor(
            y
        ).double()

    def loss(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if self.task.loss == "cross_entropy":
            return torch.nn.functional.cross_entropy(z, y)
        target = torch.nn.functional.one_hot(y, z.shape[1]).double() if self.task.classifies else y
        return ((z - target) ** 2).mean()

    @property
    def weights(self) -> np.ndarray:
        return np.concatenate(
            [np.r_[np.ones(w.size), np.zeros(b.size)] for w, b in self.layers]  # biases bear no penalty
        )

    def objective(self, x: torch.Tensor) -> torch.Tensor:
        inputs, y = self.examples()
        held = torch.tensor(self.weights) * x
        return self.loss(self.outputs(x, inputs), y) + self.task.penalty.l2 * held @ held

    def gradient(self, x: torch.Tensor) -> np.ndarray:
        return functional.jacobian(self.objective, x).numpy()

    def matrix(self, x: torch.Tensor) -> np.ndarray:
        """Jᵀ H J of the mean loss, from whole Jacobians and Hessians, and the penalty's own."""
        inputs, y = self.examples()
        J = functional.jacobian(lambda x: self.outputs(x, inputs), x)
        z = self.outputs(x, inputs)
        total = torch.zeros(len(x), len(x), dtype=torch.float64)
        for i in range(len(inputs)):
            H = functional.hessian(lambda z, i=i: self.loss(z[None], y[i : i + 1]), z[i])
            total += J[i].T @ H @ J[i] / len(inputs)
        return total.numpy() + np.diag(2 * self.task.penalty.l2 * self.weights)


def whole(problem: Problem, seed: int = 3) -> Whole:
    one = task(problem, epochs=4)
    program = _program(one, (Recipe.of(LM()),), 1)
    layers, _ = work.initial(one, seed)
    layers = [type(layer)(layer.w, layer.b + np.float32(0.1)) for layer in layers]  # no 0 hides a term
    with jax.enable_x64(True):
        x, _ = ravel_pytree(jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), layers))
        row = solver_program.Row(None, jnp.array([0.0, one.penalty.l2]))
        f = program._objective(row, _data(program, one))
    return Whole(one, f, np.asarray(x), layers)


def solved(solver: Solver, f, x: np.ndarray, steps: int = 10_000, until: int | None = None) -> State:
    """Where a solver ends, or where it is after so many taken steps."""

    def goes_on(s: State):
        more = (s.code == Result.RUNNING) & (s.counts.nfev < steps)
        return more if until is None else more & (s.counts.nit < until)

    with jax.enable_x64(True):
        x = jnp.asarray(x)
        run = quick(lambda x: jax.lax.while_loop(goes_on, lambda s: solver.step(f, s), solver.init(f, x)))
        return jax.device_get(run(x))


def stepped(solver: Solver, f, x: np.ndarray) -> tuple[State, State]:
    """The state at the start, and after one step."""

    def run(x):
        s = solver.init(f, x)
        return s, solver.step(f, s)

    return jax.device_get(quick(run)(x))


def paid(one: Whole, solver: Solver, s: State) -> int:
    """Passes over the training set."""
    return int(_program(one.task, (Recipe.of(solver),), 1)._passes(s.counts))


# ---- the full batch ----------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: f"{p.data}-{p.network}-{p.loss}")
def test_the_full_batch_is_pytorchs(problem):
    """Value, gradient, a Hessian's product, the Gauss-Newton matrix and products with it."""
    one = whole(problem)
    x, rng = torch.tensor(one.x), np.random.default_rng(0)
    V = rng.standard_normal((2, len(one.x)))
    with jax.enable_x64(True):
        value, (fun, grad), product, (again, slope, G), gram = quick(
            lambda x, V: (
                one.f.value(x),
                one.f.value_and_grad(x),
                one.f.hvp(x, V[0]),
                one.f.curvature(x),
                one.f.gram(x, V),
            )
        )(one.x, V)
    wanted = one.objective(x).item()
    np.testing.assert_allclose([value, fun, again], wanted, rtol=1e-12)
    for found in (grad, slope):
        np.testing.assert_allclose(found, one.gradient(x), rtol=1e-9, atol=1e-13)
    hvp = functional.hvp(one.objective, x, torch.tensor(V[0]))[1].numpy()
    np.testing.assert_allclose(product, hvp, rtol=1e-9, atol=1e-12)
    matrix = one.matrix(x)
    np.testing.assert_allclose(G, matrix, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gram, V @ matrix @ V.T, rtol=1e-9)


def test_a_large_matrix_is_made_strip_by_strip_and_chunk_by_chunk(monkeypatch):
    monkeypatch.setattr(solver_program, "_JACOBIAN", 40_000)
    one = whole(Problem("wine", network="mlp:20", activation="tanh"))
    assert len(one.x) > 256  # where strips begin
    assert one.f.examples.x.shape[0] > 1
    with jax.enable_x64(True):
        _, _, G = quick(one.f.curvature)(one.x)
    np.testing.assert_allclose(G, one.matrix(torch.tensor(one.x)), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(G, G.T)


def test_of_a_linear_model_the_matrix_is_the_hessian():
    """Softmax regression is convex, and its generalised Gauss-Newton matrix is exact."""
    one = whole(Problem("iris", network="linear", penalty="l2:1e-3"))
    with jax.enable_x64(True):
        _, _, G = quick(one.f.curvature)(one.x)
    hessian = functional.hessian(one.objective, torch.tensor(one.x)).numpy()
    np.testing.assert_allclose(G, hessian, rtol=1e-9, atol=1e-13)
    assert np.linalg.eigvalsh(hessian)[-1] > 0.1


def test_kronecker_factors_are_means_over_the_examples():
    """The inputs' exactly; the units', drawn with random signs, in the mean over many draws."""
    one = whole(IRIS)
    x, (inputs, _) = torch.tensor(one.x), one.examples()
    with jax.enable_x64(True):
        draws = quick(jax.vmap(lambda draw: one.f.factors(one.x, draw)[2]))(np.arange(4000))
        factors = jax.device_get(draws)
    (A, G), (A_last, G_last) = factors
    full = torch.cat([inputs, torch.ones(len(inputs), 1).double()], 1)
    np.testing.assert_allclose(A[0], (full.T @ full / len(full)).numpy(), rtol=1e-10, atol=1e-13)
    assert A_last.shape[1:] == (6, 6)
    # E[g gᵀ] over the model's own labels, of the last layer: the mean of diag(p) - p pᵀ.
    p = torch.softmax(one.outputs(x, inputs), 1)
    wanted = (torch.diag_embed(p) - p[:, :, None] * p[:, None, :]).mean(0).numpy()
    np.testing.assert_allclose(G_last.mean(0), wanted, atol=2e-3)
    # Of the first layer: pulled back through the second one's weights and tanh's slope.
    W, b = one.layers[0]
    slope = 1 - torch.tanh(inputs @ torch.tensor(W).double() + torch.tensor(b).double()) ** 2
    back = torch.tensor(one.layers[1].w).double()
    H = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    first = (slope[:, :, None] * (back @ H @ back.T) * slope[:, None, :]).mean(0).numpy()
    np.testing.assert_allclose(G.mean(0), first, atol=0.02 * np.abs(first).max())
    assert np.abs(G[0] - G[1]).max() > 0  # every look draws anew
    with jax.enable_x64(True):
        matrices = one.f.layers(one.x)
        np.testing.assert_array_equal(one.f.flat(matrices), one.x)


# ---- solvers on it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "solver",
    [solvers.LBFGS(gtol=1e-9), LM(), KFAC(), GeneralizedGaussNewton(gtol=1e-9)],
    ids=lambda s: s.name(),
)
def test_softmax_regression_ends_at_scikit_learns_optimum(solver):
    one = whole(Problem("iris", network="linear", penalty="l2:1e-3"))
    x, y = (t.numpy() for t in one.examples())
    judge = LogisticRegression(C=1 / (2e-3 * len(x)), solver="newton-cholesky", tol=1e-12).fit(x, y)
    end = solved(solver, one.f, one.x)
    assert Result(int(end.code)).success
    np.testing.assert_allclose(end.x[:12].reshape(4, 3), judge.coef_.T, atol=1e-6)
    # The bias has no penalty, and adding to all of it changes nothing.
    bias = end.x[12:]
    np.testing.assert_allclose(bias - bias.mean(), judge.intercept_ - judge.intercept_.mean(), atol=1e-6)


def test_linear_regression_ends_at_scikit_learns_optimum():
    one = whole(Problem("diabetes", network="linear", penalty="l2:1e-2"))
    x, y = (t.numpy() for t in one.examples())
    judge = Ridge(alpha=1e-2 * len(x), tol=1e-12).fit(x, y[:, 0])
    end = solved(LM(), one.f, one.x)
    assert Result(int(end.code)).success
    np.testing.assert_allclose(end.x, np.r_[judge.coef_, judge.intercept_], rtol=1e-7, atol=1e-9)


def test_without_damping_k_fac_of_a_linear_model_is_newtons_step():
    """One layer's block is the whole matrix, and of one output its factors are exact."""
    one = whole(Problem("diabetes", network="linear"))
    x, y = (t.numpy() for t in one.examples())
    wanted = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y[:, 0], rcond=None)[0]
    end = solved(KFAC(damping=1e-20), one.f, one.x, until=1)
    assert int(end.counts.nit) == 1
    np.testing.assert_allclose(end.x, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("problem", "scaling"), [(DIABETES, "identity"), (IRIS, "marquardt")], ids=lambda v: getattr(v, "data", v)
)
def test_a_levenberg_marquardt_step_solves_its_equations(problem, scaling):
    one = whole(problem)
    x = torch.tensor(one.x)
    g, G = one.gradient(x), one.matrix(x)
    share = 1e-2
    D = np.full(len(g), np.diag(G).max()) if scaling == "identity" else np.diag(G)
    with jax.enable_x64(True):
        solver = LM(damping=share, scaling=scaling)
        s, after = stepped(solver, one.f, one.x)
    p = -np.linalg.solve(G + share * np.diag(D), g)
    promised = -(g @ p) - p @ G @ p / 2
    fell = one.objective(x).item() - one.objective(x + torch.tensor(p)).item()
    assert bool(after.taken) == (fell / promised > 1e-4)
    if after.taken:
        np.testing.assert_allclose(after.x - one.x, p, rtol=1e-6, atol=1e-9)
    else:
        np.testing.assert_array_equal(after.x, one.x)
    # Nielsen 1999: a step that keeps its promise shrinks λ, another doubles it.
    ratio = fell / promised
    factor = max(1 / 3, 1 - (2 * ratio - 1) ** 3) if after.taken else 2
    np.testing.assert_allclose(after.memory.damping / s.memory.damping, factor, rtol=1e-6)
    # A Jacobian costs a pass for each output, a rejected step one.
    outputs = one.task.outputs
    assert paid(one, solver, s) == outputs
    assert paid(one, solver, after) == outputs + (outputs if after.taken else 1)


def test_a_k_fac_step_is_the_lowest_point_along_its_directions():
    """Along A⁻¹ ∇W G⁻¹, damped as in the paper's section 6.3, and along the last step, of the quadratic
    with the whole matrix."""
    one, solver = whole(IRIS), KFAC(damping=0.3)
    s = solved(solver, one.f, one.x, until=2)
    own, lam = s.memory.own, float(s.memory.damping)
    assert np.abs(own.before).max() > 0
    with jax.enable_x64(True):
        propose = quick(lambda s: solver.propose(one.f, s.memory.own, s.x, s.grad, s.memory.damping))
        p, promised, _ = jax.device_get(propose(s))

    total, natural, at = lam + 2 * one.task.penalty.l2, [], 0
    for A, G in zip(own.A, own.G, strict=True):
        pi = np.sqrt(np.trace(A) / len(A) / (np.trace(G) / len(G)))
        block = np.kron(A + pi * np.sqrt(total) * np.eye(len(A)), G + np.sqrt(total) / pi * np.eye(len(G)))
        natural.append(-np.linalg.solve(block, s.grad[at : at + len(block)]))
        at += len(block)
    V, matrix = np.stack([np.concatenate(natural), own.before]), one.matrix(torch.tensor(s.x))
    c = np.linalg.solve(V @ (matrix + lam * np.eye(len(s.x))) @ V.T, -V @ s.grad)
    np.testing.assert_allclose(p, c @ V, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(promised, -(s.grad @ p) - p @ matrix @ p / 2, rtol=1e-6)


@pytest.mark.parametrize("solver", [LM(), KFAC()], ids=lambda s: s.name())
def test_a_networks_objective_only_falls_to_where_its_gradient_vanishes(solver):
    one = whole(IRIS)
    end = solved(solver, one.f, one.x, steps=3000)
    gradient = one.gradient(torch.tensor(end.x))
    start = one.gradient(torch.tensor(one.x))
    assert Result(int(end.code)).success
    assert np.abs(gradient).max() < 1e-5 * np.abs(start).max()
    np.testing.assert_allclose(end.fun, one.objective(torch.tensor(end.x)).item(), rtol=1e-12)


# ---- trainings ---------------------------------------------------------------------------------


def trained(problem: Problem, solver, seeds=(0,), epochs=12, **more):
    one = task(problem, epochs=epochs)
    trials = tuple(Trial(f"r{i}", solver, seed) for i, seed in enumerate(seeds))
    return train(Cohort("c", one, (Recipe.of(solver),), 1, trials, **more))


class Marching(Solver):
    """Moves every parameter by 1 with every step, which costs one value and one Hessian's product."""

    def init(self, f, x, box=None) -> State:
        return begin(f, x, ())

    def step(self, f, s, box=None) -> State:
        fun, grad = f.value_and_grad(s.x + 1)
        counts = s.counts.plus(nit=1, nfev=1, njev=1, nhvp=1)
        return s._replace(x=s.x + 1, fun=fun, grad=grad, counts=counts)


def test_an_epoch_shows_what_it_has_paid_for():
    """Of one pass, then three for every step: what is shown moves after 4, 7 and 10 passes, and the step
    that twelve do not pay for is never shown."""
    records = trained(DIABETES, Marching(), epochs=12)
    loss = records.curves[0]["train_loss"]
    assert np.flatnonzero(np.diff(loss)).tolist() == [3, 6, 9]
    moved = np.flatnonzero(np.diff(records.curves[0]["validation_loss"])).tolist()
    assert moved == [3, 6, 9]
    [run] = records.runs
    assert run["evaluations"] == 12 * task(DIABETES).steps_per_epoch
    assert run["ended"] == "max_steps"


@pytest.mark.parametrize(
    ("solver", "first", "accepted"),
    [
        (solvers.LBFGS(), 1, 1),  # value and gradient
        (KFAC(damping=10.0), 2, 4),  # value and gradient, a sample's gradients, two products
    ],
    ids=["lbfgs", "kfac"],
)
def test_what_a_step_costs(solver, first, accepted):
    one = whole(IRIS)
    with jax.enable_x64(True):
        s, after = stepped(solver, one.f, one.x)
    assert bool(after.taken)
    assert (paid(one, solver, s), paid(one, solver, after)) == (first, first + accepted)


def test_a_training_is_full_batch_from_the_seeds_own_weights():
    """Of the same seed, a rule's training begins with the same mini-batch's loss and validation loss."""
    paired = train(cohort(task(IRIS), at(rules.SGD(), 0.1, 0.1), [4, 5], width=2))
    records = trained(IRIS, LM(), seeds=(4, 5), epochs=3)
    for run, curve, other, mate in zip(records.runs, records.curves, paired.runs, paired.curves, strict=True):
        assert run["fingerprint"] == pytest.approx(other["fingerprint"], rel=1e-6)
        assert curve["validation_loss"][0] == pytest.approx(mate["validation_loss"][0], rel=1e-6)
        assert curve["step"].tolist() == mate["step"].tolist()
    one = whole(Problem("iris", network="mlp:5", activation="tanh"), seed=4)
    start = np.concatenate([np.r_[np.ravel(w), b] for w, b in work.initial(one.task, 4)[0]]).astype(float)
    plain = one.loss(one.outputs(torch.tensor(start), one.examples()[0]), one.examples()[1]).item()
    assert records.curves[0]["train_loss"][0] == pytest.approx(plain, rel=1e-6)  # without the penalty


def test_what_is_recorded_is_of_the_whole_set():
    """A convex training: the last epoch's losses and metrics are scikit-learn's."""
    problem = Problem("iris", network="linear", penalty="l2:1e-3")
    records = trained(problem, solvers.LBFGS(gtol=1e-9), epochs=200, reads_test=True)
    [run], [curve] = records.runs, records.curves
    one = whole(problem)
    x, y = (t.numpy() for t in one.examples())
    judge = LogisticRegression(C=1 / (2e-3 * len(x)), solver="newton-cholesky", tol=1e-12).fit(x, y)
    for name in ("train", "validation", "test"):
        inputs, labels = (t.numpy() for t in one.examples(name))
        chance = judge.predict_proba(inputs)[np.arange(len(labels)), labels]
        assert run[f"{name}_loss"] == pytest.approx(-np.log(chance).mean(), rel=1e-5)
        assert run[f"{name}_metric"] == pytest.approx(judge.score(inputs, labels), rel=1e-6)
    assert (run["status"], run["ended"]) == ("finished", "converged")
    still = np.flatnonzero(np.diff(curve["train_loss"]))[-1] + 1
    assert still < 150
    assert run["evaluations"] < 150 * one.task.steps_per_epoch  # what it did not need it did not spend


def test_a_crash_costs_a_segment_and_changes_no_bit(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    solver = KFAC()
    whole_way = trained(IRIS, solver, seeds=(7,), epochs=12)

    class CrashError(Exception):
        pass

    heard: list[float] = []

    def crash(runs: float) -> None:
        heard.append(runs)
        if len(heard) == 3:
            raise CrashError

    one = task(IRIS, epochs=12)
    kept = Cohort("c", one, (Recipe.of(solver),), 1, (Trial("r0", solver, 7),), False, tmp_path / "partial")
    with pytest.raises(CrashError):
        train(kept, crash)
    heard.clear()
    again = train(kept, heard.append)
    assert heard == pytest.approx([2 / 3, 1 / 3])  # what was done is not done again
    assert same_bits(again.curves[0], whole_way.curves[0])


def test_numbers_of_a_solver_do_not_recompile():
    trained(IRIS, KFAC())
    with nothing_compiled():
        trained(IRIS, KFAC(damping=0.5, gtol=1e-7), seeds=(5,))
