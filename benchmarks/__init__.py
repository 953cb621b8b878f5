"""What Ladera costs, measured against targets and peers: `python -m benchmarks` runs everything.

    main_job     `ladera compare digits` as a whole process: seconds and memory
    digits       trainings per second of a small network, against PyTorch, Keras and scikit-learn
    mnist        microseconds per step of a larger one, likewise, and the share of the machine's peak
    networks     all kinds of networks likewise, what dropout and the like cost, a course's table on MNIST
    minute       digits trainings a minute under all rules
    scaling      seconds and memory per run for studies of 10 to 10,000 runs
    steps        traces and descents on surfaces, against PyTorch and optax
    dropin       a step of the PyTorch optimizers, against torch.optim's own
    logistic     `minimize` on a small function and on softmax regression, against SciPy and scikit-learn
    curves       a thousand curve fits, against loops over SciPy's functions
    nist         certified regressions: digits, beside SciPy and optimistix
    unconstrained  published test problems: what is solved in how many evaluations, beside SciPy

Every ratio is of numbers from one run. Of the trainings, sides take turns (A B A B), each is the best of
several rounds, and every side is given both of its arrangements: one process with its default threads,
and one single-threaded process per core. All of them wait in memory for their turn: 7 GiB on a machine
with two cores, about 2 GiB more for every further one.
"""
