from pathlib import Path

from indexer.bench import indexes
from indexer.bench.synthetic import Recipe, prepare


def test_every_kind_of_index_is_asked_the_same(tmp_path: Path) -> None:
    prepare(tmp_path, Recipe(photos=4000, dim=16), lambda text: None)
    rows = indexes.run(tmp_path, 4, 1, lambda text: None)
    names = ["none: exact", "flat, half precision", *indexes.coders()]
    assert [row["index"] for row in rows] == [name for name in names for _ in indexes.FILTERS]
    exact = [row for row in rows if row["index"] in names[:2]]
    assert all(row["recall_at_100"] == 1.0 for row in exact)
    answered = [row for row in rows if row["median_ms"] is not None]
    assert all(row["median_ms"] > 0 and 0.3 < row["recall_at_100"] <= 1 for row in answered)
    assert {row["index"] for row in answered} >= set(names[:4])
    shown = indexes.render(rows, "table")
    assert shown.count("\n") == len(rows) + 1
