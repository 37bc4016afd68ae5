"""What `benchmarks/incidents.py` is made of: takes (runs and what detectors said), truth, incidents, scores, tables."""
