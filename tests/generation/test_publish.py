import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reverse_search.errors import BadSettings, CorruptFile, NoGeneration
from reverse_search.generation.manifest import MANIFEST_NAME, read_manifest
from reverse_search.generation.publish import GenerationStore
from tests.generation.test_manifest import build

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def add(data: Path, hours: int, serve: bool = True) -> str:
    built = data / "building"
    manifest = build(built, f"{hours:012}".encode())
    (built / MANIFEST_NAME).unlink()
    store = GenerationStore(data)
    name = store.add(built, manifest, NOON + timedelta(hours=hours))
    if serve:
        store.serve(name)
    return name


def test_before_the_first_nothing_serves(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path)
    assert (store.names(), store.current_or_none()) == ([], None)
    for ask in (store.current, store.roll_back):
        with pytest.raises(NoGeneration):
            ask()
    assert store.prune(1, NOON) == []


def test_an_added_generation_is_whole_and_serves_only_when_told(tmp_path: Path) -> None:
    store, first = GenerationStore(tmp_path), add(tmp_path, 0)
    second = add(tmp_path, 1, serve=False)
    assert store.names() == [first, second]
    assert store.current() == first
    assert first.startswith("20250301T120000Z-")
    assert first.endswith(read_manifest(store.path(first)).contents_digest[:8])
    store.serve(second)
    assert store.current() == second
    assert not (tmp_path / "building").exists()


def test_rolling_back(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path)
    names = [add(tmp_path, hours) for hours in range(3)]
    assert [store.roll_back(), store.current()] == [names[1]] * 2
    assert store.roll_back(names[2]) == store.current() == names[2]
    assert [store.roll_back(), store.roll_back()] == [names[1], names[0]]
    with pytest.raises(NoGeneration, match="no earlier"):
        store.roll_back()
    assert store.current() == names[0]


def test_pruning_keeps_the_last_ones_the_current_one_and_the_young(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path)
    names = [add(tmp_path, hours) for hours in range(5)]
    store.roll_back(names[1])
    now = NOON + timedelta(hours=3, minutes=30)
    assert store.prune(1, now, min_age=timedelta(hours=1)) == [names[0], names[2]]
    assert store.names() == [names[1], names[3], names[4]]
    assert store.prune(1, now + timedelta(days=9)) == [names[3]]
    assert store.prune(1, now + timedelta(days=9)) == []
    assert store.current() == names[1]
    assert sorted(p.name for p in (tmp_path / "generations").iterdir()) == [names[1], names[4]]


def test_a_generation_exactly_of_the_least_age_goes(tmp_path: Path) -> None:
    store, old = GenerationStore(tmp_path), add(tmp_path, 0)
    add(tmp_path, 1)
    assert store.prune(1, NOON + timedelta(minutes=59, seconds=59)) == []
    assert store.prune(1, NOON + timedelta(hours=1)) == [old]


def test_a_foreign_folder_stops_pruning_before_anything_is_deleted(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path)
    names = [add(tmp_path, hours) for hours in range(3)]
    (tmp_path / "generations" / "2025-mine").mkdir()
    (tmp_path / "generations" / "2025-mine" / MANIFEST_NAME).write_text("{}", encoding="utf-8")
    with pytest.raises(CorruptFile, match="2025-mine"):
        store.prune(1, NOON + timedelta(days=9))
    assert set(names) < set(store.names())


class Crash(Exception):
    pass


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_crash_at_any_rename_leaves_the_old_one_serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Renames: the manifest into the build, the build to its name, the pointer."""
    first, calls, real = add(tmp_path, 0), 0, os.replace

    def crash(source: str, target: str) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Crash
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        with pytest.raises(Crash):
            add(tmp_path, 1)
    store = GenerationStore(tmp_path)
    assert store.current() == first
    read_manifest(store.path(first))
    assert len(store.names()) == (2 if at == 3 else 1)
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".tmp")]


def test_half_deleted_and_half_built_folders_are_no_generations(tmp_path: Path) -> None:
    store, name = GenerationStore(tmp_path), add(tmp_path, 0)
    (store.path(name) / MANIFEST_NAME).unlink()
    assert store.names() == []
    with pytest.raises(NoGeneration):
        store.current()


@pytest.mark.parametrize("name", ["", ".", "..", "../generations", "../outside", "a/b", "/etc", "nothing"])
def test_only_names_of_generations_can_be_opened(tmp_path: Path, name: str) -> None:
    store, first = GenerationStore(tmp_path), add(tmp_path, 0)
    for folder in (tmp_path / "outside", tmp_path / "generations" / "a" / "b", tmp_path / "generations"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST_NAME).write_text("{}", encoding="utf-8")
    for ask in (store.path, store.serve, store.roll_back):
        with pytest.raises(NoGeneration):
            ask(name)
    assert store.current() == first


def test_names_that_leave_the_folder_are_refused_even_where_something_lies_there(tmp_path: Path) -> None:
    (tmp_path / "generations").mkdir()
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    for name in ("", ".", "..", "../..", "a/b"):
        with pytest.raises(NoGeneration):
            GenerationStore(tmp_path).path(name)


def test_pruning_everything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="at least one"):
        GenerationStore(tmp_path).prune(0, datetime(2026, 5, 1, tzinfo=UTC))
