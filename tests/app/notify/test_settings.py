"""notifications.yaml: every fault with its line, and who would not be told."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.app.cli import main
from infrastress.app.notify.settings import FILE, Settings, check_settings, in_hours, read_settings, within
from infrastress.core.errors import ConfigurationError
from infrastress.site.load import load_site

from .plant import SITE, settings

GOOD = """\
channels:
  mail: {type: smtp, host: mail.plant.example, sender: a@plant.example, to: [shift@plant.example]}
  hook: {type: webhook, url: "https://soc.plant.example/in", key_secret: hook}
  siren: {type: command, argv: [/usr/local/bin/siren, --on]}
routes:
  - name: shift
    severity: medium
    hours: 06:00-22:00
    zones: [farm]
    steps: [{channels: [mail, hook]}, {after_min: 10, channels: [siren]}]
  - name: grave
    severity: critical
    steps: [{channels: [siren]}]
quiet_hours: 22:00-06:00
"""


def faults(folder: Path, text: str) -> list[str]:
    (folder / FILE).write_text(text)
    return [str(fault) for fault in check_settings(SITE, folder)[1]]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []
    assert read_settings(SITE, tmp_path).routes[0].steps[1].after_min == 10


def test_no_file_and_an_empty_one_tell_nobody(tmp_path: Path) -> None:
    assert read_settings(SITE, tmp_path) == Settings()
    (tmp_path / FILE).write_text("# nothing yet\n")
    assert read_settings(SITE, tmp_path) == Settings()


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("channels: [siren]", "channels: [sirne]", 10, "did you mean 'siren'"),
        ("zones: [farm]", "zones: [fram]", 9, "did you mean 'farm'"),
        ("severity: medium", "severity: grave", 7, "critical"),
        ("hours: 06:00-22:00", "hours: six to ten", 8, 'hours like "22:00-06:00"'),
        ("after_min: 10, ", "", 10, "more than 0"),
        ("quiet_hours", "quite_hours", 14, "no such field"),
        ("type: smtp", "type: stmp", 2, "did you mean 'smtp'"),
        ("host: mail.plant.example, ", "", 2, "this field"),
        ("https://soc", "http://soc", 3, "https:// to another machine"),
        ("https://soc", "https://user:pw@soc", 3, "without user and password"),
        ("https://soc.plant.example/in", "file:///etc/passwd", 3, "https:// address"),
        ("type: smtp,", "type: smtp, security: none,", 2, "TLS"),
        ("type: smtp,", "type: smtp, user: x,", 2, "both or none"),
        ("a@plant.example", "'a@plant.example\\nBcc: x@y.z'", 2, "pattern"),
        ("/usr/local/bin/siren", "siren", 4, "full path"),
        ("- name: grave", "- name: shift", 11, "each name once"),
        ("channels:\n", "channels: [\n", 3, "YAML"),
        (GOOD, "- a\n- list\n", 1, "a mapping"),
    ],
)
def test_faults_have_a_line_and_say_what_is_expected(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert found
    assert any(told in one and one.startswith(f"{FILE}:{line}:") for one in found), found
    with pytest.raises(ConfigurationError, match=FILE):
        read_settings(SITE, tmp_path)


def test_secrets_written_into_it_are_refused_and_not_repeated(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("key_secret: hook", "key: hunter2"))
    assert any(one.startswith(f"{FILE}:3:") for one in found)
    assert "hunter2" not in " ".join(found)


def test_a_time_at_which_nobody_hears_of_a_critical_incident_is_warned_of(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, GOOD.replace("severity: critical", "severity: critical\n    hours: 06:00-24:00"))
    assert "warning" in told
    assert "mon 00:00" in told
    (told,) = faults(tmp_path, GOOD.replace("severity: critical", "severity: critical\n    days: [mon, tue]"))
    assert "wed 00:00" in told
    (told,) = faults(tmp_path, GOOD.replace("severity: critical", "severity: critical\n    zones: [farm]"))
    assert "no route that takes every critical incident" in told


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_hours_and_their_opposite_share_the_day(begin: int, end: int, minute: int) -> None:
    def text(one: int) -> str:
        return f"{one // 60:02d}:{one % 60:02d}"

    if begin != end:
        there, back = f"{text(begin)}-{text(end)}", f"{text(end)}-{text(begin)}"
        assert within(there, minute) != within(back, minute)
    else:
        assert within(f"{text(begin)}-{text(end)}", minute)


def test_a_night_belongs_to_the_day_it_began_on() -> None:
    night = {"name": "n", "hours": "22:00-06:00", "days": ["fri"], "steps": [{"channels": ["x"]}]}
    (route,) = settings(night).routes
    assert in_hours(route, 4, 23 * 60)  # Friday night
    assert in_hours(route, 5, 60)  # goes on into Saturday
    assert not in_hours(route, 4, 60)
    assert not in_hours(route, 5, 23 * 60)


def test_the_example_of_the_page_is_a_good_file(tmp_path: Path, depot_folder: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "notifications.md").read_text()
    (example,) = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / FILE).write_text(example)
    settings, found = check_settings(load_site(depot_folder), tmp_path)
    assert settings is not None, found
    assert found == []


def test_the_command_checks_tests_and_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = str(tmp_path / "plant")
    assert main(["init", site]) == 0
    text = (
        "channels: {ok: {type: command, argv: [/bin/true]}, no: {type: command, argv: [/bin/false]}}\n"
        "routes: [{name: all, steps: [{channels: [ok]}]}]\n"
    )
    (tmp_path / "plant" / FILE).write_text(text)
    assert main(["notify", "check", site]) == 0
    assert "2 channels, 1 routes." in capsys.readouterr().out
    assert main(["check", site]) == 0
    (tmp_path / "plant" / FILE).write_text("channels: {ok: {type: siren}}\n")
    assert main(["check", site]) == 1
    assert "notifications.yaml:1: error: channels.ok.type" in capsys.readouterr().out
    (tmp_path / "plant" / FILE).write_text(text)
    assert main(["notify", "test", site, "ok"]) == 0
    assert main(["notify", "test", site]) == 1
    assert "no: /bin/false ended with status 1" in capsys.readouterr().out
    assert main(["notify", "test", site, "mail"]) == 1
    assert "it has ok, no" in capsys.readouterr().err
    assert main(["notify", "list", site]) == 1
    assert "never served" in capsys.readouterr().err
