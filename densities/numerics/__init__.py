"""Quadrature, sampling and differentiation for callables and arrays; these modules know no law and no map.

quadrature, kronrod, panels   integrals on the line: double exponential, adaptive Gauss-Kronrod, tame ones at once
cubature, sums              integrals over boxes of two or three dimensions; sums over integers
exponents                   whether an integral converges toward an end: the rule for tails
roots, newton, polynomials  monotone functions; real roots of polynomials in exact arithmetic
jacobian                    derivatives of functions that come without one
montecarlo                  means by draws in chunks, with the same bits for any number of workers:
nets, strata, streams       its random numbers: Sobol nets, stratified points, NumPy's draws
tally, controls, checkpoints   what chunks leave behind; control variates; runs that survive
pareto_tail                 how heavy the tail of a sample is
cholesky, doubled, inverses, substitution   matrices that doubles cannot resolve
"""
