"""An index made of random numbers: what a use case needs, without a build. Unit vectors cluster by true taxon."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indexer.collect import choose_exemplars
from indexer.scoring import score_all
from reverse_search.classify.fusion import Fusion
from reverse_search.classify.gate import ASSURANCE_FEATURES, Certificate, GatePolicy
from reverse_search.classify.head import Head
from reverse_search.classify.models import Models
from reverse_search.classify.pooling import ScoreColumns
from reverse_search.classify.postings import Postings
from reverse_search.domain.arrays import AnyArray, BoolArray, FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.catalogue import (
    HAS_PHOTO,
    NO_PHOTO,
    UNREADABLE_PHOTO,
    ExemplarColumns,
    ObservationColumns,
    PhotoColumns,
    SuggestionColumns,
)
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import LICENSES
from reverse_search.geo.iconic import iconic_of_nodes
from reverse_search.geo.presence import Presence, cells_of
from reverse_search.search.features import EXEMPLAR_FEATURES, FEATURES
from reverse_search.search.suggesting import suggest_all

TAXONOMY = Taxonomy.from_rows(
    [
        TaxonRow(48460, (), "stateofmatter", 100, "Life"),
        TaxonRow(1, (48460,), "kingdom", 70, "Animalia"),
        TaxonRow(40151, (48460, 1), "class", 50, "Mammalia"),
        TaxonRow(20, (48460, 1, 40151), "family", 30, "Felidae"),
        TaxonRow(21, (48460, 1, 40151, 20), "genus", 20, "Puma"),
        TaxonRow(22, (48460, 1, 40151, 20, 21), "species", 10, "Puma concolor"),
        TaxonRow(23, (48460, 1, 40151, 20, 21), "species", 10, "Puma yagouaroundi"),
        TaxonRow(30, (48460, 1, 40151), "family", 30, "Hominidae"),
        TaxonRow(31, (48460, 1, 40151, 30), "genus", 20, "Homo"),
        TaxonRow(32, (48460, 1, 40151, 30, 31), "species", 10, "Homo sapiens"),
        TaxonRow(40, (48460, 1, 40151), "family", 30, "Canidae"),
        TaxonRow(41, (48460, 1, 40151, 40), "genus", 20, "Vulpes"),
        TaxonRow(42, (48460, 1, 40151, 40, 41), "species", 10, "Vulpes vulpes"),
        TaxonRow(50, (48460, 1, 40151), "family", 30, "Ursidae"),
    ]
)
LEAVES = np.array(sorted(TAXONOMY.node(t) for t in (22, 23, 32, 42)), dtype=np.int64)
DIM = 16


@dataclass(frozen=True)
class BruteForce:
    """The plainest vector search there is."""

    all_vectors: FloatArray

    def gather(self, rows: IntArray) -> FloatArray:
        return self.all_vectors[rows]

    def nearest(self, queries: FloatArray, k: int, pool: BoolArray) -> tuple[IntArray, Mapping[str, object]]:
        rows = np.flatnonzero(pool)
        best = (self.all_vectors[rows] @ queries.T).max(axis=1) if len(rows) else np.zeros(0)
        return rows[np.argsort(-best, kind="stable")[:k]].astype(np.int64), {"path": "brute"}


@dataclass(frozen=True, eq=False)
class MadeIndex:
    """See `ServedIndex`; `true_nodes` is what each observation really is."""

    name: str
    taxonomy: Taxonomy
    observations: ObservationColumns
    photos: PhotoColumns
    identifications: IdentificationColumns
    exemplars: ExemplarColumns
    presence: Presence
    models: Models
    leaves: IntArray
    scores: ScoreColumns
    postings: Postings
    suggestions: SuggestionColumns
    vectors: BruteForce
    true_nodes: IntArray


def make_index(n: int = 300, seed: int = 0, threshold: float = 0.8, certified: bool = True) -> MadeIndex:
    """Random observations of four species; a third verified, the others Unknown, coarse or conflicting."""
    rng = np.random.default_rng(seed)
    centres = _unit(rng.normal(size=(len(LEAVES), DIM)))
    true = rng.integers(0, len(LEAVES), n)
    counts = rng.integers(1, 4, n)
    state = np.full(n, HAS_PHOTO, dtype=np.int8)
    counts[:2], state[:2] = 0, (NO_PHOTO, UNREADABLE_PHOTO)
    owner = np.repeat(np.arange(n), counts)
    vectors = _unit(centres[true[owner]] + 0.25 * rng.normal(size=(len(owner), DIM)))
    kinds = rng.integers(0, 6, n)
    kinds[:2] = 3
    identifications, own = _evidence(kinds, true)
    labels = np.where(kinds < 3, LEAVES[true], -1).astype(np.int32)
    observations = _observations(rng, n, counts, state, labels, own)
    vector_rows = rng.permutation(len(owner)).astype(np.int64)
    photos = PhotoColumns(
        np.arange(1000, 1000 + len(owner)),
        owner.astype(np.int32),
        vector_rows,
        np.argsort(vector_rows).astype(np.int64),
    )
    stored = np.empty_like(vectors)
    stored[vector_rows] = vectors
    models = _models(centres, threshold, certified)
    parts = {
        "taxonomy": TAXONOMY,
        "observations": observations,
        "photos": photos,
        "identifications": identifications,
        "exemplars": choose_exemplars(observations, photos, TAXONOMY),
        "presence": _presence(observations),
        "vectors": BruteForce(stored),
    }
    blank: AnyArray = np.zeros(0, dtype=np.float32)
    unscored = MadeIndex(
        name="made", models=models, leaves=LEAVES, scores=ScoreColumns(blank, blank, blank), true_nodes=LEAVES[true],
        postings=Postings(*[blank] * 4), suggestions=SuggestionColumns(*[blank] * 6), **parts,  # type: ignore[arg-type]
    )  # fmt: skip
    scores, postings = score_all(unscored, models.head, LEAVES, lambda done, of: None)
    scored = unscored.__dict__ | {"scores": scores, "postings": postings}
    return MadeIndex(**scored | {"suggestions": suggest_all(MadeIndex(**scored))})


def _unit(vectors: AnyArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _evidence(kinds: AnyArray, true: AnyArray) -> tuple[IdentificationColumns, AnyArray]:
    mammals, fox_family = TAXONOMY.node(40151), TAXONOMY.node(40)
    own = np.select([kinds < 3, kinds == 3, kinds == 4], [LEAVES[true], -1, mammals], fox_family).astype(np.int32)
    rows = np.flatnonzero(own >= 0)
    nothing = np.zeros(0, dtype=np.int64)
    return IdentificationColumns.from_pairs((rows, own[rows]), (nothing, nothing), len(own), TAXONOMY), own


def _observations(
    rng: np.random.Generator, n: int, counts: AnyArray, state: AnyArray, labels: AnyArray, own: AnyArray
) -> ObservationColumns:
    # A generator of its own, so that what the others draw stays the same when a column is added.
    more = np.random.default_rng(n)
    return ObservationColumns(
        uuid=np.array(sorted(rng.integers(0, 256, (n, 16), dtype=np.uint8).tolist()), dtype=np.uint8),
        platform_id=np.where(np.arange(n) % 2, np.arange(n), -1).astype(np.int64),
        observer_id=rng.integers(1, 30, n),
        taxon=own,
        quality_grade=np.where(labels >= 0, 2, np.where(np.arange(n) % 7 == 6, 0, 1)).astype(np.int8),
        captive=np.full(n, -1, dtype=np.int8),
        latitude=np.full(n, -33.9) + rng.normal(size=n) * 0.05,
        longitude=np.full(n, 18.4) + rng.normal(size=n) * 0.05,
        accuracy_m=np.full(n, 10, dtype=np.int32),
        obscured=np.zeros(n, dtype=np.int8),
        observed_day=more.integers(19_000, 20_000, n).astype(np.int32),
        created_day=more.integers(20_000, 20_500, n).astype(np.int32),
        label=labels,
        touched=np.zeros(n, dtype=np.int8),
        photo_state=state,
        first_photo=(np.cumsum(counts) - counts).astype(np.int64),
        photo_count=counts.astype(np.int32),
        license=more.integers(0, len(LICENSES), n).astype(np.int8),
        iconic=iconic_of_nodes(TAXONOMY)[own],
    )


def _presence(observations: ObservationColumns) -> Presence:
    cells = cells_of(observations.latitude, observations.longitude)
    return Presence.from_records(observations.label.astype(np.int64), cells, observations.observer_id)


def _models(centres: FloatArray, threshold: float, certified: bool) -> Models:
    backbone = BackboneId("made", "0", "none", "numpy", "float32", "none", DIM)
    head = Head(
        backbone, TAXONOMY.taxon_ids[LEAVES], centres * 10, np.zeros(len(LEAVES), np.float32),
        np.zeros(len(LEAVES), np.bool_), 1.0,
    )  # fmt: skip
    return Models(
        head=head,
        fusion=Fusion(FEATURES, (1.0, 1.0, 0.1), 0.0),
        provisional_fusion=Fusion(FEATURES, (1.0, 1.0, 0.1), 0.0),
        exemplar_fusion=Fusion(EXEMPLAR_FEATURES, (5.0, 0.1), -3.0),
        assurance=Fusion(ASSURANCE_FEATURES, (1.0, 0.0, 0.0), 0.0),
        policy=GatePolicy(),
        certificate=Certificate(threshold if certified else 2.0, certified, 1, 300, 0.01, 0.019, 0.5),
        similarity_floor=0.3,
        partition_floor=-1e9,
        profile="small",
        cross_fitted=True,
        measured={},
    )
