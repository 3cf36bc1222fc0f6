"""Maps that take several points to one: even maps, and those that are constant somewhere, which makes atoms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from densities.backends import namespace
from densities.transforms.base import Bijection, Flat, Identity, ManyToOne, Piece, register
from densities.transforms.power import NONNEGATIVE, Sqrt, halves


class Restricted(Bijection):
    """A bijection on a part of its domain."""

    def __init__(self, whole: Bijection, domain: Any):
        self.whole, self.domain, self.codomain = whole, domain, whole.image(domain)
        self.params, self.batch_shape, self.increasing = whole.params, whole.batch_shape, whole.increasing

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.whole.forward_and_log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.whole.inverse_and_log_det(y)

    def forward(self, x: Any) -> Any:
        return self.whole.forward(x)

    def inverse(self, y: Any) -> Any:
        return self.whole.inverse(y)

    def same_as(self, other: object) -> bool:
        return isinstance(other, Restricted) and self.domain == other.domain and self.whole.same_as(other.whole)

    def __str__(self) -> str:
        return f"<{self.whole} on {self.domain}>"

    def __repr__(self) -> str:
        return f"Restricted({self.whole!r}, {self.domain!r})"


@register("abs", ufunc=np.absolute)
class Abs(ManyToOne):
    """y = |x|, from the real line onto [0, inf), two to one."""

    codomain = NONNEGATIVE
    latex = r"\left|x\right|"
    pieces: Sequence[Piece | Flat] = halves(Restricted(Identity(), NONNEGATIVE))  # type: ignore[assignment]

    def forward(self, x: Any) -> Any:
        return namespace(x).abs(x)


@register("square", ufunc=np.square)
class Square(ManyToOne):
    """y = x², from the real line onto [0, inf), two to one."""

    codomain = NONNEGATIVE
    latex = r"x^{2}"
    pieces: Sequence[Piece | Flat] = halves(Sqrt().inv)  # type: ignore[assignment]

    def forward(self, x: Any) -> Any:
        return x * x
