"""Where a taxon has been recorded."""
