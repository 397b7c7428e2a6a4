"""The command line: a composition root. Everything heavy is imported by the command that needs it."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.bench.command import bench
from indexer.search_options import filter_options, read_filter_options
from reverse_search.errors import ReverseSearchError

if TYPE_CHECKING:
    from indexer.progress import Meter
    from indexer.settings import Settings
    from reverse_search.domain.taxonomy import Taxonomy
    from reverse_search.store.session import Database

FORMATS = click.Choice(["table", "json", "csv"])
KINDS = click.Choice(["any", "unknown", "coarse", "conflicting"])
GRADES = click.Choice(["casual", "needs_id", "research"])


class InOrder(click.Group):
    """Commands in the order in which one uses them, and errors as one clear line with their own exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In order of definition."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error raised on purpose is shown without a traceback."""
        try:
            return super().invoke(ctx)
        except ReverseSearchError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            # `reverse-search search X | head` closes the pipe early; that is no error.
            sys.stderr.close()
            ctx.exit(0)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="Data directory [REVERSE_SEARCH_HOME].")
@click.version_option(package_name="reverse-search")
@click.pass_context
def main(ctx: click.Context, home: Path | None) -> None:
    """Find observations that look like a taxon but lack that identification.

    To see it at work, `demo`. On your own data begin with `init`, then `import`, then `nightly`; after that `search`,
    `suggest` and the site (`serve`) answer.
    REVERSE_SEARCH_DATABASE_URL names another database than the file in the data directory.
    """
    ctx.obj = home


def _settings(home: Path | None) -> "Settings":
    from pydantic import ValidationError

    from indexer.settings import Settings
    from reverse_search.errors import BadSettings

    try:
        return Settings() if home is None else Settings(home=home)
    except ValidationError as error:
        first = error.errors()[0]
        name = "REVERSE_SEARCH_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadSettings(f"{name}: {first['msg']}") from None


def _database(settings: "Settings") -> "Database":
    from reverse_search.store.session import open_database

    return open_database(settings.url)


def _meter() -> "Meter":
    from rich.console import Console

    from indexer.progress import Meter

    return Meter(Console(stderr=True))


def _now() -> datetime:
    return datetime.now(UTC)


@main.command(short_help="A made collection, its index and the site, in one go.")
@click.option("--no-serve", is_flag=True, help="Stop before the site.")
@click.option("--size", type=click.IntRange(min=1), default=1500, show_default=True, help="Photos to draw.")
@click.option("--real", metavar="TAXON", help="A few hundred real observations of TAXON instead, from the platform.")
@click.option("--bbox", metavar="W,S,E,N", help="Where the real ones come from, in degrees.")
@click.pass_obj
def demo(home: Path | None, no_serve: bool, size: int, real: str | None, bbox: str | None) -> None:
    """Draw a collection, index it and serve the site: everything works without a network.

    It lies in reverse-search-demo, or in --home, and is left as it is when run again.
    """
    from indexer.demo.command import Demo, demo_settings, prepare_demo

    settings = demo_settings(_settings(home))
    hint = prepare_demo(settings, Demo(size=size, real=real, bbox=bbox), _meter(), _now)
    if no_serve:
        click.echo(f"{hint}\nNext: reverse-search --home {settings.home} serve")
        return
    _serve(settings, "127.0.0.1", 8000, or_next_free=True, hint=f"\n{hint}")


@main.command()
@click.pass_obj
def init(home: Path | None) -> None:
    """Create or migrate the database."""
    from reverse_search.store.migrate import migrate

    settings = _settings(home)
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate(settings.url)
    click.echo(f"The database is ready. Next: reverse-search --home {settings.home} import open-data DIR")


@main.group(name="import")
def import_() -> None:
    """Take observations in."""


@import_.command(name="open-data")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--photos", type=click.Path(path_type=Path), help="Folder of photos, {photo_id}/{size}.{extension}.")
@click.option("--identifications", type=click.Path(path_type=Path), help="File of identifications.")
@click.pass_obj
def open_data(home: Path | None, folder: Path, photos: Path | None, identifications: Path | None) -> None:
    """From a folder of the platform's Open Data: observations, photos, taxa, observers (.csv or .csv.gz)."""
    from indexer.lock import only_one
    from indexer.sources.open_data import import_open_data

    settings = _settings(home)
    meter = _meter()
    with _database(settings) as database, only_one(settings.home / "nightly.lock"), meter.live():
        report = import_open_data(
            folder,
            database,
            photos=photos,
            identifications=identifications,
            rejects_dir=settings.home / "rejects",
            progress=meter,
        )
    for table in report.tables:
        rate = table.rows / table.seconds if table.seconds > 0 else 0
        rejected = f", {table.rejected:,} rejected (see {table.rejects})" if table.rejected else ""
        click.echo(
            f"{table.name}: {table.rows:,} rows, {table.changed:,} new or changed{rejected} ({rate:,.0f} rows/s)"
        )
    click.echo(f"Next: reverse-search --home {settings.home} nightly")


@main.command(short_help="Embed, train, score, suggest, build, check, publish.")
@click.option("--refit", is_flag=True, help="Fit the projection anew; all photos are then embedded anew.")
@click.pass_obj
def nightly(home: Path | None, refit: bool) -> None:
    """Embed, train, score, suggest, build, check and publish. Killed, it goes on where it stopped."""
    from indexer.nightly import Nightly
    from indexer.photos import photo_source

    settings = _settings(home)
    with _database(settings) as database:
        source = photo_source(settings.home, database, settings.photo_base_url)
        job = Nightly(settings.home, database, settings, source, _meter(), _now)
        report = job.run(refit=refit)
    click.echo(f"{'published' if report.published else 'still serving'} {report.generation}")


