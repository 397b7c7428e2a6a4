import json
from pathlib import Path

import pytest

from indexer.backbones.decode import decode_photo
from indexer.demo.collection import MARKER, UNFINISHED, DemoReport, make_demo_collection
from indexer.demo.tables import FIRST_PHOTO
from indexer.evaluate import read_truth
from indexer.sources.open_data import import_open_data
from reverse_search.errors import PhotoUnreadable, SourceError
from reverse_search.store.columns import read_columns
from reverse_search.store.session import Database

FEW = 60


class Interrupted(Exception):
    """As if by the user."""


class Heard:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.counts: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.counts.append((done, total))

    def advance(self, step: str, rows: int, fraction_done: float) -> None:
        pass


def make(folder: Path, seed: int = 1, photos: int = FEW, workers: int = 1) -> DemoReport:
    return make_demo_collection(folder, photos=photos, seed=seed, progress=Heard(), workers=workers)


def make_some(folder: Path, drawn: int, seed: int = 1, photos: int = FEW) -> None:
    """Begin, and be interrupted."""

    def interrupt(done: int, _: int) -> None:
        if done == drawn:
            raise Interrupted

    with pytest.raises(Interrupted):
        make_demo_collection(folder, photos=photos, seed=seed, progress=interrupt, workers=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "open-data"
    heard = Heard()
    report = make_demo_collection(folder, photos=FEW, progress=heard, workers=1)
    assert (report.photos, report.drawn) == (FEW, True)
    assert heard.counts == [(n, FEW) for n in range(FEW + 1)]
    return folder


def test_the_number_of_processes_makes_no_difference(made: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", workers=2)
    assert contents(tmp_path / "other") == contents(made)


def test_another_seed_gives_another_collection(made: Path, tmp_path: Path) -> None:
    make_some(tmp_path / "other", drawn=9, seed=2)
    here, there = contents(made), contents(tmp_path / "other")
    same = {name for name in here if here[name] == there.get(name)}
    assert same - broken(here) == {"taxa.csv", "observers.csv"}
    assert sum(name.startswith("photos/") for name in there) == 9


def broken(files: dict[str, bytes]) -> set[str]:
    return {name for name, content in files.items() if name.endswith("jpg") and not content.endswith(b"\xff\xd9")}


def test_it_is_taken_in_whole(made: Path, database: Database, tmp_path: Path) -> None:
    report = import_open_data(made, database, photos=None, identifications=None, rejects_dir=tmp_path, progress=Heard())
    assert report.rejected == 0
    assert [table.name for table in report.tables] == ["taxa", "observers", "observations", "photos", "identifications"]
    with database.snapshot() as connection:
        columns = read_columns(connection)
    assert len(columns.photos.photo_ids) == FEW
    assert columns.photos.photo_ids.min() == FIRST_PHOTO
    assert len(columns.observations) == len(read_truth(made / "truth.csv"))


def test_every_photo_is_there_and_only_the_broken_ones_can_t_be_read(made: Path) -> None:
    photos = contents(made / "photos")
    assert len(photos) == FEW
    unreadable = set()
    for name, content in photos.items():
        try:
            decode_photo(content, 128, name)
        except PhotoUnreadable:
            unreadable.add(name)
    assert unreadable == broken(photos)
    states = [line.split("\t")[2] for line in (made / "truth.csv").read_text(encoding="utf-8").splitlines()]
    assert len(unreadable) == states.count("broken") >= 1


def test_a_finished_folder_is_left_alone(made: Path, tmp_path: Path) -> None:
    (made / "photos" / "mine.txt").write_text("mine", encoding="utf-8")
    before = contents(made)
    assert make(made).drawn is False
    assert contents(made) == before
    (made / "photos" / "mine.txt").unlink()


def test_it_goes_on_where_it_was_interrupted(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "open-data"
    make_some(folder, drawn=25)
    assert not (folder / MARKER).exists()
    drawn = sorted((folder / "photos").rglob("*.jpg"))
    assert len(drawn) == 25
    drawn[0].write_bytes(b"")
    (drawn[1].parent / ".medium.jpg.1.tmp").write_bytes(b"half")
    times = [path.stat().st_mtime_ns for path in drawn]
    heard = Heard()
    make_demo_collection(folder, photos=FEW, progress=heard, workers=1)
    assert heard.counts[0] == (24, FEW)
    assert [path.stat().st_mtime_ns for path in drawn[1:]] == times[1:]
    assert contents(folder) == contents(made)


def test_another_demo_is_replaced(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "open-data"
    make_some(folder, drawn=5, photos=70)
    (folder / UNFINISHED).rename(folder / MARKER)
    make(folder)
    assert contents(folder) == contents(made)
    marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    assert (marker["photos"], marker["seed"]) == (FEW, 1)
    assert "No such organisms" in marker["about"]
    assert not (folder / UNFINISHED).exists()


@pytest.mark.parametrize("name", ["photos", MARKER, "notes.txt"])
def test_what_somebody_else_put_there_is_not_touched(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(SourceError, match="name a folder that is empty"):
        make(tmp_path)
    assert contents(tmp_path) == {name: b"{}"}
    with pytest.raises(SourceError, match="is not a folder"):
        make(tmp_path / name)
