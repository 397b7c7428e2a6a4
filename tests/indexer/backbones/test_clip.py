import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from indexer.backbones.base import load_backbone
from indexer.backbones.clip import ClipBackbone, digest_of_weights
from reverse_search.errors import BadSettings

CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}
LISTED = "reverse-search-tiny"
WEIGHTS = "open_clip_pytorch_model.bin"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clip")
    (made / f"{LISTED}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(made / f"{LISTED}.json")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        torch.save(open_clip.create_model(LISTED).state_dict(), made / "tiny.pt")
    return made


def repository(folder: Path, at: Path, weights: bool = True) -> Path:
    at.mkdir(parents=True)
    preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear"}
    (at / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": preprocess}))
    if weights:
        (at / WEIGHTS).write_bytes((folder / "tiny.pt").read_bytes())
    return at


def pictures() -> list[Image.Image]:
    made = np.random.default_rng(1).integers(0, 256, (2, 90, 70, 3), dtype=np.uint8)
    return [Image.new("RGB", (300, 200), (20, 160, 40)), *map(Image.fromarray, made)]


def test_a_checkpoint_on_disk_is_loaded_back(folder: Path) -> None:
    backbone = load_backbone(f"open_clip:{LISTED}/{folder / 'tiny.pt'}")
    assert backbone.facts.name == f"open_clip:{LISTED}/{folder / 'tiny.pt'}"
    assert backbone.facts.dim == 24
    inputs = [backbone.prepare(p) for p in pictures()]
    assert inputs[0].shape == (3, 32, 32)
    vectors = backbone.embed(inputs)
    assert vectors.shape == (3, 24)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, backbone.embed(inputs))
    assert len(np.unique(vectors.round(4), axis=0)) == 3

    reference, _, transform = open_clip.create_model_and_transforms(LISTED, pretrained=str(folder / "tiny.pt"))
    with torch.inference_mode():
        wanted = reference.eval().encode_image(torch.stack([transform(p) for p in pictures()]))
    np.testing.assert_allclose(vectors, wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_a_folder_has_its_own_configuration(folder: Path, tmp_path: Path) -> None:
    at = repository(folder, tmp_path / "model")
    local = load_backbone(f"open_clip:local-dir:{at}")
    listed = load_backbone(f"open_clip:{LISTED}/{folder / 'tiny.pt'}")
    assert local.facts.weights == listed.facts.weights
    assert local.facts.preprocessing != listed.facts.preprocessing
    assert "0.5" in local.facts.preprocessing


def test_pictures_of_any_shape_are_prepared_in_little_memory(folder: Path) -> None:
    backbone = ClipBackbone.load(f"{LISTED}/{folder / 'tiny.pt'}")
    for size in [(1, 1), (20_000, 1), (1, 20_000)]:
        assert backbone.prepare(Image.new("RGB", size)).shape == (3, 32, 32)


def test_other_weights_have_another_digest(folder: Path) -> None:
    model = open_clip.create_model(LISTED, pretrained=str(folder / "tiny.pt"))
    before = digest_of_weights(model)
    assert before == ClipBackbone.load(f"{LISTED}/{folder / 'tiny.pt'}").facts.weights
    with torch.no_grad():
        model.logit_scale.add_(0.5)
    assert digest_of_weights(model) != before


@pytest.mark.parametrize(
    "name", ["no-such-model/openai", "ViT-B-32/no-such-tag", "ViT-B-32//no/such/file.pt", "local-dir:/no/such/folder"]
)
def test_what_is_not_there_is_named(name: str) -> None:
    with pytest.raises(BadSettings, match=name):
        load_backbone(f"open_clip:{name}")


@pytest.mark.parametrize("name", ["open_clip:ViT-B-32", "open_clip:ViT-B-32/"])
def test_weights_must_be_named(name: str) -> None:
    with pytest.raises(BadSettings, match=r"ViT-B-32.*lacks its weights"):
        load_backbone(name)


@pytest.mark.parametrize("name", ["", "open_clip:", "resnet", "Bundled"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(BadSettings, match="no backbone is called"):
        load_backbone(name)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut"])
def test_a_damaged_checkpoint_is_named(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(BadSettings, match=r"bad\.pt"):
        load_backbone(f"open_clip:{LISTED}/{tmp_path / 'bad.pt'}")


def test_weights_of_another_model_are_refused(folder: Path) -> None:
    with pytest.raises(BadSettings, match="ViT-S-32"):
        load_backbone(f"open_clip:ViT-S-32/{folder / 'tiny.pt'}")


def test_a_folder_without_weights_is_refused_rather_than_run_at_random(folder: Path, tmp_path: Path) -> None:
    at = repository(folder, tmp_path / "model", weights=False)
    with pytest.raises(BadSettings, match="local-dir"):
        load_backbone(f"open_clip:local-dir:{at}")


HUB_SCRIPT = """
import sys
from indexer.backbones.base import load_backbone
from reverse_search.errors import BadSettings

print(load_backbone("open_clip:hf-hub:someone/tiny").facts)
for name in ("someone/no-weights", "someone/unknown"):
    try:
        load_backbone("open_clip:hf-hub:" + name)
    except BadSettings as error:
        print(error)
"""


@pytest.mark.slow
def test_hub_models_come_through_the_hub_cache(folder: Path, tmp_path: Path) -> None:
    for name, weights in (("tiny", True), ("no-weights", False)):
        cached = tmp_path / "hub" / f"models--someone--{name}"
        repository(folder, cached / "snapshots" / COMMIT, weights)
        (cached / "refs").mkdir()
        (cached / "refs" / "main").write_text(COMMIT)
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", HUB_SCRIPT], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "open_clip:hf-hub:someone/tiny" in lines[0]
    assert load_backbone(f"open_clip:{LISTED}/{folder / 'tiny.pt'}").facts.weights in lines[0]
    assert "can't load 'hf-hub:someone/no-weights'" in done.stdout
    assert "can't load 'hf-hub:someone/unknown'" in done.stdout
