"""Schedules: by what the learning rate, or any hyperparameter, is multiplied at each step, as data.

    constant                 stays as it is
    step:F,K                 times F every K epochs
    exponential:R            times R an epoch, a little at each step
    inverse-time:D           1/(1 + D·epochs)
    polynomial:P,E           to E along the power P
    cosine:E                 to E along half a cosine
    warm-restarts:T,M,E      cosines of T epochs, each M times as long as the one before
    triangular:H,L           up and down between L and 1, H epochs each way
    triangular2:H,L          the same, half as high each time
    exp-range:H,L,D          the same, D times as high after each epoch
    one-cycle:W,S,E,M        up for the share W, then down to E; momentum or b1 the other way
    warmup:W,S               up for the share W of the training, from S
    warmup-cosine:W,E,S      up for the share W, then to E along half a cosine
    warmup-stable-decay:W,D,E,S
    plateau:F,K,L            times F after K epochs without a better validation loss, not below L

Numbers may be left out from the right, or named: "one-cycle:0.3,end=0". A text is of the learning rate,
unless it says of what: "lr=cosine weight_decay=warmup:0.2".
"""

from ladera.schedules._schedule import Schedule
from ladera.schedules.catalogue import get, make, names
from ladera.schedules.cycles import ExpRange, OneCycle, Triangular, Triangular2, WarmRestarts
from ladera.schedules.decays import Constant, Cosine, Exponential, InverseTime, Polynomial, Step
from ladera.schedules.plateau import Plateau
from ladera.schedules.schedules import CONSTANT, AskedSchedule, Schedules
from ladera.schedules.stop import NEVER, Stop
from ladera.schedules.warmups import Warmup, WarmupCosine, WarmupStableDecay

__all__ = [
    "CONSTANT",
    "NEVER",
    "AskedSchedule",
    "Constant",
    "Cosine",
    "ExpRange",
    "Exponential",
    "InverseTime",
    "OneCycle",
    "Plateau",
    "Polynomial",
    "Schedule",
    "Schedules",
    "Step",
    "Stop",
    "Triangular",
    "Triangular2",
    "WarmRestarts",
    "Warmup",
    "WarmupCosine",
    "WarmupStableDecay",
    "get",
    "make",
    "names",
]
