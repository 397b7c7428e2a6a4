"""Training, from a collection to everything that a head decides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.train.crossfit import (
    MAX_HELD_OUT_CELLS,
    HeldOutPhotos,
    RawHead,
    TrainingVectors,
    class_means,
    family_groups,
    fit_calibration,
    train_heads,
)
from indexer.train.fusion import fit_fusions
from indexer.train.gate import GateFit, HeldOut, fit_gate
from indexer.train.jobs import SoftmaxSettings
from reverse_search.classify.gate import GatePolicy
from reverse_search.classify.head import log_sum_exp
from reverse_search.classify.metrics import expected_calibration_error
from reverse_search.classify.models import Models
from reverse_search.classify.pooling import pool_photos
from reverse_search.classify.training_set import LabelledPhotos, TrainingRules, TrainingSet, choose_training_set
from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.folds import fold_of
from reverse_search.search.ports import Collection

BLOCK = 65_536
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What training needs to be told.

    Attributes:
        backbone: whose vectors these are.
        rules: which photos train.
        policy: what the gate promises.
        folds: folds of observers.
        softmax: how to descend.
    """

    backbone: BackboneId
    rules: TrainingRules
    policy: GatePolicy
    folds: int
    softmax: SoftmaxSettings


def train_models(collection: Collection, plan: TrainingPlan, scratch: Path, report: Report) -> Models:
    """Train, calibrate, fit the fusion and certify the gate.

    Args:
        collection: what is known.
        plan: settings.
        scratch: folder for the training vectors; what lies there is overwritten.
        report: told what is being done.
    """
    training = choose_training_set(labelled_photos(collection), collection.taxonomy, plan.rules)
    report(f"{(~training.provisional).sum()} trained and {training.provisional.sum()} provisional leaves")
    vectors = write_training_vectors(collection, training, scratch)
    folds = observation_folds(collection, plan.folds)
    rows = held_out_rows(collection, len(training.leaves))
    heads = _train(collection, training, vectors, plan)
    final, fold_heads, novel_heads = heads[0], heads[1 : 1 + plan.folds], heads[1 + plan.folds :]
    photos = held_out_photos(collection, rows, training)
    report(f"calibrating on {len(rows)} held-out observations")
    products = photos.products(fold_heads, folds[rows])
    how, temperature = fit_calibration(photos, products, fold_heads, folds[rows])
    known = _score(photos, photos.logits(products, fold_heads, folds[rows], how) / np.float32(temperature))
    groups = _novel_groups(collection, rows, training, plan.folds)
    logits = photos.logits(photos.products(novel_heads, groups), novel_heads, groups, how)
    novel = _score(photos, logits / np.float32(temperature))
    held_out = HeldOut(rows=rows, folds=folds, leaves=training.leaves, known=known, novel=novel)
    gate: GateFit = fit_gate(collection, held_out, plan.policy)
    fusions = fit_fusions(collection, held_out, training.provisional, plan.policy)
    return Models(
        head=final.finish(plan.backbone, collection.taxonomy.taxon_ids[training.leaves], how, temperature),
        fusion=fusions.trained,
        provisional_fusion=fusions.provisional,
        exemplar_fusion=fusions.exemplars,
        assurance=gate.assurance,
        policy=plan.policy,
        certificate=gate.certificate,
        similarity_floor=gate.similarity_floor,
        partition_floor=gate.partition_floor,
        profile=training.profile,
        cross_fitted=True,
        measured=_measure(known[0], photos.leaf, training) | gate.measured,
    )


def labelled_photos(collection: Collection) -> LabelledPhotos:
    """Embedded photos of verified observations."""
    observations, photos = collection.observations, collection.photos
    rows = np.flatnonzero(observations.label[photos.observation] >= 0)
    owner = photos.observation[rows].astype(np.int64)
    return LabelledPhotos(
        rows=rows.astype(np.int64),
        observations=owner,
        observers=observations.observer_id[owner],
        positions=rows - observations.first_photo[owner],
        nodes=observations.label[owner].astype(np.int64),
    )


