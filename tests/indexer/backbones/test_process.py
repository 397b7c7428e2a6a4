import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.backbones import process as process_module
from indexer.backbones.process import BackboneProcess
from reverse_search.errors import BadSettings, ReverseSearchError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bundled() -> Iterator[BackboneProcess]:
    with BackboneProcess("bundled") as running:
        yield running


def picture(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_problems_come_back_in_order_and_good_photos_are_embedded(bundled: BackboneProcess, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"<html>")
    first, second = picture(tmp_path / "1.png", 1), picture(tmp_path / "2.png", 2)
    paths = [tmp_path / "gone.jpg", first, tmp_path / "bad.jpg", second, first]
    (batch,) = bundled.embed(paths)
    assert [p and p[0] for p in batch.problems] == ["missing", None, "unreadable", None, None]
    assert "gone.jpg" in str(batch.problems[0])
    assert "bad.jpg" in str(batch.problems[2])
    assert batch.hashes == [hashlib.sha256(p.read_bytes()).hexdigest() for p in (first, second, first)]
    assert batch.vectors.shape == (3, bundled.facts.dim)
    np.testing.assert_allclose(batch.vectors[0], batch.vectors[2], rtol=1e-3, atol=1e-4)
    assert not np.allclose(batch.vectors[0], batch.vectors[1])


def test_many_photos_come_in_several_batches(bundled: BackboneProcess, tmp_path: Path) -> None:
    here = picture(tmp_path / "1.png", 1)
    count = 2 * process_module.BATCH_SIZE + 3
    paths = [here if i % 50 == 0 else tmp_path / "gone" for i in range(count)]
    batches = list(bundled.embed(paths))
    assert len(batches) == 3
    problems = [p for batch in batches for p in batch.problems]
    assert [p is None for p in problems] == [i % 50 == 0 for i in range(count)]
    assert sum(len(b.vectors) for b in batches) == sum(len(b.hashes) for b in batches) == 3


def test_no_photos_are_no_batches(bundled: BackboneProcess) -> None:
    assert list(bundled.embed([])) == []


def test_a_batch_without_a_good_photo_has_no_vectors(bundled: BackboneProcess, tmp_path: Path) -> None:
    (batch,) = bundled.embed([tmp_path / "a", tmp_path / "b"])
    assert batch.vectors.shape == (0, 1280)
    assert batch.hashes == []


def test_an_unknown_name_is_a_bad_setting_here_too() -> None:
    with pytest.raises(BadSettings, match="no backbone is called 'nothing'") as caught:
        BackboneProcess("nothing")
    assert caught.value.exit_code == 2


def test_a_child_that_dies_is_reported(tmp_path: Path) -> None:
    paths = [picture(tmp_path / "1.png", 1)] * 200
    with BackboneProcess("bundled") as running:
        batches = running.embed(paths)
        next(batches)
        pid = running._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ReverseSearchError, match=r"ended unexpectedly.*-9"):
            list(batches)
        with pytest.raises(ReverseSearchError, match="ended unexpectedly"):
            list(running.embed(paths))


NO_TORCH = """
import sys
from pathlib import Path
from indexer.backbones.process import BackboneProcess

if __name__ == "__main__":
    with BackboneProcess("bundled") as running:
        batches = list(running.embed([Path(name) for name in sys.argv[1:]]))
    assert sum(len(b.vectors) for b in batches) == 2
    loaded = {"torch", "torchvision", "timm", "open_clip"} & set(sys.modules)
    assert not loaded, loaded
"""


def test_torch_stays_in_the_child(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(NO_TORCH)
    photos = [str(picture(tmp_path / f"{i}.png", i)) for i in range(2)]
    done = subprocess.run([sys.executable, script, *photos], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


ORPHAN = """
import time
from indexer.backbones.process import BackboneProcess

if __name__ == "__main__":
    with BackboneProcess("bundled") as running:
        print(running._process.pid, flush=True)
        time.sleep(600)
"""


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(ORPHAN)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    until = time.monotonic() + 20
    while alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
