"""Routes of the API, a module a subject."""
