"""Every registered map obeys every law of a map; so do chains, functions, and maps of vectors."""

import numpy as np
import pytest

from densities import transforms as maps
from densities.domains import Interval
from densities.errors import ParameterError, ValidationError
from densities.validation import Verdict, check_transform

MAPS = [(entry.name, i) for entry in maps.registry for i, _ in enumerate(entry.instances())]
# One of each kind: lines, ends, kinks, infinite slopes, atoms, splines, parameters, vectors. The others are slow tests.
SAMPLE = {"affine", "exp", "log", "sigmoid", "tanh", "sqrt", "cbrt", "box_cox", "leaky_relu", "clip", "floor", "sign"}
SAMPLE |= {"monotone_hermite_spline", "softplus", "sinh_arcsinh", "weibull_cdf"}
SAMPLE |= {"matrix_affine", "triangular_affine", "banana"}


def instance(name, i):
    return list(maps.registry.get(name).instances())[i]


@pytest.mark.parametrize(
    ("name", "i"),
    [pytest.param(n, i, id=f"{n}-{i}", marks=[pytest.mark.slow] * (i > 0 or n not in SAMPLE)) for n, i in MAPS],
)
def test_registered_maps_obey_the_laws(name, i):
    check_transform(instance(name, i)).require()


CHAINS = {
    "affine, exp": maps.compose(maps.Affine(0.5, 0.8), maps.Exp()),
    "exp, log1p": maps.compose(maps.Exp(), maps.Log1p()),
    "decreasing": maps.compose(maps.Affine(1, -2), maps.Sigmoid()),
    "tanh, softplus": maps.compose(maps.Tanh(), maps.Softplus()),
    "inverse of a chain": maps.compose(maps.Affine(1, 2), maps.Tanh()).inv,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAINS)
def test_chains_obey_the_laws(name):
    check_transform(CHAINS[name]).require()


def ripple(x):
    return x + np.tanh(x)


@pytest.mark.slow
@pytest.mark.parametrize(
    "t",
    [
        maps.FunctionTransform(ripple),
        maps.FunctionTransform(np.exp, inverse=np.log, derivative=np.exp, codomain=Interval(0, np.inf)),
        maps.FunctionTransform(lambda x: 1 / x, domain=Interval(0, np.inf)),
    ],
    ids=["ripple", "exp", "decreasing"],
)
def test_functions_obey_the_laws(t):
    check_transform(t).require()


class Softer(maps.Bijection):
    """y = x/√(1 + x²), without a formula for the inverse."""

    codomain = Interval(-1.0, 1.0)

    def forward_and_log_det(self, x):
        root = np.hypot(1.0, x)
        return x / root, -3.0 * np.log(root)

    def forward(self, x):
        return x / np.hypot(1.0, x)


@pytest.mark.slow
def test_a_user_s_map_without_an_inverse_obeys_the_laws():
    check_transform(Softer()).require()


def test_maps_of_vectors_obey_the_laws():
    report = check_transform(maps.Independent(maps.Softplus())).require()
    assert len(report.findings) == 8


def test_reports_print_export_and_judge():
    report = check_transform(maps.Exp())
    assert report.ok and report.require() is report
    assert "round trip x -> y -> x" in str(report) and str(report).startswith("exp\n")
    assert report.to_dict()["ok"] is True
    assert len(report.to_dict()["findings"]) == len(report.findings)
    assert report.table().row_count == len(report.findings)
    assert all(finding.verdict in Verdict for finding in report.findings)


def test_broken_reports_raise_with_the_report():
    class Wrong(maps.Bijection):
        def forward_and_log_det(self, x):
            return x * 2.0, 0.0

        def inverse_and_log_det(self, y):
            return y / 2.0, 0.0

    with pytest.raises(ValidationError, match="numeric derivative") as caught:
        check_transform(Wrong()).require()
    assert not caught.value.report.ok


def test_other_objects_are_refused():
    with pytest.raises(ParameterError, match="transform: expected a Transform"):
        check_transform(np.exp)
