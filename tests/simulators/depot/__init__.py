"""Tests of the depot simulator."""
