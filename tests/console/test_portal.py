"""The public form in a real browser: on a poor phone, without a script, without a connection, with a full storage."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

from infrastress.connectors.reports.records import Boxes
from infrastress.core.secrets import Secrets
from infrastress.site.load import load_site
from tests.console.browsing import chromium, missing
from tests.peers.processes import free_port

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
PHONE = {"width": 360, "height": 740}
NARROW = 320


class Form:
    """The portal in a thread, on a port that stays its own while it is away."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._thread: threading.Thread | None = None

    def up(self) -> "Form":
        from infrastress.app.portal.server import serve_portal
        from infrastress.connectors.reports.options import ReportsOptions

        self._stop, ready = threading.Event(), threading.Event()
        options = ReportsOptions(port=self.port, folder="reports")
        self._thread = threading.Thread(
            target=serve_portal, args=(load_site(self.folder), options, Secrets(None), self._stop),
            kwargs={"on_ready": lambda _: ready.set()}, daemon=True,
        )  # fmt: skip
        self._thread.start()
        assert ready.wait(30)
        return self

    def down(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join(15)
            self._thread = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def texts(self) -> list[str]:
        return [record.text for record in Boxes(self.folder / "reports").records()]


@pytest.fixture
def form(tmp_path, depot_folder):
    folder = Path(shutil.copytree(depot_folder, tmp_path / "depot"))
    one = Form(folder).up()
    yield one
    one.down()


@pytest.fixture
def phone(browser):
    contexts = []

    def make(**more):
        context = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="en-GB", **more)
        contexts.append(context)
        page = context.new_page()
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on(
            "console",
            lambda said: page.troubles.append(said.text) if "Content Security Policy" in said.text else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()


def until(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def fill(page, text, kind="smell"):
    page.check(f"input[value={kind}]")
    page.fill("#text", text)


@pytest.mark.parametrize("scripted", [False, True])
def test_a_report_at_360_pixels_with_and_without_a_script(form, phone, scripted):
    page = phone(java_script_enabled=scripted)
    page.goto(form.address)
    fill(page, "petrol in our street")
    page.select_option("#near", "school")
    page.click(".send")
    page.wait_for_url("**/r/*")
    assert "Thank you. We have it." in page.inner_text("main")
    assert page.inner_text(".receipt").count("-") == 1
    assert form.texts == ["petrol in our street"]
    assert page.troubles == []


@pytest.mark.parametrize("width", [NARROW, PHONE["width"], 1200])
def test_nothing_is_wider_than_the_screen_and_all_can_be_touched(form, phone, width):
    page = phone()
    page.set_viewport_size({"width": width, "height": 740})
    for language in ("en", "de", "it"):
        page.goto(f"{form.address}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.eval_on_selector_all(
            "button:not(.first), select, textarea, input:not([type]), .kinds label",
            "all => all.filter(one => one.offsetParent && one.getBoundingClientRect().height < 44).length",
        )
        assert small == 0


def test_a_touch_on_the_map_without_a_script_keeps_what_was_written(form, phone):
    page = phone(java_script_enabled=False)
    page.goto(form.address)
    fill(page, "white mist", "mist")
    page.click("input[type=image]", position={"x": 240, "y": 80})
    assert page.input_value("#text") == "white mist"
    assert page.is_checked("input[value=mist]")
    assert "Marked on the map." in page.inner_text("main")
    page.fill("#place", "corner")
    page.press("#place", "Enter")
    page.wait_for_url("**/r/*")
    (record,) = Boxes(form.folder / "reports").records()
    assert record.latitude == pytest.approx(41.2, abs=0.05)


def test_offline_it_is_kept_said_and_sent_when_the_connection_is_back(form, phone):
    page = phone()
    page.goto(form.address)
    page.wait_for_function("navigator.serviceWorker.controller || navigator.serviceWorker.ready")
    form.down()
    page.context.set_offline(True)
    fill(page, "no bars here")
    page.click(".send")
    page.wait_for_selector("#told:has-text('not sent yet')")
    assert "no bars here" in page.inner_text("#queue")
    form.up()
    page.context.set_offline(False)
    until(lambda: form.texts == ["no bars here"])
    page.wait_for_selector("#mine a")
    assert "no bars here" not in page.inner_text("#queue")
    assert page.troubles == []


def test_a_reload_without_a_connection_shows_the_form_and_what_waits(form, phone):
    page = phone()
    page.goto(form.address)
    page.evaluate("navigator.serviceWorker.ready")
    until(lambda: page.evaluate("caches.match('/').then(Boolean)"))
    form.down()
    fill(page, "first, written in a tunnel")
    page.click(".send")
    page.wait_for_selector("#told:has-text('not sent yet')")
    page.fill("#text", "a draft, not sent")
    page.reload()
    page.wait_for_selector("#queue li")
    assert "written in a tunnel" in page.inner_text("#queue")
    assert page.input_value("#text") == "a draft, not sent"
    form.up()
    page.click("#again")
    until(lambda: form.texts == ["first, written in a tunnel"])


def test_a_closed_browser_loses_nothing(form, tmp_path):
    script = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    context = playwright.chromium.launch_persistent_context(
        sys.argv[1], executable_path=sys.argv[3], args=["--no-sandbox"], viewport={"width": 360, "height": 740})
    page = context.pages[0] if context.pages else context.new_page()
    page.goto(sys.argv[2])
    if sys.argv[4] == "write":
        page.evaluate("navigator.serviceWorker.ready")
        page.wait_for_function("caches.match('/').then(Boolean)")
        page.route("**/api/reports", lambda route: route.abort())
        page.check("input[value=fire]")
        page.fill("#text", "written before it was closed")
        page.click(".send")
        page.wait_for_selector("#told:has-text('not sent yet')")
    else:
        page.wait_for_selector("#mine a")
    context.close()
"""
    for what in ("write", "read"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "profile"), form.address, chromium(), what],
            capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert form.texts == ([] if what == "write" else ["written before it was closed"])


def test_a_full_storage_is_said_and_what_was_written_stays(form, phone):
    page = phone()
    page.add_init_script(
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page.goto(form.address)
    form.down()
    fill(page, "the storage is full")
    page.click(".send")
    page.wait_for_selector("#told.bad:has-text('NOT')")
    assert page.input_value("#text") == "the storage is full"
    form.up()
    page.click(".send")
    page.wait_for_url("**/r/*")
    assert form.texts == ["the storage is full"]


def test_an_answer_that_was_lost_on_the_way_makes_no_second_report(form, phone):
    page = phone()
    page.goto(form.address)
    lost = []

    def lose(route):
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/api/reports", lose)
    fill(page, "sent, and nothing came back")
    page.click(".send")
    page.wait_for_selector("#told:has-text('not sent yet')")
    assert lost == [201]
    page.click("#again")
    page.wait_for_selector("#mine a")
    assert form.texts == ["sent, and nothing came back"]


def test_killed_behind_the_receipt_nothing_is_lost(tmp_path, depot_folder, phone):
    folder = Path(shutil.copytree(depot_folder, tmp_path / "depot"))
    port = free_port()
    options = {"port": port, "folder": "reports"}
    (folder / "connections.yaml").write_text(yaml.safe_dump({"reports": {"connector": "reports", "options": options}}))
    command = [sys.executable, "-m", "infrastress", "portal", str(folder)]
    portal = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert b"The form of depot is at" in portal.stdout.readline()
        page = phone(java_script_enabled=False)
        page.goto(f"http://127.0.0.1:{port}/")
        fill(page, "kill me now")
        page.click(".send")
        page.wait_for_url("**/r/*")
        os.kill(portal.pid, signal.SIGKILL)
    finally:
        portal.kill()
        portal.wait()
    assert [record.text for record in Boxes(folder / "reports").records()] == ["kill me now"]
