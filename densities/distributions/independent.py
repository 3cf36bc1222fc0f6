"""Functions of independent variables: sum_of, difference_of, product_of, ratio_of, minimum, maximum, order_statistic.

Each gives the law by name where `identities.pairs` knows it, otherwise a law that is computed: exactly through the tails
of its members (order statistics, extremes, point masses), or by quadrature (sums, products, ratios).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from densities.distributions import latex
from densities.distributions.base import Univariate, registry
from densities.distributions.convolution import Convolution
from densities.distributions.discrete import Delta
from densities.distributions.identities import several, simplest_form  # noqa: F401  (several files identities)
from densities.distributions.identities.moves import Line, spelled
from densities.distributions.identities.pairs import law_of, order_statistic_of
from densities.distributions.listed import Listed, combined, extreme_of
from densities.distributions.mixture import Mixture
from densities.distributions.order import DiscreteOrderStatistic, Extreme, OrderStatistic
from densities.distributions.product_ratio import ProductOf, RatioOf
from densities.distributions.pushforward import Pushforward
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.protocols import as_distribution, is_law, push_forward
from densities.transforms import get

__all__ = ["difference_of", "maximum", "minimum", "order_statistic", "product_of", "ratio_of", "sum_of"]

# The most point masses that make a mixture of shifted or stretched laws.
FEW = 256


@registry.register("sum_of", source="the convolution of the densities")
def sum_of(*laws: Any) -> Any:
    """The law of X + Y + ... for independent variables: f(z) = ∫ f_X(x) f_Y(z - x) dx.

    By name where there is one (normal, gamma, Poisson, ... laws; `identities.pairs`), otherwise by quadrature
    (`Convolution`), to about 1e-12 relative in both tails, AccuracyWarning where not. Laws of point masses are added
    atom by atom; one with at most 256 of them shifts a law with a density. Every further law with a density that has to
    be integrated makes the density a hundred times as slow.
    Raises ShapeError for laws of vectors, and for batches that no identity covers; UnsupportedOperationError for mixed
    laws and for laws of too many point masses.
    """
    members = merged("sum", _scalars("sum_of", laws), _sum_of_two)
    return _combination("sum_of", members, np.add, _shifted, Convolution)


@registry.register("difference_of", source="the convolution of the densities")
def difference_of(first: Any, second: Any) -> Any:
    """The law of X - Y for independent X and Y, as `sum_of(X, -Y)`: exponential - exponential is Laplace.

    Accurate as `sum_of`, and raises what that raises.
    """
    first, second = _scalars("difference_of", (first, second))
    return sum_of(first, push_forward(second, get("scale")(-1.0)))


@registry.register("product_of", source="the convolution of the densities of the logarithms")
def product_of(*laws: Any) -> Any:
    """The law of X·Y·... for independent variables: f(z) = ∫ f_X(x) f_Y(z/x)/|x| dx.

    By name where there is one, otherwise through the sums of the logarithms (`ProductOf`), as accurate as `sum_of`.
    Raises what `sum_of` raises.
    """
    members = merged("product", _scalars("product_of", laws), _product_of_two)
    return _combination("product_of", members, np.multiply, _stretched, ProductOf)


@registry.register("ratio_of", source="the convolution of the densities of the logarithms")
def ratio_of(first: Any, second: Any) -> Any:
    """The law of X/Y for independent X and Y: f(z) = ∫ f_X(z y) f_Y(y) |y| dy.

    By name where there is one (normal/normal is Cauchy, normal/√(χ²/df) Student's t, gamma/gamma a beta prime),
    otherwise through the difference of the logarithms. Raises what `sum_of` raises, and SupportError where Y may be 0.
    """
    first, second = (law.simplify() for law in _scalars("ratio_of", (first, second)))
    if isinstance(second, Delta):
        return push_forward(first, get("scale")(second.params["loc"]).inv).simplify()
    found = _scaled_pair("ratio", first, second)
    if found is not None:
        return found.simplify()
    if "counting" in (first.measure, second.measure):
        return product_of(first, push_forward(second, get("reciprocal")()))
    _refuse_batches("ratio_of", (first, second))
    _refuse_mixed("ratio_of", (first, second))
    return RatioOf(first, second)


@registry.register("minimum", source="David and Nagaraja, Order Statistics, 2.1")
def minimum(law: Any, *others: Any, n: int | None = None) -> Any:
    """The law of the smallest: of n independent copies, minimum(X, n), or of independent laws, minimum(X, Y, ...).

    By name where there is one, otherwise exactly through the tails of the laws. Raises ParameterError for an n that is no
    whole number >= 1, or that stands beside several laws; ShapeError for laws of vectors, UnsupportedOperationError for
    densities and point masses together.
    """
    return _extreme("minimum", law, others, n)


@registry.register("maximum", source="David and Nagaraja, Order Statistics, 2.1")
def maximum(law: Any, *others: Any, n: int | None = None) -> Any:
    """The law of the largest: of n independent copies, maximum(X, n), or of independent laws, maximum(X, Y, ...).

    By name where there is one, otherwise exactly through the tails of the laws. Raises ParameterError for an n that is no
    whole number >= 1, or that stands beside several laws; ShapeError for laws of vectors, UnsupportedOperationError for
    densities and point masses together.
    """
    return _extreme("maximum", law, others, n)


@registry.register("order_statistic", source="David and Nagaraja, Order Statistics, 2.1")
def order_statistic(law: Any, rank: int, n: int) -> Any:
    """The law of the rank-th smallest of n independent copies: F_(r)(x) = I_F(x)(r, n - r + 1), rank = 1 the smallest.

    By name where there is one, otherwise exactly through the tails of the law; a rising map of X maps the order
    statistic of X, a falling one that of the opposite rank. Raises ParameterError unless rank and n are whole numbers
    with 1 <= rank <= n, UnsupportedOperationError for laws with both a density and point masses.
    """
    (law,) = _scalars("order_statistic", (law,))
    n = _whole("order_statistic: n", n, 1, 2**53)
    rank = _whole("order_statistic: rank", rank, 1, n)
    return law.simplify() if n == 1 else _ranked(law, rank, n)


def _ranked(law: Any, rank: int, n: int) -> Any:
    if _monotone(law):
        # By the name of what is mapped rather than that of the image, whose parameters are rounded.
        found = order_statistic_of(law.base, *_through(law, rank, n))
        if found is not None:
            return push_forward(found, law.transform).simplify()
    found = order_statistic_of(law.simplify(), rank, n)
    if found is not None:
        return found
    if _monotone(law):  # the law as it was given: a shorter name may have rounded an end of it
        return push_forward(_ranked(law.base, *_through(law, rank, n)), law.transform).simplify()
    if law.measure == "counting":
        if law.batch_shape:
            raise ShapeError(argument_error("order_statistic", "a law without a batch", law))
        return DiscreteOrderStatistic(law, rank, n)
    _refuse_mixed("order_statistic", (law,))
    return OrderStatistic(law, rank, n)


def _monotone(law: Any) -> bool:
    return isinstance(law, Pushforward) and law._direction is not None and not np.ndim(law._direction)


def _through(law: Pushforward, rank: int, n: int) -> tuple[int, int]:
    """The rank that a monotone map takes to `rank`, and n."""
    return (rank if law._direction else n + 1 - rank), n


def _extreme(operation: str, law: Any, others: Sequence[Any], n: int | None) -> Any:
    if len(others) == 1 and not _is_lawlike(others[0]):
        (n,), others = others, ()
    if others:
        if n is not None:
            raise ParameterError(argument_error(f"{operation}: n", "no n beside several laws", n))
        return _extreme_of_laws(operation, _scalars(operation, (law, *others)))
    if n is None:
        raise ParameterError(argument_error(f"{operation}: n", "a number of copies, or further laws", n))
    n = _whole(f"{operation}: n", n, 1, 2**53)
    return order_statistic(law, 1 if operation == "minimum" else n, n)


def _extreme_of_laws(operation: str, laws: Sequence[Any]) -> Any:
    members = merged(operation, laws, lambda one, other: law_of(operation, one, other))
    if len(members) == 1:
        return members[0]
    _refuse_batches(operation, members)
    kinds = {law.measure for law in members}
    if kinds == {"counting"}:
        return extreme_of(operation, members)
    _refuse_mixed(operation, members, together=True)
    return Extreme(members, largest=operation == "maximum")


# ---- what all of them share ----


def _is_lawlike(candidate: Any) -> bool:
    return is_law(candidate) or not isinstance(candidate, int | float | np.number)


def _scalars(owner: str, laws: Sequence[Any]) -> list[Any]:
    if not laws:
        raise ParameterError(argument_error(owner, "at least one law", laws))
    found = [as_distribution(law) for law in laws]
    for law in found:
        if not isinstance(law, Univariate):
            raise ShapeError(argument_error(owner, "laws on the line (a matrix maps a law of vectors: A @ X)", law))
    return found


def _whole(name: str, given: Any, least: int, most: int) -> int:
    good = isinstance(given, int | float | np.integer | np.floating) and given == np.floor(given)
    if not good or not least <= given <= most:
        raise ParameterError(argument_error(name, f"a whole number from {least} to {most}", given))
    return int(given)


def _refuse_batches(owner: str, laws: Sequence[Any]) -> None:
    for law in laws:
        if law.batch_shape:
            raise ShapeError(
                argument_error(owner, "laws without a batch, where the result has no name; loop over them", law)
            )


def _refuse_mixed(owner: str, laws: Sequence[Any], *, together: bool = False) -> None:
    for law in laws:
        if law.measure != "lebesgue":
            kind = "with point masses among laws with densities" if together else "with both a density and point masses"
            raise UnsupportedOperationError(
                f"{owner}: {law} is a law {kind}; take the mixture over its parts, or draw with rvs"
            )


def merged(operation: str, laws: Sequence[Any], join: Callable[[Any, Any], Any]) -> list[Any]:
    """The laws, simplified, with every pair that has a name in place of its members."""
    waiting, done = [law.simplify() for law in laws], []
    while waiting:
        law, *waiting = waiting
        for other in waiting:
            found = join(law, other)
            if found is not None:
                waiting = [found.simplify(), *(rest for rest in waiting if rest is not other)]
                break
        else:
            done.append(law)
    return done


def without_last_line(law: Any) -> tuple[Any, Line]:
    """(B, line) with X = line(B): the line that is the last of the maps of the law, if there is one."""
    if not isinstance(law, Pushforward):
        return law, Line()
    *inner, last = law.transform.steps
    moves = spelled(last)
    if len(moves) != 1 or moves[0].kind != "line":
        return law, Line()
    return (Pushforward(law.base, _chained(inner)) if inner else law.base), moves[0].args[0]


def _chained(steps: Sequence[Any]) -> Any:
    first, *rest = steps
    for step in rest:
        first = first >> step
    return first


def _sum_of_two(one: Any, other: Any) -> Any:
    """The sum by name: X = c + f·B, X' = c' ± f·B', and a rule for B ± B'."""
    for law, point in ((one, other), (other, one)):
        if isinstance(point, Delta):
            return push_forward(law, get("shift")(point.params["loc"]))
    found = law_of("sum", one, other)
    if found is not None:
        return found
    (first, line), (second, beside) = without_last_line(one), without_last_line(other)
    if (line.is_identity and beside.is_identity) or np.any(np.abs(line.ratio) != np.abs(beside.ratio)):
        return None
    shift = line.shift / line.divisor + beside.shift / beside.divisor
    if np.all(line.ratio == beside.ratio):
        found, factor = law_of("sum", first, second), line.ratio
    elif np.all(beside.ratio < 0):
        found, factor = law_of("difference", first, second), line.ratio
    else:
        found, factor = law_of("difference", second, first), beside.ratio
    return None if found is None else push_forward(found, Line(shift, factor).transform())


def _product_of_two(one: Any, other: Any) -> Any:
    for law, point in ((one, other), (other, one)):
        if isinstance(point, Delta):
            loc = point.params["loc"]
            return Delta(loc) if np.all(np.equal(loc, 0.0)) else push_forward(law, get("scale")(loc))
    return _scaled_pair("product", one, other)


def _scaled_pair(operation: str, one: Any, other: Any) -> Any:
    """The product or ratio by name, of the laws or of what they are multiples of."""
    found = law_of(operation, one, other)
    (first, line), (second, beside) = without_last_line(one), without_last_line(other)
    if found is not None or (line.is_identity and beside.is_identity):
        return found
    if not (line.through_origin and beside.through_origin):
        return None
    found = law_of(operation, first, second)
    factor = line.ratio * beside.ratio if operation == "product" else line.ratio / beside.ratio
    return None if found is None else push_forward(found, get("scale")(factor))


def _shifted(law: Any, place: float) -> Any:
    return push_forward(law, get("shift")(place))


def _stretched(law: Any, place: float) -> Any:
    return push_forward(law, get("scale")(place)) if place else Delta(0.0)


def _combination(
    owner: str,
    members: Sequence[Any],
    function: Callable,
    moved: Callable[[Any, float], Any],
    two: Callable[[Any, Any], Any],
) -> Any:
    """The operation on members that no identity joins: point masses together, densities in pairs, then both."""
    if len(members) == 1:
        return members[0]
    _refuse_batches(owner, members)
    discrete = [law for law in members if law.measure == "counting"]
    rest = [law for law in members if law.measure != "counting"]
    _refuse_mixed(owner, rest)
    points = None if not discrete else discrete[0] if len(discrete) == 1 else combined(owner, function, discrete)
    if not rest:
        return points
    total = rest[0]
    for law in rest[1:]:
        total = two(total, law)
    return total if points is None else _mixed(owner, total, points, moved)


def _mixed(owner: str, law: Any, points: Any, moved: Callable[[Any, float], Any]) -> Any:
    places, masses = points.atoms
    if len(places) == 1:
        return moved(law, float(places[0])).simplify()
    if len(places) > FEW:
        raise UnsupportedOperationError(
            f"{owner}: {points} has {len(places)} point masses, and a mixture of at most {FEW} shifted laws is made; "
            "draw with rvs and add the draws"
        )
    return Mixture(masses / np.sum(masses), [moved(law, float(place)).simplify() for place in places])


# ---- in LaTeX ----


@latex.short.register(Convolution)
@latex.short.register(ProductOf)
@latex.short.register(RatioOf)
def _written(law: Any) -> str:
    sign = {Convolution: " + ", ProductOf: r" \cdot ", RatioOf: " / "}[type(law)]
    return sign.join(map(latex.short, law.operands))


@latex.short.register(OrderStatistic)
@latex.short.register(DiscreteOrderStatistic)
def _written_rank(law: Any) -> str:
    """X_(r:n), the r-th smallest of n."""
    return rf"\left[{latex.short(law.law)}\right]_{{({law.rank}:{law.n})}}"


@latex.short.register(Extreme)
@latex.short.register(Listed)
def _written_several(law: Any) -> str:
    members = list(map(latex.short, law.operands))
    signs = {"sum_of": " + ", "product_of": r" \cdot "}
    operation = getattr(law, "operation", law.name)
    if operation in signs:
        return signs[operation].join(members)
    return rf"\{operation[:3]}\left({', '.join(members)}\right)"


@latex.formula.register(ProductOf)
def _formula(law: Any) -> str:
    return latex.where(rf"X \sim {latex.short(law)}", latex.interval("x", law.support))


# ---- by their shortest name ----


@simplest_form.register(Convolution)
@simplest_form.register(ProductOf)
def _computed(law: Any) -> Any:
    makers: dict[type, Callable[..., Any]] = {Convolution: sum_of, ProductOf: product_of, RatioOf: ratio_of}
    found = makers[type(law)](*law.operands)
    return law if type(found) is type(law) and len(found.operands) == len(law.operands) else found


@simplest_form.register(OrderStatistic)
@simplest_form.register(DiscreteOrderStatistic)
def _order(law: Any) -> Any:
    found = order_statistic(law.law, law.rank, law.n)
    return law if type(found) is type(law) and found.law is law.law else found


@simplest_form.register(Extreme)
@simplest_form.register(Listed)
def _several(law: Any) -> Any:
    makers: dict[str, Callable[..., Any]] = {
        "sum_of": sum_of,
        "product_of": product_of,
        "minimum": minimum,
        "maximum": maximum,
    }
    found = makers[getattr(law, "operation", law.name)](*law.operands)
    return law if type(found) is type(law) and len(found.operands) == len(law.operands) else found
