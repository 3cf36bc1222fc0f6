"""A batch answers what its members answer, each made by itself of scalar parameters, or it is refused as they are."""

import numpy as np
import pytest

import densities as dn
from densities.errors import ParameterError, SupportError, UnsupportedOperationError
from densities.transforms import registry as maps

# Bases whose members meet the pieces of a map differently: across 0, on one side of it, rising and falling, near and far.
BASES = {
    "across": (dn.Uniform, {"low": [-1.0, 0.25, -0.5], "high": [2.5, 0.75, 0.5]}),
    "inside": (dn.Uniform, {"low": [0.1, 0.25, 0.0], "high": [1.0, 0.75, 0.5]}),
    "apart": (dn.Normal, {"loc": [0.0, 1.0, -3.0], "scale": [1.0, 2.0, 0.5]}),
    "turned": (
        lambda scale, loc, factor: dn.Exponential(scale) >> dn.Affine(loc, factor),
        {"scale": [1.0, 2.0, 0.1], "loc": [1.0, -2.0, 0.7], "factor": [1.0, -2.0, 0.5]},
    ),
}
ENDLESS = {"sin", "cos", "tan"}
LEVELS = np.array([0.0, 1e-20, 0.6, 1.0])


def scalar_examples(entry):
    """The parameters of the examples that are numbers, side by side for three members; None for other maps."""
    given = [dict(example) for example in entry.examples]
    given = [one for one in given if not any(np.ndim(x) or isinstance(x, (list, tuple)) for x in one.values())]
    if not given or entry.factory(**given[0]).event_ndim:
        return None
    full = [entry.factory(**one).params for one in given]
    return {name: [full[i % len(full)][name] for i in range(3)] for name in full[0]}


def members_of(make, parameters):
    """What make(i, of) gives for each member, of(parameters) being those of the member."""
    return [make(**{name: values[i] for name, values in parameters.items()}) for i in range(3)]


def as_arrays(parameters):
    return {name: np.array(values, dtype=float) for name, values in parameters.items()}


def check(batch, members, methods=("logpdf", "pmf", "cdf", "sf", "logcdf", "logsf")):
    """Points at quantiles of every member, beside them and outside of all supports; quantiles; masses of intervals."""
    y = np.unique(np.concatenate([[-1e300, 0.0, 0.3, 1.0, 1e300], *(one.ppf(LEVELS) for one in members)]))
    y = np.append(y, np.nan)
    for name in methods:
        expected = np.stack([getattr(one, name)(y) for one in members], axis=-1)
        np.testing.assert_allclose(getattr(batch, name)(y[:, None]), expected, rtol=1e-11, err_msg=name)
    for name in ("ppf", "isf"):
        expected = np.stack([getattr(one, name)(LEVELS) for one in members], axis=-1)
        np.testing.assert_allclose(getattr(batch, name)(LEVELS[:, None]), expected, rtol=1e-11, err_msg=name)
    a, b = (y[np.isfinite(y)][part] for part in (slice(None, -1), slice(1, None)))
    expected = np.stack([one.prob(a, b) for one in members], axis=-1)
    np.testing.assert_allclose(batch.prob(a[:, None], b[:, None]), expected, rtol=1e-10, atol=1e-300)
    assert batch.rvs(2, rng=0).shape == (2, 3)


WALKED = [entry for entry in maps if scalar_examples(entry) is not None]
# Maps that fold, cut, round, or end: their members differ in kind.
TELLING = {"abs", "affine", "cbrt", "clip", "erf", "floor", "log", "power", "reciprocal", "sign", "sin", "square"}
CASES = [
    pytest.param(
        entry,
        base,
        id=f"{entry.name}-{base}",
        marks=() if entry.name in TELLING and base in ("across", "turned") else pytest.mark.slow,
    )
    for entry in WALKED
    for base in BASES
    if not (entry.name in ENDLESS and base in ("apart", "turned"))
    if entry.name in TELLING or base == "across"
]


@pytest.mark.parametrize(("entry", "base"), CASES)
def test_every_map_of_a_batch(entry, base):
    make, parameters = BASES[base]
    law, examples = make(**as_arrays(parameters)), scalar_examples(entry)
    try:
        step = entry.factory(**as_arrays(examples))
    except ParameterError:  # a map whose parameters are no batch, or none of such different ones
        examples = {name: values[:1] * 3 for name, values in examples.items()}
        step = entry.factory(**{name: values[0] for name, values in examples.items()})
    steps = members_of(entry.factory, examples)
    try:
        members = [one >> its for one, its in zip(members_of(make, parameters), steps, strict=True)]
    except SupportError:
        with pytest.raises(SupportError):
            law >> step
        return
    check(law >> step, members)


def turned(scale, loc, factor):
    return BASES["turned"][0](scale, loc, factor)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda **given: dn.order_statistic(abs(turned(**given)), 2, 3), BASES["turned"][1]),
        (lambda high: dn.Uniform(0.0, high) >> dn.Logit(), {"high": [1.0, 0.5, 0.9]}),
        (lambda c: dn.GeneralizedExtremeValue(c, 1.0, 2.0), {"c": [0.4, -0.4, 0.0]}),
        (lambda shape: dn.Weibull(shape), {"shape": [1.0, 0.1, 30.0]}),
    ],
    ids=["ranks of folded laws", "an end where the map is 0", "ends of either side", "narrow masses of a family"],
)
def test_other_batches_are_their_members(make, parameters):
    check(make(**as_arrays(parameters)), members_of(make, parameters))


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (turned, lambda loc, **_: dn.Normal(loc)),
        (lambda scale, **_: abs(dn.Uniform(-scale, 2.0)), lambda scale, **_: dn.Uniform(0.0, 2.0)),
        (lambda loc, **_: dn.Clip(0.0, 1.0)(dn.Normal(loc)), lambda **_: dn.Clip(0.0, 1.0)(dn.Normal(0.0))),
    ],
    ids=["rising and falling", "folded", "with atoms"],
)
def test_divergences_of_batches(p, q):
    parameters = BASES["turned"][1]
    both = [members_of(make, parameters) for make in (p, q)]
    expected = [dn.kl(one, other).value for one, other in zip(*both, strict=True)]
    found = dn.kl(p(**as_arrays(parameters)), q(**as_arrays(parameters))).value
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_members_differ_in_kind():
    batch = dn.Clip(0.0, 1.0)(dn.Uniform(np.array([-1.0, 0.2]), np.array([2.0, 0.8])))
    assert batch.measure == "mixed" and str(batch) == "<laws of batch shape (2,)>"
    np.testing.assert_array_equal(batch.pmf(1.0), [1 / 3, 0.0])
    np.testing.assert_allclose(batch.mean(), [0.5, 0.5], rtol=1e-12)
    assert batch.member((1,), (2,)).measure == "lebesgue"
    assert batch.same_as(batch.member((np.arange(2),), (2,))) and not batch.same_as(-batch)
    with pytest.raises(UnsupportedOperationError, match="different point masses"):
        _ = batch.atoms
    with pytest.raises(ParameterError, match="exactly one"):
        batch.ppf()
    with pytest.raises(SupportError, match=r"P\(X = 0\)"):
        dn.DiscreteUniform(np.array([-3, 1]), 6) >> dn.Reciprocal()
