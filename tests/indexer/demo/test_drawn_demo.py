"""What the drawn demo is for: a certified gate, suggestions that hold, and abstentions of many kinds."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from indexer.evaluate import evaluate_search, evaluate_suggestions, read_truth
from reverse_search.domain.words import AbstainReason
from reverse_search.generation.opened import open_current
from reverse_search.search.triage import Triage, TriageQuery

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
POOLS = ("unknown", "coarse:genus")


def test_suggestions_are_certified_and_nearly_all_right(demo_home: Path) -> None:
    index = open_current(demo_home)
    certificate = index.models.certificate
    assert certificate.certified
    assert certificate.upper_bound <= index.models.policy.max_error
    truth = read_truth(demo_home / "open-data" / "truth.csv")
    together = [f for f in evaluate_suggestions(index, truth, POOLS) if f.rank == "any"]
    assert sum(f.wrong for f in together) <= 0.05 * sum(f.suggested for f in together)
    assert all(0.4 < f.coverage < 0.95 for f in together)
    assert sum(f.suggested for f in together) > 150


def test_there_are_abstentions_of_many_kinds(demo_home: Path) -> None:
    triage = Triage(open_current(demo_home))
    entries = [entry for pool in POOLS for entry in triage.run(TriageQuery.parse(pool)).entries]
    reasons = Counter(entry.abstain_reason for entry in entries if entry.abstain_reason is not None)
    assert reasons.keys() >= {
        AbstainReason.NO_PHOTO,
        AbstainReason.UNREADABLE,
        AbstainReason.NOVEL,
        AbstainReason.CONTRADICTS_IDENTIFICATION,
        AbstainReason.NOT_RECORDED_NEARBY,
        AbstainReason.LOW_CONFIDENCE,
    }
    assert AbstainReason.UNCERTIFIED not in reasons


def test_the_unnamed_family_is_never_given_a_name(demo_home: Path) -> None:
    index = open_current(demo_home)
    truth = read_truth(demo_home / "open-data" / "truth.csv")
    jellyfishes = index.taxonomy.find("Noctumbrellidae")
    unnamed = [
        u for u, taxon_id in truth.items() if index.taxonomy.contains(jellyfishes, index.taxonomy.node(taxon_id))
    ]
    entries = {e.observation_uuid: e for e in Triage(index).run(TriageQuery.parse("unknown")).entries}
    said = [entries[u] for u in unnamed if entries[u].taxon_id is not None]
    assert len(said) <= 0.2 * len(unnamed)


def test_species_are_found_but_not_without_fail(demo_home: Path) -> None:
    """Some species are rare, and some look alike: a demo where everything is easy would show nothing."""
    index = open_current(demo_home)
    assert index.models.profile == "small"
    provisional = np.asarray(index.models.head.provisional)
    assert (~provisional).sum() >= 25
    assert provisional.sum() >= 8
    figures = evaluate_search(index, read_truth(demo_home / "open-data" / "truth.csv"))
    assert len(figures) > 35
    assert 0.8 < np.mean([f.fused for f in figures]) < 0.995
