"""The demo as a user makes it, once for all tests that look at it. Nobody may change it: copy it for that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the default demo, published."""
    home = tmp_path_factory.mktemp("demo") / "home"
    command = [sys.executable, "-m", "indexer", "--home", str(home), "demo", "--no-serve"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REVERSE_SEARCH_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Next: reverse-search --home" in done.stdout
    return home
