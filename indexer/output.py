"""Answers as tables, JSON or CSV. The JSON and CSV forms are a contract: fields are added, never changed or removed."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from reverse_search.generation.verify import Finding
from reverse_search.search.answers import plain, taxon_answer, triage_answer
from reverse_search.search.taxon_search import Candidate, TaxonPage
from reverse_search.search.triage import SuggestionEntry, TriagePage

Echo = Callable[[str], None]
WIDTH = 118


def print_search(page: TaxonPage, format_: str, echo: Echo) -> None:
    """Print a search's answer."""
    if format_ == "json":
        echo(json.dumps(taxon_answer(page), ensure_ascii=False))
    elif format_ == "csv":
        echo(_csv([asdict(c) for c in page.candidates], list(Candidate.__dataclass_fields__)))
    else:
        echo(_search_table(page))


def print_suggestions(page: TriagePage, format_: str, echo: Echo) -> None:
    """Print a pool's suggestions."""
    if format_ == "json":
        echo(json.dumps(triage_answer(page), ensure_ascii=False))
    elif format_ == "csv":
        echo(_csv([asdict(e) for e in page.entries], list(SuggestionEntry.__dataclass_fields__)))
    else:
        echo(_suggestions_table(page))


def print_status(status: Mapping[str, Any], format_: str, echo: Echo) -> None:
    """Print the status."""
    if format_ == "json":
        echo(json.dumps(plain(status), ensure_ascii=False))
        return
    for section, values in status.items():
        echo(f"{section}:" if isinstance(values, Mapping) else f"{section}: {_shown(values)}")
        if isinstance(values, Mapping):
            for key, value in values.items():
                echo(f"  {key}: {_shown(value)}")


def print_findings(name: str, findings: Sequence[Finding], format_: str, echo: Echo) -> None:
    """Print what came of looking at every file of a generation."""
    wrong = [finding for finding in findings if finding.problem is not None]
    if format_ == "json":
        problems = [{"path": str(finding.path), "problem": finding.problem} for finding in wrong]
        echo(json.dumps({"generation": name, "looked_at": len(findings), "whole": not wrong, "problems": problems}))
        return
    for finding in wrong:
        echo(f"{finding.path}: {finding.problem}")
    echo(f"{name}: {len(findings)} looked at, {len(wrong) or 'nothing'} wrong")


def _search_table(page: TaxonPage) -> str:
    counts = ", ".join(f"{n:,} {kind.value} ({page.likely[kind]:.1f} likely)" for kind, n in page.counts.items())
    title = f"{page.name} ({page.rank} {page.taxon_id}): {counts}"
    if page.explanation:
        return f"{title}\n{page.explanation}"
    columns = ("probability", "kind", "classifier", "similarity", "observation", "photos", "most alike exemplars")
    rows = [
        (
            f"{c.probability:.3f}",
            c.kind.value,
            "" if c.classifier_probability is None else f"{c.classifier_probability:.3f}",
            "" if c.neighbour_similarity is None else f"{c.neighbour_similarity:.3f}",
            c.observation_uuid,
            " ".join(map(str, c.photo_ids)),
            " ".join(map(str, c.exemplar_photo_ids)),
        )
        for c in page.candidates
    ]
    return _table(title, columns, rows)


def _suggestions_table(page: TriagePage) -> str:
    counts = ", ".join(f"{n:,} {word}" for word, n in page.counts.items())
    title = f"{page.pool}: {page.pool_size:,} observations{': ' if counts else ''}{counts}"
    columns = ("suggestion", "rank", "probability", "place", "observation", "abstained because")
    rows = [
        (
            e.name or "",
            e.rank or "",
            "" if e.probability is None else f"{e.probability:.3f}",
            e.place or "",
            e.observation_uuid,
            e.abstain_reason.value if e.abstain_reason else "",
        )
        for e in page.entries
    ]
    return _table(title, columns, rows)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        # An id broken over two lines can't be copied.
        table.add_column(column, overflow="fold", no_wrap=column == "observation")
    for row in rows:
        table.add_row(*row)
    buffer = io.StringIO()
    Console(file=buffer, width=WIDTH, highlight=False, markup=False).print(table)
    return buffer.getvalue().rstrip("\n")


def _csv(rows: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_cell(row[field]) for field in fields])
    return buffer.getvalue().rstrip("\n")


def _cell(value: object) -> object:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None else value


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "none" if value is None else str(value)
