"""The search side: what an observation may be, and which observations lack that identification.

domain      plain values and rules of the platform
classify    from vectors to calibrated probabilities and gated suggestions
geo         where a taxon has been recorded
vectors     embedding segments and nearest-neighbour search
generation  one night's immutable index: build, publish, open
store       the database
search      the use cases: taxon search and suggestion
"""

__version__ = "0.1.0"
