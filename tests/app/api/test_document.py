"""The OpenAPI document that is checked in is the API's own, and says of every route what it must."""

import json
from pathlib import Path

from infrastress.app.api.document import openapi_document

FILE = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


def test_the_document_is_current():
    assert json.loads(FILE.read_text()) == json.loads(json.dumps(openapi_document())), "call: make docs"


def test_every_route_says_how_it_fails_and_what_it_is_for():
    document = json.loads(FILE.read_text())
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["4XX"]["content"], (path, method)
            assert operation["description"].strip().endswith((".", ")")), (path, method)
            assert "422" not in operation["responses"]


def test_what_the_stream_tells_is_in_the_document():
    schemas = json.loads(FILE.read_text())["components"]["schemas"]
    assert set(schemas["Update"]["properties"]) >= {"position", "alarms", "incidents", "health", "pulse", "decisions"}
