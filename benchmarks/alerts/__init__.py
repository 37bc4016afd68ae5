"""Parts of the benchmark of alert grouping."""
