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


@bench.command(name="growth", short_help="Taxon search on ever larger collections, at one part of them in play.")
@click.option(
    "--photos", "sizes", type=click.IntRange(min=1000), multiple=True,
    default=(100_000, 300_000, 1_000_000, 3_000_000), show_default=True, help="Size; can be given repeatedly.",
)  # fmt: skip
@click.option("--dim", type=click.IntRange(8, 4096), default=512, show_default=True, help="Length of a vector.")
@click.option(
    "--selectivity", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.01, show_default=True
)
@click.option("--queries", type=click.IntRange(min=3), default=20, show_default=True, help="Taxa asked for.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--plot", "drawing", type=click.Path(dir_okay=False, path_type=Path), help="Draw it here, as an SVG.")
def bench_growth(
    sizes: tuple[int, ...], dim: int, selectivity: float, queries: int, format_: str, drawing: Path | None
) -> None:
    """Make collections of several sizes and measure how the time of a search grows.

    Three million photos take half an hour to make and 7 GB of disk.
    """
    import tempfile

    from rich.console import Console

    from indexer.bench import growth
    from indexer.bench.search import Settings, run
    from indexer.bench.synthetic import Recipe
    from indexer.progress import Meter

    say = Meter(Console(stderr=True)).say
    settings = Settings((selectivity,), queries)
    with tempfile.TemporaryDirectory(prefix="reverse-search-bench-") as scratch:
        figures = growth.run(Path(scratch), sizes, lambda photos, home: run(home, Recipe(photos, dim), settings, say))
    if drawing:
        growth.plot(figures, drawing)
    click.echo(growth.render(figures, format_))


@bench.command(name="peers", short_help="The same searches by other libraries: times, recall, fill, memory.")
@click.option("--photos", type=click.IntRange(min=1000), default=200_000, show_default=True)
@click.option("--dim", type=click.IntRange(8, 4096), default=512, show_default=True, help="Length of a vector.")
@click.option("--queries", type=click.IntRange(min=3), default=10, show_default=True, help="Taxa asked for.")
@click.option("--k", type=click.IntRange(min=1), default=100, show_default=True, help="Photos wanted.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--vectors", type=click.Choice(["tight", "sample-like"]), default="sample-like", show_default=True)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Make everything here, and keep it.")
@click.option("--peer", "peers", multiple=True, metavar="NAME", help="Only this one; can be given repeatedly.")
def bench_peers(photos: int, dim: int, vectors: str, format_: str, keep: Path | None, **asked: Any) -> None:
    """Ask perch-hoplite, LanceDB, Milvus Lite, plain FAISS and this project's planner the same questions.

    Libraries that are not installed are left out: `pip install 'reverse-search[bench]'`. 200,000 photos take some
    twenty minutes of one core, half of it for indexes, and 3 GB of disk.
    """
    import tempfile

    from rich.console import Console

    from indexer.bench.peers.registry import PEERS
    from indexer.bench.peers.report import render
    from indexer.bench.peers.run import Settings, run
    from indexer.bench.synthetic import Recipe
    from indexer.bench.vectors import VectorKind
    from indexer.progress import Meter

    peers = asked["peers"] or tuple(PEERS)
    if unknown := set(peers) - set(PEERS):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}; choose from {', '.join(PEERS)}", param_hint="--peer")
    recipe = Recipe(photos, dim, VectorKind(vectors), asked["seed"])
    settings = Settings(asked["queries"], asked["k"], asked["seed"], peers)
    with tempfile.TemporaryDirectory(prefix="reverse-search-bench-") as scratch:
        click.echo(render(run(keep or Path(scratch), recipe, settings, Meter(Console(stderr=True)).say), format_))


@bench.command(name="swaps", short_help="Readers while generations are published: no error, no mixed answer.")
@click.option("--photos", type=click.IntRange(min=1000), default=100_000, show_default=True, help="Of each generation.")
@click.option("--dim", type=click.IntRange(8, 4096), default=128, show_default=True, help="Length of a vector.")
@click.option("--queries", type=click.IntRange(min=100), default=100_000, show_default=True, help="Of all readers.")
@click.option("--swaps", type=click.IntRange(min=1), default=10, show_default=True, help="Publications meanwhile.")
@click.option("--readers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Of each reader.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_context
def bench_swaps(ctx: click.Context, /, photos: int, dim: int, format_: str, **asked: int) -> None:
    """Publish one generation after the other under readers, and compare each answer with what one of them says alone.

    What served before is deleted at once. The exit status is 1 if anything failed or was mixed. The default takes a
    quarter of an hour on two cores and 1 GB of disk.
    """
    import tempfile

    from rich.console import Console

    from indexer.bench import swaps
    from indexer.bench.synthetic import Recipe
    from indexer.progress import Meter

    with tempfile.TemporaryDirectory(prefix="reverse-search-bench-") as scratch:
        say = Meter(Console(stderr=True)).say
        figures = swaps.run(Path(scratch), Recipe(photos, dim), swaps.Settings(**asked), say)
    click.echo(swaps.render(figures, format_))
    ctx.exit(0 if swaps.holds(figures) else 1)


@bench.command(name="indexes", short_help="Which kind of index suits which size.")
@click.option(
    "--photos", "sizes", type=click.IntRange(min=1000), multiple=True, default=(10_000, 30_000, 100_000, 1_000_000),
    show_default=True, help="Size; can be given repeatedly.",
)  # fmt: skip
@click.option("--dim", type=click.IntRange(8, 4096), default=512, show_default=True, help="Length of a vector.")
@click.option("--queries", type=click.IntRange(min=3), default=20, show_default=True, help="Taxa asked for.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def bench_indexes(sizes: tuple[int, ...], dim: int, queries: int, format_: str) -> None:
    """Build every kind of index over collections of several sizes, and ask them the same.

    At a million photos it takes 6 GB of memory.
    """
    import os
    import tempfile

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rich.console import Console

    from indexer.bench import indexes
    from indexer.bench.synthetic import Recipe, prepare
    from indexer.progress import Meter

    say = Meter(Console(stderr=True)).say
    rows = []
    for photos in sizes:
        with tempfile.TemporaryDirectory(prefix="reverse-search-bench-") as scratch:
            prepare(Path(scratch), Recipe(photos, dim), say)
            rows += indexes.run(Path(scratch), queries, 1, say)
    click.echo(indexes.render(rows, format_))
