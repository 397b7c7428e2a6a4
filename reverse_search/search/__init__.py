"""The use cases. They depend on the protocols in `ports.py`, not on stores or files.

ports         what a use case needs of an index
query         what a taxon search is asked
pool          the observations in play
candidates    those of them that are worth exact features
features      what is known about (observation, X)
taxon_search  "observations that look like X but lack that ID"
suggesting    the gate over the triage pools, once a night
triage        the suggestions of a pool, as people see them
observation   what is known of one observation
highlights    taxa worth a look
names         taxon names as people begin to type them
status        how large an index is, and how good
answers       answers as plain values, for JSON
rows          what rows of an index are called outside of it
"""
