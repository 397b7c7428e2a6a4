"""A generation with a file that is missing or has another size is refused when it is opened, and the file is named."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.errors import CorruptFile, DataError, NoGeneration
from reverse_search.generation.manifest import MANIFEST_NAME, SCHEMA, FileEntry, read_page
from reverse_search.generation.opened import open_current, open_generation
from reverse_search.generation.publish import GenerationStore
from tests.generation.whole import edit_manifest, files_of, folder_of, harmed, make_whole

KINDS = {
    "uuid.npy", "vector_row.npy", "said.npy", "taxon_ids.npy", "text.json", "weights.npy", "models.json",
    "photo_partition.npy", "probabilities.npy", "reason.npy", "vectors.json", "vectors.faiss", "manifest.json",
    "vectors.f16", "photo_ids.i64", "content_hashes.u8", "segment.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole") / "home"
    make_whole(home)
    return home


@pytest.fixture
def name(home: Path) -> str:
    return GenerationStore(home).current()


@pytest.fixture
def kept(home: Path, name: str) -> Any:
    """The manifest, put back when the test is over."""
    path = folder_of(home, name) / MANIFEST_NAME
    whole = path.read_bytes()
    yield path
    path.write_bytes(whole)


def test_it_has_every_kind_of_file_and_opens(home: Path, name: str) -> None:
    assert {path.name for path in files_of(home, name)} >= KINDS
    assert open_current(home).name == name


@pytest.mark.parametrize("harm", ["truncated", "longer", "emptied", "missing"])
def test_any_file_that_is_not_whole_is_refused_by_name(home: Path, name: str, harm: str) -> None:
    for path in files_of(home, name):
        with harmed(path, harm), pytest.raises(CorruptFile) as refused:
            open_generation(home, name)
        assert str(path) in str(refused.value)
    open_generation(home, name)


def test_what_serves_is_refused_with_the_way_back(home: Path, name: str) -> None:
    path = folder_of(home, name) / "scores" / "photo_weight.npy"
    with harmed(path, "truncated"):
        with pytest.raises(CorruptFile, match=r"photo_weight\.npy has .* bytes.*there is no other: delete .*nightly"):
            open_current(home)
        older = home / "generations" / "20200101T000000Z-00000000"
        older.mkdir()
        (older / MANIFEST_NAME).write_text("{}", encoding="utf-8")
        with pytest.raises(CorruptFile, match=f"to roll back, write {older.name} into .*CURRENT"):
            open_current(home)
        (older / MANIFEST_NAME).unlink()
        older.rmdir()


def test_what_serves_may_be_gone(home: Path, name: str) -> None:
    folder = folder_of(home, name)
    folder.rename(home / "elsewhere")
    with pytest.raises(NoGeneration, match=f"no generation '{name}'; there are none"):
        open_current(home)
    (home / "elsewhere").rename(folder)


@settings(deadline=None)
@given(place=st.integers(0, 10**9))
def test_a_byte_flipped_in_the_manifest_is_noticed_when_it_is_opened(home: Path, place: int) -> None:
    name = GenerationStore(home).current()
    path = folder_of(home, name) / MANIFEST_NAME
    with harmed(path, "flipped", place), pytest.raises(CorruptFile, match=r"manifest\.json"):
        open_generation(home, name)


@pytest.mark.filterwarnings("ignore:Data type alias:DeprecationWarning")
@settings(deadline=None)
@given(data=st.data())
def test_whatever_is_flipped_opening_ends_in_words_or_not_at_all(home: Path, data: st.DataObject) -> None:
    """Only `verify` finds them all. But what passes over a broken generation knows no other error than these."""
    name = GenerationStore(home).current()
    path = data.draw(st.sampled_from([p for p in files_of(home, name) if p.suffix in {".npy", ".json"}]))
    place = data.draw(st.integers(0, min(path.stat().st_size, 2000) - 1))
    with harmed(path, "flipped", place), suppress(DataError):
        open_generation(home, name)


Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, Edit] = {
    "a file added": lambda page: page["files"].update({"more.npy": {"sha256": "0" * 64, "size": 3}}),
    "a file removed": lambda page: page["files"].pop("photos/vector_row.npy"),
    "another digest": lambda page: page["files"]["vectors.faiss"].update(sha256="0" * 64),
    "another size": lambda page: page["files"]["vectors.faiss"].update(size=3),
    "another segment": lambda page: page["segments"][0].update(number=2),
    "another watermark": lambda page: page.update(watermark=99),
    "another count": lambda page: page["counts"].update(vectors=1),
    "another cost": lambda page: page["costs"].update(fixed_s=1.0),
    "another digest of the contents": lambda page: page.update(contents="0" * 64),
    "another digest of the page": lambda page: page.update(page="0" * 64),
    "no digest": lambda page: page.pop("page"),
    "something more": lambda page: page.update(more=1),
    "a later layout": lambda page: page.update(schema=SCHEMA + 1),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_manifest_is_refused(home: Path, name: str, kept: Path, edit: Edit) -> None:
    page = json.loads(kept.read_text(encoding="utf-8"))
    edit(page)
    kept.write_text(json.dumps(page, indent=1, sort_keys=True), encoding="utf-8")
    with pytest.raises(CorruptFile, match=r"manifest\.json"):
        open_generation(home, name)


def test_a_manifest_that_holds_for_itself_must_list_what_is_there_and_only_that(
    home: Path, name: str, kept: Path
) -> None:
    files = read_page(kept.parent).files
    edit_manifest(kept.parent, files=files | {"more.npy": FileEntry("0" * 64, 3)})
    with pytest.raises(CorruptFile, match=r"more\.npy is missing"):
        open_generation(home, name)
    for unlisted in files:
        edit_manifest(kept.parent, files={key: entry for key, entry in files.items() if key != unlisted})
        with pytest.raises(CorruptFile, match=f"doesn't list {unlisted}"):
            open_generation(home, name)


def test_another_segment_in_the_place_of_one_is_refused(home: Path, name: str, kept: Path) -> None:
    manifest = read_page(kept.parent)
    (reference,) = manifest.segments
    for changed in ({"count": reference["count"] - 1}, {"sha256": reference["sha256"] | {"vectors.f16": "0" * 64}}):
        kept.write_text(replace(manifest, segments=[reference | changed]).to_json(), encoding="utf-8")
        with pytest.raises(CorruptFile, match=r"segment\.json is not of the segment that was referred to"):
            open_generation(home, name)
