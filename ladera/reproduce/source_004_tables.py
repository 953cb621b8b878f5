"""Document 004, the tables of seven optimizers on MNIST, and the verdict that is drawn from them."""

from __future__ import annotations

import math
from itertools import pairwise

from ladera.locale import N_
from ladera.reproduce.row import Case, claim, unsettled

__all__ = ["ACTIVATIONS", "DROPOUT", "OPTIMIZERS", "RATES", "cases"]

TEST = 10_000  # images; an accuracy of four digits is a count of them

Table = tuple[tuple[float, float], ...]  # accuracy and loss of each optimizer

OPTIMIZERS = ("Adam", "SGD", "Momentum", "Nesterov", "Adagrad", "Adadelta", "RMSprop")
# The first table has a chapter of its own; the others follow the text that names six activations.
ACTIVATIONS: tuple[Table, ...] = (
    (
        *((0.9764, 0.0781), (0.9814, 0.0630), (0.9813, 0.0647), (0.9781, 0.0816)),
        *((0.9800, 0.0681), (0.9800, 0.0681), (0.9818, 0.0787)),
    ),
    (
        *((0.9690, 0.1022), (0.9695, 0.0977), (0.9723, 0.0890), (0.9733, 0.0813)),
        *((0.9747, 0.0785), (0.9747, 0.0785), (0.9761, 0.0804)),
    ),
    (
        *((0.9703, 0.0972), (0.9755, 0.0830), (0.9769, 0.0781), (0.9759, 0.0844)),
        *((0.9780, 0.0755), (0.9781, 0.0755), (0.9794, 0.0764)),
    ),
    (
        *((0.9720, 0.0958), (0.9755, 0.0803), (0.9768, 0.0787), (0.9753, 0.0926)),
        *((0.9781, 0.0770), (0.9783, 0.0770), (0.9782, 0.0801)),
    ),
    (
        *((0.9761, 0.0831), (0.9766, 0.0731), (0.9785, 0.0682), (0.9765, 0.0890)),
        *((0.9805, 0.0745), (0.9803, 0.0743), (0.9795, 0.0797)),
    ),
    (
        *((0.9752, 0.0806), (0.9779, 0.0707), (0.9784, 0.0688), (0.9809, 0.0675)),
        *((0.9818, 0.0647), (0.9819, 0.0647), (0.9802, 0.0810)),
    ),
)
DROPOUT: dict[float, Table] = {
    0.0: (
        *((0.9752, 0.0819), (0.9788, 0.0637), (0.9799, 0.0644), (0.9797, 0.0831)),
        *((0.9807, 0.0770), (0.9807, 0.0768), (0.9790, 0.0950)),
    ),
    0.5: (
        *((0.9728, 0.0914), (0.9758, 0.0819), (0.9782, 0.0796), (0.9733, 0.0975)),
        *((0.9761, 0.0854), (0.9762, 0.0854), (0.9782, 0.0985)),
    ),
    0.8: (
        *((0.9530, 0.1631), (0.9549, 0.1529), (0.9569, 0.1492), (0.9354, 0.2491)),
        *((0.9408, 0.2331), (0.9405, 0.2327), (0.9502, 0.2554)),
    ),
    0.95: (
        *((0.9045, 0.5026), (0.9117, 0.4761), (0.8868, 0.7094), (0.2855, 1.9353)),
        *((0.3680, 1.8945), (0.3689, 1.8937), (0.6262, 1.3181)),
    ),
}
# Learning rates of Adam and of SGD with Nesterov's momentum, and the accuracy and loss of both.
RATES: dict[tuple[float, float], Table] = {
    (0.001, 0.03): ((0.9750, 0.0751), (0.9787, 0.0764)),
    (0.003, 0.06): ((0.9750, 0.0944), (0.9693, 0.1388)),
    (0.006, 0.09): ((0.9689, 0.1343), (0.9630, 0.2389)),
}
VERDICT = (0.9755, 1e-5, 1e-4)  # accuracy, L1 and L2 of RMSprop, in the text
LAST_TABLE = (0.9755, 1e-05, 0.0001)  # the same in the table that ends the document
ADAGRAD, ADADELTA, RMSPROP = (OPTIMIZERS.index(name) for name in ("Adagrad", "Adadelta", "RMSprop"))


def cases() -> list[Case]:
    return [*_trained_on(), *_noise(), *_verdict()]


def _images(a: float, b: float) -> int:
    """How many test images lie between two accuracies."""
    return round(TEST * (a - b))


