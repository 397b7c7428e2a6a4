import json
from pathlib import Path

import numpy as np
import pytest

from indexer.evaluate import evaluate_search, evaluate_suggestions, read_truth, report
from indexer.output import print_status
from reverse_search.errors import SourceError
from reverse_search.search.rows import uuid_text
from tests.search.made_index import TAXONOMY, make_index

INDEX = make_index(seed=1)
TRUTH = {
    uuid_text(u): int(TAXONOMY.taxon_ids[n]) for u, n in zip(INDEX.observations.uuid, INDEX.true_nodes, strict=True)
}


def test_search_figures_count_what_lacks_the_identification() -> None:
    figures = {f.taxon_id: f for f in evaluate_search(INDEX, TRUTH)}
    for taxon_id, f in figures.items():
        node = TAXONOMY.node(taxon_id)
        pool = (INDEX.identifications.kinds(node, TAXONOMY) >= 0) & (INDEX.observations.photo_count > 0)
        pool &= INDEX.observations.quality_grade > 0
        assert f.positives == int((pool & (INDEX.true_nodes == node)).sum())
        assert 0 < f.neighbours <= 1
        assert f.fused > 0.8
    assert len(figures) == 4


def test_suggestion_figures_add_up_and_see_a_wrong_truth() -> None:
    genus, family, together = evaluate_suggestions(INDEX, TRUTH, ["unknown"])
    assert together.suggested == genus.suggested + family.suggested > 0
    assert together.error < 0.1
    bears = dict.fromkeys(TRUTH, 50)
    assert evaluate_suggestions(INDEX, bears, ["unknown"])[2].error == 1


def test_observations_without_a_truth_are_left_out() -> None:
    half = dict(list(TRUTH.items())[::2])
    (_, _, some), (_, _, whole) = (evaluate_suggestions(INDEX, t, ["unknown"]) for t in (half, TRUTH))
    assert 0 < some.pool_size < whole.pool_size
    assert sum(f.positives for f in evaluate_search(INDEX, half)) < sum(
        f.positives for f in evaluate_search(INDEX, TRUTH)
    )


def test_the_report_has_the_means() -> None:
    found = evaluate_search(INDEX, TRUTH)
    text = report(found, evaluate_suggestions(INDEX, TRUTH, ["unknown"]))
    assert f"mean AP, all (4 taxa): fused {np.mean([f.fused for f in found]):.3f}" in text


@pytest.mark.parametrize("text", ["", "observation_uuid,taxon_id\nnot-a-uuid,3\n", "a,b\n1,2\n"])
def test_a_truth_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    if not text:
        assert read_truth(path) == {}
        return
    with pytest.raises(SourceError, match="no table with observation_uuid"):
        read_truth(path)


def test_what_could_not_be_measured_is_null_in_json() -> None:
    lines: list[str] = []
    print_status({"gate": {"error": float("nan"), "coverage": 0.5}, "generation": None}, "json", lines.append)
    assert json.loads(lines[0], parse_constant=pytest.fail) == {
        "gate": {"error": None, "coverage": 0.5},
        "generation": None,
    }
