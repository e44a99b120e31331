"""FLAME's mesh: the bundled expression basis, and its fit to registered scans. May import `people`."""
