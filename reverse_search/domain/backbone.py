"""The identity of a backbone: two vectors may be compared only if it is the same."""

import hashlib
import json
from dataclasses import asdict, dataclass

from reverse_search.errors import BackboneMismatch


@dataclass(frozen=True, slots=True)
class BackboneId:
    """Everything that decides what vector a photo gets. Its digest keys segments, heads and generations.

    Attributes:
        name: as the operator names it, e.g. "bundled" or "open_clip:ViT-B-16/openai".
        weights: hex digest of the weights.
        preprocessing: decoder, resize, crop and scaling, in words that change whenever they do.
        engine: what runs the model, e.g. "torch".
        precision: what it computes in, e.g. "float32".
        projection: hex digest of the fitted projection, or "none".
        dim: length of a vector.
        normalisation: "l2" where vectors have unit norm.
    """

    name: str
    weights: str
    preprocessing: str
    engine: str
    precision: str
    projection: str
    dim: int
    normalisation: str = "l2"

    @property
    def digest(self) -> str:
        """Hex SHA-256 over all attributes."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def short(self) -> str:
        """The first eight characters of the digest, used in paths."""
        return self.digest[:8]

    def __str__(self) -> str:
        return f"{self.name} ({self.short}, {self.dim}-d)"

    def require(self, found: "BackboneId") -> None:
        """Raise BackboneMismatch, naming both, unless `found` is this backbone."""
        if found != self:
            raise BackboneMismatch(wanted=str(self), found=str(found))
