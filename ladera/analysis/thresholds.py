"""Every constant that a verdict depends on, in one place, each with its reason."""

SIGNIFICANCE = 0.05  # two-sided, after Holm's correction over the rivals
CONFIDENCE = 0.95  # of every interval
PROBABILITY = 0.975  # P(winner beats rival) that separation needs: one side of SIGNIFICANCE
FEWEST_SEEDS = 5  # fewer never give "clear" or "tie"

# Practical equivalence, as a share of the way from the untrained network to the best result. One
# percent of what training gained: for an accuracy that rose from 0.10 to 0.98 that is 0.009, about
# three of digits' 359 validation rows. It is also a fifth of the 5 % by which learning rates are
# called as good as the best, and of the 5 % that a target leaves out.
EQUIVALENCE = 0.01
LR_INTERVAL = 0.05  # learning rates this share of the way below the best one are as good
TARGET = 0.95  # share of the way from the untrained network to the best optimizer's median

FINGERPRINT_TOLERANCE = 1e-6  # relative, of the loss before the first step, within one seed

RESAMPLES = 10_000  # where enumerating all of them would be more
EXACT_RESAMPLES = 2_000  # up to so many distinct resamples (n <= 7) the bootstrap is exact
ROOT_SEED = 20_250_117  # one store, one answer

POWER = 0.8  # of the test that `more_seeds` plans
MOST_SEEDS = 1_000  # beyond it no number of seeds is promised
