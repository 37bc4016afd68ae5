"""`infrastress capture`: what a capture of network traffic holds, and what became of every packet."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infrastress.app.output import console, json_option, print_json

if TYPE_CHECKING:
    from infrastress.connectors.pcap.balance import CaptureBalance

__all__ = ["command"]

_KEY = ("protocol", "kind", "function_name", "action", "error")


@click.group("capture")
def command() -> None:
    """Captures of network traffic: pcap and pcapng."""


@command.command("show")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--tshark", "deep", is_flag=True, help="Have tshark, where it is installed, read what we don't.")
@json_option
@click.pass_context
def show(ctx: click.Context, *, file: Path, deep: bool, as_json: bool) -> None:
    """Count what FILE says by protocol and function, and account for every packet.

    Exits with 1 where the capture breaks off or is damaged; what was before is shown.
    """
    from infrastress.connectors.pcap.deep import Limits, tshark
    from infrastress.connectors.pcap.reader import CaptureReader

    if deep and tshark() is None:
        raise click.UsageError("--tshark: tshark isn't installed (Debian package tshark).")
    reader, counts = CaptureReader(file, deep=Limits() if deep else None), Counter[tuple[str | None, ...]]()
    for records in reader:
        columns = [records.columns.column(name).to_pylist() for name in _KEY]
        counts.update(zip(*columns, strict=True))
    said = [
        {**dict(zip(_KEY, key, strict=True)), "count": n}
        for key, n in sorted(counts.items(), key=lambda item: (item[0][0] or "", -item[1], str(item[0])))
    ]
    if as_json:
        print_json({"ok": reader.balance.fault is None, "said": said, "balance": reader.balance.as_dict()})
    else:
        _tables(said, reader.balance)
    ctx.exit(0 if reader.balance.fault is None else 1)


def _tables(said: list[dict[str, Any]], balance: "CaptureBalance") -> None:
    from rich.table import Table

    out = console()
    table = Table("protocol", "kind", "function", "action", "error", box=None)
    table.add_column("count", justify="right")
    for line in said:
        table.add_row(*(line[name] or "" for name in _KEY), str(line["count"]))
    out.print(table)
    sheet = Table("packets of", "outcome", "reason", box=None)
    sheet.add_column("count", justify="right")
    for (protocol, outcome, reason), n in sorted(balance.counts.items()):
        sheet.add_row(protocol, str(outcome), reason, str(n))
    out.print(sheet)
    out.print(f"{balance.packets} packets, {'all' if balance.balances else 'NOT all'} accounted for.")
    for sign, n in sorted(balance.signs.items()):
        out.print(f"{n} times {sign}: packets are forged, or the capture lacks many.")
    for failure, n in sorted(balance.failures.items()):
        out.print(f"{n} pieces for tshark: {failure}.")
    if balance.fault:
        out.print(f"{balance.fault[:1].upper()}{balance.fault[1:]}. Everything before it was read.")
