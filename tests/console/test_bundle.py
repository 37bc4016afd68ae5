"""The built console: small enough for a slow machine, whole, and with no address of anybody else's."""

import gzip
import json
import re
from pathlib import Path

import pytest

from infrastress.app.console.pages import BUILT

ROOT = Path(__file__).resolve().parents[2]
FIRST_LOAD = 250_000
LAZY = ("maplibregl-", "u-legend", "edgesep")
"""What only the map, the chart and the graph's layout have in them."""
SPEAKS_OF = {"www.w3.org", "react.dev", "maplibre.org", "maplibre.invalid", "wiki.openstreetmap.org", "github.com"}
"""Hosts that texts within libraries name (namespaces, pages about an error); nothing is fetched from them."""


@pytest.fixture(scope="module")
def manifest():
    if not (BUILT / "manifest.json").is_file():
        pytest.skip("the console isn't built (call: make console)")
    return json.loads((BUILT / "manifest.json").read_text())


def closure(manifest, name):
    """All chunks that must be there before a chunk runs."""
    seen, todo = set(), [name]
    while todo:
        if (one := todo.pop()) not in seen:
            seen.add(one)
            todo += manifest[one].get("imports", [])
    return seen


def size(manifest, names):
    files = {manifest[name]["file"] for name in names if manifest[name]["file"].endswith(".js")}
    return sum(len(gzip.compress((BUILT / file).read_bytes(), 9)) for file in files)


def test_the_first_load_of_any_screen_is_small(manifest):
    entry = next(name for name, one in manifest.items() if one.get("isEntry"))
    base = closure(manifest, entry)
    screens = [name for name in manifest if name.startswith("src/screens/")]
    assert len(screens) > 10
    for language in (None, "src/messages/de/index.ts"):
        for screen in screens:
            needed = base | closure(manifest, screen) | ({language} if language else set())
            assert size(manifest, needed) <= FIRST_LOAD, (screen, size(manifest, needed))


def test_maps_charts_and_graphs_come_when_they_are_needed(manifest):
    entry = next(name for name, one in manifest.items() if one.get("isEntry"))
    for name in closure(manifest, entry):
        text = (BUILT / manifest[name]["file"]).read_text()
        assert not [mark for mark in LAZY if mark in text], name


def test_no_file_names_another_machine(manifest):
    for file in BUILT.rglob("*"):
        if file.suffix in (".html", ".css", ".svg"):
            assert not re.search(
                r"url\(\s*['\"]?(?:https?:)?//|@import|(?:src|href)=\"(?:https?:)?//", file.read_text()
            ), file
        elif file.suffix in (".js", ".mjs"):
            hosts = set(re.findall(r"https?://([\w.-]+\.[a-z]{2,})", file.read_text()))
            assert hosts <= SPEAKS_OF, (file.name, hosts - SPEAKS_OF)


def test_the_page_runs_no_script_of_its_own(manifest):
    page = (BUILT / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", page)


def test_every_file_is_compressed_once_and_the_same(manifest):
    packed = list(BUILT.rglob("*.gz"))
    assert len(packed) > 10
    for file in packed:
        assert gzip.decompress(file.read_bytes()) == file.with_suffix("").read_bytes(), file


def test_types_are_made_from_the_checked_in_document_at_each_build():
    scripts = json.loads((ROOT / "console" / "package.json").read_text())["scripts"]
    assert "../docs/openapi.json" in scripts["types"]
    assert scripts["build"].startswith("npm run types")
    assert scripts["check"].startswith("npm run types")
