"""Plugin families: members are found through entry points, built-ins registered the same way as a stranger's."""

from importlib.metadata import entry_points
from typing import Any

from infrastress.core.errors import PluginError

__all__ = ["load_plugin", "plugin_names"]


def plugin_names(family: str) -> tuple[str, ...]:
    """Names of all members of a family such as "detectors", sorted."""
    return tuple(sorted({point.name for point in entry_points(group=f"infrastress.{family}")}))


def load_plugin(family: str, name: str) -> Any:
    """The class of a family's member.

    Raises:
        PluginError: no such member, or it can't be imported (a missing extra is named).
    """
    found = [point for point in entry_points(group=f"infrastress.{family}") if point.name == name]
    if not found:
        known = ", ".join(plugin_names(family)) or "none"
        raise PluginError(f"no member {name!r} in family {family!r}", remedy=f"installed: {known}")
    try:
        return found[0].load()
    except ImportError as error:
        missing = getattr(error, "name", None)
        raise PluginError(
            f"{family[:-1]} {name!r} can't be loaded: {error}", remedy=f"install what it needs: {missing}"
        ) from error
