"""Event log, checkpoints, records, blobs and telemetry history behind ports."""
