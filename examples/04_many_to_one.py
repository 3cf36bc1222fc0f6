"""Maps that are not one-to-one: squares, poles, waves, and clipping, which makes point masses."""

import numpy as np

import densities as dn

X = dn.Normal(0, 1)
laws = {
    "X²": X**2,
    "|X|": abs(X),
    "1/X": 1 / X,
    "cos(X)": np.cos(X),
    "X⁴ - moved": dn.Normal(1, 0.5) ** 4,
    "1/(1 + C²), C Cauchy": 1 / (1 + dn.Cauchy() ** 2),
}
print(f"{'law':<22} {'at':>5} {'density':>10} {'cdf':>10} {'median':>10} {'mean':>10}  name")
for label, law in laws.items():
    point = 0.5
    row = [law.pdf(point), law.cdf(point), law.median(), law.mean()]
    print(f"{label:<22} {point:>5} " + " ".join(f"{number:>10.5g}" for number in row) + f"  {law.simplify()}")

print("\nthe density of the square at its critical point is its limit:", (X**2).pdf(0.0))
print("that of 1/X at the image of infinity:", (1 / X).pdf(0.0))

clipped = np.clip(X, -1, 2)
places, masses = clipped.atoms
print(
    f"\nclip(X, -1, 2) has point masses {masses.round(6)} at {places}, a density between them, and mean {clipped.mean():.6g}"
)
print(f"P(Y <= -1) = {clipped.cdf(-1.0):.6g}, P(Y < -1) = {clipped.cdf(-1.0) - clipped.pmf(-1.0):.6g}")

print("\nthrough a many-to-one map a divergence can only shrink")
p, q = dn.Normal(0.5, 1), dn.Normal(0, 1)
print(f"  D(p‖q)                {dn.kl(p, q)}")
print(f"  D(p²‖q²)              {dn.kl(p**2, q**2)}")
print(f"  D(exp p‖exp q)        {dn.kl(np.exp(p), np.exp(q))}")
