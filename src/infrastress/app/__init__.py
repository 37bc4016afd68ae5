"""Command line and wiring."""
