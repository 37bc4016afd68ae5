"""Real peers for live connectors, and what comes between: a fault proxy, a sink that keeps everything, certificates."""
