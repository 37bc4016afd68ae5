"""A typed client of the API: lists that page by themselves, acts, and a stream that goes on where it was cut."""

from infrastress.client.http import ApiError, Client, Unreachable
from infrastress.client.stream import Told

__all__ = ["ApiError", "Client", "Told", "Unreachable"]
