"""All libraries by name, and whether they are installed. Imports none of them."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from indexer.bench.peers.base import Peer
from indexer.bench.peers.hoplite import Hoplite
from indexer.bench.peers.lance import Lance
from indexer.bench.peers.milvus import Milvus
from indexer.bench.peers.ours import Ours
from indexer.bench.peers.over_fetch import OverFetch

_ALL: tuple[Peer, ...] = (Ours(), OverFetch(), Hoplite(), Lance(), Milvus())
PEERS: Mapping[str, Peer] = {peer.name: peer for peer in _ALL}
OTHERWISE = {"faiss-cpu": ("faiss-cpu", "faiss-gpu")}
"""Packages of which one will do."""
HOW_TO_INSTALL = "not installed: pip install 'reverse-search[bench]'"


def installed(peer: Peer) -> str | None:
    """Names and versions of a library's packages, or None where one is missing."""
    found = [_version(name) for name in peer.distributions]
    return None if None in found else ", ".join(str(one) for one in found)


def _version(name: str) -> str | None:
    for candidate in OTHERWISE.get(name, (name,)):
        try:
            return f"{candidate} {version(candidate)}"
        except PackageNotFoundError:
            continue
    return None
