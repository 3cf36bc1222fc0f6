"""Every divergence of a pair: by closed form where there is one, by quadrature, by draws; and one of your own."""

import numpy as np

import densities as dn

p, q = dn.StudentT(df=5), dn.Normal(loc=0.5, scale=1.2)

print(f"{'p from q':26}{'best method':>24}{'error':>10}{'Monte Carlo':>14}{'error':>10}")
for entry in dn.divergences.registry:
    for example in entry.examples:
        best = dn.divergence(entry.name, p, q, **example)
        drawn = dn.divergence(entry.name, p, q, method="montecarlo", n=2**12, rng=0, **example)
        title = entry.name + "".join(f" of {key} {value:g}" for key, value in example.items())
        print(f"{title:26}{best.value:24.15g}{best.error:10.1g}{drawn.value:14.5g}{drawn.error:10.1g}")

print("\nwhere one is infinite, and why")
print(" ", dn.divergence("chi_squared", p, q))
print(" ", dn.divergence("chi_squared", q, p))


@dn.divergences.register("le_cam", examples=[{}], source="Le Cam (1986)")
class LeCam(dn.divergences.Generator):
    """½∫(p - q)²/(p + q): of p + q a place has the share ½tanh²(t/2), t = log dp/dq."""

    def log_share(self, t):
        return 2.0 * np.log(np.abs(np.tanh(t / 2))) - np.log(2.0)


print("\none of your own")
print(" ", dn.divergence("le_cam", p, q))
print(" ", dn.divergence("triangular", p, q).value / 2, "by the one that is there")
