"""Tests of the reference traffic."""
