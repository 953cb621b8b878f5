"""Whether what is compared can train what is asked: penalties, losses and networks are not for everyone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ladera.base import UsageError
from ladera.configs import Optimizer
from ladera.networks import losses
from ladera.networks.losses import Smoothness
from ladera.problems import Problem
from ladera.rules import Rule
from ladera.schedules import Stop

__all__ = ["check_sizes", "check_suited"]

_MOST_PARAMETERS = 10_000  # of solvers that keep matrices of that size squared


def check_suited(problem: Problem, optimizers: Sequence[Optimizer], batch: int | str, stop: Stop) -> None:
    """Raise UsageError where an optimizer cannot train the problem, or not in such batches or until `stop`.
    The data are not read."""
    if problem.norm == "batch" and batch == 1 and not str(problem.parsed_network).startswith("cnn"):
        raise UsageError(
            "Batch normalisation needs batches of two examples or more, as one is its own mean, received "
            "batch 1; take a larger batch, or norm 'layer'."
        )
    solvers = [one for one in optimizers if one.solves]
    _check_penalty(problem, [one for one in optimizers if not one.solves], solvers)
    if not solvers:
        return
    _check_loss(problem.loss, solvers)
    _check_network(problem, solvers)
    if stop.early:
        raise UsageError(
            "Early stopping is of rules, whose epochs are judged one by one, and the solver {solver} "
            "ends where it has converged, received stop '{stop}'; take stop 'never', or rules alone.",
            solver=solvers[0].title,
            stop=stop,
        )


def check_sizes(problem: Problem, solvers: Sequence[Optimizer]) -> None:
    """Raise UsageError where a solver's matrices would not fit, or where batches move what the network
    is. Reads the data."""
    if not solvers:
        return
    from ladera.solvers.curvature import catalogue

    data, network = problem.prepared(), problem.fitted_network
    if _has_leaves(network.state(data.shape, problem.outputs)):
        raise _not_alone(solvers[0], f"'{network}'")
    parameters = network.count(data.shape, problem.outputs)
    for solver in (o.rule for o in solvers if not isinstance(o.rule, Rule)):
        matrices = catalogue.matrices(solver)
        if matrices and parameters > _MOST_PARAMETERS:
            raise UsageError(
                "The solver {solver} trains networks of at most {most} parameters, received {received}, "
                "for which its matrices would take {gigabytes:.0f} GB; take a smaller network, lbfgs or "
                "kfac.",
                solver=catalogue.title(solver),
                most=_MOST_PARAMETERS,
                received=parameters,
                gigabytes=matrices * 8 * parameters**2 / 1e9,
            )


def _check_penalty(problem: Problem, rules: Sequence[Optimizer], solvers: Sequence[Optimizer]) -> None:
    """Raise UsageError where an optimizer cannot do with the penalty."""
    penalty = problem.parsed_penalty
    if solvers and penalty.l1:
        raise UsageError(
            "The solver {solver} needs a smooth objective, and an l1 penalty has a corner at 0, received "
            "penalty '{penalty}'; take l2, or rules alone.",
            solver=solvers[0].title,
            penalty=problem.penalty,
        )
    if solvers and penalty.after_steps:
        raise UsageError(
            "The solver {solver} minimises a function, of which what acts beside its steps is no part, "
            "received penalty '{penalty}'; take l2, or rules alone.",
            solver=solvers[0].title,
            penalty=penalty,
        )
    for rule in (o for o in rules if isinstance(o.rule, Rule) and o.rule.averages):
        if penalty.after_steps:
            raise UsageError(
                "The penalty '{penalty}' moves x after each step, and that of {rule} is an average, "
                "which descent does not follow; take l1 or l2, or leave {rule} out.",
                penalty=penalty,
                rule=rule.title,
            )


def _check_loss(loss: str, solvers: Sequence[Optimizer]) -> None:
    """Raise UsageError where a solver cannot descend on the loss."""
    from ladera.solvers.curvature._curved import Curved

    kind = losses.smoothness(loss)
    if kind is Smoothness.CORNERS:
        raise UsageError(
            "The solver {solver} needs a smooth objective, and the loss '{loss}' has corners; take a "
            "loss such as huber or cross_entropy, or rules alone.",
            solver=solvers[0].title,
            loss=loss,
        )
    curved = next((o for o in solvers if isinstance(o.rule, Curved)), None)
    if curved and kind is not Smoothness.CONVEX:
        raise UsageError(
            "The solver {solver} needs a loss whose curvature is never negative, received '{loss}'; take "
            "lbfgs or newton-cg, or the loss cross_entropy.",
            solver=curved.title,
            loss=loss,
        )


def _check_network(problem: Problem, solvers: Sequence[Optimizer]) -> None:
    """Raise UsageError where a solver cannot train the network."""
    from ladera.solvers import NewtonCG
    from ladera.solvers.curvature._curved import Curved

    network = problem.parsed_network
    if problem.dropout or problem.norm == "batch":
        what = f"dropout={problem.dropout:g}" if problem.dropout else "norm=batch"
        raise _not_alone(solvers[0], what)
    if network.forced:
        raise UsageError(
            "The solver {solver} needs one function for training and asking, and '{network}' is told the "
            "true values while it trains; take lstm:64 and the like, or rules alone.",
            solver=solvers[0].title,
            network=network,
        )
    dense = getattr(network, "dense", False)
    for solver in solvers:
        curved, twice = isinstance(solver.rule, Curved), isinstance(solver.rule, NewtonCG)
        if (curved and not dense) or (twice and not network.twice):
            raise UsageError(
                "The solver {solver} looks inside dense layers, received the network '{network}'; take "
                "lbfgs, bfgs or cg, or the network mlp:64.",
                solver=solver.title,
                network=network,
            )


def _not_alone(solver: Optimizer, what: str) -> UsageError:
    return UsageError(
        "The solver {solver} needs a loss of the weights alone, and {what} makes it depend on chance "
        "or on the batch; leave it out, or take rules alone.",
        solver=solver.title,
        what=what,
    )


def _has_leaves(tree: Any) -> bool:
    """Whether there is an array among nested lists, tuples and dictionaries."""
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    return any(map(_has_leaves, tree)) if isinstance(tree, (list, tuple)) else tree is not None
