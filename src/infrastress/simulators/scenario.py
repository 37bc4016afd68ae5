"""Read a scenario file."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from infrastress.core.errors import InputError
from infrastress.core.time import from_iso
from infrastress.simulators.base import Scenario

__all__ = ["load_scenario"]


def load_scenario(path: Path, **changes: Any) -> Scenario:
    """Load a scenario from a YAML file.

    Args:
        path: the file.
        changes: fields to be replaced, such as `duration_h`.

    Raises:
        InputError: the file can't be read, is no YAML, or is no scenario; names the field.
    """
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the scenario can't be read: {error}", where=path.name) from error
    except YAMLError as error:
        raise InputError(f"this is no YAML: {' '.join(str(error).split())}", where=path.name) from error
    if not isinstance(content, dict):
        raise InputError("this is no scenario", where=path.name, remedy="it needs name, simulator, start, duration_h")
    try:
        scenario = Scenario.model_validate(content | changes)
        from_iso(scenario.start)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        raise InputError(faults, where=path.name, remedy=f"fields: {', '.join(Scenario.model_fields)}") from error
    except InputError as error:
        raise InputError(error.what, where=f"{path.name}, start", remedy=error.remedy) from error
    return scenario
