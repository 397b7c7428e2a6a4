import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.classify.gate import Certificate
from reverse_search.classify.models import Models
from reverse_search.errors import CorruptFile
from reverse_search.generation.heads import load_models, save_models
from tests.generation.models_for_tests import small_models


def assert_same(found: Models, expected: Models) -> None:
    for field in dataclasses.fields(Models):
        if field.name != "head":
            assert repr(getattr(found, field.name)) == repr(getattr(expected, field.name)), field.name
    assert found.head.backbone == expected.head.backbone
    assert found.head.temperature == expected.head.temperature
    for name in ("leaf_taxon_ids", "weights", "bias", "provisional"):
        one, other = getattr(found.head, name), getattr(expected.head, name)
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())


@settings(deadline=None)
@given(n=st.integers(0, 4), seed=st.integers(0, 99), floor=st.floats(allow_nan=False), temperature=st.floats(0.125, 8))
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, n: int, seed: int, floor: float, temperature: float
) -> None:
    folder = tmp_path_factory.mktemp("head")
    models = small_models(n, seed, similarity_floor=floor)
    models = dataclasses.replace(models, head=dataclasses.replace(models.head, temperature=temperature))
    save_models(folder, models)
    assert_same(load_models(folder), models)


def test_an_uncertified_gate_and_missing_floors_survive(tmp_path: Path) -> None:
    refused = Certificate(2.0, False, 0, 0, float("nan"), 1.0, 0.0)
    models = small_models(certificate=refused, partition_floor=float("-inf"))
    save_models(tmp_path, models)
    assert_same(load_models(tmp_path), models)


def test_a_page_without_one_of_its_parts_is_corrupt(tmp_path: Path) -> None:
    save_models(tmp_path, small_models())
    path = tmp_path / "models.json"
    whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for missing in whole:
        path.write_text(json.dumps({k: v for k, v in whole.items() if k != missing}), encoding="utf-8")
        with pytest.raises(CorruptFile, match=r"models\.json"):
            load_models(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe"])
def test_an_unreadable_page_is_corrupt(tmp_path: Path, content: bytes) -> None:
    save_models(tmp_path, small_models())
    (tmp_path / "models.json").write_bytes(content)
    with pytest.raises(CorruptFile):
        load_models(tmp_path)


@pytest.mark.parametrize("name", ["models.json", "weights.npy"])
def test_a_missing_file_is_corrupt(tmp_path: Path, name: str) -> None:
    save_models(tmp_path, small_models())
    (tmp_path / name).unlink()
    with pytest.raises(CorruptFile, match=name):
        load_models(tmp_path)