@main.command(short_help="Observations that look like a taxon but lack that ID.")
@click.argument("taxon")
@click.option("--kind", type=KINDS, default="any", show_default=True, help="Which candidates.")
@click.option("--grade", "grades", type=GRADES, multiple=True, help="Quality grade.  [default: needs_id, research]")
@filter_options
@click.option("--limit", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
@click.pass_obj
def search(
    home: Path | None, /, taxon: str, kind: str, grades: tuple[str, ...], limit: int, format_: str, **filters: Any
) -> None:
    """Observations that look like TAXON (an id or a name) but lack that identification, best first."""
    from indexer.current import open_as_now
    from indexer.output import print_search
    from reverse_search.domain.words import Kind, QualityGrade
    from reverse_search.search.query import DEFAULT_GRADES, TaxonQuery
    from reverse_search.search.taxon_search import TaxonSearch

    asked = read_filter_options(filters)
    generation = open_as_now(_settings(home))
    query = TaxonQuery(
        _taxon_id(generation.taxonomy, taxon),
        kind=None if kind == "any" else Kind(kind),
        limit=limit,
        grades=frozenset(map(QualityGrade, grades)) or DEFAULT_GRADES,
        filters=asked,
    )
    print_search(TaxonSearch(generation).run(query), format_, click.echo)


def _taxon_id(taxonomy: "Taxonomy", asked: str) -> int:
    return int(taxonomy.taxon_ids[taxonomy.find(asked)])


@main.command(short_help="A family or genus for Unknowns, or why none is said.")
@click.option("--pool", default="unknown", show_default=True, help="unknown, or coarse:RANK (no finer than RANK).")
@click.option("--limit", type=click.IntRange(min=1), help="Entries at most; all by default.")
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
@click.pass_obj
def suggest(home: Path | None, pool: str, limit: int | None, format_: str) -> None:
    """A family or genus for each observation of a pool, or the reason why nothing is said."""
    from indexer.current import open_as_now
    from indexer.output import print_suggestions
    from reverse_search.search.triage import Triage, TriageQuery

    query = TriageQuery.parse(pool, limit)
    generation = open_as_now(_settings(home))
    print_suggestions(Triage(generation).run(query), format_, click.echo)


@main.command(short_help="The site, on http://127.0.0.1:8000.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The default is reached from this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.pass_obj
def serve(home: Path | None, host: str, port: int) -> None:
    """Serve the site. It follows what the nightly job publishes, without a restart."""
    _serve(_settings(home), host, port)


def _serve(settings: "Settings", host: str, port: int, *, or_next_free: bool = False, hint: str = "") -> None:
    # Before numpy and faiss are loaded, which read it once: a worker's requests are the parallelism.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from reverse_search.vectors.choice import require_gpu
    from reverse_search.vectors.where import Device
    from web import server
    from web.site import Site, read_notice

    if settings.device is Device.GPU:
        require_gpu()  # said here, once, rather than by every worker
    notice = read_notice(settings.home)
    listener = server.listen(host, port, or_next_free=or_next_free)
    site = Site(
        home=settings.home.resolve(),
        database_url=settings.url,
        # A collection with a notice isn't the platform's: its observations can't be found there.
        platform_url=None if notice else settings.platform_url.rstrip("/"),
        notice=notice,
        trusted_hosts=server.trusted_hosts(host, settings.trusted_hosts),
        device=settings.device,
    )
    click.echo(f"The site is at {server.url_of(listener)}  (Ctrl+C stops it){hint}")
    server.serve(site, listener, settings.workers)


@main.command(short_help="What serves, how good it is, how the last run went.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def status(home: Path | None, format_: str) -> None:
    """What serves, how good it measured itself to be, and how the last run went."""
    from indexer.output import print_status
    from indexer.status import read_status

    settings = _settings(home)
    with _database(settings) as database:
        print_status(read_status(settings.home, database), format_, click.echo)


@main.command(short_help="Re-hash every file of what serves, and say which have changed.")
@click.argument("generation", required=False)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def verify(home: Path | None, generation: str | None, format_: str) -> None:
    """Re-hash every file of GENERATION, by default what serves, and the vectors it refers to; then ask it something.

    Every file that is missing or has changed is named. The exit status is 7 where there is one.
    """
    from indexer.output import print_findings
    from reverse_search.generation import verify as looking
    from reverse_search.generation.publish import GenerationStore

    root, meter = _settings(home).home, _meter()
    store = GenerationStore(root)
    name = generation or store.pointed()
    with meter.live():
        findings = list(looking.verify(root, store.folder(name), meter.counter("verify", "bytes")))
    print_findings(name, findings, format_, click.echo)
    looking.require_whole(store, name, findings)


@main.command(short_help="Measure search and suggestions against the truth.")
@click.argument("truth", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--pool", "pools", multiple=True, default=("unknown", "coarse:class"), show_default=True)
@click.pass_obj
def evaluate(home: Path | None, truth: Path, pools: tuple[str, ...]) -> None:
    """Measure search and suggestions against FILE (observation_uuid, taxon_id: what each really is)."""
    from indexer import evaluate as measure
    from reverse_search.generation.opened import open_current

    known = measure.read_truth(truth)
    generation = open_current(_settings(home).home)
    found = measure.evaluate_search(generation, known)
    click.echo(measure.report(found, measure.evaluate_suggestions(generation, known, pools)))


main.add_command(bench)
