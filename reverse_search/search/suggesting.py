"""The gate over the triage pools: a family or a genus for each observation, or the reason why nothing is said."""

from collections.abc import Iterator

import numpy as np

from reverse_search.classify.gate import THRESHOLD_GRID, propose
from reverse_search.classify.pooling import pool_photos
from reverse_search.domain.arrays import AnyArray, BoolArray, FloatArray, IntArray
from reverse_search.domain.catalogue import NO_PHOTO, UNREADABLE_PHOTO, SuggestionColumns
from reverse_search.domain.lacking import KIND_CODES
from reverse_search.domain.taxonomy import NO_TAXON
from reverse_search.domain.words import GENUS_LEVEL, HUMAN_NAME, AbstainReason, Kind
from reverse_search.geo.iconic import iconic_ancestor
from reverse_search.search.features import (
    SHOWN_EXEMPLARS,
    distinct_exemplars,
    keep_true,
    likeness_to_proposals,
    nearby,
    radius_km,
)
from reverse_search.search.ports import Collection, ScoredIndex

REASONS: tuple[AbstainReason, ...] = tuple(AbstainReason)
NO_REASON = -1
BATCH = 4096


def triage_rows(collection: Collection) -> IntArray:
    """Observations worth a suggestion: Unknown, or identified no finer than genus."""
    evidence = collection.identifications
    return keep_true(evidence.is_unknown() | evidence.is_no_finer_than(GENUS_LEVEL))


def suggest_all(index: ScoredIndex) -> SuggestionColumns:
    """Judge every observation of the triage pools."""
    rows = triage_rows(index)
    with_photo = rows[index.observations.has_photo()[rows]]
    without = rows[~index.observations.has_photo()[rows]]
    parts = [_without_photo(index, without)]
    parts += [_judge(index, batch) for batch in _batches(with_photo)]
    merged = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    order = np.argsort(merged[0], kind="stable")
    return SuggestionColumns(*(column[order] for column in merged))


