"""Where vectors are searched: on the CPU, or on a GPU that has passed its self-test."""

import functools
import logging
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from reverse_search.errors import BadSettings, DeviceUnusable, MissingDependency
from reverse_search.vectors.device import DeviceFlat, DeviceVectors
from reverse_search.vectors.gpu import GpuVectors
from reverse_search.vectors.index import VectorSource
from reverse_search.vectors.selftest import self_test
from reverse_search.vectors.stored import IVF_FROM_ROWS
from reverse_search.vectors.where import Device

log = logging.getLogger(__name__)

MakeVectors = Callable[[int], DeviceVectors]
"""Puts vectors of so many components on a device. Raises MissingDependency, BadSettings or DeviceUnusable."""


def open_device(source: VectorSource, wanted: Device, make: MakeVectors = GpuVectors) -> DeviceFlat | None:
    """Put the vectors on the GPU where one is wanted. Never in a process that forks afterwards.

    Args:
        source: the vectors.
        wanted: `AUTO` takes a GPU that is there and works for collections that are large enough to have an index.
        make: how vectors get on a device.

    Returns:
        The vectors on the GPU; None for the CPU.

    Raises:
        MissingDependency: a GPU is demanded, but FAISS is not installed or has no GPU support.
        BadSettings: a GPU is demanded, but there is none.
        DeviceUnusable: a GPU is demanded, but failed its self-test, or has too little memory.
    """
    if wanted is Device.CPU or (wanted is Device.AUTO and source.count < IVF_FROM_ROWS):
        return None
    try:
        _pass_self_test(make)
        index = DeviceFlat.build(source, make(source.dim))
    except (MissingDependency, BadSettings, DeviceUnusable) as error:
        if wanted is Device.GPU:
            raise
        # Whoever installed FAISS for the CPU expects no GPU.
        level = logging.INFO if isinstance(error, MissingDependency) else logging.WARNING
        log.log(level, "searching on the CPU: %s", error)
        return None
    log.info("searching on the GPU: %d vectors of %d components are on it", source.count, source.dim)
    return index


def require_gpu() -> None:
    """Make sure that a GPU can be used, in a process of its own, so that this one may fork afterwards.

    Raises:
        MissingDependency, BadSettings, DeviceUnusable: see `open_device`.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as child:
        try:
            child.submit(_pass_self_test, GpuVectors).result()
        except BrokenProcessPool as error:
            raise DeviceUnusable(
                "the GPU's driver ended the process that tried it: see what `nvidia-smi` says, or set "
                "REVERSE_SEARCH_DEVICE to cpu"
            ) from error


@functools.cache
def _pass_self_test(make: MakeVectors) -> None:
    """Once a process, if it passes."""
    self_test(lambda source: DeviceFlat.build(source, make(source.dim)))
