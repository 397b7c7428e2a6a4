"""The platform's words, and ours, as closed types."""

import re
from enum import StrEnum

LIFE_TAXON_ID = 48460
HUMAN_NAME = "Homo sapiens"

RANK_LEVELS: dict[str, float] = {
    "stateofmatter": 100,
    "kingdom": 70,
    "phylum": 60,
    "subphylum": 57,
    "superclass": 53,
    "class": 50,
    "subclass": 47,
    "infraclass": 45,
    "subterclass": 44,
    "superorder": 43,
    "order": 40,
    "suborder": 37,
    "infraorder": 35,
    "parvorder": 34.5,
    "zoosection": 34,
    "zoosubsection": 33.5,
    "superfamily": 33,
    "epifamily": 32,
    "family": 30,
    "subfamily": 27,
    "supertribe": 26,
    "tribe": 25,
    "subtribe": 24,
    "genus": 20,
    "genushybrid": 20,
    "subgenus": 15,
    "section": 13,
    "subsection": 12,
    "complex": 11,
    "species": 10,
    "hybrid": 10,
    "subspecies": 5,
    "variety": 5,
    "form": 5,
    "infrahybrid": 5,
}
"""Rank name to rank level, as the platform numbers them."""

MAIN_RANKS: tuple[str, ...] = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
HYBRID_RANKS = frozenset({"hybrid", "genushybrid", "infrahybrid"})
SPECIES_LEVEL = 10.0
GENUS_LEVEL = 20.0
FAMILY_LEVEL = 30.0


class QualityGrade(StrEnum):
    """How far an observation has come on the platform."""

    CASUAL = "casual"
    NEEDS_ID = "needs_id"
    RESEARCH = "research"


class IdentificationCategory(StrEnum):
    """What an identification did for the community taxon."""

    IMPROVING = "improving"
    SUPPORTING = "supporting"
    LEADING = "leading"
    MAVERICK = "maverick"


class Kind(StrEnum):
    """Why an observation lacks X: no identification, only ancestors of X, or something else."""

    UNKNOWN = "unknown"
    COARSE = "coarse"
    CONFLICTING = "conflicting"


class Captive(StrEnum):
    """Whether an organism was kept by people; the open dump doesn't say."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class License(StrEnum):
    """What the owner of a photo allows. The order is that of the codes in columns: new ones go to the end."""

    NONE = "none"
    CC0 = "cc0"
    CC_BY = "cc-by"
    CC_BY_NC = "cc-by-nc"
    CC_BY_SA = "cc-by-sa"
    CC_BY_ND = "cc-by-nd"
    CC_BY_NC_SA = "cc-by-nc-sa"
    CC_BY_NC_ND = "cc-by-nc-nd"
    PD = "pd"
    GFDL = "gfdl"
    OTHER = "other"


LICENSES: tuple[License, ...] = tuple(License)
_VERSION = re.compile(r"-\d+(\.\d+)?$")


def license_of(text: str) -> License:
    """The licence that a source's code means.

    "CC-BY-NC", "cc by-nc 4.0" and "cc-by-nc" are one; nothing, and the platform's "C" (all rights reserved), are NONE;
    what nobody knows is OTHER.
    """
    word = _VERSION.sub("", "-".join(text.casefold().replace("_", " ").replace("-", " ").split()))
    if word in ("", "c", "all-rights-reserved"):
        return License.NONE
    return License(word) if word in LICENSES else License.OTHER


class SuggestionState(StrEnum):
    """What has become of a suggestion."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CORRECTED = "corrected"
    SUPERSEDED = "superseded"
    ABSTAINED = "abstained"


class AbstainReason(StrEnum):
    """Why nothing is suggested. The order is the order of precedence: the first match is given."""

    NO_PHOTO = "no_photo"
    UNREADABLE = "unreadable"
    NO_ORGANISM = "no_organism"
    SEVERAL_SUBJECTS = "several_subjects"
    HUMAN = "human"
    HYBRID = "hybrid"
    NOVEL = "novel"
    CONTRADICTS_IDENTIFICATION = "contradicts_identification"
    NOT_RECORDED_NEARBY = "not_recorded_nearby"
    LOW_CONFIDENCE = "low_confidence"
    UNCERTIFIED = "uncertified"
