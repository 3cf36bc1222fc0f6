"""Programs: what is traced gives the bits of the formula itself, whatever the blocks, the threads and the points."""

import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import densities as dn
from densities import arrays
from densities.arrays import in_blocks, in_parts, quiet, threads_for
from densities.distributions.base import Univariate
from densities.distributions.base import registry as families
from densities.transforms.base import Bijection, Transform
from densities.transforms.base import registry as maps
from densities.transforms.program import LARGE, Left, Program, Programs, Symbol, holds, trace

CHAINS = {
    "log1p": "normal(0, 1) >> affine(loc=0.5, scale=0.8) >> exp >> log1p",
    "sinh_arcsinh": "normal(0, 1) >> affine(0.5, 0.8) >> exp >> log1p >> sinh_arcsinh(0.5, 1.25)",
    "sigmoid": "normal(0, 1) >> affine(0.5, 0.8) >> softplus >> power(1.5) >> sigmoid",
}
SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 5e-324, -5e-324, 1e-310, 1e-300, 1e300, -1e300, 745.0, 1.7e308]
)
ODD = np.concatenate([SPECIAL, [np.inf, -np.inf, np.nan]])
METHODS = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")


class Never(Programs):
    """No formula has a program: the eager way."""

    def ready(self, name, formula, x, *, at_once=False):
        return None


def eager(law):
    """The same law, never traced."""
    twin = pickle.loads(pickle.dumps(law))
    twin.__dict__["_programs"] = Never()
    return twin


def same_bits(a, b):
    """Equal bit for bit, but for the payload of a NaN."""
    a, b = np.asarray(a), np.asarray(b)
    kind = {4: np.uint32, 8: np.uint64}[a.dtype.itemsize]
    return a.dtype == b.dtype and np.all((a.view(kind) == b.view(kind)) | (np.isnan(a) & np.isnan(b)))


def assert_same(law, methods=METHODS, points=None):
    """Three calls of each method, of which the last runs by its program, against the eager ones."""
    plain = eager(law)
    q = np.concatenate([np.linspace(0.001, 0.999, 101), [1e-300, 1e-20, 1 - 1e-16, 0.0, 1.0, np.nan, -0.1, 1.1]])
    tame = plain.ppf(q[:101]) if points is None else points
    for x in (tame, ODD):
        for method in methods:
            truth = getattr(plain, method)(x)
            for _ in range(3):
                assert same_bits(getattr(law, method)(x), truth), (str(law), method)
    for method in ("ppf", "isf"):
        truth = getattr(plain, method)(q)
        for _ in range(3):
            assert same_bits(getattr(law, method)(q), truth), (str(law), method)
    for _ in range(3):
        assert same_bits(law.rvs(50, rng=1), plain.rvs(50, rng=1)), str(law)


def laws():
    """One scalar law of each family on the line that has a density."""
    for entry in families:
        law = next(iter(entry.instances()), None)
        if isinstance(law, Univariate) and not law.batch_shape and law.measure == "lebesgue":
            yield entry.name, law


def examples():
    """Every example of every map of the line, without batches."""
    for entry in maps:
        for i, transform in enumerate(entry.instances()):
            if isinstance(transform, Transform) and not transform.batch_shape and transform.event_ndim == 0:
                yield f"{entry.name} {i}", transform


LAWS, MAPS = dict(laws()), dict(examples())


# Their quantiles are solved for.
SOLVED = {"von_mises", "rice", "noncentral_chi_squared", "alpha", "folded_cauchy", "folded_normal", "lindley"}
SOLVED |= {"skew_normal", "half_student_t", "reciprocal_inverse_gaussian", "kappa4"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SOLVED)) for n in LAWS])
def test_every_family_by_its_programs(name):
    assert_same(LAWS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_every_family_through_a_chain(name):
    assert_same(LAWS[name] >> dn.Affine(0.3, -1.7) >> dn.parse("asinh"))


@pytest.mark.parametrize("name", MAPS)
def test_every_map_of_large_arrays(name):
    transform = MAPS[name]
    domain = transform.domain
    x = np.linspace(-9.7, 9.3, LARGE)
    x = x[np.asarray(domain.contains(x))] if hasattr(domain, "contains") else x
    x = x[x != 0] if len(x) > 2 else np.linspace(value_of(domain.low), value_of(domain.high), 103)[1:-1]
    x = np.resize(x, LARGE)
    with quiet():
        truth = np.asarray(transform.forward(x))
    assert same_bits(transform(x), truth)


def value_of(end):
    return float(np.clip(np.asarray(end, dtype=float), -50.0, 50.0))


def bijections():
    for name, transform in MAPS.items():
        if isinstance(transform, Bijection):
            yield pytest.param(name, marks=[pytest.mark.slow] * (not name.endswith(" 0")))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(bijections()))
