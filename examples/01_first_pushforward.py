"""A first pushforward: the law of exp(0.8 X + 0.5) for a normal X, used like any other law."""

import numpy as np

import densities as dn

X = dn.Normal(loc=0, scale=1)
Y = np.exp(0.8 * X + 0.5)  # NumPy arithmetic pushes forward ...
assert Y.same_as(X >> dn.Affine(0.5, 0.8) >> dn.Exp())  # ... and so does >>, left to right

print(f"X = {X}")
print(f"Y = {Y}")
print(f"  = {Y.simplify()} by its shortest name\n")

print(f"{'y':>6} {'density':>12} {'P(Y <= y)':>12} {'P(Y > y)':>12}")
for y in (0.1, 1.0, 2.0, 10.0, 1000.0):
    print(f"{y:>6g} {Y.pdf(y):>12.5g} {Y.cdf(y):>12.5g} {Y.sf(y):>12.5g}")

print(f"\nmean {Y.mean():.6g}, median {Y.median():.6g}, mode {Y.mode():.6g}, entropy {Y.entropy():.6g} nats")
print(f"the point exceeded with probability 1e-300: {Y.isf(1e-300):.6g}")
print(f"three draws: {Y.rvs(3, rng=0).round(3)}")
print(f"LaTeX: {Y.simplify().latex()}")
