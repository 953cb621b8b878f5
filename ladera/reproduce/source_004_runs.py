"""Document 004, the MNIST runs: what their logs say, what the listings compute."""

from __future__ import annotations

import math

import numpy as np

from ladera.locale import N_
from ladera.reproduce.row import Case, claim, number, setting, short, unsettled

__all__ = ["cases"]

TRAINING, TEST, BATCH = 60_000, 10_000, 32  # MNIST, and Keras's batch size


def cases() -> list[Case]:
    return [*_by_hand(), *_logs(), *_code()]


def _by_hand() -> list[Case]:
    dense = [784 * n + n + n * 10 + 10 for n in (128, 256)]
    pooled = ((28 - 2) // 2 - 2) // 2
    cnn = (9 + 1) * 32 + (9 * 32 + 1) * 64 + (pooled**2 * 64 + 1) * 64 + (64 + 1) * 10
    updates = (10, 50, 10 * TRAINING // BATCH)
    return [
        unsettled(
            N_("listings, networks"),
            N_("parameters: 784-128-10, 784-256-10, CNN"),
            "",
            "{small}, {large}, {cnn}",
            small=dense[0],
            large=dense[1],
            cnn=cnn,
        ),
        unsettled(
            N_("listings, accuracies"),
            N_("updates behind each accuracy; weights drawn without a seed"),
            "0.0962, 0.3969, 0.9194",
            "{updates}",
            updates=", ".join(str(n) for n in updates),
        ),
        claim(
            N_("first listing, 'forward propagation'"),
            N_("what the listing does in each of its 10 epochs"),
            N_("0.0962 is obtained 'implementing forward propagation'"),
            N_("forward, backward and one update of all weights, α = 0.001"),
            N_("Imprecise: backpropagation and descent are in the listing; ten small steps are too few."),
            holds=False,
        ),
        claim(
            N_("first listing, printing"),
            N_("losses printed in 10 epochs by 'if epoch % 10 == 0'"),
            N_("'show the loss in each epoch'"),
            "{count}",
            N_("Only epoch 0 is printed, before any weight has moved."),
            holds=sum(epoch % 10 == 0 for epoch in range(10)) == 10,
            count=sum(epoch % 10 == 0 for epoch in range(10)),
        ),
    ]


def _logs() -> list[Case]:
    return [
        setting(N_("CNN, log of epoch 29"), N_("steps: 60000/32"), "1875", TRAINING / BATCH),
        setting(
            N_("CNN, log of the test"), N_("steps: 10000/32, rounded up"), "313", math.ceil(TEST / BATCH)
        ),
        _duration(N_("CNN, log of epoch 29"), 57, 1875, 30),
        _duration(N_("CNN, log of the test"), 3, 313, 9),
        number(
            N_("CNN, test accuracy"),
            N_("0.9888 as float32 holds it"),
            "0.9887999892234802",
            float(np.float32(0.9888)),
        ),
        *_overfitting(),
    ]


def _duration(place: str, seconds: int, steps: int, milliseconds: int) -> Case:
    """Whether a rounded time can be so many steps of a rounded time each."""
    low, high = (steps * (milliseconds + d) / 1000 for d in (-0.5, 0.5))
    return claim(
        place,
        N_("seconds, from the time per step"),
        N_("{seconds} s, {steps} steps of {milliseconds} ms"),
        N_("{low} s to {high} s"),
        holds=low < seconds + 0.5 and seconds - 0.5 < high,
        seconds=seconds,
        steps=steps,
        milliseconds=milliseconds,
        low=short(low, 3),
        high=short(high, 3),
    )


def _overfitting() -> list[Case]:
    train, validation, test = (0.0022, 0.9993), (0.0715, 0.9911), (0.1241, 0.9888)
    return [
        claim(
            N_("CNN, result"),
            N_("losses and shares of errors: training, validation, test"),
            N_("no overfitting is seen"),
            N_(
                "validation loss {validation} times, test loss {test} times the training loss; errors "
                "{errors}"
            ),
            N_("That gap is overfitting, even if the accuracy is high."),
            holds=max(validation[0], test[0]) < 2 * train[0],
            validation=short(validation[0] / train[0], 2),
            test=short(test[0] / train[0], 2),
            errors=", ".join(f"{100 * (1 - a):.2f} %" for _, a in (train, validation, test)),
        ),
        claim(
            N_("CNN, validation"),
            N_("training images left for validation"),
            "val_accuracy: 0.9911",
            N_("{left}: 1875 × 32 = {used} are trained on"),
            N_("Imprecise: all training images are in use, so the validation set can only be the test set."),
            holds=TRAINING - 1875 * BATCH > 0,
            left=TRAINING - 1875 * BATCH,
            used=1875 * BATCH,
        ),
    ]


def _code() -> list[Case]:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scores = np.array([1000.0, 0.0])
        plain = np.exp(scores) / np.sum(np.exp(scores))
        zero = -float(np.sum(np.array([1.0, 0.0]) * np.log(np.array([1.0, 0.0]))))
    stable = np.exp(scores - scores.max()) / np.sum(np.exp(scores - scores.max()))
    return [
        claim(
            N_("first listing, softmax"),
            N_("of the scores (1000, 0)"),
            "exp(z)/Σ exp(z) = ({first}, {second})",
            "({right}, {rest})",
            N_("Imprecise: it overflows; the later listing subtracts the maximum, as one must."),
            holds=bool(np.allclose(plain, stable)),
            first=short(float(plain[0])),
            second=short(float(plain[1])),
            right=short(float(stable[0])),
            rest=short(float(stable[1])),
        ),
        claim(
            N_("later listing, cross_entropy"),
            N_("of y = (1, 0) and ŷ = (1, 0), a perfect answer"),
            "−Σ y log ŷ = {zero}",
            "0",
            N_("Imprecise: 0 · log 0 is not a number on a computer; a smallest ŷ is missing."),
            holds=zero == 0,
            zero=short(zero),
        ),
        claim(
            N_("methodology"),
            N_("what the CNN is made of"),
            N_("a CNN with NumPy"),
            "Keras: Sequential, Conv2D, MaxPooling2D, Dense",
            N_("NumPy runs a dense network and a softmax regression; the convolutional network is Keras's."),
            holds=False,
        ),
    ]
