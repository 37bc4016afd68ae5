"""A typed client of the API: lists that page by themselves, acts, and a stream that goes on where it was cut."""
