"""Following what is published: what is broken is passed over, what is pruned while opened is left for the next."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reverse_search.domain.overlay import Change
from reverse_search.domain.words import QualityGrade
from reverse_search.errors import CorruptFile, NoGeneration
from reverse_search.generation import opened
from reverse_search.generation.following import TRY_AGAIN_S, Follower, Seen
from reverse_search.generation.manifest import MANIFEST_NAME
from reverse_search.generation.publish import GenerationStore
from reverse_search.vectors import planner
from tests.generation.whole import folder_of, make_whole

LATER = "20990101T000000Z-00000000"


class Log:
    """Changes kept in a list."""

    def __init__(self) -> None:
        self.changes: list[Change] | None = []
        self.last = 0

    def seq(self) -> int:
        return self.last

    def since(self, watermark_seq: int) -> tuple[int, Sequence[Change] | None]:
        return self.last, self.changes


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "home"
    make_whole(home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy with a second generation, which doesn't serve yet."""
    home = tmp_path / "home"
    shutil.copytree(made, home)
    shutil.copytree(home / "generations" / GenerationStore(home).current(), home / "generations" / LATER)
    return home


def serving(follower: Follower) -> str:
    return follower.now().index.name


def test_before_the_first_night(tmp_path: Path) -> None:
    with pytest.raises(NoGeneration, match="run `reverse-search nightly`"):
        Follower(tmp_path, Log()).now()


def test_a_view_stays_the_same_until_something_changes_and_for_who_has_it(home: Path) -> None:
    follower, store = Follower(home, Log()), GenerationStore(home)
    first = follower.now()
    assert follower.now() is first
    store.serve(LATER)
    second = follower.now()
    assert (second.index.name, first.index.name) == (LATER, store.names()[0])
    store.roll_back()
    assert serving(follower) == store.names()[0]


def test_what_is_imported_is_laid_over(home: Path) -> None:
    log = Log()
    follower = Follower(home, log)
    before = follower.now()
    row = int((before.index.observations.quality_grade == 2).nonzero()[0][0])
    uuid = before.index.observations.uuid[row].tobytes()
    log.changes, log.last = [Change(uuid, None, QualityGrade.NEEDS_ID, False, False, ())], 1
    after = follower.now()
    assert (after.built, after.seq) == (before.built, 1)
    assert after.index.observations.quality_grade[row] != before.index.observations.quality_grade[row] == 2
    log.changes, log.last = None, 2
    assert follower.now().index is before.built, "too much to show"


@pytest.mark.parametrize("harm", [MANIFEST_NAME, "vectors.faiss", "vectors.json", "head", "taxonomy/text.json", ""])
def test_a_broken_one_is_passed_over_and_looked_at_again_after_a_while(
    home: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    follower, store = Follower(home, Log(), clock), GenerationStore(home)
    first = follower.now()
    store.serve(LATER)
    (folder_of(home, LATER) / harm).rename(home / "aside")
    for _ in range(3):
        assert follower.now() is first
    assert len(caplog.messages) == 1
    assert f"{first.index.name} goes on serving: " in caplog.text
    assert harm.split("/")[0] in caplog.text
    (home / "aside").rename(folder_of(home, LATER) / harm)
    assert follower.now() is first
    clock.now_s += TRY_AGAIN_S
    assert serving(follower) == LATER


def test_after_a_broken_one_the_next_is_served_at_once(home: Path) -> None:
    follower, store = Follower(home, Log(), Clock()), GenerationStore(home)
    first = follower.now()
    shutil.copytree(home / "generations" / LATER, home / "generations" / "20990102T000000Z-00000000")
    store.serve(LATER)
    (folder_of(home, LATER) / "vectors.json").unlink()
    assert follower.now() is first
    store.serve("20990102T000000Z-00000000")
    assert serving(follower) == "20990102T000000Z-00000000"


@pytest.mark.parametrize("pointer", [None, "", "..", "nothing"])
def test_a_pointer_that_leads_nowhere_leaves_the_last_one_serving(home: Path, pointer: str | None) -> None:
    follower = Follower(home, Log(), Clock())
    first = follower.now()
    (home / "CURRENT").unlink()
    if pointer is not None:
        (home / "CURRENT").write_text(pointer, encoding="utf-8")
    assert follower.now() is follower.now() is first
    with pytest.raises(NoGeneration):
        Follower(home, Log()).now()


def test_the_first_one_that_can_not_be_opened_is_an_error_each_time(home: Path) -> None:
    follower = Follower(home, Log(), Clock())
    text = folder_of(home, GenerationStore(home).current()) / "taxonomy" / "text.json"
    text.rename(home / "aside")
    for _ in range(2):
        with pytest.raises(CorruptFile, match=rf"text\.json is missing.*to roll back, write {LATER}"):
            follower.now()
    (home / "aside").rename(text)
    assert isinstance(follower.now(), Seen)


STEPS = [
    (opened, "read_manifest"),
    (opened, "load_taxonomy"),
    (opened, "load_models"),
    (opened, "load_columns"),
    (planner, "open_index"),
    (opened, "check_sizes"),
]


@pytest.mark.parametrize(("module", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("known", [True, False], ids=["serving", "starting"])
def test_one_that_is_pruned_while_it_is_opened_is_left_for_the_next(
    home: Path, module: ModuleType, step: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just before each step of opening, the next one is published and this one deleted."""
    store, (first, _) = GenerationStore(home), GenerationStore(home).names()
    middle = "20980101T000000Z-00000000"
    shutil.copytree(folder_of(home, LATER), folder_of(home, middle))
    follower, real = Follower(home, Log(), Clock()), getattr(module, step)
    if known:
        assert serving(follower) == first
    store.serve(middle)

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(module, step, real)
        store.serve(LATER)
        store.prune(1, datetime(2100, 1, 1, tzinfo=UTC), timedelta(0))
        return real(*arguments)

    monkeypatch.setattr(module, step, overtaken)
    seen = follower.now()
    assert (seen.index.name, store.names()) == (LATER, [LATER])
    assert seen.index.vectors.planner._index is not None


def test_one_that_is_pruned_between_the_pointer_and_its_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, real = GenerationStore(home), GenerationStore.pointed

    def overtaken(self: GenerationStore) -> str:
        name = real(self)
        monkeypatch.setattr(GenerationStore, "pointed", real)
        store.serve(LATER)
        store.prune(1, datetime(2100, 1, 1, tzinfo=UTC), timedelta(0))
        return name

    monkeypatch.setattr(GenerationStore, "pointed", overtaken)
    assert opened.open_current(home).name == LATER
