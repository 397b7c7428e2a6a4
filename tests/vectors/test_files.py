import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import pytest

from reverse_search.domain.files import load_array, replace_dir, sha256_of, sync_tree, write_atomic
from reverse_search.errors import CorruptFile

KILLED_BEFORE_RENAME = """
import os, sys
from pathlib import Path
from reverse_search.domain.files import write_atomic
os.replace = lambda *args, **kwargs: os._exit(9)
write_atomic(Path(sys.argv[1]), b"new")
"""


def test_writes_bytes_and_streams(tmp_path: Path) -> None:
    target = tmp_path / "a"
    write_atomic(target, b"one")
    assert target.read_bytes() == b"one"
    write_atomic(target, lambda stream: stream.write(b"two"))
    assert target.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_kill_before_the_rename_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "a"
    write_atomic(target, b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_RENAME, str(target)], check=False)
    assert killed.returncode == 9
    assert target.read_bytes() == b"old"
    write_atomic(target, b"newer")
    assert target.read_bytes() == b"newer"


def test_a_failed_rename_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    write_atomic(target, b"old")

    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError("planted")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="planted"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "a"
    write_atomic(target, b"old")

    def half(stream: BinaryIO) -> None:
        stream.write(b"ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomic(target, half)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_content_is_synced_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def record_sync(descriptor: int) -> None:
        events.append("sync")
        sync(descriptor)

    def record_rename(old: Path, new: Path) -> None:
        events.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_rename)
    write_atomic(tmp_path / "a", b"x")
    assert events == ["sync", "rename", "sync"]


def test_a_directory_appears_whole(tmp_path: Path) -> None:
    built = tmp_path / "aside"
    (built / "deep").mkdir(parents=True)
    (built / "deep" / "file").write_bytes(b"x")
    replace_dir(built, tmp_path / "final")
    assert (tmp_path / "final" / "deep" / "file").read_bytes() == b"x"
    assert not built.exists()


def test_a_directory_moves_across_folders_and_never_over_another(tmp_path: Path) -> None:
    (tmp_path / "there" / "final").mkdir(parents=True)
    built = tmp_path / "here" / "aside"
    built.mkdir(parents=True)
    (built / "file").write_bytes(b"x")
    replace_dir(built, tmp_path / "there" / "final")
    built.mkdir()
    with pytest.raises(FileExistsError):
        replace_dir(built, tmp_path / "there" / "final")
    assert (tmp_path / "there" / "final" / "file").read_bytes() == b"x"


def test_a_tree_is_synced_from_its_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"")
    seen: list[tuple[int, int]] = []
    sync = os.fsync

    def record(descriptor: int) -> None:
        status = os.fstat(descriptor)
        seen.append((status.st_dev, status.st_ino))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    sync_tree(tmp_path)
    expected = [p.stat() for p in (tmp_path / "d" / "f", tmp_path / "d", tmp_path)]
    assert seen == [(s.st_dev, s.st_ino) for s in expected]


def test_digest_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert sha256_of(tmp_path / "a") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("name", ["a.npy", "a.bin"])
@pytest.mark.parametrize("shape", [(3, 2), (0, 2), (0,), (5,)])
def test_arrays_are_mapped_read_only(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    path = tmp_path / name
    if name.endswith(".npy"):
        np.save(path, array)
    else:
        path.write_bytes(array.tobytes())
    loaded = load_array(path, np.int32, shape)
    assert np.array_equal(loaded, array)
    assert loaded.shape == shape
    assert not loaded.flags.writeable


@pytest.mark.parametrize("name", ["a.npy", "a.bin"])
@pytest.mark.parametrize("change", [-24, -1, 1, 4])
def test_a_file_of_another_size_is_corrupt(tmp_path: Path, name: str, change: int) -> None:
    path = tmp_path / name
    array = np.arange(6, dtype=np.int32)
    if name.endswith(".npy"):
        np.save(path, array)
    else:
        path.write_bytes(array.tobytes())
    content = path.read_bytes()
    path.write_bytes(content[:change] if change < 0 else content + bytes(change))
    with pytest.raises(CorruptFile, match=name):
        load_array(path, np.int32, (6,))


def test_another_type_or_shape_is_corrupt(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(6, dtype=np.int32))
    for dtype, shape in ((np.int64, (6,)), (np.int32, (2, 3)), (np.int32, (5,))):
        with pytest.raises(CorruptFile):
            load_array(tmp_path / "a.npy", dtype, shape)
    with pytest.raises(CorruptFile, match="can't be read"):
        load_array(tmp_path / "missing.bin", np.int32, (6,))
    (tmp_path / "b.npy").write_bytes(b"not an array")
    with pytest.raises(CorruptFile):
        load_array(tmp_path / "b.npy", np.int32, (6,))
