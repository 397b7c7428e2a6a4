import numpy as np
import pytest

from reverse_search.domain.lacking import HAS_IDENTIFICATION
from reverse_search.search.highlights import LIKELY, highlights
from reverse_search.search.suggesting import leaf_probabilities
from tests.search.made_index import LEAVES, TAXONOMY, make_index

INDEX = make_index()


@pytest.mark.parametrize("rank", ["family", "genus", "species"])
def test_they_count_the_likely_ones_that_lack_the_id(rank: str) -> None:
    rows = np.flatnonzero(INDEX.observations.has_photo()).astype(np.int64)
    probabilities, _ = leaf_probabilities(INDEX, rows)
    for highlight in highlights(INDEX)[rank]:
        node = TAXONOMY.node(highlight.taxon_id)
        below = [i for i, leaf in enumerate(LEAVES) if TAXONOMY.contains(node, int(leaf))]
        likely = probabilities[:, below].sum(axis=1) >= LIKELY
        kinds = INDEX.identifications.kinds(node, TAXONOMY)[rows]
        waiting = likely & (kinds != HAS_IDENTIFICATION) & (INDEX.observations.quality_grade[rows] > 0)
        assert highlight.rank == rank
        assert highlight.likely == int(waiting.sum()) > 0
        assert highlight.unknown == int((waiting & INDEX.identifications.is_unknown()[rows]).sum())


def test_most_come_first_up_to_the_limit() -> None:
    species = highlights(INDEX, limit=2)["species"]
    assert len(species) == 2
    assert species[0].likely >= species[1].likely
    assert species == highlights(INDEX)["species"][:2]


def test_each_is_shown_by_an_exemplar() -> None:
    for taxon in highlights(INDEX)["species"]:
        exemplars = INDEX.photos.photo_id[INDEX.exemplars.of(TAXONOMY.node(taxon.taxon_id))]
        assert taxon.exemplar_photo_id in exemplars
