import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.words import LICENSES, License, license_of


@pytest.mark.parametrize(
    ("text", "license_"),
    [
        ("CC0", License.CC0),
        ("cc0-1.0", License.CC0),
        ("CC-BY", License.CC_BY),
        ("cc_by_nc", License.CC_BY_NC),
        ("CC BY-NC-SA 4.0", License.CC_BY_NC_SA),
        (" cc-by-nd ", License.CC_BY_ND),
        ("CC-BY-NC-ND", License.CC_BY_NC_ND),
        ("CC-BY-SA", License.CC_BY_SA),
        ("PD", License.PD),
        ("GFDL-1.3", License.GFDL),
        ("", License.NONE),
        ("C", License.NONE),
        ("All rights reserved", License.NONE),
        ("MIT", License.OTHER),
        ("other", License.OTHER),
    ],
)
def test_forms_of_licences(text: str, license_: License) -> None:
    assert license_of(text) is license_


@given(st.sampled_from(LICENSES), st.booleans())
def test_every_licence_is_read_in_any_case(license_: License, upper: bool) -> None:
    assert license_of(license_.upper() if upper else license_) is license_


@given(st.text())
def test_any_text_is_some_licence(text: str) -> None:
    assert license_of(text) in LICENSES
