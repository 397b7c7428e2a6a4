"""Plain values and rules of the platform: standard library and numpy only."""
