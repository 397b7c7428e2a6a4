"""Filters as expressions on columns: no loop over observations, and nothing done for a filter that isn't set."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray, Int32Array, IntArray
from reverse_search.domain.catalogue import CAPTIVE_CODES, LICENSE_CODES, NO_DAY, ObservationColumns
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy
from reverse_search.domain.words import RANK_LEVELS
from reverse_search.geo.areas import inside
from reverse_search.search.ports import Collection
from reverse_search.search.query import NO_ICONIC_TAXON, Filters

EPOCH = date(1970, 1, 1).toordinal()
LAST_DAY = 2**31 - 1
FINEST_LEVEL, COARSEST_LEVEL = 0.001, 100.0
"""Between 0, the level of what the taxonomy doesn't know, and infinity, that of Unknowns."""
FEW = 32
"""Values up to this many are compared one by one, at 0.1 ms each and million; more are looked up in a sorted list."""


def mask(filters: Filters, index: Collection, among: BoolArray | None = None) -> BoolArray:
    """Which observations pass all filters.

    Args:
        filters: what is asked; see there for what an area, a date or a rank means.
        index: whose observations.
        among: (n_observations,) bool, rows worth looking at; the others come out as False. None for all.

    Returns:
        (n_observations,) bool, never `among` itself.
    """
    observations = index.observations
    passing = np.ones(len(observations), dtype=np.bool_) if among is None else among.copy()
    for column in _columns(filters, index):
        passing &= column
    # Last, because they look only at what the others have left.
    for area in (filters.near, filters.polygon):
        if area is not None:
            passing = inside(area, np.asarray(observations.latitude), np.asarray(observations.longitude), passing)
    return passing


def _columns(filters: Filters, index: Collection) -> Iterator[BoolArray]:
    """Of every filter that is set, but circle and polygon, which observations pass it."""
    observations = index.observations
    yield from _words(filters, observations, index.taxonomy)
    yield from _days(observations.observed_day, filters.observed_from, filters.observed_to)
    yield from _days(observations.created_day, filters.created_from, filters.created_to)
    yield from _ranks(filters, index.identifications.finest_level)
    yield from _places(filters, observations)


def _words(filters: Filters, observations: ObservationColumns, taxonomy: Taxonomy) -> Iterator[BoolArray]:
    if filters.captive:
        yield _is_any(observations.captive, [CAPTIVE_CODES[word] for word in filters.captive])
    if filters.licenses:
        yield _is_any(observations.license, [LICENSE_CODES[word] for word in filters.licenses])
    if filters.iconic_taxa:
        yield _is_any(observations.iconic, _iconic_nodes(filters.iconic_taxa, taxonomy))
    if filters.observer_ids:
        yield _is_any(observations.observer_id, filters.observer_ids)


def _iconic_nodes(taxon_ids: Iterable[int], taxonomy: Taxonomy) -> list[int]:
    # A taxon that the taxonomy lacks has no node, which isn't to be taken for that of observations without one.
    nodes = [taxonomy.node(taxon_id) for taxon_id in taxon_ids if taxon_id != NO_ICONIC_TAXON]
    return [n for n in nodes if n != NO_TAXON] + [NO_TAXON] * (NO_ICONIC_TAXON in taxon_ids)


def _days(days: Int32Array, first: date | None, last: date | None) -> Iterator[BoolArray]:
    if first is not None:
        yield np.asarray(days >= first.toordinal() - EPOCH)
    elif last is not None:
        yield np.asarray(days != NO_DAY)
    if last is not None:
        yield np.asarray(days <= last.toordinal() - EPOCH)


def _ranks(filters: Filters, finest_level: AnyArray) -> Iterator[BoolArray]:
    if filters.lowest_rank is None and filters.highest_rank is None:
        return
    yield np.asarray(finest_level >= (RANK_LEVELS[filters.lowest_rank] if filters.lowest_rank else FINEST_LEVEL))
    yield np.asarray(finest_level <= (RANK_LEVELS[filters.highest_rank] if filters.highest_rank else COARSEST_LEVEL))


def _places(filters: Filters, observations: ObservationColumns) -> Iterator[BoolArray]:
    latitude, longitude = np.asarray(observations.latitude), np.asarray(observations.longitude)
    if filters.has_coordinates is not None:
        yield (np.isfinite(latitude) & np.isfinite(longitude)) == filters.has_coordinates
    if filters.bbox is not None:
        yield filters.bbox.holds(latitude, longitude)


def _is_any(column: AnyArray, values: Iterable[int]) -> BoolArray:
    """Rows whose value is one of these: (n,) bool."""
    wanted: Any = sorted(values)
    if len(wanted) > FEW:
        ordered: IntArray = np.array(wanted, dtype=column.dtype)
        at = np.minimum(np.searchsorted(ordered, column), len(ordered) - 1)
        return np.asarray(ordered[at] == column)
    found = np.zeros(len(column), dtype=np.bool_)
    for value in wanted:
        found |= column == value
    return found
