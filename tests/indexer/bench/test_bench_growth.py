import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from indexer.bench import growth
from indexer.bench.questions import FILTER_KINDS


def figures_of(photos: int, milliseconds: float) -> dict[str, Any]:
    rows = [
        {"filter": kind, "pool": photos // 100, "median_ms": milliseconds, "p95_ms": 2 * milliseconds,
         "recall_at_100": 1.0, "fill_ratio": 1.0}
        for kind in FILTER_KINDS
    ]  # fmt: skip
    return {"rows": rows, "anonymous_bytes": 2**28, "bytes_per_photo": 2000.0}


def grown(tmp_path: Path, power: float) -> dict[str, Any]:
    def measure(photos: int, folder: Path) -> Mapping[str, Any]:
        folder.mkdir(parents=True)
        assert [p.name for p in tmp_path.iterdir()] == [str(photos)], "the one before is deleted"
        return figures_of(photos, 5 * (photos / 1000) ** power)

    return growth.run(tmp_path, [4000, 1000, 2000], measure)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_power_of_growth_is_found(tmp_path: Path, power: float) -> None:
    figures = grown(tmp_path, power)
    assert figures["growth"] == dict.fromkeys(FILTER_KINDS, pytest.approx(power, abs=0.01))
    assert [row["photos"] for row in figures["rows"]] == [n for n in (1000, 2000, 4000) for _ in FILTER_KINDS]


def test_one_size_says_nothing_about_growth(tmp_path: Path) -> None:
    figures = growth.run(tmp_path, [1000], lambda photos, folder: figures_of(photos, 5))
    assert figures["growth"] == dict.fromkeys(FILTER_KINDS, None)
    assert "None" in growth.render(figures, "table")


def test_shown_as_json_as_a_table_and_as_a_plot(tmp_path: Path) -> None:
    figures = grown(tmp_path, 0.5)
    assert json.loads(growth.render(figures, "json")) == figures
    assert "| photos | filter |" in growth.render(figures, "table")
    growth.plot(figures, tmp_path / "growth.svg")
    drawn = (tmp_path / "growth.svg").read_text()
    assert all(f"{kind}: photos to the power of 0.5" in drawn for kind in FILTER_KINDS)
    assert all(f"{size:,}" in drawn for size in (1000, 2000, 4000))
