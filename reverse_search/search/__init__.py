"""The use cases. They depend on the protocols in `ports.py`, not on stores or files.

ports         what a use case needs of an index
features      what is known about (observation, X)
taxon_search  "observations that look like X but lack that ID"
suggesting    the gate over the triage pools, once a night
triage        the suggestions of a pool, as people see them
"""
