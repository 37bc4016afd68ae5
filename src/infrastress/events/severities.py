"""How severe something is, in five words."""

from typing import Final, Literal, get_args

__all__ = ["SEVERITIES", "Severity"]

Severity = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""Rising."""
