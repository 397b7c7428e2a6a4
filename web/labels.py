"""Words that people read, for words that programs use."""

import math

from reverse_search.domain.words import AbstainReason, Kind, QualityGrade
from reverse_search.search.triage import SUGGESTED

KINDS: dict[Kind, tuple[str, str]] = {
    Kind.UNKNOWN: ("Unknown", "nobody has identified it"),
    Kind.COARSE: ("Coarser ID", "identified, but only as something above this taxon"),
    Kind.CONFLICTING: ("Other branch", "somebody has identified it as something else"),
}
GRADES: dict[QualityGrade, str] = {
    QualityGrade.NEEDS_ID: "Needs ID",
    QualityGrade.RESEARCH: "Research grade",
    QualityGrade.CASUAL: "Casual",
}
TRAYS: dict[str, tuple[str, str]] = {
    SUGGESTED: ("Suggested", "a family or genus, sure enough to be worth a person's look"),
    AbstainReason.NO_PHOTO: ("No photo", "there is nothing to look at, or its files can't be found"),
    AbstainReason.UNREADABLE: ("Unreadable", "the photo's file is broken"),
    AbstainReason.NO_ORGANISM: ("No organism", "nothing alive is in the picture"),
    AbstainReason.SEVERAL_SUBJECTS: ("Several subjects", "the photos show different organisms"),
    AbstainReason.HUMAN: ("Human", "it looks like a person"),
    AbstainReason.HYBRID: ("Hybrid", "it looks like a hybrid"),
    AbstainReason.NOVEL: ("Never seen", "it is unlike everything that is verified here"),
    AbstainReason.CONTRADICTS_IDENTIFICATION: (
        "Contradicts an ID",
        "what it looks like contradicts what somebody has said",
    ),
    AbstainReason.NOT_RECORDED_NEARBY: ("Not recorded nearby", "what it looks like isn't known from around there"),
    AbstainReason.LOW_CONFIDENCE: ("Not sure enough", "the best guess is below the bar that keeps the promise"),
    AbstainReason.UNCERTIFIED: ("Uncertified", "too little is verified here to measure the error"),
}


FIGURES: dict[str, str] = {
    "name": "generation",
    "provisional_leaves": "of these provisional",
    "ece": "calibration error (ECE)",
    "held_out_observations": "measured on observations",
    "top1": "right at the first guess",
    "top1_trained": "… among trained leaves",
    "top1_provisional": "… among provisional leaves",
    "approximate": "cross-fitted (approximate)",
    "assumed_novel_share": "assumed from unseen families",
    "held_out_emitted": "suggestions measured",
    "held_out_error": "of these wrong",
    "upper_bound": "wrong at most",
    "coverage": "observations with a suggestion",
    "gate_coverage_known": "… among seen families",
    "gate_emitted_novel": "… among unseen families",
    "gate_error_known": "wrong among seen families",
}
"""Names of figures that aren't plain as they are."""

SHARES = frozenset(
    {
        "ece", "top1", "top1_trained", "top1_provisional", "assumed_novel_share", "threshold", "held_out_error",
        "upper_bound", "coverage", "gate_coverage_known", "gate_emitted_novel", "gate_error_known",
    }
)  # fmt: skip
UNIT = "\N{NO-BREAK SPACE}%"


def percent(probability: float) -> str:
    """A probability as people read it: never 0 % or 100 %, which nobody can know."""
    text = f"{100 * probability:.0f}"
    return {"0": f"< 1{UNIT}", "100": f"> 99{UNIT}"}.get(text, text + UNIT)


def share(value: float | None) -> str:
    """A measured share, with one decimal."""
    return "not measured" if value is None or math.isnan(value) else f"{100 * value:.1f}{UNIT}"


def rough(count: float) -> str:
    """An expected number: whole where that is all one can say."""
    return f"{count:,.1f}" if 0.05 <= count < 10 else f"{count:,.0f}"


def figure(value: object, name: str) -> str:
    """A figure of the status page."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in SHARES and (value is None or isinstance(value, float)):
        return share(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
