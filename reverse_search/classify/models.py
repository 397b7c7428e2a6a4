"""Everything that training decides, as one versioned whole: leaves, calibration, fusion and gate."""

from dataclasses import dataclass

from reverse_search.classify.fusion import Fusion
from reverse_search.classify.gate import Certificate, GatePolicy
from reverse_search.classify.head import Head


@dataclass(frozen=True, eq=False)
class Models:
    """One head and what was fitted on its held-out predictions.

    Attributes:
        head: vector → leaf probabilities.
        fusion: for taxa with a trained leaf.
        provisional_fusion: for taxa that the head knows by imprinted leaves only.
        exemplar_fusion: for taxa that only exemplars stand for.
        assurance: from a proposal of the gate to the calibrated probability that it is right.
        policy: what the gate promises.
        certificate: the threshold that keeps the promise, and its measured error.
        similarity_floor: an observation less similar to every exemplar than this is novel.
        partition_floor: an observation whose photos all have a smaller log-partition than this is novel.
        profile: of the training set, "standard" or "small".
        cross_fitted: true where the collection was too small for a held-out part; the promise is then approximate.
        measured: figures for the status page.
    """

    head: Head
    fusion: Fusion
    provisional_fusion: Fusion
    exemplar_fusion: Fusion
    assurance: Fusion
    policy: GatePolicy
    certificate: Certificate
    similarity_floor: float
    partition_floor: float
    profile: str
    cross_fitted: bool
    measured: dict[str, float]
