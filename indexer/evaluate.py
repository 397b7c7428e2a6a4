"""How good search and suggestions are, against a table of what each observation really is.

Observations that the table doesn't name are left out of every figure.

The truth is never an input of anything else: it is read here, and only compared.
"""

import csv
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reverse_search.classify.metrics import average_precision
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy
from reverse_search.errors import SourceError
from reverse_search.search.ports import ServedIndex
from reverse_search.search.query import TaxonQuery
from reverse_search.search.taxon_search import TaxonPage, TaxonSearch
from reverse_search.search.triage import Triage, TriageQuery

Truth = dict[str, int]
WHOLE_POOL = 2**31


@dataclass(frozen=True, slots=True)
class TaxonFigures:
    """Average precision of one taxon's ranked candidates, by three ways of ranking them."""

    taxon_id: int
    name: str
    positives: int
    provisional: bool
    fused: float
    classifier: float
    neighbours: float


@dataclass(frozen=True, slots=True)
class SuggestionFigures:
    """Suggestions of one pool at one rank ("any" for both): how many, how many wrong, and of how many observations."""

    pool: str
    rank: str
    suggested: int
    wrong: int
    pool_size: int

    @property
    def coverage(self) -> float:
        """Share of the pool that got a suggestion."""
        return self.suggested / self.pool_size if self.pool_size else float("nan")

    @property
    def error(self) -> float:
        """Share of the suggestions that are neither the truth nor an ancestor of it."""
        return self.wrong / self.suggested if self.suggested else float("nan")


def read_truth(path: Path) -> Truth:
    """Read observation_uuid and taxon_id columns, separated by tabs or commas.

    Raises:
        SourceError: the file or a column is missing, or a value can't be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header = file.readline()
            names = header.strip().split("\t" if "\t" in header else ",")
            rows = csv.DictReader(file, fieldnames=names, delimiter="\t" if "\t" in header else ",")
            return {str(uuid.UUID(row["observation_uuid"])): int(row["taxon_id"]) for row in rows}
    except (OSError, KeyError, ValueError) as error:
        raise SourceError(f"{path} is no table with observation_uuid and taxon_id ({error!r})") from error


def evaluate_search(index: ServedIndex, truth: Truth) -> list[TaxonFigures]:
    """Rank the whole pool for every species that somebody would have found something for."""
    taxonomy, search = index.taxonomy, TaxonSearch(index)
    nodes = {u: taxonomy.node(taxon_id) for u, taxon_id in truth.items()}
    provisional = set(index.leaves[np.asarray(index.models.head.provisional)].tolist())
    figures = []
    for taxon in np.flatnonzero(taxonomy.rank_levels == 10):
        page = search.run(TaxonQuery(int(taxonomy.taxon_ids[taxon]), limit=WHOLE_POOL))
        known = [c for c in page.candidates if c.observation_uuid in nodes]
        is_x = np.array([taxonomy.contains(int(taxon), nodes[c.observation_uuid]) for c in known], dtype=np.bool_)
        if is_x.any():
            figures.append(_figures(replace(page, candidates=tuple(known)), is_x, int(taxon) in provisional))
    return figures


def _figures(page: TaxonPage, is_x: np.ndarray[tuple[int], np.dtype[np.bool_]], provisional: bool) -> TaxonFigures:
    def measure(values: Iterable[float | None]) -> float:
        return average_precision(np.array([-1.0 if v is None else v for v in values]), is_x)

    return TaxonFigures(
        taxon_id=page.taxon_id,
        name=page.name,
        positives=int(is_x.sum()),
        provisional=provisional,
        fused=measure(c.probability for c in page.candidates),
        classifier=measure(c.classifier_probability for c in page.candidates),
        neighbours=measure(c.neighbour_similarity for c in page.candidates),
    )


def evaluate_suggestions(index: ServedIndex, truth: Truth, pools: Iterable[str]) -> list[SuggestionFigures]:
    """Compare every suggestion of some pools with the truth, at genus, at family and together."""
    figures = []
    for pool in pools:
        page = Triage(index).run(TriageQuery.parse(pool))
        known = [e for e in page.entries if e.observation_uuid in truth]
        said = [(e.rank, _is_wrong(index.taxonomy, e.taxon_id, truth[e.observation_uuid])) for e in known if e.rank]
        for rank in ("genus", "family", "any"):
            wrong = [w for r, w in said if rank in (r, "any")]
            figures.append(SuggestionFigures(pool, rank, len(wrong), sum(wrong), len(known)))
    return figures


def _is_wrong(taxonomy: Taxonomy, suggested: int | None, true_taxon_id: int) -> bool:
    node = NO_TAXON if suggested is None else taxonomy.node(suggested)
    return not taxonomy.contains(node, taxonomy.node(true_taxon_id))


def report(search: list[TaxonFigures], suggestions: list[SuggestionFigures]) -> str:
    """Both as text."""
    lines = [f"{'taxon':32} positives  fused  classifier  neighbours"]
    lines += [
        f"{f.name:32} {f.positives:9} {f.fused:6.3f} {f.classifier:11.3f} {f.neighbours:11.3f}"
        f"{'  (rare)' if f.provisional else ''}"
        for f in search
    ]
    groups = {"all": search, "common": [f for f in search if not f.provisional]}
    groups["rare"] = [f for f in search if f.provisional]
    for name, group in groups.items():
        means = [float(np.mean([getattr(f, way) for f in group])) if group else float("nan") for way in WAYS]
        lines.append(
            f"mean AP, {name} ({len(group)} taxa): "
            + ", ".join(f"{w} {m:.3f}" for w, m in zip(WAYS, means, strict=True))
        )
    lines += [
        f"{f.pool}, {f.rank}: {f.suggested} suggestions for {f.pool_size} observations, {f.wrong} wrong: "
        f"coverage {f.coverage:.3f}, error {f.error:.3f}"
        for f in suggestions
    ]
    return "\n".join(lines)


WAYS = ("fused", "classifier", "neighbours")
