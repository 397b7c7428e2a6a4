"""Every changed file is named, wherever the byte was flipped; a whole generation passes."""

import random
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.files import sha256_of
from reverse_search.errors import CorruptFile
from reverse_search.generation import verify as module
from reverse_search.generation.manifest import read_page
from reverse_search.generation.opened import Generation, PlannedVectors, open_current
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.verify import Finding, require_whole, verify
from reverse_search.vectors.segment_files import HEADER, VECTORS, read_header
from tests.generation.whole import edit_manifest, files_of, folder_of, harmed, make_whole


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole") / "home"
    make_whole(home)
    return home


def look(home: Path) -> list[Finding]:
    return list(verify(home, folder_of(home, GenerationStore(home).current()), lambda done, of: None))


def wrong(home: Path) -> dict[Path, str]:
    return {finding.path: finding.problem for finding in look(home) if finding.problem is not None}


def test_a_whole_one_passes_and_all_of_it_was_looked_at(home: Path) -> None:
    store = GenerationStore(home)
    folder, told = store.path(store.current()), list[tuple[int, int]]()
    findings = list(verify(home, folder, lambda done, of: told.append((done, of))))
    assert {finding.path for finding in findings} == {*files_of(home, folder.name), folder}
    assert not [finding for finding in findings if finding.problem]
    sizes = sum(p.stat().st_size for p in files_of(home, folder.name) if p.name != "manifest.json")
    assert told[-1] == (sizes, sizes)
    assert told == sorted(told)
    require_whole(store, folder.name, findings)


@pytest.mark.parametrize("seed", range(2))
def test_a_flipped_byte_in_any_file_is_named_and_nothing_else_is(home: Path, seed: int) -> None:
    places = random.Random(seed)
    for path in files_of(home, GenerationStore(home).current()):
        with harmed(path, "flipped", places.randrange(10**9)):
            found = wrong(home)
        assert set(found) == {path}
    assert not wrong(home)


def test_all_that_is_wrong_is_named_at_once(home: Path) -> None:
    name = GenerationStore(home).current()
    folder = folder_of(home, name)
    one, other = folder / "observations" / "taxon.npy", next((home / "segments").rglob("photo_ids.i64"))
    gone, short = folder / "head" / "bias.npy", folder / "vectors.faiss"
    with harmed(one, "flipped", 200), harmed(other, "flipped", 5), harmed(gone, "missing"), harmed(short, "truncated"):
        found = wrong(home)
        with pytest.raises(CorruptFile, match=r"4 of .* delete the folder of a broken segment"):
            require_whole(GenerationStore(home), name, look(home))
    assert set(found) == {one, other, gone, short}
    assert found[gone] == "is missing"
    assert found[one] == found[short] == "has changed since it was written"


def test_a_manifest_that_can_not_be_read_ends_it(home: Path) -> None:
    path = folder_of(home, GenerationStore(home).current()) / "manifest.json"
    with harmed(path, "truncated"):
        assert set(wrong(home)) == {path}


def test_counts_that_are_not_those_of_the_manifest(home: Path) -> None:
    folder = folder_of(home, GenerationStore(home).current())
    counts = read_page(folder).counts
    for name in counts:
        edit_manifest(folder, counts=counts | {name: counts[name] + 1})
        assert list(wrong(home)) == [folder]
        assert f"{counts[name]:,} {name}" in wrong(home)[folder]
    edit_manifest(folder, counts=counts)
    assert not wrong(home)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_a_vector_that_was_written_wrong_is_found_though_its_digest_is_right(tmp_path: Path, value: float) -> None:
    make_whole(tmp_path / "home")
    (segment,) = (tmp_path / "home" / "segments").glob("*/*")
    halves = np.fromfile(segment / VECTORS, dtype=np.float16)
    halves[16 * 1234 : 16 * 1235] = value
    (segment / VECTORS).write_bytes(halves.tobytes())
    header = read_header(segment)
    digests = header.digests | {VECTORS: sha256_of(segment / VECTORS)}
    (segment / HEADER).write_bytes(replace(header, digests=digests).to_json())
    folder = folder_of(tmp_path / "home", GenerationStore(tmp_path / "home").current())
    (reference,) = read_page(folder).segments
    edit_manifest(folder, segments=[reference | {"sha256": digests | {HEADER: sha256_of(segment / HEADER)}}])
    assert wrong(tmp_path / "home") == {folder: "vector 1234 is not of unit norm"}


class Astray:
    """Finds the neighbour of what it should find."""

    def __init__(self, vectors: PlannedVectors) -> None:
        self.segments, self._vectors = vectors.segments, vectors

    def gather(self, rows: IntArray) -> FloatArray:
        return self._vectors.gather(rows)

    def nearest(self, queries: FloatArray, k: int, pool: BoolArray) -> tuple[IntArray, dict[str, object]]:
        rows, plan = self._vectors.nearest(queries, k, pool)
        return (rows + 700) % self.segments.count, dict(plan)


def test_vectors_that_do_not_find_themselves(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = open_current(home)
    astray = replace(generation, vectors=cast(PlannedVectors, Astray(generation.vectors)))

    def open_astray(*_: object) -> Generation:
        return astray

    monkeypatch.setattr(module, "open_folder", open_astray)
    (problem,) = wrong(home).values()
    assert "vector 0 doesn't find itself (by exact)" in problem
