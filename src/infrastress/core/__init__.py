"""Ids, time, units and errors; imports nothing else of ours."""
