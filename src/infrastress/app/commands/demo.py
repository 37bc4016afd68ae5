"""`infrastress demo`: the main job on a machine that has nothing yet."""

from pathlib import Path

import click

from infrastress.app.output import console, json_option, notes, print_json

__all__ = ["command"]


@click.command("demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("infrastress-demo"), show_default=True, help="Output folder."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Seed of the attack.")
@click.option(
    "--speed", type=click.FloatRange(60, 2000), default=450.0, show_default=True, help="Event seconds a second, live."
)
@click.option("--headless", is_flag=True, help="Print and exit; never open anything.")
@json_option
def command(*, out: Path, seed: int, speed: float, headless: bool, as_json: bool) -> None:
    """An oil depot learns its normal days, is attacked, and infrastress explains what happens, as it happens.

    The plant is simulated: its controllers answer over Modbus/TCP, events come by HTTP and syslog.

    Closes with when the first alarm came, how long before the overflow, what an oracle would have gained, how many
    alarms were false, and what each kind of source was worth. Needs nothing but this machine.
    """
    from infrastress.app.closing import tell_closing
    from infrastress.app.demo import run_demo
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.pictures import draw_pictures
    from infrastress.app.telling import Teller
    from infrastress.site.load import load_site
    from infrastress.site.templates import template_folder

    del headless  # nothing is opened yet in either case
    refuse_hopeless_start(out)
    site = load_site(template_folder("depot"))
    teller = Teller(site, None if as_json else console())

    def stage(text: str) -> None:
        if not as_json:
            notes().print(f"{text} ...", style="dim", markup=False)

    demo = run_demo(out, seed=seed, speed=speed, stage=stage, on_result=teller.take)
    stage("Drawing")
    demo.pictures = draw_pictures(demo)
    if as_json:
        print_json(demo.as_dict())
        return
    tell_closing(console(), demo)
