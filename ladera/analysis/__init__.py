"""Statistics of a study, from its folder alone: no JAX, and nothing that trains.

frames      a store as data frames
select      the learning rate of each optimizer, on the tuning seeds
fairness    whether the comparison may be ranked at all
paired, bootstrap, ranking      the statistics, on plain arrays
target, budget                  time to target; best of k trials
verdict     the answer (its parts are in answer, its sentences in words and pace)
code        the winner in PyTorch, Keras and optax
thresholds  every constant that a verdict depends on
"""
