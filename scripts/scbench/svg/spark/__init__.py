"""SPARK: score tests of ten spatial kernels in a Poisson log-normal model of the counts."""
