"""Order statistics and extremes to many digits, from the masses below and above a point that their laws have there."""

from __future__ import annotations

from typing import Any

from densities.distributions.order import Extreme, OrderStatistic
from densities.distributions.precise import View, density, view
from densities.precise import context
from densities.precise.functions import beta_tail

__all__ = ["ExtremeView", "RankedView"]


class RankedView(View):
    """P(X_(r) <= x) = I_F(x)(r, n - r + 1),   f_(r)(x) = f(x) F(x)^(r-1) S(x)^(n-r)/B(r, n - r + 1)."""

    law: OrderStatistic

    def __init__(self, law: OrderStatistic):
        super().__init__(law)
        self.base = view(law.law)
        self.low, self.high = self.base.low, self.base.high

    def logpdf(self, x: Any) -> Any:
        mp = context()
        rank, n = self.law.rank, self.law.n
        log = self.base.logpdf(x) + mp.loggamma(n + 1) - mp.loggamma(rank) - mp.loggamma(n - rank + 1)
        log += (rank - 1) * mp.log(self.base.below(x)) if rank > 1 else 0
        return log + (n - rank) * mp.log(self.base.above(x)) if rank < n else log

    def below(self, x: Any) -> Any:
        ranks = context().mpf(self.law.rank), context().mpf(self.law.n - self.law.rank + 1)
        return beta_tail(context(), *ranks, self.base.below(x), self.base.above(x))

    def above(self, x: Any) -> Any:
        ranks = context().mpf(self.law.n - self.law.rank + 1), context().mpf(self.law.rank)
        return beta_tail(context(), *ranks, self.base.above(x), self.base.below(x))


class ExtremeView(View):
    """P(max <= x) = Π F_i(x),   P(max > x) = S_1 + F_1·(S_2 + F_2·(...)), and f as the derivative; S for F in a minimum."""

    law: Extreme

    def __init__(self, law: Extreme):
        super().__init__(law)
        self.parts = [view(member) for member in law.laws]
        farthest = max if law.largest else min
        self.low = farthest(part.low for part in self.parts)
        self.high = farthest(part.high for part in self.parts)

    def _sides(self, part: View, x: Any) -> tuple[Any, Any]:
        """The probability that one of the variables lies on the side of x where all must, and that it does not."""
        sides = part.between(part.low, x), part.between(x, part.high)
        return sides if self.law.largest else sides[::-1]

    def logpdf(self, x: Any) -> Any:
        mp = context()
        total, inside = mp.mpf(0), mp.mpf(1)
        for part in self.parts:
            mass = self._sides(part, x)[0]
            total, inside = total * mass + inside * mp.exp(density(part, x)), inside * mass
        return mp.log(total)

    def _all(self, x: Any) -> Any:
        return context().fprod(self._sides(part, x)[0] for part in self.parts)

    def _any(self, x: Any) -> Any:
        total = context().mpf(0)
        for part in self.parts:
            same, other = self._sides(part, x)
            total = other + same * total
        return total

    def below(self, x: Any) -> Any:
        return self._all(x) if self.law.largest else self._any(x)

    def above(self, x: Any) -> Any:
        return self._any(x) if self.law.largest else self._all(x)


view.register(OrderStatistic, RankedView)
view.register(Extreme, ExtremeView)
