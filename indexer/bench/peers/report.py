"""The figures as tables, a row for each library and setting, or as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ABOUT = ("library", "packages", "build s", "of the processor", "MiB on disk", "MiB in memory", "of its own")
MEASURES = {
    "median_ms": "Median ms", "p95_ms": "95th percentile, ms", "cpu_ms": "Median ms of the processor",
    "recall": "Recall", "fill": "Fill",
}  # fmt: skip


def render(figures: Mapping[str, Any], format_: str) -> str:
    """Figures of `run.run`, "json" or "table" (Markdown)."""
    if format_ == "json":
        return json.dumps(figures)
    peers = figures["peers"]
    parts = [_table(ABOUT, map(_about, peers))]
    answered = list(_answered(peers))
    if answered:
        filters = answered[0][2]
        pools = _table(["", *map(_filter, filters)], [["photos in play", *(f"{row['pool']:,}" for row in filters)]])
        parts.append(pools)
        parts += [_measure(measure, title, answered) for measure, title in MEASURES.items()]
        parts.append("\n".join(f"- {name}, {setting['name']}: {setting['what']}" for name, setting, _ in answered))
    return "\n\n".join(parts)


def _about(peer: Mapping[str, Any]) -> list[str]:
    if peer["note"]:
        return [peer["name"], peer["version"] or "", peer["note"], "", "", "", ""]
    sizes = [f"{peer[name] / 2**20:,.0f}" for name in ("disk_bytes", "resident_bytes", "anonymous_bytes")]
    return [peer["name"], peer["version"], f"{peer['build_s']:,.0f}", f"{peer['build_cpu_s']:,.0f}", *sizes]


def _answered(peers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]]:
    for peer in peers:
        for setting in peer["settings"]:
            yield peer["name"], setting, setting["rows"]


def _measure(measure: str, title: str, answered: Sequence[tuple[str, Mapping[str, Any], list[Any]]]) -> str:
    headings = [title, *map(_filter, answered[0][2])]
    rows = [[f"{name}, {s['name']}", *(_number(measure, row) for row in found)] for name, s, found in answered]
    return _table(headings, rows)


def _number(measure: str, row: Mapping[str, Any]) -> str:
    value = row[measure]
    if measure.endswith("_ms"):
        return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    # An answer outside of the filter is worse than a missing one: it is marked.
    wrong = f" ({row['outside']} outside)" if measure == "fill" and row["outside"] else ""
    return f"{value:.3f}".removeprefix("0") + wrong


def _filter(row: Mapping[str, Any]) -> str:
    part = f"{100 * row['selectivity']:g} %"
    return part if row["selectivity"] >= 1 else f"{part} {row['filter']}"


def _table(headings: Sequence[str], rows: Any) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
