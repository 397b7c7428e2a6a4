"""The indexing side: bring observations and photos in, embed, train, build and publish.

settings   what an operator can set
sources    where observations come from
photos     where photo files come from
backbones  from photo files to vectors (torch, in a child process)
train      from labelled vectors to a head (torch, in a child process) and its calibration
collect    from the database to columns
build      one generation in the making
nightly    the job, step by step
cli        the command line
"""
