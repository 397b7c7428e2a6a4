"""A few hundred openly licensed observations of the platform, as an Open Data folder.

fetch    the whole: ask, collect, write
plan     how many of which kind are asked for
collect  asks for observations, spread over species and people
taxa     finds the taxon that is meant, and the ancestors of all others
api      the platform's API: polite, and patient with failures
models   its answers, checked
tables   the tables of an Open Data folder
"""
