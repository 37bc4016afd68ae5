"""Benchmarks: one file an anchor; each prints our figure and a rival's from the same run."""
