"""What serves, how good it measured itself to be, and how the last run went."""

from pathlib import Path
from typing import Any

from reverse_search.classify.models import Models
from reverse_search.errors import NoGeneration
from reverse_search.generation.opened import Generation, open_current
from reverse_search.store import runs
from reverse_search.store.session import Database


def read_status(home: Path, database: Database) -> dict[str, Any]:
    """The status as sections of plain values."""
    with database.read() as connection:
        last = runs.last_run(connection, "nightly")
    status: dict[str, Any] = {"home": str(home), "database": database.shown_url}
    try:
        generation = open_current(home)
    except NoGeneration as error:
        status["generation"] = None
        status["next"] = str(error)
    else:
        status["generation"] = _generation(generation)
        status["head"] = _head(generation.models)
        status["gate"] = _gate(generation.models)
    status["last_run"] = _run(last) if last else None
    return status


def _generation(generation: Generation) -> dict[str, Any]:
    return {
        "name": generation.name,
        "backbone": str(generation.manifest.backbone),
        "observations": len(generation.observations),
        "photos": len(generation.photos),
        "taxa": len(generation.taxonomy),
        "verified": int((generation.observations.label >= 0).sum()),
        "unknown": int(generation.identifications.is_unknown().sum()),
        "watermark": generation.manifest.watermark,
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


def _run(run: runs.RunRecord) -> dict[str, Any]:
    steps = " ".join(
        f"{s.name}={s.seconds:.1f}s" if s.seconds is not None else f"{s.name}={s.state}" for s in run.steps
    )
    return {
        "state": run.state,
        "started": run.started_at.isoformat(timespec="seconds"),
        "finished": run.finished_at.isoformat(timespec="seconds") if run.finished_at else None,
        "generation": run.generation,
        "message": run.message,
        "steps": steps,
    }
