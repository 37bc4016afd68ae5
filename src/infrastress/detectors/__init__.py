"""Detectors: pure functions of telemetry frames and observations."""
