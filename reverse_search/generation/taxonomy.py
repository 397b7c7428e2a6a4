"""The taxonomy that a generation pins: inserting a taxon moves preorders, so each night keeps its own."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from reverse_search.domain.arrays import AnyArray, FloatArray, Int32Array, IntArray
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.errors import CorruptFile
from reverse_search.generation.columns import load_columns, save_columns


@dataclass(frozen=True, eq=False)
class _TaxonomyColumns:
    taxon_ids: IntArray
    parents: Int32Array
    leave: Int32Array
    rank_levels: FloatArray
    rank_codes: AnyArray
    active: AnyArray


TAXONOMY_FILES = (*(f"{field.name}.npy" for field in fields(_TaxonomyColumns)), "text.json")


def save_taxonomy(folder: Path, taxonomy: Taxonomy) -> None:
    """Write the tree to `folder`."""
    ranks = sorted(set(taxonomy.ranks))
    code = {rank: index for index, rank in enumerate(ranks)}
    columns = _TaxonomyColumns(
        taxonomy.taxon_ids,
        taxonomy.parents,
        taxonomy.leave,
        taxonomy.rank_levels,
        np.array([code[rank] for rank in taxonomy.ranks], dtype=np.int16),
        np.array(taxonomy.active, dtype=np.bool_),
    )
    save_columns(folder, columns)
    successors = {str(taxon_id): list(parts) for taxon_id, parts in taxonomy.successors.items()}
    text = {"names": list(taxonomy.names), "ranks": ranks, "successors": successors}
    (folder / "text.json").write_text(json.dumps(text, ensure_ascii=False), encoding="utf-8")


def load_taxonomy(folder: Path) -> Taxonomy:
    """Read what `save_taxonomy` wrote. Raises CorruptFile."""
    columns = load_columns(folder, _TaxonomyColumns)
    try:
        text = json.loads((folder / "text.json").read_text(encoding="utf-8"))
        return _joined(columns, text)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CorruptFile(f"{folder / 'text.json'} can't be read ({error!r}); roll back, or build anew") from error


def _joined(columns: _TaxonomyColumns, text: dict[str, Any]) -> Taxonomy:
    return Taxonomy(
        columns.taxon_ids,
        columns.parents,
        columns.leave,
        columns.rank_levels,
        [text["ranks"][code] for code in columns.rank_codes],
        text["names"],
        columns.active.tolist(),
        {int(taxon_id): tuple(parts) for taxon_id, parts in text["successors"].items()},
    )
