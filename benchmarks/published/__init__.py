"""Problems that others have published, with what is known of their answers: tests and benchmarks share them.

nist           certified nonlinear regressions (StRD), read from their files
mgh            the 35 problems of Moré, Garbow and Hillstrom
unconstrained  general unconstrained problems, from Andrei's collection and CUTE
"""
