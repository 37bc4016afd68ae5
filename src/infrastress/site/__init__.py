"""The site model: load, validate with line and field, derive graphs."""

from infrastress.site.model import Site

__all__ = ["Site"]
