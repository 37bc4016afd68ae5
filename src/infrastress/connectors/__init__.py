"""Sources in: each member reads one kind of source."""
