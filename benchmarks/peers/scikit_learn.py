"""scikit-learn's MLPClassifier, an epoch a call. It draws its own initial weights and batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.peers.serve import Examples, Train, again_and_again, serve


def prepare(spec: Mapping[str, Any]) -> Train:
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    examples = Examples(spec)
    epochs, steps, batch = examples["orders"].shape
    whole = steps * batch  # whole batches only, as the other sides
    x, y = examples["x_train"][:whole], examples["y_train"][:whole]
    x_validation, y_validation = examples["x_validation"], examples["y_validation"]
    hidden = tuple(layer.units for layer in examples.layers[:-1])

    def train_one() -> float:
        model = MLPClassifier(
            hidden, solver="adam", alpha=0, batch_size=batch, learning_rate_init=spec["lr"], random_state=0
        )
        loss = np.nan
        for _ in range(epochs):
            model.partial_fit(x, y, classes=np.arange(10))
            probabilities = np.asarray(model.predict_proba(x_validation))
            loss = float(log_loss(y_validation, probabilities))
            np.mean(probabilities.argmax(axis=1) == y_validation)
        return loss

    return again_and_again(train_one)


if __name__ == "__main__":
    serve(prepare, "scikit-learn")
