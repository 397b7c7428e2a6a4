"""`reverse-search bench`. Everything heavy is imported by the command that needs it."""

from pathlib import Path
from typing import Any

import click


@click.group()
def bench() -> None:
    """Measure speed on made collections, without touching the data directory."""


@bench.command(name="search", short_help="Taxon search: times, recall against exact search, memory.")
@click.option("--photos", type=click.IntRange(min=1000), default=1_000_000, show_default=True)
@click.option("--dim", type=click.IntRange(8, 4096), default=512, show_default=True, help="Length of a vector.")
@click.option(
    "--selectivity", "selectivities", type=click.FloatRange(0, 1, min_open=True), multiple=True,
    default=(1.0, 0.1, 0.01, 0.001), show_default=True, help="Part of the collection in play; can be given repeatedly.",
)  # fmt: skip
@click.option("--queries", type=click.IntRange(min=3), default=20, show_default=True, help="Taxa asked for.")
@click.option("--k", type=click.IntRange(min=1), default=100, show_default=True, help="Observations on a page.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--vectors", type=click.Choice(["tight", "sample-like"]), default="sample-like", show_default=True)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Make the collection here, and keep it.")
def bench_search(photos: int, dim: int, seed: int, vectors: str, format_: str, keep: Path | None, **asked: Any) -> None:
    """Make a collection of clustered vectors, publish it and search it, in a process like a worker of the site.

    A million photos take some minutes to make and 3 GB of disk.
    """
    import tempfile

    from rich.console import Console

    from indexer.bench.report import render
    from indexer.bench.search import Settings, run
    from indexer.bench.synthetic import Recipe
    from indexer.bench.vectors import VectorKind
    from indexer.progress import Meter

    recipe = Recipe(photos, dim, VectorKind(vectors), seed)
    settings = Settings(asked["selectivities"], asked["queries"], asked["k"], seed=seed)
    with tempfile.TemporaryDirectory(prefix="reverse-search-bench-") as scratch:
        click.echo(render(run(keep or Path(scratch), recipe, settings, Meter(Console(stderr=True)).say), format_))
