"""`infrastress demo`: the main job on a machine that has nothing yet."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infrastress.app.output import console, json_option, notes, print_json

if TYPE_CHECKING:
    from infrastress.app.demo.live import Ready
    from infrastress.events import Event
    from infrastress.site import Site

__all__ = ["command"]

_HEADLESS_SPEED, _LEAST_HEADLESS = 450.0, 60.0
_NAMES = ("depot", "water")


@click.command("demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("infrastress-demo"), show_default=True, help="Output folder."
)
@click.option("--site", "name", type=click.Choice(_NAMES), default="depot", show_default=True, help="Which plant.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Seed of the attack.")
@click.option(
    "--speed",
    type=click.FloatRange(1, 2000),
    help="Event seconds a second.  [default: 60, so that a second is a minute; 450 with --headless]",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the console.  [default: 8470, a free one where it is taken]"
)
@click.option(
    "--open/--no-open",
    "opens",
    default=None,
    help="Open a browser.  [default: where this terminal stands on a desktop]",
)
@click.option("--headless", is_flag=True, help="No console: score the attack, print and exit.")
@json_option
def command(
    *,
    out: Path,
    name: str,
    seed: int,
    speed: float | None,
    port: int | None,
    opens: bool | None,
    headless: bool,
    as_json: bool,
) -> int:
    """A plant learns its normal days, is attacked, and infrastress explains what happens, as it happens.

    The plant is simulated: its controllers answer over Modbus/TCP, events come by HTTP and syslog. Ends at the live
    console: its address and a one-time password are printed, and it stays until Ctrl-C, which ends everything. Where
    nobody can press that (no terminal, and CI is set), it ends by itself once the attack's incident has come.

    With --headless nothing is served. It closes with when the first alarm came, how long before the overflow, what an
    oracle would have gained, how many alarms were false, and what each kind of source was worth. Needs nothing but this
    machine.
    """
    if headless:
        if name != "depot":
            raise click.UsageError("--headless scores the depot alone; leave it out, or --site.")
        if speed is not None and speed < _LEAST_HEADLESS:
            raise click.UsageError(f"--headless needs a --speed of {_LEAST_HEADLESS:g} or more.")
        _headless(out, seed=seed, speed=speed or _HEADLESS_SPEED, as_json=as_json)
        return 0
    return _live(out, name, seed=seed, speed=speed, port=port, opens=opens, as_json=as_json)


def _headless(out: Path, *, seed: int, speed: float, as_json: bool) -> None:
    from infrastress.app.closing import tell_closing
    from infrastress.app.demo.folder import held
    from infrastress.app.demo.headless import run_demo
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.pictures import draw_pictures
    from infrastress.app.telling import Teller
    from infrastress.site.load import load_site
    from infrastress.site.templates import template_folder

    refuse_hopeless_start(out)
    site = load_site(template_folder("depot"))
    teller = Teller(site, None if as_json else console())
    with held(out):
        demo = run_demo(out, seed=seed, speed=speed, stage=_stage(quiet=as_json), on_result=teller.take)
    _stage(quiet=as_json)("Drawing")
    demo.pictures = draw_pictures(demo)
    if as_json:
        print_json(demo.as_dict())
        return
    tell_closing(console(), demo)


def _live(
    out: Path, name: str, *, seed: int, speed: float | None, port: int | None, opens: bool | None, as_json: bool
) -> int:
    from infrastress.app.demo.live import live_demo
    from infrastress.app.demo.telling import tell_end, tell_ready
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.telling import Teller
    from infrastress.events import Incident

    refuse_hopeless_start(out)
    seen: list[Teller] = []
    alone = not sys.stdin.isatty() and os.environ.get("CI", "").lower() not in ("", "0", "false")

    def ready(site: "Site", told: "Ready") -> None:
        seen.append(Teller(site, None if as_json else console()))
        tell_ready(site, told, alone=alone, as_json=as_json)
        if opens or (opens is None and _on_desktop()):
            import webbrowser

            webbrowser.open(told.address)

    def take(event: "Event") -> None:
        seen[-1].take(event)

    def enough() -> bool:
        incidents = [event.body for event in seen[-1].newest.values()] if seen else []
        return alone and any(isinstance(one, Incident) and one.severity in ("high", "critical") for one in incidents)

    why = live_demo(
        out, name, seed=seed, speed=speed, port=port,
        stage=_stage(quiet=as_json), on_ready=ready, on_result=take, enough=enough,
    )  # fmt: skip
    if not as_json:
        tell_end(why)
    return 0


def _stage(*, quiet: bool) -> Callable[[str], None]:
    def stage(text: str) -> None:
        if not quiet:
            notes().print(f"{text} ...", style="dim", markup=False)

    return stage


def _on_desktop() -> bool:
    """Whether whoever started this sits before a desktop of this machine."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(shown) and sys.stdout.isatty() and not os.environ.get("SSH_CONNECTION")
