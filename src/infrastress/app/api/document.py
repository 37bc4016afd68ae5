"""The OpenAPI document, without a site: for docs/openapi.json, from which types of other languages are made."""

import tempfile
from pathlib import Path
from typing import Any

from infrastress.app.accounts import Book
from infrastress.app.api.app import create_app, openapi_of
from infrastress.app.api.settings import InForce
from infrastress.site import Site
from infrastress.store import open_store

__all__ = ["openapi_document"]


def openapi_document() -> dict[str, Any]:
    """The document of this version."""
    with open_store("memory://") as store, tempfile.TemporaryDirectory() as folder:
        app = create_app(store, lambda: InForce(Site(id="site"), {}), book=Book(Path(folder)))
        return openapi_of(app)
