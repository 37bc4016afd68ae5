"""Runs the stream over the ports: admission, ticks, units, leases, replay."""
