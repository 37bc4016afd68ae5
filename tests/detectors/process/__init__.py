"""Process invariants."""
