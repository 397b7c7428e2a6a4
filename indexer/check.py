"""The check before publishing: reopen what was built, as a reader would, and ask it something."""

from pathlib import Path

import numpy as np

from reverse_search.domain.words import AbstainReason
from reverse_search.errors import CheckRefused, DataError
from reverse_search.generation.manifest import Manifest, read_page
from reverse_search.generation.opened import Generation, open_folder
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.verify import Expected, expected_files
from reverse_search.search.query import TaxonQuery
from reverse_search.search.taxon_search import TaxonSearch

NORM_TOLERANCE = 5e-3
SAMPLE = 512


def check_build(home: Path, folder: Path) -> dict[str, int]:
    """Refuse a build that is broken.

    Raises:
        CheckRefused: with the name of the check and by how much it failed.
    """
    try:
        generation = open_folder(home, folder, "build")
    except DataError as error:
        raise CheckRefused(f"check of files: {error}; nothing was published, what served goes on serving") from error
    _check_digests(home, folder, generation.manifest)
    _check_alignment(generation)
    _check_norms(generation)
    return {"canaries": _check_searches(generation)}


def _require(name: str, holds: bool, detail: str) -> None:
    if not holds:
        raise CheckRefused(f"check of {name}: {detail}; nothing was published, what served goes on serving")


def _check_digests(home: Path, folder: Path, manifest: Manifest) -> None:
    """Re-hash what this night wrote: its own folder, and the segments that what serves doesn't refer to."""
    known = _checked_before(home)
    problems = ((file, file.problem()) for file in expected_files(home, folder, manifest) if file not in known)
    changed = [f"{file.path} {problem}" for file, problem in problems if problem is not None]
    _require("files", not changed, ", ".join(changed))


def _checked_before(home: Path) -> frozenset[Expected]:
    """Files of segments, as what serves knows them."""
    store = GenerationStore(home)
    try:
        serving = store.path(store.current())
        files = expected_files(home, serving, read_page(serving))
        return frozenset(file for file in files if not file.path.is_relative_to(serving))
    except DataError:  # nothing serves, or nothing whole
        return frozenset()


def _check_alignment(generation: Generation) -> None:
    observations, photos = generation.observations, generation.photos
    n, m = len(observations), len(photos)
    total = int(observations.photo_count.sum())
    _require("photo counts", total == m, f"observations count {total} photos, there are {m}")
    _require("evidence", len(generation.identifications.said) == n, "another number of rows than the catalogue")
    _require("scores", len(generation.scores.photo_weight) == m, "another number of rows than the photos")
    _require(
        "vectors", not m or int(photos.vector_row.max()) < generation.vectors.segments.count, "rows beyond the end"
    )
    uuids = np.ascontiguousarray(observations.uuid).view("V16").ravel()
    _require("uuids", len(np.unique(uuids)) == n, "an observation stands twice")
    suggestions = generation.suggestions
    _require("reasons", bool((suggestions.reason < len(AbstainReason)).all()), "a reason that has no name")
    _require(
        "suggestions", bool(((suggestions.reason < 0) == (suggestions.taxon >= 0)).all()), "neither said nor withheld"
    )


def _check_norms(generation: Generation) -> None:
    rows = generation.photos.vector_row[:: max(1, len(generation.photos) // SAMPLE)]
    if len(rows):
        worst = float(np.abs(np.linalg.norm(generation.vectors.gather(rows), axis=1) - 1).max())
        _require("norms", worst <= NORM_TOLERANCE, f"a vector is {worst:.4f} off unit norm")


def _check_searches(generation: Generation) -> int:
    """A search for a few taxa must return as many as it says there are."""
    nodes = generation.exemplars.nodes
    canaries = nodes[:: max(1, len(nodes) // 5)][:5]
    search = TaxonSearch(generation)
    for node in canaries:
        page = search.run(TaxonQuery(taxon_id=int(generation.taxonomy.taxon_ids[node])))
        wanted = min(30, sum(page.counts.values()))
        _require("searches", len(page.candidates) == wanted, f"{page.name}: {len(page.candidates)} of {wanted}")
    return len(canaries)
