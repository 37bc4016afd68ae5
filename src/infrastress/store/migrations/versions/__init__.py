"""One module a schema version, numbered in a row."""
