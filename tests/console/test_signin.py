"""Signing in, one-time passwords, pauses, sessions that end; and a site on which nobody has an account."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.browsing import drawn, listening
from tests.console.scenes import PASSWORD


@pytest.fixture(scope="module")
def guarded(scene_of, tmp_path_factory):
    """A console with accounts, for the tests of this module."""
    from tests.console.consoles import ApiConsole

    console = ApiConsole(scene_of("quiet").copy(tmp_path_factory.mktemp("guarded") / "scene"), accounts=True).start()
    yield console
    console.stop()


def fill(page, name, password):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def test_whoever_signs_in_is_where_they_wanted_to_be(guarded, open_page):
    page = drawn(open_page(guarded, "/site/services", signed_in=False))
    page.troubles.expect(r"401 (GET|POST) .*/session", r"status of 401")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    fill(page, "operator", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    expect(page.get_by_label("Password")).to_have_value("")
    fill(page, "operator", PASSWORD)
    expect(page.get_by_role("heading", name="Petrol for filling stations")).to_be_visible()
    page.get_by_role("link", name="operator").click()
    you = page.get_by_role("region", name="You", exact=True)
    expect(you).to_contain_text("Operator")
    expect(you).to_contain_text("You may notread concerns about insiderssee who has an account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_one_time_password_is_good_for_choosing_another(guarded, open_page):
    one_time = guarded.api.book.add("kim", "security", None)
    page = drawn(open_page(guarded, "/sign-in", signed_in=False))
    page.troubles.expect(r"401 GET .*/session", r"422 POST .*/password", r"status of 4(01|22)")
    fill(page, "kim", one_time)
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    button = page.get_by_role("button", name="Set password")
    page.get_by_label("One-time password").fill(one_time)
    page.get_by_label("New password", exact=True).fill("short")
    expect(page.get_by_text("7 characters to go")).to_be_visible()
    page.get_by_label("New password", exact=True).fill("qwertyuiop12")
    page.get_by_label("New password again").fill("qwertyuiop13")
    expect(page.get_by_role("alert")).to_contain_text("don’t match")
    expect(button).to_be_disabled()
    page.get_by_label("New password again").fill("qwertyuiop12")
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("among the first that are tried")
    for label in ("New password", "New password again"):
        page.get_by_label(label, exact=True).fill("nine loud iron doors")
    button.click()
    expect(page.get_by_role("link", name="kim")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))


def test_who_guesses_is_made_to_wait_and_told_how_long(guarded, open_page):
    page = drawn(open_page(guarded, "/", signed_in=False, language="de", width=390, theme="dark"))
    page.troubles.expect(r"(401|429) (GET|POST) .*/session", r"status of 4(01|29)")
    button = page.get_by_role("button", name="Anmelden")
    for attempt in range(8):
        page.get_by_label("Name").fill("nobody-here")
        page.get_by_label("Passwort").fill(f"guess {attempt}")
        with page.expect_response("**/session") as answer:
            page.keyboard.press("Enter")
        if answer.value.status == 429:  # nothing is sent from now on until the pause is over
            break
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Zu viele Fehlversuche.*in \d+ Sekunde"))
    expect(button).to_be_disabled()
    expect(button).to_be_enabled(timeout=20_000)  # when the pause is over
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_session_that_ends_is_gone_on_with_where_one_was(guarded, open_page):
    page = listening(open_page(guarded, "/site/assets/T-101", role="security"))
    page.troubles.expect(r"401 ", r"status of 401", r"ERR_ABORTED")
    expect(page.get_by_role("heading", name="T-101", level=2)).to_be_visible()
    for key, session in guarded.api.book.sessions:
        if session.name == "security":
            guarded.api.book.sign_out(key)
    expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=20_000)
    fill(page, "security", PASSWORD)
    expect(page.get_by_role("heading", name="T-101", level=2)).to_be_visible()
    assert page.url.endswith("/site/assets/T-101")


def test_an_admin_sees_who_has_an_account_and_others_do_not(guarded, open_page):
    page = listening(open_page(guarded, "/account", role="admin"))
    row = page.get_by_role("row", name="reporter-liaison")
    expect(row).to_contain_text("Contact for people who report")
    other = listening(open_page(guarded, "/account", role="operator"))
    expect(other.get_by_role("region", name="You", exact=True)).to_be_visible()
    expect(other.get_by_role("region", name="Accounts")).to_have_count(0)


def test_without_accounts_the_console_says_so(quiet, open_page):
    page = listening(open_page(quiet, "/account"))
    expect(page.get_by_text("No account has been made: whoever sits")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    page.get_by_label("Theme").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", name="Konto")).to_be_visible()
