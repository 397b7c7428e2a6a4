"""Embeddings made around the taxa of a tree, block by block, the same for the same seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from indexer.bench.tree import LEVELS
from reverse_search.domain.arrays import FloatArray, IntArray

SHARES = {"class": 0.15, "order": 0.15, "family": 0.25, "genus": 0.25, "species": 0.2}
"""How much of the variance between species lies at each rank."""


class VectorKind(StrEnum):
    """How photos of a species lie around it."""

    TIGHT = "tight"
    SAMPLE_LIKE = "sample-like"


@dataclass(frozen=True, slots=True)
class Spread:
    """How photos lie around their species, whose centres have a variance of 1.

    Attributes:
        decay: the variance of component i is proportional to (i + 2) ** -decay.
        within: variance of a photo around its centre.
        unevenness: standard deviation of the logarithm of a photo's own spread.
        leaning: part of the observations that look like another species of their genus or family, too.
        most_leaning: how far they do at most; above a half they look more like the other.
        temperature: of the head, for 512 components; the least log loss was measured there.
    """

    decay: float
    within: float
    unevenness: float
    leaning: float
    most_leaning: float
    temperature: float


SPREADS = {
    VectorKind.TIGHT: Spread(0.0, 0.3, 0.0, 0.0, 0.0, 24.0),
    # Chosen so that spectrum (decay .35), cosine to the nearest neighbour (median .47) and accuracy (top-1 .85 to .88)
    # are those of the half-whitened embeddings of the real sample.
    VectorKind.SAMPLE_LIKE: Spread(0.4, 1.6, 0.3, 0.4, 0.8, 12.0),
}


@dataclass(frozen=True, eq=False)
class Cloud:
    """Centres of all species and the noise around them.

    Attributes:
        centres: (n_species, dim) float32.
        noise: (dim,) float32 variance of a photo around its centre.
        spread: the recipe.
        genus: (n_species,) genus of each species, in blocks.
        family: (n_species,) likewise.
    """

    centres: FloatArray
    noise: FloatArray
    spread: Spread
    genus: IntArray
    family: IntArray

    @classmethod
    def make(cls, groups: Mapping[str, IntArray], dim: int, kind: VectorKind, seed: int) -> "Cloud":
        """Draw the centres: a step from the root for each rank."""
        rng, spread = np.random.default_rng([seed, 1]), SPREADS[kind]
        spectrum = (np.arange(dim) + 2.0) ** -spread.decay
        spectrum = (spectrum / spectrum.sum()).astype(np.float32)
        centres = np.zeros((len(groups["species"]), dim), dtype=np.float32)
        for rank in LEVELS:
            steps = rng.standard_normal((int(groups[rank].max()) + 1, dim), dtype=np.float32)
            centres += (steps * np.sqrt(spectrum * np.float32(SHARES[rank])))[groups[rank]]
        return cls(centres, spectrum * np.float32(spread.within), spread, groups["genus"], groups["family"])

    def draw(self, species: IntArray, counts: IntArray, rng: np.random.Generator) -> FloatArray:
        """Unit vectors of the photos of some observations.

        Args:
            species: (n,) species of each observation.
            counts: (n,) photos of each.
            rng: draws them.

        Returns:
            (sum of counts, dim) float32; a third of the noise is common to the photos of an observation.
        """
        n, dim = len(species), self.centres.shape[1]
        leaning = rng.random(n) < self.spread.leaning
        part = np.where(leaning, rng.random(n) * self.spread.most_leaning, 0).astype(np.float32)[:, None]
        middle = self.centres[species] * (1 - part) + self.centres[self._mates(species, rng)] * part
        scale = np.exp(rng.standard_normal((n, 1)) * self.spread.unevenness).astype(np.float32)
        deviation = scale * np.sqrt(self.noise)
        middle += deviation * np.float32(np.sqrt(1 / 3)) * rng.standard_normal((n, dim), dtype=np.float32)
        owner = np.repeat(np.arange(n), counts)
        own = rng.standard_normal((len(owner), dim), dtype=np.float32)
        vectors = middle[owner] + deviation[owner] * np.float32(np.sqrt(2 / 3)) * own
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def _mates(self, species: IntArray, rng: np.random.Generator) -> IntArray:
        """Another species of the same genus for six in ten, of the same family for the others."""
        close = rng.random(len(species)) < 0.6
        mates = np.empty_like(species)
        for chosen, group in ((close, self.genus), (~close, self.family)):
            own = group[species[chosen]]
            low, high = np.searchsorted(group, own), np.searchsorted(group, own, side="right")
            mates[chosen] = low + (rng.random(len(own)) * (high - low)).astype(np.int64)
        return mates

    def head(self) -> tuple[FloatArray, FloatArray, float]:
        """Weights (n_species, dim), bias (n_species,) and temperature: linear discriminants of the centres."""
        norm = np.float32(np.sqrt(1 + self.noise.sum()))
        scaled = self.centres / self.noise
        bias = -0.5 * (self.centres * scaled).sum(axis=1)
        return norm * scaled, bias.astype(np.float32), self.spread.temperature * self.centres.shape[1] / 512
