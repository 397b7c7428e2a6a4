from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sources import fields
from indexer.sources.fields import BadField

UUID = "AAAAAAAA-0000-4000-8000-00000000000f"


@pytest.mark.parametrize(
    "text", ["", "abc", UUID[:-1], UUID + "0", UUID.replace("-", ""), UUID[:-1] + "g", f" {UUID[1:]}"]
)
def test_bad_uuid(text: str) -> None:
    with pytest.raises(BadField, match="bad uuid"):
        fields.uuid(text)


def test_uuid_in_lower_case() -> None:
    assert fields.uuid(UUID) == UUID.lower()
    assert fields.optional_uuid("") is None


@given(st.text(max_size=8))
def test_numbers_are_read_as_python_writes_them_or_refused(text: str) -> None:
    try:
        number = fields.positive_id(text)
    except BadField:
        return
    assert str(number) == text.lstrip("0")


@pytest.mark.parametrize("text", ["", "-1", "0", "1_0", " 1", "1.0", "٣", "²", str(2**63), "1" * 30])
def test_bad_id(text: str) -> None:
    with pytest.raises(BadField, match="number"):
        fields.positive_id(text)


@pytest.mark.parametrize(
    ("text", "number"), [("", None), ("0", 0), ("25", 25), ("25.0", 25), (str(2**31 - 1), 2**31 - 1)]
)
def test_count(text: str, number: int | None) -> None:
    assert fields.optional_count(text) == number


@pytest.mark.parametrize("text", ["-1", "2.5", "1e3", str(2**31), "x", ".0"])
def test_bad_count(text: str) -> None:
    with pytest.raises(BadField, match="number"):
        fields.optional_count(text)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_coordinates_come_back(latitude: float, longitude: float) -> None:
    assert fields.coordinates(repr(latitude), repr(longitude)) == (latitude, longitude)


@pytest.mark.parametrize(
    ("latitude", "longitude", "reason"),
    [
        ("90.1", "0", "latitude out of range"),
        ("nan", "0", "latitude out of range"),
        ("0", "-180.5", "longitude out of range"),
        ("0", "inf", "longitude out of range"),
        ("x", "0", "bad number"),
        ("1_0", "0", "bad number"),
        ("1", "", "alone"),
        ("", "1", "alone"),
    ],
)
def test_bad_coordinates(latitude: str, longitude: str, reason: str) -> None:
    with pytest.raises(BadField, match=reason):
        fields.coordinates(latitude, longitude)


@given(st.dates())
def test_dates_come_back(day: date) -> None:
    assert fields.optional_date(day.isoformat()) == day.isoformat()


@pytest.mark.parametrize(
    "text", ["20240506", "2024-W01-1", "2024-13-01", "2023-02-29", "06/05/2024", "0000-01-01", "2024-05-06T00:00"]
)
def test_bad_date(text: str) -> None:
    with pytest.raises(BadField, match="bad date"):
        fields.optional_date(text)


@pytest.mark.parametrize(
    "text", ["2024-05-06T10:00:00Z", "2024-05-06 10:00:00 UTC", "2024-05-06T12:00:00+02:00", "2024-05-06 10:00:00"]
)
def test_moments_are_in_utc(text: str) -> None:
    assert fields.optional_moment(text) == "2024-05-06 10:00:00.000000"


@pytest.mark.parametrize("text", ["soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_bad_moment(text: str) -> None:
    with pytest.raises(BadField, match="bad date"):
        fields.optional_moment(text)


@pytest.mark.parametrize("text", ["", "../x", "jp g", "jpg/..", "toolongext"])
def test_bad_extension(text: str) -> None:
    with pytest.raises(BadField, match="bad extension"):
        fields.extension(text)


def test_words() -> None:
    assert fields.extension("JPG") == "jpg"
    assert fields.quality_grade("needs_id") == "needs_id"
    assert fields.category("") is None
    assert (fields.optional_boolean(""), fields.boolean("t"), fields.boolean("0")) == (None, True, False)
    for read in (fields.quality_grade, fields.category, fields.boolean):
        with pytest.raises(BadField):
            read("nonsense")


@pytest.mark.parametrize(("text", "stored"), [("", ""), ("48460/1/2", "48460/1/2"), ("48460\\1\\2", "48460/1/2")])
def test_ancestry(text: str, stored: str) -> None:
    assert fields.ancestry(text) == stored


@pytest.mark.parametrize("text", ["1/x", "a"])
def test_bad_ancestry(text: str) -> None:
    with pytest.raises(BadField, match="bad ancestry"):
        fields.ancestry(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "101", "nan", "1_0"])
def test_bad_level(text: str) -> None:
    with pytest.raises(BadField):
        fields.level(text)
