"""The rules between layers, and that breaking one is noticed."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sysconfig.get_path("scripts")) / "lint-imports"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("reverse_search", "indexer", "web"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    # The folder comes first on the path, or the installed packages would be looked at.
    command = [str(LINT), "--no-cache"]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("reverse_search/domain/labels.py", "import reverse_search.classify.head", "layers of reverse_search"),
        ("reverse_search/search/triage.py", "import reverse_search.store.session", "layers of reverse_search"),
        ("reverse_search/search/triage.py", "import faiss", "only vectors imports faiss"),
        ("indexer/collect.py", "import sqlalchemy", "only store imports sqlalchemy"),
        ("web/__init__.py", "import torch", "torch and its kin"),
        ("indexer/demo/command.py", "import torch", "the job's own process is free of torch"),
        ("indexer/nightly.py", "import torch", "the job's own process is free of torch"),
        ("web/__init__.py", "import indexer.nightly", "indexer and web know reverse_search"),
        ("reverse_search/errors.py", "import indexer.settings", "reverse_search knows neither"),
        ("reverse_search/domain/words.py", "import scipy", "the domain is standard library and numpy"),
    ],
)
@pytest.mark.slow
def test_a_planted_violation_is_reported(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = lint(copy)
    assert done.returncode == 1
    broken = [text for text in done.stdout.splitlines() if " BROKEN" in text]
    assert any(contract in text for text in broken), done.stdout


HEAVY = "{'torch', 'torchvision', 'open_clip', 'timm', 'openvino'}"


@pytest.mark.parametrize(
    "module",
    [
        "web.app",
        "web.server",
        "indexer.cli",
        "indexer.demo.command",
        "indexer.nightly",
        "reverse_search.generation.opened",
    ],
)
def test_importing_it_does_not_load_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit(bool({HEAVY} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    code = "import sys, indexer.cli; sys.exit(bool({'numpy', 'sqlalchemy', 'faiss', 'flask'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
