"""A transform of one's own: one short class, registered, then judged by the laws that the library's own maps obey."""

import numpy as np

import densities as dn


@dn.transforms.register("algebraic", examples=[{}], source="y = x/√(1 + x²)")
class Algebraic(dn.Bijection):
    """y = x/√(1 + x²), from the real line onto (-1, 1)."""

    domain, codomain = dn.Real(), dn.Interval(-1, 1)

    def forward_and_log_det(self, x):
        root = np.hypot(1.0, x)
        return x / root, -3 * np.log(root)

    def inverse_and_log_det(self, y):
        rest = (1 - y) * (1 + y)
        return y / np.sqrt(rest), -1.5 * np.log(rest)


class Mistaken(Algebraic):
    """The same map with the log-determinant of another one: -2 log √(1 + x²)."""

    def forward_and_log_det(self, x):
        y, log_det = super().forward_and_log_det(x)
        return y, log_det * 2 / 3


print(dn.check_transform(Algebraic()))
report = dn.check_transform(Mistaken())
print("\nthe mistaken one:")
for finding in report.broken:
    print(f"  {finding.law}: {finding.text}")

# From now on the name works in texts, and the law of the image knows everything that laws know.
Y = dn.parse("normal(0, 1) >> algebraic")
print(f"\n{Y}: P(Y > 0.9) = {Y.sf(0.9):.6g}, variance {Y.var():.6g}")

# Without an inverse, or without a class at all, both are found numerically.
Z = dn.push(dn.Normal(0, 1), lambda x: x + np.tanh(x))
print(f"{Z}: median {Z.median():.6g}, P(Z > 3) = {Z.sf(3.0):.6g}, D(Z‖normal(0, 2)) = {dn.kl(Z, dn.Normal(0, 2))}")
