"""Charts as Unfold's bundled Chart.js takes them, each with its numbers for those who do not see it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: A grey that is legible on Unfold's light and dark background alike (4.2:1 on either).
_TEXT = "#757d8a"
_COLOURS = ("var(--color-primary-500)", "var(--color-base-400)", "#d97706", "#0d9488", "#db2777", "#65a30d")
#: More lines than these nobody tells apart.
MOST_SERIES = len(_COLOURS)


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of bars; None leaves a gap."""

    name: str
    values: Sequence[int | float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: `data` and `options` are JSON for Chart.js, `title` says what is drawn, `table` holds the numbers."""

    title: str
    data: str
    options: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for row in self.rows for value in row[1:])


def bar_chart(title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Bars side by side, from 0 upwards."""
    return _build(title, labels, series, _bars(series), highest=None)


def named_chart(title: str, labels: Sequence[str], series: Sequence[Series], *, highest: float) -> Chart:
    """Lying bars under each other, from 0 to `highest`: each has its whole name beside it."""
    return _build(title, labels, series, _bars(series), highest=highest, lying=True)


def _bars(series: Sequence[Series]) -> list[dict[str, Any]]:
    return [{"backgroundColor": _COLOURS[at], "borderRadius": 3, "maxBarThickness": 28} for at in range(len(series))]


def line_chart(title: str, labels: Sequence[str], series: Sequence[Series], *, highest: float | None = None) -> Chart:
    """Lines with points, from 0 to `highest`, drawn across gaps."""
    looks = [
        {
            "borderColor": _COLOURS[at],
            "backgroundColor": _COLOURS[at],
            "borderWidth": 2,
            "pointRadius": 3,
            # Pixels beyond the axes: the point of the highest value is not cut in half.
            "clip": 4,
            "spanGaps": True,
            "tension": 0.2,
        }
        for at in range(len(series))
    ]
    return _build(title, labels, series, looks, highest=highest)


def _build(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    looks: Sequence[dict[str, Any]],
    *,
    highest: float | None,
    lying: bool = False,
) -> Chart:
    datasets = [{"label": one.name, "data": list(one.values), **look} for one, look in zip(series, looks, strict=True)]
    return Chart(
        title=title,
        data=json.dumps({"labels": list(labels), "datasets": datasets}),
        options=json.dumps(_options(legend=len(series) > 1, highest=highest, lying=lying)),
        headers=("", *(one.name for one in series)),
        rows=tuple(zip(labels, *(one.values for one in series), strict=True)),
    )


def _options(*, legend: bool, highest: float | None, lying: bool) -> dict[str, Any]:
    """Unfold's look, with an axis from 0 and a legend, which its defaults leave out."""
    names: dict[str, Any] = {"color": _TEXT, "autoSkip": False} if lying else {"color": _TEXT, "autoSkipPadding": 12}
    values: dict[str, Any] = {
        "beginAtZero": True,
        "border": {"display": False},
        "ticks": {"color": _TEXT, "precision": 0, "maxTicksLimit": 6},
        "grid": {"tickWidth": 0},
    }
    if highest is not None:
        values["max"] = highest
    return {
        "indexAxis": "y" if lying else "x",
        "animation": False,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {
                "display": legend,
                "align": "end",
                "labels": {"boxHeight": 6, "boxWidth": 6, "usePointStyle": True, "color": _TEXT},
            }
        },
        "scales": {
            "y" if lying else "x": {
                "border": {"display": False},
                "ticks": {**names, "maxRotation": 0},
                "grid": {"display": False},
            },
            "x" if lying else "y": values,
        },
    }
