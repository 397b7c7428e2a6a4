import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.bench.report import render
from indexer.bench.synthetic import Recipe, prepare
from indexer.bench.tree import make_tree
from indexer.bench.vectors import Cloud, VectorKind
from reverse_search.generation.opened import open_current


def bench(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "indexer", "bench", "search", *arguments, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@pytest.mark.slow
def test_the_figures_of_a_small_collection(tmp_path: Path) -> None:
    figures = bench("--photos", "20000", "--dim", "64", "--queries", "8", "--keep", str(tmp_path / "kept"))
    assert set(figures) >= {"rows", "resident_bytes", "bytes_per_photo"}
    assert [row["selectivity"] for row in figures["rows"]] == [1.0, *[0.1] * 3, *[0.01] * 3, *[0.001] * 3]
    for row in figures["rows"]:
        assert set(row) >= {"selectivity", "median_ms", "p95_ms", "recall_at_100", "fill_ratio", "flat_ratio"}
        assert row["fill_ratio"] == 1
        assert row["recall_at_100"] >= 0.99
        assert 0 < row["median_ms"] <= row["p95_ms"]
    assert figures["bytes_per_photo"] > 2 * 64
    assert figures["collection"] == {"photos": 20000, "dim": 64, "vectors": "sample-like", "seed": 1}
    assert {"species", "largest family", "largest order", "largest class"} <= {r["rank"] for r in figures["ranks"]}
    assert "| in play |" in render(figures, "table")


def test_the_same_seed_makes_the_same_contents(tmp_path: Path) -> None:
    recipe = Recipe(photos=2000, dim=16)
    digests = []
    for name in ("a", "b"):
        prepare(tmp_path / name, recipe, lambda text: None)
        digests.append(open_current(tmp_path / name).manifest.contents_digest)
    assert digests[0] == digests[1]
    prepare(tmp_path / "a", dataclasses.replace(recipe, seed=2), lambda text: None)
    assert open_current(tmp_path / "a").manifest.contents_digest != digests[0]


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="name an empty folder"):
        prepare(tmp_path, Recipe(photos=2000, dim=16), lambda text: None)
    assert (tmp_path / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(("n_species", "most"), [(6000, (500, 2500, 5000)), (600, (50, 250, 500))])
def test_the_tree_has_large_taxa(n_species: int, most: tuple[int, int, int]) -> None:
    tree = make_tree(n_species)
    assert len(tree.leaves) == n_species
    assert (np.diff(tree.leaves) > 0).all()
    found = []
    for rank in ("family", "order", "class"):
        node = tree.big[rank]
        assert tree.taxonomy.ranks[node] == rank
        found.append(int(((tree.leaves >= node) & (tree.leaves < tree.taxonomy.leave[node])).sum()))
    assert tuple(found) == most


@pytest.mark.parametrize(("kind", "least", "greatest"), [(VectorKind.TIGHT, 0.99, 1.0), ("sample-like", 0.8, 0.95)])
def test_vectors_are_as_hard_as_they_should_be(kind: VectorKind, least: float, greatest: float) -> None:
    groups, rng = make_tree(600).groups, np.random.default_rng(0)
    cloud = Cloud.make(groups, 256, VectorKind(kind), seed=1)
    species = rng.integers(0, 600, 1500)
    vectors = cloud.draw(species, np.ones(1500, dtype=np.int64), rng)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    weights, bias, _ = cloud.head()
    assert least <= np.mean(np.argmax(vectors @ weights.T + bias, axis=1) == species) <= greatest
