"""A figure that no global state knows: made without pyplot, freed like any object, shown by notebooks."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

# Digits of numbers that are written out, where fewer would tell the ticks apart, and a share of their gap that none sees.
PLAIN, UNSEEN = 7, 1e-3


class Picture(Figure):
    """A Figure with a canvas of its own."""

    def __init__(self, size: tuple[float, float]):
        super().__init__(figsize=size, layout="constrained")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        stream = BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()


def file_types() -> list[str]:
    """The endings of the names of files that pictures can be saved in, in order, without dots."""
    return sorted(FigureCanvasAgg.get_supported_filetypes())


class Digits(Formatter):
    """Ticks with the digits that tell them apart, and without a factor or an offset in a corner that one overlooks."""

    digits, unseen = PLAIN, 0.0

    def set_locs(self, locs: Any) -> None:
        places = np.unique(np.asarray(locs, float))
        gap = np.min(np.diff(places)) if places.size > 1 else 1e-6 * np.max(np.abs(places), initial=0.0)
        self.unseen = UNSEEN * float(gap)
        self.digits = next((n for n in range(PLAIN, 17) if self._told_by(n, places)), 17)

    def _told_by(self, digits: int, places: np.ndarray) -> bool:
        return all(abs(float(f"{place:.{digits}g}") - place) <= self.unseen for place in places)

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.fix_minus(f"{x if abs(x) > self.unseen else 0.0:.{self.digits}g}")
