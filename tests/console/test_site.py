"""The site's screens: assets by keyboard, what hangs together, graphs walked along edges, checks of the folder."""

import re

from playwright.sync_api import expect

from tests.console.browsing import listening


def test_assets_are_found_by_keyboard(attacked, open_page):
    page = listening(open_page(attacked, "/site"))
    expect(page).to_have_url(re.compile(r"/site/assets$"))
    tree = page.get_by_role("tree", name="Assets")
    expect(tree.get_by_role("treeitem", name=re.compile("Control room"))).to_have_attribute("aria-expanded", "true")
    tree.focus()
    page.keyboard.press("ArrowLeft")  # closes the first group
    expect(tree.get_by_role("treeitem", name=re.compile("Control room"))).to_have_attribute("aria-expanded", "false")
    page.get_by_label("With open alarms only").check()
    page.get_by_label("Search assets").fill("t-103")
    expect(page.get_by_role("status").filter(has_text="of 140 assets")).to_contain_text(re.compile(r"^1 of|^1 of"))
    tree.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="T-103", level=2)).to_be_visible()


def test_an_asset_tells_all_that_belongs_to_it(attacked, open_page):
    page = listening(open_page(attacked, "/site/assets/T-103"))
    alarms = page.get_by_role("region", name="Open alarms")
    expect(alarms.get_by_role("link", name=re.compile("Tank level does not follow"))).to_be_visible()
    signals = page.get_by_role("region", name="Signals")
    expect(signals.get_by_role("row", name=re.compile("LT-103"))).to_contain_text(re.compile(r"\d+\.\d+ m"))
    expect(signals.get_by_role("row", name=re.compile("TT-103"))).to_contain_text("°C")
    expect(page.get_by_role("region", name="Model")).to_contain_text("Overflows at14.5 m")
    expect(page.get_by_role("region", name="Hazards")).to_contain_text("Overfill")
    expect(page.get_by_role("region", name="Barriers")).to_contain_text("Independent high-high trip of T-103")
    expect(page.get_by_role("region", name="Neighbours")).to_contain_text("level switch and tank")
    expect(page.get_by_role("region", name="Dependencies")).to_contain_text("any of T-101")
    expect(page.get_by_role("region", name="Interlocks")).to_contain_text("It takes part in no interlock.")
    page.get_by_role("region", name="Neighbours").get_by_role("link", name="LSHH-103").click()
    expect(page.get_by_role("region", name="Interlocks")).to_contain_text("must be closed within")
    page.goto("/site/assets/NO-SUCH")
    page.troubles.expect(r"404 GET .*/assets/NO-SUCH", r"status of 404")
    expect(page.get_by_text("There is no asset NO-SUCH")).to_be_visible()


def test_graphs_are_walked_along_edges_and_told_as_a_list(attacked, open_page):
    page = listening(open_page(attacked, "/site/graph/process?around=T-103&hops=1"))
    graph = page.get_by_role("region", name="Process flow")
    tank = graph.get_by_role("link", name=re.compile(r"^T-103, Tank, \d+ alarms?, Critical"))
    expect(tank).to_have_attribute("tabindex", "0")
    tank.focus()
    page.keyboard.press("ArrowRight")
    after = page.evaluate("document.activeElement.getAttribute('data-key')")
    assert after.startswith("XV-103")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('data-key')") == "T-103"
    page.get_by_role("button", name="As a list").click()
    row = page.get_by_role("row", name=re.compile(r"^T-103 "))
    expect(row).to_contain_text("XV-103L")
    page.get_by_role("button", name="As a graph").click()
    with page.expect_download() as told:
        page.get_by_role("button", name="Save as SVG").click()
    text = told.value.path().read_text()
    assert told.value.suggested_filename == "process.svg"
    assert "T-103" in text
    assert "stroke=" in text
    graph.get_by_role("link", name=re.compile("^T-103")).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/site/assets/T-103"))


def test_dependencies_and_network_zones_are_drawn(attacked, open_page):
    page = listening(open_page(attacked, "/site/graph/dependency"))
    expect(page.get_by_role("link", name=re.compile("^petrol-supply, Service"))).to_be_visible()
    page.get_by_role("link", name="Network zones").click()
    expect(page.get_by_role("link", name="Safety instrumented system, Level 1")).to_be_visible()
    expect(page.get_by_text("modbus, opcua")).to_be_visible()


def test_a_barrier_says_why_it_is_not_clear(attacked, open_page):
    page = listening(open_page(attacked, "/site/barriers", language="de", width=390, theme="dark"))
    row = page.get_by_role("row", name=re.compile("Independent high-high trip of T-103"))
    expect(row).to_contain_text("Alarm an LSHH-103")
    bund = page.get_by_role("row", name=re.compile("b-bund-b"))
    expect(bund).to_contain_text("Unbekannt")
    expect(bund).to_contain_text("BUND-B wird von nichts gemessen")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_faults_of_the_folder_are_seen_before_a_reload(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console, "/site/check"))
    folder = page.get_by_role("region", name="Folder on disk")
    expect(folder).to_contain_text("It is what is in force.")
    file = console.scene.site / "site.yaml"
    text = file.read_text()
    line = next(i for i, one in enumerate(text.splitlines(), 1) if "height_m: 14.5" in one)
    file.write_text(text.replace("height_m: 14.5", "height_m: tall", 1))
    folder.get_by_role("button", name="Check now").click()
    expect(folder).to_contain_text("It can’t be put in force.")
    expect(folder).to_contain_text(f"site.yaml:{line}")
    expect(folder).to_contain_text("Expected: a number")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    folder.get_by_role("button", name="Copy all").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert f"site.yaml:{line}: error:" in page.evaluate("navigator.clipboard.readText()")
