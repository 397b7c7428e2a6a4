"""One night's immutable index: write it aside, publish it, open it.

columns    dataclasses of arrays as folders of memory-mapped files
taxonomy   the tree that a generation pins
heads      the head and what was measured of it
manifest   what a generation consists of, with digests
publish    the CURRENT pointer: publish, list, roll back, prune
opened     a generation as the use cases see it
overlay    what has changed since, laid over it
following  what serves, from one publication to the next
verify     every file re-hashed, and what was built asked something
"""
