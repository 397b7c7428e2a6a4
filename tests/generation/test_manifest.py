import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reverse_search.errors import CorruptFile
from reverse_search.generation.manifest import (
    MANIFEST_NAME,
    SCHEMA,
    Manifest,
    describe_files,
    read_manifest,
    read_page,
)
from tests.generation.models_for_tests import BACKBONE


def build(folder: Path, content: bytes = b"twelve bytes") -> Manifest:
    (folder / "inner").mkdir(parents=True, exist_ok=True)
    (folder / "inner" / "a.npy").write_bytes(content)
    (folder / "b.json").write_bytes(b"{}")
    manifest = Manifest("inputs", 7, BACKBONE, [{"name": "s1", "rows": 3}], {"photos": 3}, describe_files(folder))
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def test_what_is_written_is_read(tmp_path: Path) -> None:
    manifest = build(tmp_path)
    found = read_manifest(tmp_path)
    assert found.to_json() == manifest.to_json()
    assert sorted(found.files) == ["b.json", "inner/a.npy"], "the manifest doesn't describe itself"
    assert found.files["inner/a.npy"].size == 12


def test_the_same_contents_have_the_same_digest(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one"), build(tmp_path / "other")
    assert one.contents_digest == other.contents_digest
    later = replace(one, watermark=8, built_from="other inputs", files=dict(reversed(one.files.items())))
    assert later.contents_digest == one.contents_digest


def test_other_contents_have_another_digest(tmp_path: Path) -> None:
    one = build(tmp_path / "one")
    others = [
        build(tmp_path / "other", b"twelve bytez"),
        replace(one, backbone=replace(BACKBONE, weights="1" * 64)),
        replace(one, segments=[*one.segments, {"name": "s2"}]),
        replace(one, files={"c.json" if name == "b.json" else name: entry for name, entry in one.files.items()}),
    ]
    assert len({m.contents_digest for m in (one, *others)}) == 5


def test_the_page_can_be_read_without_the_files(tmp_path: Path) -> None:
    manifest = build(tmp_path)
    (tmp_path / "inner" / "a.npy").unlink()
    assert read_page(tmp_path).to_json() == manifest.to_json()


def test_a_page_written_otherwise_is_not_the_page(tmp_path: Path) -> None:
    build(tmp_path)
    path = tmp_path / MANIFEST_NAME
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(CorruptFile, match="own digest"):
        read_page(tmp_path)


def test_a_truncated_file_is_found_by_reading(tmp_path: Path) -> None:
    build(tmp_path)
    (tmp_path / "inner" / "a.npy").write_bytes(b"twelve byte")
    with pytest.raises(CorruptFile, match="11 bytes instead of 12"):
        read_manifest(tmp_path)


def test_a_missing_file_is_found_by_reading(tmp_path: Path) -> None:
    build(tmp_path)
    (tmp_path / "inner" / "a.npy").unlink()
    with pytest.raises(CorruptFile, match=r"a\.npy is missing"):
        read_manifest(tmp_path)


def edit(folder: Path, **changed: Any) -> None:
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changed), encoding="utf-8")


def test_another_layout_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    edit(tmp_path, schema=SCHEMA + 1)
    with pytest.raises(CorruptFile, match=f"layout {SCHEMA + 1}"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("changed", [{"segments": []}, {"contents": "0" * 64}, {"files": {}}])
def test_an_edited_page_does_not_match_its_digest(tmp_path: Path, changed: dict[str, Any]) -> None:
    build(tmp_path)
    edit(tmp_path, **changed)
    with pytest.raises(CorruptFile, match="own digest"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff"])
def test_an_unreadable_page_is_corrupt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(CorruptFile):
        read_manifest(tmp_path)


def test_no_page_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(CorruptFile):
        read_manifest(tmp_path)


@pytest.mark.parametrize("page", ["1", '"text"', "[]", "null", "{}"])
def test_a_page_of_another_shape_is_corrupt(tmp_path: Path, page: str) -> None:
    (tmp_path / "manifest.json").write_text(page, encoding="utf-8")
    with pytest.raises(CorruptFile):
        read_manifest(tmp_path)