def _trained_on() -> list[Case]:
    tables = [*ACTIVATIONS, *DROPOUT.values()]
    pairs = [(table[ADAGRAD], table[ADADELTA]) for table in tables]
    apart = sorted(abs(_images(a[0], b[0])) for a, b in pairs)
    rises = [b[0] > a[0] for table in ACTIVATIONS for a, b in pairwise(table)]
    worst = sum(min(table) == table[0] for table in ACTIVATIONS)
    return [
        claim(
            N_("tables of the optimizers"),
            N_("Adagrad beside Adadelta"),
            N_("seven optimizers are put to the test"),
            N_(
                "same loss to 4 decimals in {loss} of {all} tables; accuracies {usual} images apart at most "
                "in {most}"
            ),
            N_(
                "The signature of one network that is trained on through all seven optimizers: Adadelta, "
                "which "
                "hardly moves with Keras's default, shows what Adagrad left. A fair comparison starts each "
                "from the same weights."
            ),
            holds=not any(a[1] == b[1] for a, b in pairs),
            loss=sum(a[1] == b[1] for a, b in pairs),
            all=len(pairs),
            usual=apart[-2],
            most=len(pairs) - 1,
        ),
        claim(
            N_("tables of the activations"),
            N_("accuracies in the order in which the optimizers are listed"),
            N_("seven optimizers are put to the test"),
            N_(
                "they rise at {rises} of {all} places; the first one, Adam, is the worst in {worst} of "
                "{tables}"
            ),
            N_("The same signature: the later in the list, the longer trained. The place is measured, too."),
            holds=worst < len(ACTIVATIONS),
            rises=sum(rises),
            all=len(rises),
            worst=worst,
            tables=len(ACTIVATIONS),
        ),
        unsettled(
            N_("tables of the activations"),
            N_("which table is which activation (captions may be lost in text recognition)"),
            N_("ReLU, sigmoid, tanh, leaky ReLU, ELU, softplus"),
            N_("6 activations and 6 tables, without names"),
        ),
    ]


def _noise() -> list[Case]:
    first = ACTIVATIONS[0]
    p = first[RMSPROP][0]
    repeated = (first[0][0], RATES[0.001, 0.03][0][0], DROPOUT[0.0][0][0])
    return [
        claim(
            N_("first table, the best accuracy"),
            N_("RMSprop's lead over SGD, in images of 10000"),
            N_("each optimizer is trained once, and RMSprop leads"),
            N_("{lead}; one standard error is {error}; Adam alone is printed with {repeated}"),
            N_("Imprecise: the lead is smaller than the uncertainty of one training; it decides nothing."),
            holds=_images(p, first[1][0]) > 2 * math.sqrt(TEST * p * (1 - p)),
            lead=_images(p, first[1][0]),
            error=round(math.sqrt(TEST * p * (1 - p))),
            repeated=", ".join(f"{a:.4f}" for a in repeated),
        ),
        claim(
            N_("tables of the learning rates"),
            N_("optimizers whose learning rate is varied"),
            N_("'each parameter was analysed in detail'"),
            N_("{tuned} of {all}; RMSprop is not among them"),
            N_("Imprecise: the winner's learning rate was never varied, nor that of four others."),
            holds=False,
            tuned=2,
            all=len(OPTIMIZERS),
        ),
    ]


def _verdict() -> list[Case]:
    tables = [*ACTIVATIONS, *DROPOUT.values()]
    accuracies = [(accuracy, k) for table in tables for k, (accuracy, _) in enumerate(table)]
    best, winner = max(accuracies)
    by_accuracy = sum(max(table) == table[RMSPROP] for table in ACTIVATIONS)
    by_loss = sum(min(table, key=lambda cell: cell[1]) == table[RMSPROP] for table in ACTIVATIONS)
    return [
        claim(
            N_("verdict, accuracy, L1 and L2"),
            N_("text against the last table"),
            "0.9755, 0.00001, 0.0001",
            "{table}",
            holds=VERDICT == LAST_TABLE,
            table=", ".join(str(value) for value in LAST_TABLE),
        ),
        claim(
            N_("verdict, 'the champion of this battle'"),
            N_("accuracies above RMSprop's 0.9755 with L1 and L2, in the document's own tables"),
            N_("RMSprop with ReLU, 0.9755, did best"),
            N_("{above} of {all}, the best {best} ({winner}), RMSprop's own best {own}"),
            N_("The verdict's accuracy is below most of those in the tables, RMSprop's own among them."),
            holds=max(accuracies)[0] <= VERDICT[0],
            above=sum(accuracy > VERDICT[0] for accuracy, _ in accuracies),
            all=len(accuracies),
            best=best,
            winner=OPTIMIZERS[winner],
            own=max(table[RMSPROP][0] for table in tables),
        ),
        claim(
            N_("verdict, over the activations"),
            N_("tables of six that RMSprop wins"),
            N_("RMSprop is the best optimizer"),
            N_("{by_accuracy} by accuracy, {by_loss} by loss"),
            N_("Imprecise: by the loss, the other column of the same tables, it wins none."),
            holds=by_loss > len(ACTIVATIONS) / 2,
            by_accuracy=by_accuracy,
            by_loss=by_loss,
        ),
    ]
