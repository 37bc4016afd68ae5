"""Passive asset inventory: what network records tell of every device, and how that fits the site model."""
