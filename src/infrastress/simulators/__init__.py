"""Simulators: seeded models of a site and what can happen to it."""
