"""Photo files: where they lie, and how they are shown."""
