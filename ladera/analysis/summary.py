"""The object that `ladera compare --json` prints: the public summary of a study."""

from __future__ import annotations

from typing import Any

from ladera.analysis import words
from ladera.analysis.answer import Answer, Ranked, plain
from ladera.analysis.frames import Frames
from ladera.locale import Translator

__all__ = ["summary"]


def summary(frames: Frames, answer: Answer, _: Translator = str) -> dict[str, Any]:
    """JSON-able: numbers that do not exist are None. `sentence` and `warnings` are translated."""
    status = frames.runs["diverged"]
    seconds = frames.study.get("seconds", {})
    fairness = answer.fairness
    return plain(
        {
            "study": str(frames.store.path),
            "runs": len(status),
            "finished": int((~status).sum()),
            "diverged": int(status.sum()),
            "seconds": {key: seconds.get(key) for key in ("total", "compile", "train")},
            "answer": {
                "optimizer": answer.optimizer,
                "lr": answer.lr,
                "grade": answer.grade,
                "ties": answer.ties,
                "metric": answer.metric,
                "direction": answer.direction,
                "validation": answer.validation,
                "interval": answer.interval,
                "test": answer.test,
                **({} if answer.naive is None else {"naive": answer.naive}),
                "probability_best": answer.probability_best,
                "seeds": answer.seeds,
                "more_seeds": answer.more_seeds,
                "target": answer.target,
                "pending": answer.pending,
                "sentence": words.sentence(answer, _),
                "warnings": words.warnings(answer, _),
            },
            "ranking": [_row(row) for row in answer.ranking],
            "fairness": {
                "paired": fairness.paired,
                "disjoint_splits": fairness.disjoint_splits,
                "disjoint_seeds": fairness.disjoint_seeds,
                "equal_budget": fairness.equal_budget,
                "edge": fairness.edge,
            },
        }
    )


def _row(row: Ranked) -> dict[str, Any]:
    return {
        "optimizer": row.optimizer,
        "lr": row.lr,
        "median": row.median,
        "interval": row.interval,
        "rank_interval": row.rank_interval,
        "diverged": row.diverged,
        "steps_to_target": row.steps_to_target,
        "passes_to_target": row.passes_to_target,
        "reached": row.reached,
        "probability_beaten_by_best": row.probability_beaten_by_best,
        "p_value": row.p_value,
        "tied": row.tied,
        "lr_interval": row.lr_interval,
        "edge": row.edge,
        "train_validation_gap": row.train_validation_gap,
    }
