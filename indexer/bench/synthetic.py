"""A made collection as a published generation, written by what the nightly job writes with."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from indexer.bench.catalogue import Drawn, draw_observations, observation_columns, photo_columns
from indexer.bench.tree import Tree, make_tree, species_for
from indexer.bench.vectors import Cloud, VectorKind
from indexer.collect import CollectedIndex, choose_exemplars
from indexer.scoring import score_all
from reverse_search.classify.fusion import Fusion
from reverse_search.classify.gate import ASSURANCE_FEATURES, Certificate, GatePolicy
from reverse_search.classify.head import Head
from reverse_search.classify.models import Models
from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.catalogue import SuggestionColumns
from reverse_search.domain.files import write_atomic
from reverse_search.generation.columns import save_columns
from reverse_search.generation.heads import save_models
from reverse_search.generation.manifest import Manifest, describe_files
from reverse_search.generation.opened import PlannedVectors
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.taxonomy import save_taxonomy
from reverse_search.geo.presence import Presence, cells_of
from reverse_search.search.features import EXEMPLAR_FEATURES, FEATURES
from reverse_search.vectors.building import build_index, measure_index
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.planner import Planner
from reverse_search.vectors.segments import SegmentSet, SegmentWriter

SEGMENT_PHOTOS = 20_000
RECIPE = "collection.json"
PARTS = ("observations", "photos", "identifications", "exemplars", "presence")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a collection, byte for byte.

    Attributes:
        photos: how many.
        dim: components of a vector.
        vectors: how they lie around their species.
        seed: of everything that is drawn.
    """

    photos: int
    dim: int = 512
    vectors: VectorKind = VectorKind.SAMPLE_LIKE
    seed: int = 1

    def to_json(self) -> str:
        """As it is kept beside the collection."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(eq=False)
class Stopwatch:
    """Seconds of each step.

    Attributes:
        say: told what begins.
        seconds: by step.
    """

    say: Say
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what lies within."""
        self.say(f"{name} …")
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 2)


def prepare(home: Path, recipe: Recipe, say: Say) -> dict[str, float]:
    """Make the collection below `home`, unless it is already there.

    Args:
        home: a data directory of its own; another collection in it is deleted.
        recipe: what to make.
        say: told about progress.

    Returns:
        Seconds of each step of making it, whenever that was.

    Raises:
        OSError: the disk is full, or the folder holds anything but an earlier collection.
    """
    note = home / RECIPE
    if note.is_file():
        page = json.loads(note.read_text(encoding="utf-8"))
        if page["recipe"] == recipe.to_json():
            return dict(page["seconds"])
        shutil.rmtree(home)
    elif home.is_dir() and any(home.iterdir()):
        raise FileExistsError(f"{home} holds something else; name an empty folder")
    home.mkdir(parents=True, exist_ok=True)
    watch = Stopwatch(say)
    _make(home, recipe, watch)
    write_atomic(note, json.dumps({"recipe": recipe.to_json(), "seconds": watch.seconds}).encode())
    return watch.seconds


def _make(home: Path, recipe: Recipe, watch: Stopwatch) -> None:
    backbone = _backbone(recipe)
    tree = make_tree(species_for(recipe.photos))
    drawn = draw_observations(recipe.photos, len(tree.leaves), recipe.seed)
    cloud = Cloud.make(tree.groups, recipe.dim, recipe.vectors, recipe.seed)
    with watch.step("vectors"):
        _write_segments(home, backbone, drawn, cloud, recipe.seed)
    folder = home / "building" / "bench" / "generation"
    segments = SegmentSet.open(home / "segments", backbone)
    models = _models(tree, cloud, backbone)
    save_taxonomy(folder / "taxonomy", tree.taxonomy)
    save_models(folder / "head", models)
    with watch.step("columns"):
        collection = _collection(tree, drawn, segments, recipe.seed)
        for part in PARTS:
            save_columns(folder / part, getattr(collection, part))
        save_columns(folder / "suggestions", _no_suggestions())
    with watch.step("score"):
        scores, postings = score_all(collection, models.head, tree.leaves, lambda done, of: None)
        save_columns(folder / "scores", scores)
        save_columns(folder / "postings", postings)
    with watch.step("index"):
        build_index(segments, folder, seed=recipe.seed)
    with watch.step("publish"):
        _publish(home, folder, segments, backbone, len(collection.observations))


