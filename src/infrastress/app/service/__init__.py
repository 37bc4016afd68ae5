"""The service behind `infrastress serve`: a supervisor, and processes that meet in the store."""
