"""`infrastress testbed`: a simulated plant behind real protocol servers."""

from pathlib import Path

import click

from infrastress.app.output import console

__all__ = ["command"]


@click.command("testbed")
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("scenario")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for connections and secrets.  [default: SITE/state/testbed]"
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Seed of the run.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 100_000), default=1.0, show_default=True, help="Event seconds a second."
)
@click.option("--protocol", type=click.Choice(["modbus", "opcua"]), default="modbus", show_default=True)
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="Length of the run instead of the scenario's.")
@click.option("--start-at", metavar="TIME", help="Event time to begin at, ISO 8601 with offset.")
def command(
    *,
    site: Path,
    scenario: str,
    out: Path | None,
    seed: int,
    speed: float,
    protocol: str,
    hours: float | None,
    start_at: str | None,
) -> None:
    """Serve a simulated plant: controllers over Modbus/TCP or a data server over OPC UA, events over HTTP and syslog.

    SCENARIO is the name of one of the site's scenarios, or a scenario file; its attacks are in what the servers show.
    Writes the connections for `infrastress serve` and says how to start it. Listens on this machine only, refuses every
    write, and ends with the scenario or Ctrl-C.
    """
    import asyncio

    from infrastress.app.scenarios import load_scenario, play
    from infrastress.core.time import from_iso, to_iso
    from infrastress.site.load import load_site
    from infrastress.testbed.bed import PROTOCOLS, Testbed

    model = load_site(site)
    began = None if start_at is None else from_iso(start_at)
    played = play(model, load_scenario(site, scenario, duration_h=hours), seed)
    bed = Testbed(
        model, played, out or site / "state" / "testbed", speed=speed, start_at=began,
        protocol=next(one for one in PROTOCOLS if one == protocol),
    )  # fmt: skip

    async def run() -> None:
        screen = console()
        try:
            wiring = await bed.start()
            try:
                screen.print(
                    f"The plant runs from {to_iso(bed.clock.origin)} to {to_iso(bed.ended)}, {speed:g} times as fast."
                )
                screen.print("Start the platform against it with:", markup=False)
                screen.print(wiring.command, markup=False, soft_wrap=True)
                await bed.run()
                screen.print(f"The scenario has ended: {to_iso(bed.ended)}.")
            finally:
                screen.print(bed.told)
        finally:
            await bed.stop()

    asyncio.run(run())
