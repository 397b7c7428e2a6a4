"""Broken files on the command line: `verify` names them, the night refuses them, and what served goes on serving."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.check import check_build
from reverse_search.errors import CheckRefused
from reverse_search.generation.manifest import describe_files, read_page
from reverse_search.generation.opened import open_current
from reverse_search.generation.publish import GenerationStore
from tests.generation.whole import edit_manifest, files_of, folder_of, harmed, make_whole
from tests.support.collections import make_collection


def run(home: Path, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "indexer", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole") / "home"
    make_whole(home)
    return home


@pytest.mark.slow
def test_a_whole_one_passes(home: Path) -> None:
    name = GenerationStore(home).current()
    looked_at = len(files_of(home, name)) + 1
    assert f"{name}: {looked_at} looked at, nothing wrong" in run(home, "verify").stdout
    page = json.loads(run(home, "verify", name, "--format", "json").stdout)
    assert page == {"generation": name, "looked_at": looked_at, "whole": True, "problems": []}


@pytest.mark.slow
def test_every_changed_file_is_named_and_what_to_do(home: Path) -> None:
    name = GenerationStore(home).current()
    one = folder_of(home, name) / "postings" / "probabilities.npy"
    other = next((home / "segments").rglob("vectors.f16"))
    with harmed(one, "flipped", 4321), harmed(other, "flipped", 77):
        done = run(home, "verify", status=7)
        page = json.loads(run(home, "verify", "--format", "json", status=7).stdout)
    for path in (one, other):
        assert f"{path}: has changed since it was written" in done.stdout
    assert page["problems"] == [{"path": str(p), "problem": "has changed since it was written"} for p in (one, other)]
    assert (page["whole"], page["generation"]) == (False, name)
    assert "there is no other: delete" in done.stderr
    assert "delete the folder of a broken segment" in done.stderr


@pytest.mark.slow
def test_nothing_of_that_name_and_nothing_at_all(home: Path, tmp_path: Path) -> None:
    name = GenerationStore(home).current()
    assert f"no generation 'nothing'; there are {name}" in run(home, "verify", "nothing", status=7).stderr
    assert "run `reverse-search nightly`" in run(tmp_path, "verify", status=7).stderr


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["truncated", "missing"])
def test_a_search_of_what_is_broken_names_the_file_and_the_way_back(home: Path, harm: str) -> None:
    path = folder_of(home, GenerationStore(home).current()) / "head" / "weights.npy"
    with harmed(path, harm):
        done = run(home, "search", "Animalia", status=7)
    assert done.stderr.startswith(f"error: {path} ")
    assert "delete" in done.stderr
    assert not done.stdout


def test_a_flipped_byte_is_refused_before_it_serves(home: Path) -> None:
    folder = folder_of(home, GenerationStore(home).current())
    for name in ("identifications/said.npy", "vectors.faiss", "taxonomy/text.json"):
        with (
            harmed(folder / name, "flipped", 300),
            pytest.raises(CheckRefused, match=rf"{name} has changed|text\.json can't"),
        ):
            check_build(home, folder)
    with (
        harmed(folder / "scores" / "photo_weight.npy", "truncated"),
        pytest.raises(CheckRefused, match=r"photo_weight\.npy has .* what served goes on serving"),
    ):
        check_build(home, folder)


def test_segments_that_nothing_refers_to_yet_are_hashed_before_they_serve(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    home, segment = tmp_path / "home", next((tmp_path / "home" / "segments").rglob("vectors.f16"))
    store = GenerationStore(home)
    built = shutil.copytree(store.path(store.current()), home / "built")
    (home / "CURRENT").unlink()
    check_build(home, built)
    with harmed(segment, "flipped", 4321), pytest.raises(CheckRefused, match=r"vectors\.f16 has changed"):
        check_build(home, built)


def test_segments_that_serve_were_hashed_when_they_were_new(home: Path) -> None:
    """A night's cost follows what changed; `verify` looks at all."""
    store = GenerationStore(home)
    with harmed(next((home / "segments").rglob("content_hashes.u8")), "flipped", 5):
        check_build(home, store.path(store.current()))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a first night, and after something else was imported."""
    folder = tmp_path_factory.mktemp("published")
    run(folder / "home", "init")
    for per_species in (20, 26):
        made = make_collection(folder / f"dump-{per_species}", per_species)
        run(folder / "home", "import", "open-data", str(made.folder))
        if per_species == 20:
            run(folder / "home", "nightly")
    return folder / "home"


def kill_at(home: Path, step: str) -> Path:
    """Kill the job as soon as it says that a step begins. Returns the folder of its build."""
    job = subprocess.Popen(
        [sys.executable, "-m", "indexer", "--home", str(home), "nightly"], stderr=subprocess.PIPE, text=True
    )
    assert job.stderr is not None
    for line in job.stderr:
        if line.startswith(f"{step} …"):
            os.kill(job.pid, signal.SIGKILL)
            break
    job.stderr.close()
    assert job.wait(60) == -signal.SIGKILL
    (folder,) = (home / "building").glob("*/generation")
    return folder


@pytest.mark.slow
def test_a_byte_flipped_during_the_night_is_refused_and_made_anew_the_next(published: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home)
    serving = GenerationStore(home).current()
    path = kill_at(home, "check") / "postings" / "nodes.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:999] + bytes([whole[999] ^ 1]) + whole[1000:])
    refused_by_name(home, path)
    assert GenerationStore(home).current() == serving == open_current(home).name
    assert not any((home / "building").iterdir()), "or the next night would take it up again"
    assert "published" in run(home, "nightly").stdout
    assert open_current(home).name != serving
    run(home, "verify")


@pytest.mark.slow
def test_a_byte_flipped_in_a_new_segment_is_refused(published: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home)
    serving = GenerationStore(home).current()
    kill_at(home, "check")
    first, newest = sorted((home / "segments").rglob("vectors.f16"))
    with harmed(newest, "flipped", 999):
        refused_by_name(home, newest)
        assert GenerationStore(home).current() == serving == open_current(home).name
    assert "published" in run(home, "nightly").stdout
    for path in (first, newest):
        with harmed(path, "flipped", 999):
            assert f"{path}: has changed" in run(home, "verify", status=7).stdout


def refused_by_name(home: Path, path: Path) -> None:
    said = run(home, "nightly", status=8).stderr
    assert f"error: check of files: {path} has changed since it was written; nothing was published" in said


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["manifest.json", ""], ids=["manifest", "all"])
def test_where_what_serves_is_broken_the_night_builds_it_anew(published: Path, tmp_path: Path, harm: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home)
    run(home, "nightly")
    contents = open_current(home).manifest.contents_digest
    broken = GenerationStore(home).current()
    path = folder_of(home, broken) / harm
    path.rename(tmp_path / "aside")
    assert "published" in run(home, "nightly").stdout
    assert open_current(home).manifest.contents_digest == contents
    assert GenerationStore(home).current() != broken
    run(home, "verify")


def test_an_edited_manifest_is_no_way_around_it(home: Path) -> None:
    """Whoever makes the digests fit a truncated file is stopped by the file's own form."""
    folder = folder_of(home, GenerationStore(home).current())
    files = read_page(folder).files
    with harmed(folder / "exemplars" / "nodes.npy", "truncated"):
        edit_manifest(folder, files=describe_files(folder))
        with pytest.raises(CheckRefused, match=r"nodes\.npy"):
            check_build(home, folder)
    edit_manifest(folder, files=files)
