"""How large an index is, and how good it measured itself to be."""

from typing import Any

from reverse_search.classify.models import Models
from reverse_search.search.ports import ServedIndex


def index_status(index: ServedIndex) -> dict[str, dict[str, Any]]:
    """Sections of plain values: generation, head and gate."""
    return {"generation": _generation(index), "head": _head(index.models), "gate": _gate(index.models)}


def _generation(index: ServedIndex) -> dict[str, Any]:
    return {
        "name": index.name,
        "backbone": str(index.models.head.backbone),
        "observations": len(index.observations),
        "photos": len(index.photos),
        "taxa": len(index.taxonomy),
        "verified": int((index.observations.label >= 0).sum()),
        "unknown": int(index.identifications.is_unknown().sum()),
    }


def _head(models: Models) -> dict[str, Any]:
    return {
        "profile": models.profile,
        "leaves": len(models.head),
        "provisional_leaves": int(models.head.provisional.sum()),
        "temperature": models.head.temperature,
        **{k: v for k, v in models.measured.items() if not k.startswith("gate_")},
    }


def _gate(models: Models) -> dict[str, Any]:
    certificate, policy = models.certificate, models.policy
    return {
        "policy": policy.name,
        "promise": f"at most {policy.max_error:.1%} of suggestions wrong, with {policy.confidence:.0%} confidence",
        "certified": certificate.certified,
        "approximate": models.cross_fitted,
        "basis": "measured on verified observations only",
        "assumed_novel_share": policy.novel_prevalence,
        "threshold": certificate.threshold if certificate.certified else None,
        "held_out_emitted": certificate.emitted,
        "held_out_error": certificate.error,
        "upper_bound": certificate.upper_bound,
        "coverage": certificate.coverage,
        **{k: v for k, v in models.measured.items() if k.startswith("gate_")},
    }
