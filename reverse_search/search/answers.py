"""Answers as plain values, for JSON. The form is a contract: fields are added, never changed or removed."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from reverse_search.search.taxon_search import TaxonPage
from reverse_search.search.triage import TriagePage


def taxon_answer(page: TaxonPage) -> dict[str, Any]:
    """What `search --format json` prints and the site's JSON gives."""
    return {
        "taxon": {"id": page.taxon_id, "name": page.name, "rank": page.rank},
        "generation": page.generation,
        "plan": dict(page.plan),
        "counts": {kind.value: n for kind, n in page.counts.items()},
        "likely": {kind.value: round(n, 4) for kind, n in page.likely.items()},
        "candidates": [asdict(candidate) for candidate in page.candidates],
        "explanation": page.explanation,
    }


def triage_answer(page: TriagePage) -> dict[str, Any]:
    """What `suggest --format json` prints and the site's JSON gives."""
    return {
        "pool": page.pool,
        "generation": page.generation,
        "policy": page.policy,
        "certified": page.certified,
        "pool_size": page.pool_size,
        "counts": dict(page.counts),
        "suggestions": [asdict(entry) for entry in page.entries],
    }


def plain(value: Any) -> Any:
    """A value as JSON knows it: dates as text, and null for what could not be measured, which is NaN elsewhere."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date):  # datetimes are dates
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
