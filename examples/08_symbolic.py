"""Maps from a formula: what is derived from it, the density as an expression, and the change of variables written out."""

import numpy as np
import sympy

import densities as dn

X = dn.Normal(0, 1)

print(f"{'formula':<14} {'critical points':<18} {'image':<24} inverses")
for text in ("x**2 - 1", "x**3 - 3*x", "x + 1/x", "x*exp(x)", "max(x, 0)", "tanh(x) + x"):
    g = dn.Symbolic(text)
    points = ", ".join(f"{c:.4g}" for c in g.critical_points) or "none"
    inverses = ", ".join("numeric" if inverse is None else str(inverse) for inverse in g.inverse_exprs)
    print(f"{text:<14} {points:<18} {g.codomain!s:<24} {inverses}")

Y = X >> dn.Symbolic("x**3 - 3*x")
print(f"\nY = X³ - 3X: pdf(1) = {Y.pdf(1.0):.12g}, cdf(1) = {Y.cdf(1.0):.12g}, isf(1e-12) = {Y.isf(1e-12):.12g}")
print(f"next to the critical value -2 the density grows like 1/√(y + 2): {Y.pdf(-2 + np.array([1e-4, 1e-8, 1e-12]))}")
print(
    "KL through a one-to-one formula does not change:",
    dn.kl(X >> dn.Symbolic("x**3 + x"), dn.Normal(1, 2) >> dn.Symbolic("x**3 + x")),
)

Z = X**2
print("\nthe density of X² as an expression:", Z.density_expr())
y = sympy.Symbol("y", real=True)
print("its mean, by SymPy:", sympy.simplify(sympy.integrate(y * Z.density_expr().args[0][0], (y, 0, sympy.oo))))

print("\nthe change of variables, at y = 2:")
print(dn.explain(np.exp(0.8 * X + 0.5), 2.0))
