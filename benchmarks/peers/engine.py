"""Ladera's engine: the pool with its workers, planned as a study of the size asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from benchmarks.peers.serve import Done, Train, serve


def prepare(spec: Mapping[str, Any]) -> Train:
    from benchmarks.problem import Asked, task_of
    from ladera import configs
    from ladera.schedules import Schedules
    from ladera.train import worker
    from ladera.train.plan import Timing, cohorts, make_plan
    from ladera.train.pool import Pool
    from ladera.train.recipe import Recipe
    from ladera.train.work import Cohort, Records, Trial

    pool = Pool()
    task, _ = task_of(Asked(**spec["problem"]))
    rules = [(o.name, o.rule) for o in configs.optimizers(spec["optimizers"])]
    if spec["lr"] is not None:
        rules = [(name, replace(rule, lr=spec["lr"])) for name, rule in rules]
    recipes = [Recipe.of(rule) for _, rule in rules]
    moved = Schedules.of(spec["schedule"])

    def probe(widths: list[int], together: bool) -> list[Timing]:
        held = tuple(recipes) if together else (recipes[0],)
        trial = (Trial("probe", rules[0][1], 0),)
        asked = [Cohort("probe", task, held, w, trial, schedule=moved) for w in widths]
        timed = pool.map(worker.time_segment, asked)
        return [Timing(width, step) for width, (step, _) in zip(widths, timed, strict=True)]

    plan = make_plan(task, [spec["planned"] // len(rules)] * len(rules), recipes, pool.workers, probe)
    # The same number of cohorts for every worker: a long study's last cohort does not count either.
    least = plan.cohort * pool.workers * len(rules)

    def train(count: int) -> Done:
        each = plan.cohort * pool.workers * max(1, round(count / least))
        trials = {name: [Trial(f"{name}-{k}", rule, k) for k in range(each)] for name, rule in rules}
        first = f"{rules[0][0]}-0"
        losses: dict[str, float] = {}

        def keep(records: Records) -> None:
            losses.update({run["run"]: run["validation_loss"] for run in records.runs})

        pool.train(cohorts(plan, task, "tune", trials, recipes, schedule=moved), keep)
        return Done(len(losses), losses[first])

    return train


if __name__ == "__main__":
    serve(prepare, "ladera", "jax")
