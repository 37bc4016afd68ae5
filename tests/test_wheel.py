"""The built wheel is whole, and installs into a clean environment; tests/app/test_demo.py has it do the main job."""

import zipfile

import pytest

from infrastress.app.console.pages import BUILT


def test_wheel_carries_the_template_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "infrastress/site/templates/depot/site.yaml" in names
    assert "infrastress/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "console/"))]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_carries_the_console_whole(wheel):
    names = {name.removeprefix("infrastress/app/console/built/") for name in zipfile.ZipFile(wheel).namelist()}
    if not (BUILT / "index.html").is_file():
        pytest.skip("the console isn't built (call: make console)")
    built = {file.relative_to(BUILT).as_posix() for file in BUILT.rglob("*") if file.is_file()}
    assert {"index.html", "index.html.gz", "licenses.md"} <= built <= names


def test_the_environment_is_clean(installed):
    """What runs there is the wheel, and what only tests need isn't there."""
    where = installed.run("-c", "import infrastress; print(infrastress.__file__)", program="python")
    assert "/venv/lib/" in where.stdout, where.stderr
    for name in ("pytest", "playwright", "pip"):
        assert "ModuleNotFoundError" in installed.run("-c", f"import {name}", program="python").stderr
