"""Run one function in a fresh process, so that torch and faiss never share one."""

import multiprocessing
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from indexer.backbones.process import end_with_parent
from reverse_search.errors import ReverseSearchError


def run_in_child(module: str, function: str, *args: Any) -> Any:
    """Call `module.function(*args)` in a spawned process and return what it returned.

    Raises:
        ReverseSearchError: it failed, or the process ended without an answer.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(theirs, module, function, args), daemon=True)
    process.start()
    theirs.close()
    try:
        ok, result = ours.recv()
    except EOFError:
        process.join()
        raise ReverseSearchError(
            f"{function} ended unexpectedly (exit status {process.exitcode}); out of memory is the usual cause"
        ) from None
    process.join()
    if not ok:
        raise ReverseSearchError(f"{function} failed: {result}")
    return result


def _answer(pipe: Connection, module: str, function: str, args: tuple[Any, ...]) -> None:
    end_with_parent()
    try:
        call: Callable[..., Any] = getattr(import_module(module), function)
        pipe.send((True, call(*args)))
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
