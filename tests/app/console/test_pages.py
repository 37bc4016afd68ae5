"""How the console's files are served: policy, caching, compression, and addresses that the console reads itself."""

import gzip

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from infrastress.app.api.problems import add_handlers
from infrastress.app.console import Pages, add_console

PAGE = {"accept": "text/html"}


@pytest.fixture
def built(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>console</title>")
    (tmp_path / "assets/main-abc.js").write_text("run()")
    (tmp_path / "assets/main-abc.js.gz").write_bytes(gzip.compress(b"run()"))
    return tmp_path


def client_of(folder):
    app = FastAPI()
    add_handlers(app)
    add_console(app, Pages(folder))
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/alarms", "/incidents/inc-1", "/signals/LT-103?from=1"])
def test_every_address_of_a_screen_is_the_page(built, path):
    answer = client_of(built).get(path, headers=PAGE)
    assert answer.status_code == 200
    assert answer.text == "<title>console</title>"
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_file_is_kept_for_ever_and_comes_compressed(built):
    client = client_of(built)
    answer = client.get("/assets/main-abc.js")
    assert answer.text == "run()"
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "content-encoding" not in client.get("/assets/main-abc.js", headers={"accept-encoding": "identity"}).headers
    again = client.get("/assets/main-abc.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/api/v1/nothing", "/%2e%2e/pages.py", "/assets/../index.htm", "/index.html.gz"]
)
def test_what_is_not_there_is_a_problem_and_no_page(built, path):
    answer = client_of(built).get(path, headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_api_address_is_no_page_for_a_browser_either(built):
    assert client_of(built).get("/api/v1/nothing", headers=PAGE).status_code == 404


def test_a_console_that_is_not_built_says_how_to_build_it(tmp_path):
    answer = client_of(tmp_path).get("/", headers=PAGE)
    assert answer.status_code == 503
    assert "make console" in answer.text
