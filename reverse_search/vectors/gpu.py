"""Vectors on a CUDA device, through faiss-gpu.

CUDA doesn't survive a fork: nothing here may run in a process that forks workers, only in the workers. What goes wrong
in the driver itself ends the process, since faiss aborts then; memory that isn't there is an error.
"""

import threading
from typing import Any

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.errors import BadSettings, DeviceUnusable, MissingDependency
from reverse_search.vectors.faiss_index import load_faiss

TEMP_BYTES = 256 * 2**20
"""Working memory on the device for each collection that is open; faiss would take 1.5 GiB."""
DEEPEST = 2048
"""The limit of faiss's classic GPU indexes."""
DEVICE = 0
"""The first device there is: CUDA_VISIBLE_DEVICES chooses another."""


class GpuVectors:
    """Vectors on a CUDA device, compared one by one. Implements `DeviceVectors`.

    Takes 2 bytes a component, up to twice that while it is filled, and `TEMP_BYTES`.
    """

    def __init__(self, dim: int) -> None:
        """Hold no vectors yet, of `dim` components.

        Raises:
            MissingDependency: FAISS is not installed, or has no GPU support.
            BadSettings: there is no CUDA device.
            DeviceUnusable: its memory is full.
        """
        faiss = _gpu_faiss()
        # One for each collection, since resources aren't safe to share between threads, not even to free memory.
        self._resources = faiss.StandardGpuResources()
        self._resources.setTempMemory(TEMP_BYTES)
        self._resources.setPinnedMemory(0)  # 256 MiB that only batches of queries of that size would use
        config = faiss.GpuIndexFlatConfig()
        config.device, config.useFloat16, config.use_cuvs = DEVICE, True, False
        self._lock = threading.Lock()
        try:
            self._index = faiss.GpuIndexFlatIP(self._resources, dim, config)
        except RuntimeError as error:
            raise _no_room(error) from error

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self._index.ntotal)

    @property
    def deepest(self) -> int:
        """How many rows a query can get at once."""
        return DEEPEST

    def add(self, vectors: FloatArray) -> None:
        """See `DeviceVectors.add`."""
        try:
            with self._lock:
                self._index.add(np.ascontiguousarray(vectors))
        except RuntimeError as error:
            raise _no_room(error) from error

    def top(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """See `DeviceVectors.top`. One search at a time: each has the whole device."""
        with self._lock:
            similarities, rows = self._index.search(queries, depth)
        return rows, similarities


def _gpu_faiss() -> Any:
    faiss = load_faiss()
    if not hasattr(faiss, "StandardGpuResources"):
        raise MissingDependency(
            "this FAISS has no GPU support: `pip uninstall faiss-cpu`, then `pip install reverse-search[gpu]`"
        )
    try:
        n_devices = int(faiss.get_num_gpus())
    except RuntimeError as error:
        raise BadSettings(f"CUDA can't be used ({error}); set REVERSE_SEARCH_DEVICE to cpu or auto") from error
    if not n_devices:
        raise BadSettings(
            "there is no CUDA device, or no driver for it: see what `nvidia-smi` says, or set REVERSE_SEARCH_DEVICE to "
            "cpu or auto"
        )
    return faiss


def _no_room(error: RuntimeError) -> DeviceUnusable:
    lines = str(error).strip().splitlines()
    return DeviceUnusable(
        f"the vectors don't fit on the GPU ({lines[-1] if lines else 'no reason given'}); free its memory, serve with "
        "fewer workers (each keeps its own copy), or set REVERSE_SEARCH_DEVICE to cpu"
    )
