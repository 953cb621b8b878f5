"""Keras `fit`, on the backend that KERAS_BACKEND names.

Compiled once: a new training sets weights and optimizer back instead of building a model. The
batches of all epochs are laid out one after another, so that `fit` takes the very batches that
the other sides take, without shuffling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.peers.serve import Examples, Train, again_and_again, serve

LARGEST_EVALUATION = 1000  # examples in one step of the evaluation


def prepare(spec: Mapping[str, Any]) -> Train:
    import keras

    examples = Examples(spec)
    orders = examples["orders"]
    epochs, steps, batch = orders.shape
    widths = [b.shape[0] for _, b in examples.layers]
    model = keras.Sequential(
        [
            keras.Input(examples["x_train"].shape[1:]),
            *(keras.layers.Dense(width, activation="relu") for width in widths[:-1]),
            keras.layers.Dense(widths[-1]),
        ]
    )
    optimizer = keras.optimizers.Adam(spec["lr"], epsilon=1e-8)
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=steps if spec["epoch_per_call"] else 1,
    )
    optimizer.build(model.trainable_variables)
    untrained = [variable.numpy() for variable in optimizer.variables]
    x, y = (examples[name][orders.ravel()] for name in ("x_train", "y_train"))

    def train_one() -> float:
        model.set_weights([array for layer in examples.layers for array in layer])
        for variable, value in zip(optimizer.variables, untrained, strict=True):
            variable.assign(value)
        history = model.fit(
            x,
            y,
            batch_size=batch,
            epochs=epochs,
            steps_per_epoch=steps,
            shuffle=False,
            validation_data=(examples["x_validation"], examples["y_validation"]),
            validation_batch_size=LARGEST_EVALUATION,
            verbose=0,  # pyright: ignore[reportArgumentType]: its stub knows "auto" alone
        )
        return history.history["val_loss"][-1]

    return again_and_again(train_one)


if __name__ == "__main__":
    import os

    serve(prepare, "keras", os.environ["KERAS_BACKEND"])
