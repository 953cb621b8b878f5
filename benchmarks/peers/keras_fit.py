"""Keras `fit`, on the backend that KERAS_BACKEND names.

Compiled once: a new training sets weights and optimizer back instead of building a model. The
batches of all epochs are laid out one after another, so that `fit` takes the very batches that
the other sides take, without shuffling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.peers.serve import Examples, Initial, Train, again_and_again, serve

LARGEST_EVALUATION = 1000  # examples in one step of the evaluation


def prepare(spec: Mapping[str, Any]) -> Train:
    import keras

    examples = Examples(spec)
    orders = examples["orders"]
    epochs, steps, batch = orders.shape
    model = keras.Sequential([keras.Input(examples["x_train"].shape[1:]), *_layers(examples.layers)])
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

    weights = [one for layer in examples.layers for one in _weights(layer)]

    def train_one() -> float:
        model.set_weights(weights)
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


def _layers(initial: list[Initial]) -> list[Any]:
    """The network's layers; images are channels last, as everywhere here."""
    from keras import layers

    found: list[Any] = []
    for layer in initial:
        if layer.kind == "conv":
            found += [layers.Conv2D(layer.units, 3, activation="relu"), layers.MaxPooling2D(2)]
        elif layer.kind == "lstm":
            found.append(layers.LSTM(layer.units))
        else:
            last = layer is initial[-1]
            found += [layers.Flatten(), layers.Dense(layer.units, activation=None if last else "relu")]
    return found


def _weights(layer: Initial) -> list[np.ndarray]:
    """In Keras's order, which for the gates of a lstm is Ladera's, too: input, forget, cell, output."""
    arrays = layer.arrays
    if layer.kind == "conv":
        return [arrays["w"].reshape(3, 3, -1, layer.units), arrays["b"]]
    return [arrays[name] for name in ("w", "u", "b") if name in arrays]


if __name__ == "__main__":
    import os

    serve(prepare, "keras", os.environ["KERAS_BACKEND"])
