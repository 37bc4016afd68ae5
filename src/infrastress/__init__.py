"""infrastress: protects sensitive industrial plants against cyber, physical and process threats at once."""

__all__ = ["__version__"]

__version__ = "0.1.0"
