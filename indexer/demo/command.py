"""The demo: a collection of its own, through the same import and nightly job as every other."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from indexer.demo.collection import make_demo_collection
from indexer.demo.real.fetch import BoundingBox, fetch_real_collection
from indexer.nightly import Nightly
from indexer.photos import photo_source
from indexer.progress import Meter
from indexer.settings import Settings
from indexer.sources.open_data import import_open_data
from reverse_search.domain.files import write_atomic
from reverse_search.errors import BadRequest, ReverseSearchError
from reverse_search.generation.opened import open_current
from reverse_search.search.highlights import highlights
from reverse_search.store.migrate import migrate
from reverse_search.store.session import open_database

DEFAULT_HOME = Path("reverse-search-demo")
DEFAULT_SIZE = 1500
MARK = "demo.json"
NOTICE_FILE = "notice.txt"
DRAWN = "This is a drawn demo: the photos are drawings and their taxa are invented. No observation here is real."


@dataclass(frozen=True, slots=True)
class Demo:
    """Which demo.

    Attributes:
        size: how many photos are drawn.
        real: instead of drawings, a taxon whose observations come from the platform.
        bbox: where from, "W,S,E,N" in degrees; None for everywhere.
    """

    size: int = DEFAULT_SIZE
    real: str | None = None
    bbox: str | None = None


def demo_settings(settings: Settings) -> Settings:
    """An operator's settings for the demo: in a folder of its own, and never in the operator's database."""
    home = settings.home if "home" in settings.model_fields_set else DEFAULT_HOME
    return settings.model_copy(update={"home": home, "database_url": None})


def prepare_demo(settings: Settings, demo: Demo, meter: Meter, now: Callable[[], datetime]) -> str:
    """Make the collection, import it and run the job. What is there already is not done again.

    Returns:
        A line that says what to try.

    Raises:
        BadRequest: the folder holds something else.
        SourceError: the platform can't be reached, or has nothing of that kind.
    """
    if demo.bbox is not None and demo.real is None:
        raise BadRequest("--bbox says where real observations come from; use it together with --real TAXON")
    bbox = BoundingBox.parse(demo.bbox) if demo.bbox is not None else None
    home = settings.home
    _claim(home, demo)
    folder = home / "open-data"
    try:
        if demo.real is None:
            _draw(folder, demo, meter)
            write_atomic(home / NOTICE_FILE, DRAWN.encode())
        elif not folder.is_dir():
            _fetch(folder, demo.real, bbox, settings.api_url, meter)
    except ReverseSearchError:
        if not folder.is_dir():  # so that a corrected command isn't another demo
            (home / MARK).unlink()
        raise
    _run(settings, folder, demo, meter, now)
    return _worth_trying(home)


def _claim(home: Path, demo: Demo) -> None:
    """Only an empty folder, or one that holds this very demo, is written to: nobody's data are mixed with it."""
    mark = home / MARK
    page = json.dumps(asdict(demo), sort_keys=True)
    if mark.is_file():
        if (found := mark.read_text(encoding="utf-8")) != page:
            raise BadRequest(f"{home} holds another demo ({found}); remove it, or name another folder with --home")
        return
    if home.is_dir() and any(home.iterdir()):
        raise BadRequest(f"{home} holds something else; name an empty folder with --home")
    home.mkdir(parents=True, exist_ok=True)
    write_atomic(mark, page.encode())


def _draw(folder: Path, demo: Demo, meter: Meter) -> None:
    with meter.live():
        report = make_demo_collection(folder, photos=demo.size, progress=meter.counter("draw", "photos"))
    made = "drawn" if report.drawn else "were there already"
    meter.say(f"{report.photos:,} photos of {report.observations:,} observations {made}")


def _fetch(folder: Path, taxon: str, bbox: BoundingBox | None, api_url: str, meter: Meter) -> None:
    with meter.live():
        progress = meter.counter("fetch", "observations")
        report = fetch_real_collection(folder, taxon, bbox=bbox, api_url=api_url, progress=progress)
    meter.say(f"{report.photos:,} photos of {report.observations:,} observations found; the job downloads them")


def _run(settings: Settings, folder: Path, demo: Demo, meter: Meter, now: Callable[[], datetime]) -> None:
    migrate(settings.url)
    with open_database(settings.url) as database:
        with meter.live():
            import_open_data(
                folder,
                database,
                photos=None,
                identifications=None,
                rejects_dir=settings.home / "rejects",
                progress=meter,
            )
        server = settings.photo_base_url if demo.real is not None else None
        source = photo_source(settings.home, database, server)
        report = Nightly(settings.home, database, settings, source, meter, now).run()
    meter.say(f"{'published' if report.published else 'still serving'} {report.generation}")


def _worth_trying(home: Path) -> str:
    found = [taxon for taxa in highlights(open_current(home), limit=1).values() for taxon in taxa]
    names = ", ".join(f"{taxon.name} ({taxon.rank})" for taxon in found)
    return f"Try: search for {names}." if names else "Try: the suggestions, and the reasons why some have none."
