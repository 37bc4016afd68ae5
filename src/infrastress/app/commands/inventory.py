"""`infrastress inventory`: the devices of a site's network as they were heard, and what people know better."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infrastress.app.output import console, database_option, json_option, notes, print_json, progress
from infrastress.inventory.roles import ROLES

if TYPE_CHECKING:
    from infrastress.app.inventory import Inventory, Shelf
    from infrastress.inventory.devices import Device

__all__ = ["command"]

_UNSAID = frozenset({"arp", "unknown"})


@click.group("inventory")
def command() -> None:
    """Devices on the network, by what they say."""


@command.command("show")
@click.argument("site", type=click.Path(path_type=Path))
@click.option(
    "--capture",
    "captures",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Read a capture (pcap, pcapng), or a folder of them, into the inventory first; may be given again.",
)
@click.option("--apart", is_flag=True, help="Show what the captures alone tell, and keep nothing.")
@click.option("--fresh", is_flag=True, help="Begin anew: forget what was heard, not the corrections.")
@click.option("--state", type=click.Path(path_type=Path), help="The site's state.  [default: SITE/state]")
@database_option()
@click.option("--csv", "csv", type=click.Path(path_type=Path, file_okay=False), help="Write tables into a folder.")
@click.option("--cyclonedx", type=click.Path(path_type=Path, dir_okay=False), help="Write a CycloneDX 1.6 document.")
@click.option("--propose", type=click.Path(path_type=Path, dir_okay=False), help="Write what site.yaml lacks.")
@json_option
@click.pass_context
def show(
    ctx: click.Context,
    *,
    site: Path,
    captures: tuple[Path, ...],
    apart: bool,
    fresh: bool,
    state: Path | None,
    database: str | None,
    csv: Path | None,
    cyclonedx: Path | None,
    propose: Path | None,
    as_json: bool,
) -> None:
    """Show every device that was heard on SITE's network, with role, level and what differs from the site model.

    Reads on in the site's log, adds captures, and keeps all in SITE/state/inventory. Exits with 1 where a capture
    breaks off; what was before is in.
    """
    from infrastress.app.inventory import Shelf, judged
    from infrastress.app.keeping.backup import Place
    from infrastress.site.load import load_site

    if apart and (fresh or not captures):
        raise click.UsageError("--apart shows captures alone: give --capture, and no --fresh.")
    model, place = load_site(site), Place.of(site, state=state, database=database)
    with nullcontext(Shelf(place)) if apart else Shelf.held(place, fresh=fresh) as shelf:
        whole = _read_captures(shelf, captures)
        if not apart:
            with progress("Reading the site's log") as advance:
                shelf.add_log(model, advance)
    inventory = judged(model, shelf.heard, shelf.corrections())
    _write(inventory, csv=csv, cyclonedx=cyclonedx, propose=propose)
    if as_json:
        from infrastress.inventory.exports import as_dict

        print_json(as_dict(inventory.heard, inventory.devices, inventory.findings))
    else:
        _tables(inventory)
    ctx.exit(0 if whole else 1)


def _read_captures(shelf: "Shelf", captures: tuple[Path, ...]) -> bool:
    whole = True
    for path in _files(captures):
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with progress(f"Reading {path.name}", None if packed else float(path.stat().st_size)) as advance:
            said = shelf.add_capture(path, advance)
        if said is not None:
            notes().print(f"{said}.", markup=False)
            whole = whole and "already" in said
    return whole


def _files(captures: tuple[Path, ...]) -> list[Path]:
    """Captures as they were given, those of a folder in the order of their first packets."""
    from infrastress.connectors.pcap.growing import Folder

    files: list[Path] = []
    for given in captures:
        within = [given / found.name for found in Folder(given).files()] if given.is_dir() else [given]
        if not within:
            raise click.UsageError(f"{given} holds no capture (pcap, pcapng).")
        files += within
    return files


def _write(inventory: "Inventory", *, csv: Path | None, cyclonedx: Path | None, propose: Path | None) -> None:
    from infrastress.app.files import make_folder, write_atomically, write_json

    heard, devices = inventory.heard, inventory.devices
    if csv is not None:
        from infrastress.inventory.exports import csv_files

        for name, text in csv_files(heard, devices, inventory.findings).items():
            write_atomically(make_folder(csv) / name, text.encode())
    if cyclonedx is not None:
        from infrastress.inventory.cyclonedx import as_cyclonedx

        write_json(make_folder(cyclonedx.parent) / cyclonedx.name, as_cyclonedx(inventory.site.id, devices))
    if propose is not None:
        from infrastress.detectors.network.who import Who
        from infrastress.inventory.proposal import proposal

        text = proposal(heard, inventory.site, Who(inventory.site), devices)
        write_atomically(make_folder(propose.parent) / propose.name, text.encode())


def _tables(inventory: "Inventory") -> None:
    from rich.table import Table
    from rich.text import Text

    from infrastress.inventory.matching import KINDS

    out = console()
    heard = [device for device in inventory.devices if device.heard]
    if not heard:
        out.print("Nothing was heard yet: read a capture with --capture, or serve the site with a source of captures.")
        return
    table = Table(box=None, pad_edge=False)
    for title, width in (("device", 15), ("maker", 14), ("role", 11), ("sure", 5), ("level", 5), ("asks", 12)):
        table.add_column(title, max_width=width, no_wrap=True)
    table.add_column("answers", no_wrap=True)
    for device in heard:
        table.add_row(*(Text(cell) for cell in _row(device)))
    out.print(table)
    grouped: dict[str, list[Any]] = {}
    for finding in inventory.findings:
        grouped.setdefault(finding.kind, []).append(finding)
    for kind, found in grouped.items():
        out.print(Text(f"\n{len(found)} x {KINDS[kind]}:"))
        for finding in found[:10]:
            out.print(Text(f"  {finding.sentence}"))
        if len(found) > 10:
            out.print(f"  and {len(found) - 10} more")
    out.print(Text("\n" + _closing(inventory, len(heard))))


def _row(device: "Device") -> tuple[str, ...]:
    from infrastress.inventory.exports import maker_of

    name = device.name or device.id
    more = f" +{len(device.addresses) - 1}" if len(device.addresses) > 1 else ""
    level = device.level.value
    return (
        f"{name}{more}",
        maker_of(device),
        str(device.role.value),
        {"model": "model", "correction": "said"}.get(device.role.by) or _sure(device.role.confidence),
        f"{level:g}" if isinstance(level, float) else "",
        " ".join(sorted({*device.facts.asks} - _UNSAID)),
        " ".join(sorted({*device.facts.serves} - _UNSAID)),
    )


def _sure(confidence: float) -> str:
    return f"{confidence:.2f}" if confidence else ""


def _closing(inventory: "Inventory", heard: int) -> str:
    from infrastress.inventory.heard import GROUND

    asked = len(inventory.devices) - heard
    hours = len(inventory.heard.listened) * GROUND / 3_600e9
    ways = len({*inventory.heard.ways, *inventory.heard.tried})
    told = f"{heard} devices heard, {asked} only asked for; {ways} conversations"
    told += f"; listened for up to {hours:.1f} h, from {', '.join(sorted(inventory.heard.sources)[:3])}"
    if len(inventory.heard.sources) > 3:
        told += f" and {len(inventory.heard.sources) - 3} more"
    if inventory.heard.overflow:
        told += f". Too many to keep all: {', '.join(sorted(inventory.heard.overflow))}"
    return told + "."


@command.command("correct")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("device")
@click.option("--role", type=click.Choice([*ROLES, ""]), help="What it is.")
@click.option("--level", metavar="LEVEL", help="Its Purdue level, 0 to 5.")
@click.option("--name", help="What people call it.")
@click.option("--vendor", help="Who made it.")
@click.option("--by", required=True, metavar="NAME", help="Name or role of who says so.")
@click.option("--why", required=True, metavar="TEXT", help="How that is known.")
@click.option("--state", type=click.Path(path_type=Path), help="The site's state.  [default: SITE/state]")
@json_option
def correct(
    *,
    site: Path,
    device: str,
    role: str | None,
    level: str | None,
    name: str | None,
    vendor: str | None,
    by: str,
    why: str,
    state: Path | None,
    as_json: bool,
) -> None:
    """Say what DEVICE (asset, address or MAC) of SITE is; it holds over what is heard and what the site model says.

    An empty value takes an earlier correction back. All are kept, with who, when and why.
    """
    from datetime import UTC, datetime

    from infrastress.app.inventory import Shelf
    from infrastress.app.keeping.backup import Place
    from infrastress.inventory.corrections import Correction
    from infrastress.inventory.exports import device_dict
    from infrastress.site.load import load_site

    given = {"role": role, "level": level, "name": name, "vendor": vendor}
    fields = {field: value.strip() for field, value in given.items() if value is not None}
    if not fields:
        raise click.UsageError("What is to be corrected? Give --role, --level, --name or --vendor.")
    if not by.strip() or not why.strip():
        raise click.UsageError("Say who corrects it and why: --by NAME --why TEXT.")
    if fields.get("level") and not _is_level(fields["level"]):
        raise click.UsageError("--level is a Purdue level: a number from 0 to 5, such as 3.5.")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    shelf = Shelf.open(Place.of(site, state=state))
    stands = shelf.correct(
        load_site(site), Correction(node=device.strip(), fields=fields, at=at, by=by.strip(), why=why.strip())
    )
    if as_json:
        print_json(device_dict(stands))
    else:
        level_ = "none" if stands.level.value is None else f"{stands.level.value:g}"
        click.echo(f"{stands.name or stands.id}: {stands.role.value}, level {level_}.")


def _is_level(text: str) -> bool:
    try:
        return 0 <= float(text) <= 5
    except ValueError:
        return False
