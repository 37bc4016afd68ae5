"""JSON Schema of the site file, for editors that complete and check while one types."""

from typing import Any

from infrastress.site.model import Site

__all__ = ["site_json_schema"]


def site_json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a site file, or of a file that one includes.

    Nothing is required at the top: an included file holds a part only. References between ids, units and shapes are
    beyond a schema; `check_site` holds them.
    """
    schema = Site.model_json_schema(by_alias=True)
    schema.pop("required", None)
    schema["properties"]["include"] = {
        "title": "Include",
        "description": "Further files of this folder; their lists are put behind those of this file",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "infrastress site",
        **{key: value for key, value in schema.items() if key != "title"},
    }
