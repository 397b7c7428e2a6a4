"""The figures as a table or as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

HEADINGS = {
    "selectivity": "in play", "filter": "filter", "pool": "pool", "median_ms": "median ms", "p95_ms": "p95 ms",
    "recall_at_100": "recall@100", "index_recall_at_100": "by vectors alone", "fill_ratio": "fill",
    "flat_ratio": "flat / ours",
}  # fmt: skip
RANK_HEADINGS = {"rank": "rank", "leaves": "leaves", "median_ms": "median ms", "unfiltered_median_ms": "unfiltered"}


def render(figures: Mapping[str, Any], format_: str) -> str:
    """Figures of `search.run`, "json" or "table" (Markdown)."""
    if format_ == "json":
        return json.dumps(figures)
    first = figures["first_ms"]
    return "\n\n".join(
        [
            table(HEADINGS, figures["rows"]),
            table(RANK_HEADINGS, figures["ranks"]),
            f"first search for a taxon: median {first['median']} ms, slowest {first['worst']} ms; "
            f"memory {_mib(figures, 'resident_bytes')} MiB, of which {_mib(figures, 'anonymous_bytes')} its own and "
            f"{_mib(figures, 'mapped_bytes')} mapped; {figures['bytes_per_photo']} bytes a photo on disk; "
            f"made in {sum(figures['build_s'].values()):.0f} s: "
            + ", ".join(f"{step} {seconds:.0f}" for step, seconds in figures["build_s"].items()),
        ]
    )


def _mib(figures: Mapping[str, Any], name: str) -> str:
    return f"{figures[name] / 2**20:,.0f}"


def table(headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table: the named figures under their headings."""
    lines = ["| " + " | ".join(headings.values()) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(str(row[key]) for key in headings) + " |" for row in rows]
    return "\n".join(lines)
