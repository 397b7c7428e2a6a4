import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.lock import only_one
from reverse_search.errors import Busy

HOLDER = """
import sys, time
from pathlib import Path
from indexer.lock import only_one

with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_busy_names_the_process_and_a_kill_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as other:
        for _ in range(2):
            with pytest.raises(Busy, match=rf"process {other.pid}\b") as caught, only_one(path):
                pass
        assert caught.value.exit_code == 6
        assert str(tmp_path) in str(caught.value)
    with only_one(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_it_is_free_after_the_block_and_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    for _ in range(2):
        with pytest.raises(KeyError), only_one(path):
            raise KeyError
    with only_one(path):
        pass


def test_one_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with only_one(path), pytest.raises(Busy, match=str(os.getpid())), only_one(path):
        pass


def test_other_folders_do_not_matter(tmp_path: Path) -> None:
    with only_one(tmp_path / "a" / "lock"), only_one(tmp_path / "b" / "lock"):
        pass
