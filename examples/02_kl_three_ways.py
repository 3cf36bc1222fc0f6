"""One divergence by closed form, quadrature and Monte Carlo, then judged as a whole; and two that are infinite."""

import numpy as np

import densities as dn

p = np.exp(0.8 * dn.Normal(0, 1) + 0.5)
q = dn.Gamma(shape=2, scale=1)

print("D(p‖q) in nats")
for method in ("closed", "quadrature", "montecarlo"):
    print(f"  {dn.kl(p, q, method=method, n=2**16, rng=0)}")
print("\nhow the method is chosen")
print(dn.plan(p, q))

print("\nall of it at once, with laws checked apart from the log-ratio")
print(dn.validate(p, q, rng=0).require())

print("\na number of one's own, with a digit wrong")
claimed = dn.validate(p, q, claimed=0.0757, rng=0)
print(claimed.verdict, "-", claimed.reason)

print("\nno finite number for an infinite divergence")
print(" ", dn.kl(dn.Cauchy(), dn.Normal()))
print(" ", dn.kl(dn.Normal(), dn.Uniform(-5, 5)))
