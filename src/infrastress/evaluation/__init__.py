"""Honest scores: events, delays, false episodes."""
