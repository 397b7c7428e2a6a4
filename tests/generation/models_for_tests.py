"""Small whole Models."""

import dataclasses
from typing import Any

import numpy as np

from reverse_search.classify.fusion import Fusion
from reverse_search.classify.gate import Certificate, GatePolicy
from reverse_search.classify.head import Head
from reverse_search.classify.models import Models
from reverse_search.domain.backbone import BackboneId

BACKBONE = BackboneId("test", "0" * 64, "none", "numpy", "float32", "none", 4)


def small_models(n_leaves: int = 3, seed: int = 0, **changed: Any) -> Models:
    rng = np.random.default_rng(seed)
    head = Head(
        BACKBONE,
        np.arange(n_leaves, dtype=np.int64) + 100,
        rng.normal(size=(n_leaves, 4)).astype(np.float32),
        rng.normal(size=n_leaves).astype(np.float32),
        np.arange(n_leaves) % 2 == 1,
        1.25,
    )
    values: dict[str, Any] = {
        "head": head,
        "policy": GatePolicy("strict", max_error=0.01),
        "certificate": Certificate(0.97, True, 12, 900, 0.004, 0.0099, 0.5),
        "similarity_floor": 0.2,
        "partition_floor": -1.5,
        "profile": "small",
        "cross_fitted": True,
        "measured": {"ece": 0.03, "top1": 0.9},
    }
    for number, field in enumerate(dataclasses.fields(Models)):
        if field.type in ("Fusion", Fusion):
            values[field.name] = Fusion((f"x{number}", "y"), (0.1 * number, -2.5), 0.5 + number)
    return Models(**(values | changed))
