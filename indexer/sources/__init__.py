"""Where observations, photos and identifications come from. Each source writes through `reverse_search.store`."""
