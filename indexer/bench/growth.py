"""How the time of a search grows with the collection, at one part of it in play."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.questions import FILTER_KINDS
from indexer.bench.report import table
from reverse_search.errors import MissingDependency

HEADINGS = {
    "photos": "photos", "filter": "filter", "pool": "pool", "median_ms": "median ms", "p95_ms": "p95 ms",
    "recall_at_100": "recall@100", "fill_ratio": "fill", "anonymous_mib": "MiB of its own",
    "bytes_per_photo": "bytes a photo",
}  # fmt: skip
Measure = Callable[[int, Path], Mapping[str, Any]]
"""(photos, folder) → figures of `bench.search.run` for one selectivity."""


def run(home: Path, sizes: Sequence[int], measure: Measure) -> dict[str, Any]:
    """Measure collections of several sizes, the smallest first; each is deleted before the next is made.

    Returns:
        "rows", one for each size and kind of filter, and "growth": by kind of filter, the power of the number of
        photos that the median time grows with (1 is in proportion, 0 not at all); None for a single size.
    """
    rows: list[dict[str, Any]] = []
    for photos in sorted(sizes):
        folder = home / str(photos)
        rows += _rows(photos, measure(photos, folder))
        shutil.rmtree(folder, ignore_errors=True)
    return {"rows": rows, "growth": {kind: _power(rows, kind) for kind in FILTER_KINDS}}


def _rows(photos: int, figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    both = {
        "photos": photos,
        "anonymous_mib": round(figures["anonymous_bytes"] / 2**20),
        "bytes_per_photo": figures["bytes_per_photo"],
    }
    return [both | {name: row[name] for name in HEADINGS if name in row} for row in figures["rows"]]


def _power(rows: Sequence[Mapping[str, Any]], kind: str) -> float | None:
    chosen = [(row["photos"], row["median_ms"]) for row in rows if row["filter"] == kind]
    if len(chosen) < 2:
        return None
    photos, times = np.log(np.array(chosen, dtype=np.float64)).T
    return round(float(np.polyfit(photos, times, 1)[0]), 2)


def render(figures: Mapping[str, Any], format_: str) -> str:
    """Figures of `run`, "json" or "table" (Markdown)."""
    if format_ == "json":
        return json.dumps(figures)
    grows = ", ".join(f"{kind} {power}" for kind, power in figures["growth"].items())
    return f"{table(HEADINGS, figures['rows'])}\n\nmedian time ~ photos to the power of: {grows}"


def plot(figures: Mapping[str, Any], path: Path) -> None:
    """Draw median times over sizes, both axes logarithmic, as an SVG.

    Raises:
        MissingDependency: matplotlib is not installed.
        OSError: the file can't be written.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependency("plots need matplotlib; `pip install 'reverse-search[dev]'`") from error
    axes = (drawing := Figure(figsize=(6.4, 4), layout="constrained")).subplots()
    for kind, marker in zip(FILTER_KINDS, "osD", strict=True):
        rows = [row for row in figures["rows"] if row["filter"] == kind]
        label = f"{kind}: photos to the power of {figures['growth'][kind]}"
        axes.plot([r["photos"] for r in rows], [r["median_ms"] for r in rows], marker=marker, label=label)
    slowest = min(row["median_ms"] for row in figures["rows"])
    sizes = sorted({row["photos"] for row in figures["rows"]})
    axes.plot(sizes, [slowest * size / sizes[0] for size in sizes], "--", color="grey", label="in proportion")
    axes.set(xscale="log", yscale="log", xlabel="photos", ylabel="median ms of a search")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.legend()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "growth"}):
        drawing.savefig(path, format="svg", metadata={"Date": None})
