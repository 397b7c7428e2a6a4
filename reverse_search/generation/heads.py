"""The head on disk: arrays beside a JSON page with everything that was fitted."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverse_search.classify.fusion import Fusion
from reverse_search.classify.gate import Certificate, GatePolicy
from reverse_search.classify.head import Head
from reverse_search.classify.models import Models
from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.errors import CorruptFile
from reverse_search.generation.columns import load_columns, save_columns


@dataclass(frozen=True, eq=False)
class _HeadColumns:
    leaf_taxon_ids: IntArray
    weights: FloatArray
    bias: FloatArray
    provisional: BoolArray


HEAD_FILES = (*(f"{field.name}.npy" for field in dataclasses.fields(_HeadColumns)), "models.json")


def save_models(folder: Path, models: Models) -> None:
    """Write all of a training's results to `folder`."""
    head = models.head
    save_columns(folder, _HeadColumns(head.leaf_taxon_ids, head.weights, head.bias, head.provisional))
    page = {
        "backbone": dataclasses.asdict(head.backbone),
        "temperature": head.temperature,
        "fusion": dataclasses.asdict(models.fusion),
        "provisional_fusion": dataclasses.asdict(models.provisional_fusion),
        "exemplar_fusion": dataclasses.asdict(models.exemplar_fusion),
        "assurance": dataclasses.asdict(models.assurance),
        "policy": dataclasses.asdict(models.policy),
        "certificate": dataclasses.asdict(models.certificate),
        "similarity_floor": models.similarity_floor,
        "partition_floor": models.partition_floor,
        "profile": models.profile,
        "cross_fitted": models.cross_fitted,
        "measured": models.measured,
    }
    (folder / "models.json").write_text(json.dumps(page, indent=1, sort_keys=True), encoding="utf-8")


def load_models(folder: Path) -> Models:
    """Read what `save_models` wrote. Raises CorruptFile."""
    columns = load_columns(folder, _HeadColumns)
    try:
        page = json.loads((folder / "models.json").read_text(encoding="utf-8"))
        head = Head(
            BackboneId(**page["backbone"]),
            columns.leaf_taxon_ids,
            columns.weights,
            columns.bias,
            columns.provisional,
            page["temperature"],
        )
        return Models(
            head,
            _fusion(page["fusion"]),
            _fusion(page["provisional_fusion"]),
            _fusion(page["exemplar_fusion"]),
            _fusion(page["assurance"]),
            GatePolicy(**page["policy"]),
            Certificate(**page["certificate"]),
            page["similarity_floor"],
            page["partition_floor"],
            page["profile"],
            page["cross_fitted"],
            page["measured"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptFile(f"{folder / 'models.json'} can't be read ({error}); roll back, or build anew") from error


def _fusion(page: dict[str, Any]) -> Fusion:
    return Fusion(tuple(page["names"]), tuple(map(float, page["coefficients"])), float(page["intercept"]))