def write_training_vectors(collection: Collection, training: TrainingSet, scratch: Path) -> TrainingVectors:
    """Copy the training photos' vectors to one file that the child process maps."""
    rows = np.concatenate([training.photo_rows, training.imprint_rows])
    dim = collection.vectors.gather(np.zeros(0, dtype=np.int64)).shape[1]
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "vectors.npy"
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(max(len(rows), 1), dim))
    for begin in range(0, len(rows), BLOCK):
        block = rows[begin : begin + BLOCK]
        target[begin : begin + len(block)] = collection.vectors.gather(collection.photos.vector_row[block])
    target.flush()
    observers = collection.observations.observer_id[collection.photos.observation[rows]]
    return TrainingVectors(path, len(training.photo_rows), observers)


def observation_folds(collection: Collection, folds: int) -> IntArray:
    """Fold of every observation: (n_observations,) int64."""
    observers, inverse = np.unique(collection.observations.observer_id, return_inverse=True)
    return np.array([fold_of(int(o), folds) for o in observers], dtype=np.int64)[inverse]


def held_out_rows(collection: Collection, n_leaves: int) -> IntArray:
    """Verified observations that measure: with a photo, and with a label that this tool had no part in."""
    observations = collection.observations
    rows = np.flatnonzero((observations.label >= 0) & observations.has_photo() & (observations.touched == 0))
    most = max(1000, MAX_HELD_OUT_CELLS // max(n_leaves, 1))
    # Rows are in order of uuid, which is random: every n-th is a fair sample, and the same one every night.
    return rows[:: -(-len(rows) // most)].astype(np.int64) if len(rows) else rows.astype(np.int64)


def held_out_photos(collection: Collection, rows: IntArray, training: TrainingSet) -> HeldOutPhotos:
    """Vectors and leaves of the held-out observations."""
    photos, owner = collection.photos.of_observations(rows, collection.observations)
    return HeldOutPhotos(
        vectors=collection.vectors.gather(collection.photos.vector_row[photos]),
        starts=np.searchsorted(owner, np.arange(len(rows))),
        leaf=training.leaf_of(collection.observations.label[rows].astype(np.int64), collection.taxonomy),
    )


def _train(
    collection: Collection, training: TrainingSet, vectors: TrainingVectors, plan: TrainingPlan
) -> list[RawHead]:
    """The final head, then a head a fold, then a head a group of left-out families."""
    folds = np.array([fold_of(int(o), plan.folds) for o in vectors.observers], dtype=np.int64)
    groups = family_groups(training.leaves, collection.taxonomy, plan.folds)
    group = groups[np.concatenate([training.labels, training.imprint_labels])]
    everything = np.ones(len(folds), dtype=np.bool_)
    keep = [everything, *(folds != k for k in range(plan.folds)), *(group != k for k in range(plan.folds))]
    return train_heads(training, vectors, keep, class_means(training, vectors), plan.softmax)


def _novel_groups(collection: Collection, rows: IntArray, training: TrainingSet, folds: int) -> IntArray:
    labels = collection.observations.label[rows].astype(np.int64)
    return family_groups(labels, collection.taxonomy, folds)


def _score(photos: HeldOutPhotos, logits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n_observations, n_leaves) probabilities and (n_observations,) greatest log-partition."""
    partition = log_sum_exp(logits)
    if not len(photos.starts):
        return np.zeros((0, logits.shape[1]), dtype=np.float32), partition
    pooled = pool_photos(logits - partition[:, None], photos.starts)
    return np.exp(pooled.log_probabilities), np.maximum.reduceat(partition, photos.starts)


def _measure(probabilities: FloatArray, leaf: IntArray, training: TrainingSet) -> dict[str, float]:
    known = leaf >= 0
    if not known.any():
        return {"held_out_observations": 0.0}
    best = probabilities[known].argmax(axis=1)
    right = best == leaf[known]
    trained = ~training.provisional[leaf[known]]
    return {
        "held_out_observations": float(known.sum()),
        "top1": float(right.mean()),
        "top1_trained": float(right[trained].mean()) if trained.any() else float("nan"),
        "top1_provisional": float(right[~trained].mean()) if (~trained).any() else float("nan"),
        "ece": expected_calibration_error(probabilities[known].max(axis=1), right),
    }
