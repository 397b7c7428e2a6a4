"""From the database's columns and the embedding segments to the collection that a generation is made of."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, Int32Array, IntArray
from reverse_search.domain.catalogue import (
    HAS_PHOTO,
    LICENSE_CODES,
    NO_PHOTO,
    UNREADABLE_PHOTO,
    ExemplarColumns,
    ObservationColumns,
    PhotoColumns,
)
from reverse_search.domain.evidence import Identification
from reverse_search.domain.labels import verified_label
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy
from reverse_search.domain.words import License, QualityGrade, license_of
from reverse_search.geo.iconic import iconic_of_nodes
from reverse_search.geo.presence import Presence, cells_of
from reverse_search.search.ports import VectorSearch
from reverse_search.store import columns as stored

MAX_EXEMPLARS = 256
YES = 1
GRADES = tuple(QualityGrade(word) for word in stored.GRADES)
UNREADABLE = stored.PROBLEMS.index("unreadable")


@dataclass(frozen=True, eq=False)
class CollectedIndex:
    """A Collection in the sense of `search/ports.py`."""

    taxonomy: Taxonomy
    observations: ObservationColumns
    photos: PhotoColumns
    identifications: IdentificationColumns
    exemplars: ExemplarColumns
    presence: Presence
    vectors: VectorSearch


def collect(snapshot: stored.SnapshotColumns, embedded_photo_ids: IntArray, vectors: VectorSearch) -> CollectedIndex:
    """Turn one consistent reading of the database into aligned columns.

    Args:
        snapshot: all rows.
        embedded_photo_ids: (n_vectors,) photo id of each vector row; of several, the last counts.
        vectors: the embeddings.
    """
    taxonomy = Taxonomy.from_rows(snapshot.taxa)
    nodes = _Nodes(taxonomy)
    photos = _photos(snapshot.photos, embedded_photo_ids)
    labels = _labels(snapshot, taxonomy)
    observations = _observations(snapshot, nodes(snapshot.observations.taxon_ids), taxonomy, photos, labels)
    return CollectedIndex(
        taxonomy=taxonomy,
        observations=observations,
        photos=photos,
        identifications=_identifications(snapshot, nodes, taxonomy),
        exemplars=choose_exemplars(observations, photos, taxonomy),
        presence=_presence(observations),
        vectors=vectors,
    )


class _Nodes:
    """Resolves columns of taxon ids, each distinct id once."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy

    def __call__(self, taxon_ids: IntArray) -> Int32Array:
        distinct, inverse = np.unique(taxon_ids, return_inverse=True)
        nodes = [self._taxonomy.resolve(int(t)) if t >= 0 else NO_TAXON for t in distinct]
        return np.array(nodes, dtype=np.int32)[inverse] if len(distinct) else np.zeros(0, dtype=np.int32)


def _photos(photos: stored.PhotoColumns, embedded_photo_ids: IntArray) -> PhotoColumns:
    order = np.argsort(embedded_photo_ids, kind="stable")
    ids = embedded_photo_ids[order]
    last = np.searchsorted(ids, photos.photo_ids, side="right") - 1
    found = (last >= 0) & (ids[np.maximum(last, 0)] == photos.photo_ids) if len(ids) else np.zeros(len(photos), bool)
    vector_rows = order[last[found]].astype(np.int64) if len(ids) else np.zeros(0, dtype=np.int64)
    return PhotoColumns(
        photo_id=photos.photo_ids[found],
        observation=photos.observation_rows[found].astype(np.int32),
        vector_row=vector_rows,
        by_vector=np.argsort(vector_rows, kind="stable").astype(np.int64),
    )


def _photo_state(snapshot: stored.SnapshotColumns, photo_count: AnyArray) -> AnyArray:
    state = np.where(photo_count > 0, HAS_PHOTO, NO_PHOTO).astype(np.int8)
    unreadable = np.zeros(len(state), dtype=np.bool_)
    unreadable[snapshot.photos.observation_rows[snapshot.photos.problems == UNREADABLE]] = True
    state[(state == NO_PHOTO) & unreadable] = UNREADABLE_PHOTO
    return state


def _licenses(photos: stored.PhotoColumns, n_observations: int) -> AnyArray:
    """(n_observations,) int8 licence of the first photo, of those that can't be read, too."""
    words = [license_of(name) for name in photos.license_names]
    codes = np.array([LICENSE_CODES[word] for word in words], dtype=np.int8)
    found = np.full(n_observations, LICENSE_CODES[License.NONE], dtype=np.int8)
    rows, first = np.unique(photos.observation_rows, return_index=True)
    found[rows] = codes[photos.licenses[first]]
    return found


def _observations(
    snapshot: stored.SnapshotColumns, own: Int32Array, taxonomy: Taxonomy, photos: PhotoColumns, labels: Int32Array
) -> ObservationColumns:
    rows = snapshot.observations
    count = np.bincount(photos.observation, minlength=len(rows)).astype(np.int32)
    touched = np.zeros(len(rows), dtype=np.int8)
    touched[snapshot.touched] = 1
    return ObservationColumns(
        uuid=rows.uuids,
        platform_id=rows.platform_ids,
        observer_id=rows.observer_ids,
        taxon=own,
        quality_grade=rows.grades.astype(np.int8),
        captive=rows.captive.astype(np.int8),
        latitude=rows.latitudes,
        longitude=rows.longitudes,
        accuracy_m=rows.accuracies_m,
        obscured=rows.obscured.astype(np.int8),
        observed_day=rows.observed_days,
        created_day=rows.created_days,
        label=labels,
        touched=touched,
        photo_state=_photo_state(snapshot, count),
        first_photo=(np.cumsum(count) - count).astype(np.int64),
        photo_count=count,
        license=_licenses(snapshot.photos, len(rows)),
        iconic=iconic_of_nodes(taxonomy)[own],
    )


