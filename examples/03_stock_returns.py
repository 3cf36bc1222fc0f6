"""Daily prices that ship with matplotlib: are log-returns normal, or of Student's t? Fits by SciPy, KL by every method."""

import numpy as np
import scipy.stats
from matplotlib import cbook

import densities as dn

with cbook.get_sample_data("goog.npz") as file:
    price = file["price_data"]["adj_close"].astype(float)
returns = np.diff(np.log(price))
print(f"{len(returns)} daily log-returns of GOOG, mean {returns.mean():.2e}, standard deviation {returns.std():.2e}\n")

# SciPy fits by maximum likelihood; its frozen laws are taken wherever a distribution is.
student = dn.as_distribution(scipy.stats.t(*scipy.stats.t.fit(returns)))
normal = dn.as_distribution(scipy.stats.norm(*scipy.stats.norm.fit(returns)))
kernels = dn.as_distribution(scipy.stats.gaussian_kde(returns, bw_method=0.25))

print(f"{'law':<57} {'log-likelihood':>14} {'P(fall > 8 %)':>14} {'D(kernels‖law)':>15}")
for law in (student, normal):
    name = f"{law.name}({', '.join(f'{key}={value:.4g}' for key, value in law.params.items())})"
    fall, distance = law.cdf(np.log(0.92)), dn.kl(kernels, law)
    print(f"{name:<57} {law.loglik(returns):>14.2f} {fall:>14.2e} {float(distance):>15.5f}")
print(f"{'observed':<72} {np.mean(returns < np.log(0.92)):>14.2e}\n")

print("What is lost, in nats a day, by taking the normal law where Student's is true:")
print(dn.validate(student, normal, rng=0))

# A price is the last one times exp(return): the divergence is the same, the law is another.
tomorrow, naive = price[-1] * np.exp(student), price[-1] * np.exp(normal)
print(f"\nthe same for tomorrow's price: {dn.kl(tomorrow, naive)}")
print(f"{'level':>10} {'student t':>12} {'normal':>12}")
for level in (1e-4, 0.01, 0.5, 0.99, 1 - 1e-4):
    print(f"{level:>10g} {tomorrow.ppf(level):>12.2f} {naive.ppf(level):>12.2f}")
print(f"\nmean price: {tomorrow.mean()} under Student's t (its tails are powers), {naive.mean():.2f} under the normal")
dn.plot.compare(student, normal, labels=("Student's t", "normal")).savefig("03_stock_returns.png")
