"""The wheel works away from the checkout, and the command line answers at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel, built from this checkout, is installed into; its dependencies come from here."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    return site


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "indexer", *arguments]
    return subprocess.run(command, cwd=site.parent, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_wheel_migrates_and_runs(installed: Path, tmp_path: Path) -> None:
    where = [sys.executable, "-c", "import reverse_search; print(reverse_search.__file__)"]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    found = subprocess.run(where, cwd=installed.parent, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(installed))
    home = str(tmp_path / "home")
    assert "ready" in run(installed, "--home", home, "init").stdout
    status = run(installed, "--home", home, "status")
    assert status.returncode == 0
    assert "run `reverse-search nightly`" in status.stdout


@pytest.mark.slow
def test_only_the_packages_are_in_the_wheel(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} - {"bin"}
    assert tops == {"reverse_search", "indexer", "web"}
    assert (installed / "reverse_search" / "store" / "_migrations" / "versions" / "0001_initial.py").is_file()
    assert (installed / "web" / "templates" / "base.html").is_file()
    assert (installed / "web" / "static" / "site.css").is_file()


def test_help_lists_the_commands_in_order_of_use() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "indexer", "--help"], capture_output=True, text=True, check=True
    ).stdout
    commands = [
        "demo",
        "init",
        "import",
        "nightly",
        "search",
        "suggest",
        "serve",
        "status",
        "verify",
        "evaluate",
        "bench",
    ]
    listed = [line.split()[0] for line in text.split("Commands:")[1].splitlines() if line.strip()]
    assert listed == commands


def test_a_command_before_init_says_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "indexer", "--home", str(tmp_path / "none"), "nightly"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "run `reverse-search init`" in done.stderr
    assert "Traceback" not in done.stderr
