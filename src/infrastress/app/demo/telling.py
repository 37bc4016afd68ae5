"""What the live demo tells at the terminal: how to get in, what will be seen when, and how it ended."""

import sys

import click

from infrastress.app.demo.live import Ready
from infrastress.app.output import print_json
from infrastress.app.story import asset_names, local_zone, zone_name
from infrastress.app.telling import local_time
from infrastress.core.time import SECOND, to_iso
from infrastress.site import Site

__all__ = ["tell_end", "tell_ready"]

_ENDS = {
    "asked": "Ended; nothing of it runs any more. Started again, it begins anew with what was learned.",
    "enough": "The attack's incident has come, and nobody sits at this terminal: ended.",
    "over": "The simulated days are over: ended. Started again, it begins anew with what was learned.",
}


def tell_ready(site: Site, ready: Ready, *, alone: bool, as_json: bool) -> None:
    """Tell how to get in and what to expect, on stdout and nowhere else: the password is told once."""
    if as_json:
        expected = [{"at": to_iso(one.at), "in_s": _in_s(ready, one.at), "what": one.what} for one in ready.expected]
        print_json(
            {
                "address": ready.address, "account": ready.account, "password": ready.password,
                "site": site.id, "speed": ready.speed, "began": to_iso(ready.began), "expected": expected,
            }
        )  # fmt: skip
        sys.stdout.flush()
        return
    zone = local_zone(site)
    hours = (ready.ends - ready.began) / SECOND / ready.speed / 3600
    lines = [
        "",
        f"The console: {ready.address}" + ("" if ready.usual_port else "  (port 8470 is taken)"),
        f"  account   {ready.account}",
        f"  password  {ready.password}  (good once: you choose your own when you sign in)",
        "",
        f"{site.name or site.id}, simulated. A second here is {_span(ready.speed)} there; at the plant it is "
        f"{local_time(ready.began, zone)[:16]} {zone_name(ready.began, zone)}.",
        *(
            f"  in about {_span(_in_s(ready, one.at)):<7} {one.what} ({asset_names(one.assets[:1], site)})"
            for one in ready.expected
        ),
        f"Then the plant lives on quietly, for {hours:.1f} h. Incidents are printed here too.",
        "It ends by itself once the attack's incident has come." if alone else "Ctrl-C ends everything.",
        "",
    ]
    for line in lines:
        click.echo(line)
    sys.stdout.flush()


def tell_end(why: str) -> None:
    """Tell why it ended."""
    click.echo(_ENDS[why])


def _in_s(ready: Ready, at: int) -> float:
    """Wall seconds from the beginning until an event time."""
    return round((at - ready.began) / SECOND / ready.speed, 1)


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60, 1)
    return "a minute" if minutes == 1 else f"{minutes:g} min"
