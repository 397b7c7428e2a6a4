"""What a backbone is, and how one is asked for by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from reverse_search.domain.arrays import FloatArray
from reverse_search.errors import BadSettings


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What decides the vectors of a model, before any projection. See BackboneId for the fields."""

    name: str
    weights: str
    preprocessing: str
    engine: str
    precision: str
    dim: int


class Backbone(Protocol):
    """A loaded model."""

    @property
    def facts(self) -> ModelFacts:
        """What it is."""
        ...

    def prepare(self, picture: Image.Image) -> FloatArray:
        """An upright RGB picture as the model's input: (3, height, width) float32. Called from several threads."""
        ...

    def embed(self, inputs: Sequence[FloatArray]) -> FloatArray:
        """Prepared pictures to raw vectors: (n, dim) float32, not normalised."""
        ...


def load_backbone(name: str) -> Backbone:
    """Load the model that a setting names.

    Args:
        name: "bundled", or "open_clip:" and what `indexer.backbones.clip` understands.

    Raises:
        BadSettings: the name means nothing, or the weights are not there.
    """
    if name == "bundled":
        from indexer.backbones.bundled import BundledBackbone

        return BundledBackbone()
    kind, _, model = name.partition(":")
    if kind == "open_clip" and model:
        from indexer.backbones.clip import ClipBackbone

        return ClipBackbone.load(model)
    raise BadSettings(
        f"no backbone is called {name!r}; use bundled, open_clip:MODEL/PRETRAINED or open_clip:hf-hub:NAME"
    )
