"""Which fold an observer falls into: the same one every night, on every machine."""

import hashlib


def fold_of(observer_id: int, folds: int, key: str = "reverse-search") -> int:
    """A keyed hash, so that all of an observer's observations lie on one side of every split."""
    digest = hashlib.blake2b(str(observer_id).encode(), key=key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % folds