def leaf_probabilities(index: ScoredIndex, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """P(leaf | o), (n, n_leaves), and the greatest log-partition among its photos, (n,), of rows with a photo."""
    photos, owner = index.photos.of_observations(rows, index.observations)
    starts = np.searchsorted(owner, np.arange(len(rows)))
    log_p, partition = index.models.head.log_probabilities(index.vectors.gather(index.photos.vector_row[photos]))
    return np.exp(pool_photos(log_p, starts).log_probabilities), np.maximum.reduceat(partition, starts)


def _batches(rows: IntArray) -> Iterator[IntArray]:
    return (rows[i : i + BATCH] for i in range(0, len(rows), BATCH))


Part = tuple[AnyArray, AnyArray, AnyArray, AnyArray, AnyArray, AnyArray]


def _without_photo(index: ScoredIndex, rows: IntArray) -> Part:
    state = index.observations.photo_state[rows]
    reason = np.where(state == UNREADABLE_PHOTO, _code(AbstainReason.UNREADABLE), _code(AbstainReason.NO_PHOTO))
    assert set(np.unique(state)) <= {NO_PHOTO, UNREADABLE_PHOTO}
    n = len(rows)
    nothing = np.full(n, NO_TAXON, dtype=np.int32), np.full(n, np.nan, dtype=np.float32)
    exemplars = np.full((n, SHOWN_EXEMPLARS), -1, dtype=np.int64)
    return rows.astype(np.int32), *nothing, reason.astype(np.int8), np.zeros(n, dtype=np.int8), exemplars


def _judge(index: ScoredIndex, rows: IntArray) -> Part:
    models = index.models
    probabilities, partition = leaf_probabilities(index, rows)
    order = np.argsort(index.leaves, kind="stable")
    known = order[index.leaves[order] >= 0]
    proposals = propose(probabilities[:, known], index.leaves[known], index.taxonomy, models.policy.rank_up_margin)
    likeness, alike = likeness_to_proposals(index, rows, proposals.nodes)
    sure = models.assurance.probability(proposals.features(likeness)).astype(np.float32)
    novel = (likeness < models.similarity_floor) | (partition < models.partition_floor)
    placed, checked = _recorded(index, rows, proposals.nodes)
    checks = {
        AbstainReason.HUMAN: _is_human(index, probabilities),
        AbstainReason.HYBRID: np.array([n >= 0 and index.taxonomy.is_hybrid(int(n)) for n in proposals.nodes]),
        AbstainReason.NOVEL: novel,
        AbstainReason.CONTRADICTS_IDENTIFICATION: _contradicts(index, rows, proposals.nodes),
        AbstainReason.NOT_RECORDED_NEARBY: checked & ~placed,
        **_confidence(index, rows, proposals.nodes, sure),
    }
    reason = np.full(len(rows), NO_REASON, dtype=np.int8)
    for why in reversed(REASONS):
        if why in checks:
            reason[checks[why]] = _code(why)
    said = reason == NO_REASON
    return (
        rows.astype(np.int32),
        np.where(said, proposals.nodes, NO_TAXON).astype(np.int32),
        np.where(said, sure, np.nan).astype(np.float32),
        reason,
        (said & checked & placed).astype(np.int8),
        _shown(index, rows, alike, said),
    )


def _confidence(
    index: ScoredIndex, rows: IntArray, nodes: IntArray, sure: FloatArray
) -> dict[AbstainReason, BoolArray]:
    certificate = index.models.certificate
    floor = certificate.threshold if certificate.certified else THRESHOLD_GRID[-1]
    finest = index.identifications.finest_level[rows]
    level = np.append(index.taxonomy.rank_levels, np.inf)[nodes]
    says_nothing_new = (nodes < 0) | (level >= finest)
    return {
        AbstainReason.LOW_CONFIDENCE: (sure < floor) | says_nothing_new,
        AbstainReason.UNCERTIFIED: np.full(len(rows), not certificate.certified),
    }


def _is_human(index: ScoredIndex, probabilities: FloatArray) -> BoolArray:
    human = [i for i, n in enumerate(index.leaves) if n >= 0 and index.taxonomy.names[int(n)] == HUMAN_NAME]
    if not human:
        return np.zeros(len(probabilities), dtype=np.bool_)
    return np.asarray(probabilities.argmax(axis=1) == human[0])


def _contradicts(index: ScoredIndex, rows: IntArray, nodes: IntArray) -> BoolArray:
    """Whether somebody's identification lies on another branch than the proposal, or denies it."""
    wrong = np.zeros(len(rows), dtype=np.bool_)
    for node in np.unique(nodes[nodes >= 0]):
        members = np.flatnonzero(nodes == node)
        kinds = index.identifications.kinds(int(node), index.taxonomy)[rows[members]]
        denied = index.identifications.rejected(int(node), index.taxonomy)[rows[members]]
        wrong[members] = (kinds == KIND_CODES[Kind.CONFLICTING]) | denied
    return wrong


def _recorded(index: ScoredIndex, rows: IntArray, nodes: IntArray) -> tuple[BoolArray, BoolArray]:
    """Whether the proposal is recorded nearby, and whether enough of its group is for the question to make sense."""
    placed, checked = (np.zeros(len(rows), dtype=np.bool_) for _ in range(2))
    observations, policy = index.observations, index.models.policy
    for node in np.unique(nodes[nodes >= 0]):
        members = np.flatnonzero(nodes == node)
        some = rows[members]
        group = iconic_ancestor(int(node), index.taxonomy)
        records = index.presence.of(group, int(index.taxonomy.leave[group])).count(
            observations.latitude[some],
            observations.longitude[some],
            observations.observer_id[some],
            radius_km(observations, some, policy.radius_km),
        )
        here = nearby(
            observations, some, index.presence.of(int(node), int(index.taxonomy.leave[node])), policy.radius_km
        )
        checked[members] = (records >= policy.min_iconic_records) & (here != 0)
        placed[members] = here == 1
    return placed, checked


def _shown(index: ScoredIndex, rows: IntArray, alike: IntArray, said: BoolArray) -> IntArray:
    shown = np.full((len(rows), SHOWN_EXEMPLARS), -1, dtype=np.int64)
    for i in np.flatnonzero(said):
        photos = alike[i][alike[i] >= 0]
        chosen = distinct_exemplars(index, photos, int(index.observations.observer_id[rows[i]]))
        shown[i, : len(chosen)] = chosen
    return shown


def _code(reason: AbstainReason) -> int:
    return REASONS.index(reason)