def _backbone(recipe: Recipe) -> BackboneId:
    return BackboneId("made", recipe.vectors.value, "none", "numpy", "float32", "none", recipe.dim)


def _write_segments(home: Path, backbone: BackboneId, drawn: Drawn, cloud: Cloud, seed: int) -> None:
    """A segment at a time, cut between observations, so that memory stays bounded."""
    writer = SegmentWriter(home / "segments", backbone)
    stops = np.cumsum(drawn.counts)
    edges = np.searchsorted(stops, np.arange(SEGMENT_PHOTOS, stops[-1], SEGMENT_PHOTOS))
    begin = 0
    for number, end in enumerate([*edges.tolist(), len(stops)]):
        rng = np.random.default_rng([seed, 4, number])
        vectors = cloud.draw(drawn.species[begin:end], drawn.counts[begin:end], rng)
        first = int(stops[begin] - drawn.counts[begin]) + 1
        ids = np.arange(first, first + len(vectors), dtype=np.int64)
        writer.append(ids, vectors, [hashlib.sha256(str(i).encode()).hexdigest() for i in ids.tolist()], {})
        begin = end


def _collection(tree: Tree, drawn: Drawn, segments: SegmentSet, seed: int) -> CollectedIndex:
    photos = photo_columns(drawn)
    observations, identifications = observation_columns(drawn, tree, seed)
    labelled = np.flatnonzero(observations.label >= 0)
    cells = cells_of(observations.latitude[labelled], observations.longitude[labelled])
    labels = observations.label[labelled].astype(np.int64)
    return CollectedIndex(
        taxonomy=tree.taxonomy,
        observations=observations,
        photos=photos,
        identifications=identifications,
        exemplars=choose_exemplars(observations, photos, tree.taxonomy),
        presence=Presence.from_records(labels, cells, observations.observer_id[labelled]),
        vectors=PlannedVectors(segments, Planner(ExactSearch(segments), None)),
    )


def _models(tree: Tree, cloud: Cloud, backbone: BackboneId) -> Models:
    weights, bias, temperature = cloud.head()
    trained = np.zeros(len(tree.leaves), dtype=np.bool_)
    head = Head(backbone, tree.taxonomy.taxon_ids[tree.leaves], weights, bias, trained, temperature)
    return Models(
        head=head,
        fusion=Fusion(FEATURES, (0.9, 4.0, 0.4), -2.0),
        provisional_fusion=Fusion(FEATURES, (0.9, 4.0, 0.4), -2.0),
        exemplar_fusion=Fusion(EXEMPLAR_FEATURES, (8.0, 0.4), -4.0),
        assurance=Fusion(ASSURANCE_FEATURES, (1.0, 0.0, 0.0), 0.0),
        policy=GatePolicy(),
        certificate=Certificate(2.0, False, 0, 0, 0.0, 1.0, 0.0),
        similarity_floor=-1.0,
        partition_floor=-1e9,
        profile="standard",
        cross_fitted=False,
        measured={},
    )


def _no_suggestions() -> SuggestionColumns:
    none, few = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8)
    return SuggestionColumns(none, none, none.astype(np.float32), few, few, np.zeros((0, 3), dtype=np.int64))


def _publish(home: Path, folder: Path, segments: SegmentSet, backbone: BackboneId, n_observations: int) -> None:
    manifest = Manifest(
        built_from="bench",
        watermark=0,
        backbone=backbone,
        segments=segments.references(),
        counts={"observations": n_observations, "vectors": segments.count},
        files=describe_files(folder),
        costs=asdict(measure_index(segments, folder, time.perf_counter)),
    )
    store = GenerationStore(home)
    store.serve(store.add(folder, manifest, datetime.now(UTC)))
