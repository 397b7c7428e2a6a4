import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.words import Kind, QualityGrade
from reverse_search.search.triage import TRAYS
from web import labels


@given(st.floats(0, 1))
def test_no_probability_is_shown_as_certain(probability: float) -> None:
    text = labels.percent(probability)
    assert not text.startswith(("0\N{NO-BREAK SPACE}", "100"))
    if text[0] not in "<>":
        assert abs(float(text[:-2]) / 100 - probability) <= 0.005 + 1e-9


def test_everything_that_can_be_shown_has_words() -> None:
    assert set(labels.TRAYS) == set(TRAYS)
    assert set(labels.KINDS) == set(Kind)
    assert set(labels.GRADES) == set(QualityGrade)


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (True, "certified", "yes"),
        (1234567, "photos", "1,234,567"),
        (1556.0, "held_out_observations", "1,556"),
        (0.0075, "held_out_error", "0.8\N{NO-BREAK SPACE}%"),
        (math.nan, "top1", "not measured"),
        (None, "threshold", "not measured"),
        (0.6333, "temperature", "0.633"),
        ("small", "profile", "small"),
    ],
)
def test_figures(value: object, name: str, text: str) -> None:
    assert labels.figure(value, name) == text
