"""The figures: a change of variables, two laws compared, Monte Carlo on its way, and densities side by side."""

import numpy as np

import densities as dn

X = dn.Normal(0, 1)
p, q = np.exp(0.8 * X + 0.5), dn.Gamma(shape=2, scale=1)
figures = {
    "change_of_variables": dn.plot.change_of_variables(X, dn.Exp()),
    "many_to_one": dn.plot.change_of_variables(dn.Normal(0.4, 1), dn.Square()),
    "compare": dn.plot.compare(p, q, labels=("log-normal", "gamma")),
    "convergence": dn.plot.convergence(p, q, rng=0),
    "density": dn.plot.density(X, dn.StudentT(3), dn.Laplace()),
    "transform": dn.plot.transform(dn.SinhArcsinh(skewness=0.5, tailweight=1.2)),
}
for name, figure in figures.items():
    figure.savefig(f"06_{name}.png", dpi=120)
    print(f"06_{name}.png")