def _identifications(snapshot: stored.SnapshotColumns, nodes: _Nodes, taxonomy: Taxonomy) -> IdentificationColumns:
    said, observations = snapshot.identifications, snapshot.observations
    standing = said.current & ~said.hidden
    own = (observations.taxon_ids >= 0) & ~observations.identifications_complete
    rows = np.concatenate([said.observation_rows[standing], np.flatnonzero(own)])
    taxa = np.concatenate([said.taxon_ids[standing], observations.taxon_ids[own]])
    denying = standing & (said.disagreements == YES) & (said.previous_taxon_ids >= 0)
    denied = said.observation_rows[denying], nodes(said.previous_taxon_ids[denying])
    return IdentificationColumns.from_pairs((rows, nodes(taxa)), denied, len(observations), taxonomy)


def _labels(snapshot: stored.SnapshotColumns, taxonomy: Taxonomy) -> Int32Array:
    """Node each observation is verified as, -1 for none."""
    said, observations = snapshot.identifications, snapshot.observations
    standing = np.flatnonzero(said.current & ~said.hidden)
    rows = said.observation_rows[standing]
    starts = np.searchsorted(rows, np.arange(len(observations)))
    stops = np.searchsorted(rows, np.arange(len(observations)), side="right")
    labels = np.full(len(observations), NO_TAXON, dtype=np.int32)
    research = stored.GRADES.index(QualityGrade.RESEARCH)
    for row in np.flatnonzero((stops - starts >= 2) | (observations.grades == research)):
        votes = [_identification(said, int(i)) for i in standing[starts[row] : stops[row]]]
        own = int(observations.taxon_ids[row])
        grade = GRADES[int(observations.grades[row])]
        labels[row] = verified_label(votes, own if own >= 0 else None, grade, taxonomy)
    return labels


def _identification(said: stored.IdentificationColumns, i: int) -> Identification:
    previous = int(said.previous_taxon_ids[i])
    return Identification(
        taxon_id=int(said.taxon_ids[i]),
        user_id=int(said.user_ids[i]),
        disagreement={0: False, YES: True}.get(int(said.disagreements[i])),
        previous_taxon_id=previous if previous >= 0 else None,
    )


def _presence(observations: ObservationColumns) -> Presence:
    # What is kept by people says nothing about where the wild ones live.
    labelled = np.flatnonzero((observations.label >= 0) & (observations.captive != YES))
    cells = cells_of(observations.latitude[labelled], observations.longitude[labelled])
    return Presence.from_records(
        observations.label[labelled].astype(np.int64), cells, observations.observer_id[labelled]
    )


def choose_exemplars(observations: ObservationColumns, photos: PhotoColumns, taxonomy: Taxonomy) -> ExemplarColumns:
    """At most 256 verified photos for every taxon that has any below it: child taxa, then observers take turns."""
    own = _own_exemplars(observations, photos)
    lists: dict[int, list[int]] = {}
    waiting: dict[int, list[list[int]]] = {}
    for node in sorted(own.keys() | {a for n in own for a in taxonomy.lineage(n)}, reverse=True):
        turns = [own.get(node, []), *reversed(waiting.pop(node, []))]
        lists[node] = _take_turns(turns)
        parent = int(taxonomy.parents[node])
        if parent >= 0:
            waiting.setdefault(parent, []).append(lists[node])
    nodes = sorted(lists)
    flat = [row for node in nodes for row in lists[node]]
    starts = np.concatenate([[0], np.cumsum([len(lists[node]) for node in nodes])])
    return ExemplarColumns(np.array(nodes, dtype=np.int32), starts.astype(np.int64), np.array(flat, dtype=np.int64))


def _own_exemplars(observations: ObservationColumns, photos: PhotoColumns) -> dict[int, list[int]]:
    """Photo rows by the node they are verified as: first photos of distinct observers come first."""
    labels = observations.label[photos.observation]
    rows = np.flatnonzero(labels >= 0)
    turn = rows - observations.first_photo[photos.observation[rows]]
    observers = observations.observer_id[photos.observation[rows]]
    order = np.lexsort((rows, turn, observers, labels[rows]))
    group = np.flatnonzero(
        np.r_[True, (np.diff(labels[rows][order]) != 0) | (np.diff(observers[order]) != 0)][: len(order)]
    )
    within = np.arange(len(order)) - np.repeat(group, np.diff(np.append(group, len(order))))
    observer_turn = np.empty(len(order), dtype=np.int64)
    observer_turn[order] = within
    final = np.lexsort((rows, observer_turn, labels[rows]))
    chosen: dict[int, list[int]] = {}
    for row in rows[final]:
        chosen.setdefault(int(labels[row]), []).append(int(row))
    return {node: found[:MAX_EXEMPLARS] for node, found in chosen.items()}


def _take_turns(lists: list[list[int]]) -> list[int]:
    merged: list[int] = []
    for turn in range(MAX_EXEMPLARS):
        column = [rows[turn] for rows in lists if turn < len(rows)]
        if not column or len(merged) >= MAX_EXEMPLARS:
            break
        merged.extend(column)
    return merged[:MAX_EXEMPLARS]