def test_every_bijection_as_a_step(name):
    transform = MAPS[name]
    base = dn.Uniform(0.2, 0.8) if transform.domain.contains(0.5) else dn.Uniform(1.2, 1.8)
    if name.startswith(("ppf", "cdf")):
        pytest.skip("takes a law")
    assert_same(base >> dn.Scale(0.999) >> transform)


# --- blocks, threads, shapes, kinds


@pytest.fixture(params=CHAINS)
def law(request):
    return dn.parse(CHAINS[request.param])


@pytest.mark.parametrize(("size", "n"), [(1, 40), (2, 101), (3, 101), (64, 1001), (1000, 4001)])
def test_blocks_of_any_size(law, size, n, monkeypatch):
    y, q = law.rvs(n, rng=0), np.random.default_rng(1).random(n)
    plain = eager(law)
    truth = {method: getattr(plain, method)(y) for method in METHODS} | {"ppf": plain.ppf(q)}
    draws = plain.rvs(n, rng=3)
    monkeypatch.setattr(arrays, "BLOCK", size)
    for _ in range(2):
        for method, expected in truth.items():
            assert same_bits(getattr(law, method)(q if method == "ppf" else y), expected), method
        assert same_bits(law.rvs(n, rng=3), draws)


def test_draws_of_a_law_that_fails_in_another_thread_are_refused(monkeypatch):
    monkeypatch.setattr(arrays, "threads_for", lambda size: 2)

    def draw(generator, count):
        if count < arrays.PART:
            raise ZeroDivisionError
        return generator.random(count)

    for parts in (3, 20):
        with pytest.raises(ZeroDivisionError):
            in_parts(draw, (parts * arrays.PART + 1,), np.random.default_rng(0))
    whole = in_parts(draw, (4, arrays.PART), np.random.default_rng(0))
    monkeypatch.setattr(arrays, "threads_for", lambda size: 1)
    assert same_bits(in_parts(draw, (4, arrays.PART), np.random.default_rng(0)), whole)
    assert abs(whole.mean() - 0.5) < 4 / np.sqrt(12 * whole.size)
    assert len(np.unique(whole)) == whole.size  # no two parts are the same


@pytest.mark.parametrize(
    "text",
    [
        "multivariate_normal([0, 1], [[1, 0.5], [0.5, 2]]) >> exp",
        "multivariate_t(4, [0, 1], [[1, 0.5], [0.5, 2]])",
        "product([normal(0, 1), uniform(0, 2)])",
        "gamma(2.5) >> log",
        "log_normal(0, 300) >> log",
    ],
)
def test_draws_are_the_same_for_any_number_of_threads(text, monkeypatch):
    law, found = dn.parse(text), []
    for threads in (1, 2, 3):
        monkeypatch.setattr(arrays, "threads_for", lambda size, threads=threads: threads)
        found.append(law.rvs(150_001, rng=5))
    assert np.isfinite(found[0]).all()
    assert same_bits(found[0], found[1]) and same_bits(found[0], found[2])
    assert law.shared_draws or law.base.shared_draws
    np.testing.assert_array_less(np.abs(found[0].mean(axis=0) - law.mean()), 6 * law.std() / np.sqrt(150_001))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads(law, threads, monkeypatch):
    monkeypatch.setattr(arrays, "threads_for", lambda size: threads)
    y, q = law.rvs(200_001, rng=0), np.random.default_rng(1).random(200_001)
    plain = eager(law)
    for method in ("logpdf", "cdf"):
        assert same_bits(getattr(law, method)(y), getattr(plain, method)(y))
    assert same_bits(law.ppf(q), plain.ppf(q))
    assert same_bits(law.rvs(200_001, rng=5), plain.rvs(200_001, rng=5))


def test_blocks_with_odd_points_among_tame_ones(law):
    y = law.rvs(100_000, rng=0)
    y[::9973] = np.resize(ODD, len(y[::9973]))
    for method in ("logpdf", "pdf", "cdf", "logsf"):
        assert same_bits(getattr(law, method)(y), getattr(eager(law), method)(y)), method


def test_single_precision_stays_single(law):
    y = law.rvs(70_000, rng=0).astype(np.float32)
    for x in (y[:100], y):
        for _ in range(3):
            found = law.logpdf(x)
            assert found.dtype == np.float32
            assert same_bits(found, eager(law).logpdf(x))
    np.testing.assert_allclose(law.logpdf(y[:100]), law.logpdf(y[:100].astype(float)), rtol=2e-3, atol=2e-3)


