"""The body plans, a module each.

A body plan is a dataclass, the *genome* that says what a species looks like, and a function from a genome and a random
generator, which is how this one happens to hold itself, to layers. Body units: 1 is about half of the body's length.
"""
