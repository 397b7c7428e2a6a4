"""Reading single fields of text. What can't be read raises BadField with a short reason, which names no values.

Called for every field of millions of rows: plain functions, the common case first, cached where values repeat.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from reverse_search.domain.taxonomy import parse_ancestry
from reverse_search.domain.words import IdentificationCategory, QualityGrade
from reverse_search.store.upsert import sql_moment

MAX_ID = 2**63 - 1
MAX_INT = 2**31 - 1
MAX_LEVEL = 100

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,8}").fullmatch
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_GRADES = {grade.value: grade.value for grade in QualityGrade}
_CATEGORIES: dict[str, str | None] = {"": None, **{word.value: word.value for word in IdentificationCategory}}
_BOOLS = {"true": True, "false": False, "t": True, "f": False, "1": True, "0": False}


class BadField(ValueError):
    """A field can't be read. The message is the reason that the rejects file gives."""


def uuid(text: str) -> str:
    """A uuid, in lower case."""
    if _UUID(text) is None:
        raise BadField("bad uuid")
    return text.lower()


def optional_uuid(text: str) -> str | None:
    """A uuid or nothing."""
    return uuid(text) if text else None


def positive_id(text: str) -> int:
    """A positive id."""
    # int() alone also takes "1_0", " 1" and digits of other scripts.
    if not (text.isascii() and text.isdigit()):
        raise BadField("bad number")
    number = int(text)
    if not 0 < number <= MAX_ID:
        raise BadField("number out of range")
    return number


@lru_cache(maxsize=65_536)
def optional_id(text: str) -> int | None:
    """A positive id or nothing."""
    return positive_id(text) if text else None


@lru_cache(maxsize=65_536)
def optional_count(text: str) -> int | None:
    """A whole number of at least 0 or nothing. "25.0" is whole, too."""
    if not text:
        return None
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit()):
        raise BadField("bad number")
    number = int(digits)
    if number > MAX_INT:
        raise BadField("number out of range")
    return number


def level(text: str) -> float:
    """A rank level."""
    try:
        number = float(text)
    except ValueError:
        raise BadField("bad number") from None
    if not 0 <= number <= MAX_LEVEL or "_" in text:
        raise BadField("rank level out of range")
    return number


def coordinates(latitude: str, longitude: str) -> tuple[float | None, float | None]:
    """A place in degrees, or nothing. Half a place is an error."""
    if not latitude or not longitude:
        if latitude or longitude:
            raise BadField("latitude or longitude alone")
        return None, None
    try:
        place = float(latitude), float(longitude)
    except ValueError:
        raise BadField("bad number") from None
    if not -90 <= place[0] <= 90:  # not a number compares false, too
        raise BadField("latitude out of range")
    if not -180 <= place[1] <= 180:
        raise BadField("longitude out of range")
    if "_" in latitude or "_" in longitude:
        raise BadField("bad number")
    return place


def quality_grade(text: str) -> str:
    """A quality grade."""
    try:
        return _GRADES[text]
    except KeyError:
        raise BadField("unknown quality grade") from None


def category(text: str) -> str | None:
    """What an identification did, or nothing."""
    try:
        return _CATEGORIES[text]
    except KeyError:
        raise BadField("unknown identification category") from None


def boolean(text: str) -> bool:
    """True or false."""
    try:
        return _BOOLS[text]
    except KeyError:
        raise BadField("neither true nor false") from None


def optional_boolean(text: str) -> bool | None:
    """True, false or nothing."""
    return boolean(text) if text else None


@lru_cache(maxsize=64)
def extension(text: str) -> str:
    """A file name's extension, in lower case: letters and digits only, since it becomes part of a path."""
    if _EXTENSION(text) is None:
        raise BadField("bad extension")
    return text.lower()


def required_text(text: str) -> str:
    """Text that may not be empty."""
    if not text:
        raise BadField("empty name")
    return text


def ancestry(text: str) -> str:
    """Ancestor ids, as the store keeps them."""
    try:
        ids = parse_ancestry(text)
    except ValueError:
        raise BadField("bad ancestry") from None
    return "/".join(map(str, ids))


@lru_cache(maxsize=65_536)
def optional_date(text: str) -> str | None:
    """A day as YYYY-MM-DD, or nothing."""
    if not text:
        return None
    # The pattern, too: date.fromisoformat also takes 20110530 and 2011-W22-1.
    if _DATE(text) is None:
        raise BadField("bad date")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadField("bad date") from None


@lru_cache(maxsize=65_536)
def optional_moment(text: str) -> str | None:
    """A moment as the store takes it, or nothing. Without a zone it is in UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        return sql_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):  # the latter: in UTC it is in the year 0 or 10000
        raise BadField("bad date") from None