def test_shapes_and_strides(law):
    y = law.rvs((30, 20), rng=0)
    truth = eager(law).logpdf(y)
    for _ in range(3):
        assert same_bits(law.logpdf(y), truth)
        assert same_bits(law.logpdf(y.T), truth.T)
        assert same_bits(law.logpdf(y[::3, ::-2]), truth[::3, ::-2])
    assert law.logpdf(np.empty((0, 3))).shape == (0, 3)
    scalars = [law.logpdf(float(y[0, 0])), law.logpdf(y[0, 0]), law.logpdf(np.asarray(y[0, 0]))]
    assert [type(s) for s in scalars] == [float, float, np.float64]
    assert all(s == truth[0, 0] for s in scalars)


def test_the_data_are_left_alone(law):
    y = law.rvs(1000, rng=0)
    kept = y.copy()
    y.flags.writeable = False
    results = [law.logpdf(y) for _ in range(4)]
    assert np.array_equal(y, kept)
    assert len({id(r) for r in results}) == 4
    assert all(same_bits(r, results[0]) for r in results)


def test_calls_from_several_threads_at_once(law):
    pieces = [law.rvs(size, rng=size) for size in (10, 1000, 1000, 1000, 3000, 20_000)] * 20
    truths = [eager(law).logpdf(piece) for piece in pieces]
    with ThreadPoolExecutor(4) as pool:
        for found, truth in zip(pool.map(law.logpdf, pieces), truths, strict=True):
            assert same_bits(found, truth)


# --- when there is a program, and when not


def test_traced_at_the_second_call_or_the_first_large_one():
    y = dn.Normal().rvs(100, rng=0)
    law = dn.Normal(0.5, 2.0)
    key = "raw_logpdf", np.dtype(float)
    law.logpdf(y)
    assert law.programs == {key: 1}
    law.logpdf(y)
    assert isinstance(law.programs[key], Program)
    other = dn.Normal(0.5, 2.0)
    other.logpdf(np.resize(y, LARGE))
    assert isinstance(other.programs[key], Program)


def test_copies_find_their_own_programs():
    law = dn.parse(CHAINS["log1p"])
    law.logpdf(law.rvs(LARGE, rng=0))
    assert law.programs
    for twin in (pickle.loads(pickle.dumps(law)), copy.deepcopy(law)):
        assert not twin.programs
        assert twin.same_as(law)
        assert twin.logpdf(1.25) == law.logpdf(1.25)


def test_values_used_twice_are_computed_once_and_unused_ones_never():
    law = dn.parse(CHAINS["log1p"])
    y = law.rvs(LARGE, rng=0)
    law.logpdf(y), law.cdf(y)
    names = {
        name: [getattr(function, "__name__", "") for function in program.functions]
        for (name, _), program in law.programs.items()
        if program
    }
    assert names["raw_logpdf"].count("log") == names["raw_logpdf"].count("expm1") == 1
    assert names["raw_cdf"].count("negative") == 0


def test_a_batch_is_never_traced():
    law = dn.Normal([0.0, 1.0], 1.0) >> dn.Exp()
    for _ in range(3):
        law.logpdf(np.ones((5, 2)))
    assert not law.programs


class Bent(Bijection):
    """y = x for arrays without a negative number, y = x too where there is one: by a branch that no trace can follow."""

    def forward_and_log_det(self, x):
        return x * 1.0, 0.0 * x

    def inverse_and_log_det(self, y):
        if y.min() < 0:
            return y * 1.0, 0.0 * y
        return y * 1.0, 0.0 * y


def test_a_branch_on_data_is_one_step():
    law = dn.Normal() >> dn.Scale(2.0) >> Bent()
    y = np.linspace(-3.0, 3.0, 100)
    truth = -(y**2) / 8 - np.log(2 * np.sqrt(2 * np.pi))
    for _ in range(3):
        np.testing.assert_allclose(law.logpdf(y), truth, rtol=1e-14)
    assert any(isinstance(program, Program) for program in law.programs.values())


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x + 1.0 if x.sum() > 0 else x,
        lambda x: np.where(x > 0, x, -x) if np.any(x > 0) else x,
        lambda x: np.cumsum(x),
        lambda x: x[::-1],
        lambda x: np.asarray(x) * 2.0,
        lambda x: np.array([float(v) for v in x]),
        lambda x: x * np.arange(3.0),
        lambda x: np.sort(x),
        lambda x: np.add.accumulate(x),
        lambda x: np.float64(3.0),
        lambda x: x,
        lambda x: [v for v in x],
        lambda x: np.full(np.shape(x), 2.0),
        lambda x: -x if x else x,
    ],
)
def test_what_cannot_be_traced_has_no_program(formula):
    assert trace(formula, np.array([1.0, 2.0, 3.0])) is None


