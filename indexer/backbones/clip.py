"""open_clip models: listed ones, of the hub, or from disk.

What follows "open_clip:" in a backbone's name is one of:

MODEL/PRETRAINED                 a model and a tag that open_clip lists; it downloads the weights to its cache
MODEL//FOLDER/FILE               a model that open_clip lists, and the absolute path of a checkpoint
hf-hub:ORGANISATION/NAME         a repository of the hub, with open_clip_config.json and weights
local-dir:/FOLDER                a folder laid out like such a repository: the way to a model open_clip doesn't list
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image

from indexer.backbones.base import ModelFacts
from indexer.backbones.decode import DECODER, cut_extremes
from reverse_search.domain.arrays import FloatArray
from reverse_search.errors import BadSettings

SELF_CONTAINED = ("hf-hub:", "local-dir:")
MOST_SIDES = 8
"""Of pictures longer than so many times their other side the middle is looked at."""


class ClipBackbone:
    """The image tower of an open_clip model."""

    def __init__(self, name: str, model: Any, transform: Callable[[Image.Image], Any]) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.eval().to(self._device)
        self._transform = transform
        with torch.inference_mode():
            blank = transform(Image.new("RGB", (64, 64)))
            dim = int(self._model.encode_image(blank[None].to(self._device)).shape[1])
        self._facts = ModelFacts(
            name=f"open_clip:{name}",
            weights=digest_of_weights(model),
            preprocessing=f"{DECODER}, upright, middle {MOST_SIDES}:1 at most, {_in_words(transform)}",
            engine="torch",
            precision="float32",
            dim=dim,
        )

    @classmethod
    def load(cls, name: str) -> "ClipBackbone":
        """Load a model by the part of its name after "open_clip:". Raises BadSettings with open_clip's own reason."""
        self_contained = name.startswith(SELF_CONTAINED)
        model_name, _, pretrained = (name, "", "") if self_contained else name.partition("/")
        if not pretrained and not self_contained:
            raise BadSettings(
                f"open_clip:{name} lacks its weights; say open_clip:MODEL/PRETRAINED or open_clip:hf-hub:NAME"
            )
        try:
            # Where weights are missing open_clip would otherwise go on with random ones.
            model, _, transform = open_clip.create_model_and_transforms(
                model_name, pretrained=pretrained or None, precision="fp32", require_pretrained=True
            )
        except Exception as error:  # a file that is no checkpoint, or another model's, makes torch raise anything
            raise BadSettings(f"open_clip can't load {name!r}: {error}") from error
        return cls(name, model, transform)

    @property
    def facts(self) -> ModelFacts:
        """What it is."""
        return self._facts

    def prepare(self, picture: Image.Image) -> FloatArray:
        """(3, side, side) float32, as the model's own transform makes it."""
        prepared: FloatArray = self._transform(cut_extremes(picture, MOST_SIDES)).numpy()
        return prepared

    def embed(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """(n, dim) float32."""
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(inputs)).to(self._device)
            vectors: FloatArray = self._model.encode_image(batch).float().cpu().numpy()
            return vectors


def digest_of_weights(model: Any) -> str:
    """SHA-256 over all weights, in order of name, whatever file they came from."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).to(torch.float32).numpy().tobytes())
    return digest.hexdigest()


def _in_words(transform: Any) -> str:
    return " ".join(str(transform).split())