def test_an_assignment_in_place_is_not_taken_for_a_formula():
    def formula(x):
        y = np.exp(x)
        z = y
        z += 1.0
        return y * z

    assert trace(formula, np.array([1.0, 2.0, 3.0])) is None


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x**2 + x**0.5 + x**-1 + x**1.7 + 2.0**x,
        lambda x: np.where((x > 0.5) & ~(x >= 3), -x, abs(x)) % 0.7,
        lambda x: 1.0 - (3 - x) / (2 * x) // 0.3,
        lambda x: np.clip(np.maximum(x, 0.5), 0.1, 2.5)[()] - np.float64(0.1),
        lambda x: np.exp(x) * np.exp(x) - np.exp(x),
        lambda x: (x - np.asarray(0.25)) ** np.sqrt(x),
        lambda x: np.isneginf(np.log(x)) * 1.0 + dn.logmath.log1mexp(-x),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_operators_and_functions(formula, dtype):
    x = np.random.default_rng(0).uniform(0.1, 3.0, 1000).astype(dtype)
    program = trace(formula, x[:3])
    with quiet():
        assert same_bits(program(x), formula(x))


@pytest.mark.parametrize("name", [name for name, t in MAPS.items() if isinstance(t, Bijection)])
def test_a_pair_of_results_is_that_of_the_formula(name):
    """Values and log-determinants, arrays or numbers, some of them the data themselves or one another."""
    transform = MAPS[name]
    x = transform.domain.interior_point() + np.linspace(-0.3, 0.3, 1000)
    x = x[np.asarray(transform.domain.interior_contains(x))]
    programs = Programs()
    with quiet():
        truth = transform.forward_and_log_det(x)
        for _ in range(3):
            found = programs.run("both", transform.forward_and_log_det, x)
            for a, b in zip(found, truth, strict=True):
                assert type(a) is type(b)
                assert same_bits(a, b) if type(a) is np.ndarray else np.all(a == b)


def test_a_check_that_fails_leaves_the_program():
    def small(x):
        return bool(np.max(x) < 10.0)

    def formula(x):
        y = np.square(x)
        return y + 1.0 if holds(small, y) else y - 1.0

    program = trace(formula, np.array([0.5, 1.0]))
    with quiet():
        assert same_bits(program(np.array([2.0])), np.array([5.0]))
        with pytest.raises(Left):
            program(np.array([1.0, 4.0]))
    with pytest.raises(Left):
        trace(formula, np.array([4.0]))
    programs = Programs()
    for _ in range(3):
        assert same_bits(programs.run("f", formula, np.array([4.0, 0.5])), np.array([15.0, -0.75]))
        assert same_bits(programs.run("f", formula, np.array([2.0, 0.5])), np.array([5.0, 1.25]))


def test_a_formula_whose_samples_always_leave_is_left_alone():
    programs = Programs()
    for _ in range(9):
        programs.run("f", lambda x: x * 2.0 if holds(lambda y: False, x) else x + 1.0, np.array([1.0]))
    assert programs == {("f", np.dtype(float)): None}


def test_symbols_are_of_the_kind_of_the_points():
    kinds = []
    trace(lambda x: kinds.append((type(x), x.dtype)) or x * 2.0, np.ones(3, np.float32))
    assert kinds[0] == (Symbol, np.dtype(np.float32))


# --- blocks and the quiet state themselves


def test_a_failure_in_another_thread_is_raised(monkeypatch):
    monkeypatch.setattr(arrays, "threads_for", lambda size: 2)

    def function(block):
        if block[0] > 0:
            raise ZeroDivisionError
        return block

    with pytest.raises(ZeroDivisionError):
        in_blocks(function, np.repeat([0.0, 1.0], 100_000), lambda: True)


def test_small_arrays_take_one_thread():
    assert threads_for(100_000) == 1
    assert 1 <= threads_for(10**9) <= arrays.MOST_THREADS


def test_quiet_hides_warnings_and_gives_the_old_state_back():
    with np.errstate(divide="raise"):
        with quiet():
            np.log(0.0), np.exp(1e4), np.sqrt(-1.0)
            with quiet():
                np.log(0.0)
            np.log(0.0)
        with pytest.raises(FloatingPointError):
            np.log(0.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.log(np.zeros(1))
    assert len(caught) == 1
