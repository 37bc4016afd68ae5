"""The site's folder as it is on disk now: checked as a reload would, put nowhere.

Connectors aren't built: that would need secrets, which the API's process has no business to read. Their options are
checked all the same.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infrastress.client.models import Fault
from infrastress.client.site import CheckReport
from infrastress.core.errors import ConfigurationError, InfrastressError, PluginError
from infrastress.core.plugins import load_plugin
from infrastress.core.time import to_iso
from infrastress.site import Site
from infrastress.site.check import check_site
from infrastress.site.connections import FILE, Connection

__all__ = ["check_folder"]

_READY = "put it in force: infrastress serve SITE --reload --by NAME --why REASON"
_SAME = "nothing to do: this is what is in force"
_MEND = "mend the faults; until then what is in force stays in force"


def check_folder(
    folder: Path, state: Path, connections: Path | None, in_force: Site, blob: Callable[[], bytes]
) -> CheckReport:
    """Check a site folder.

    Args:
        folder: the site's folder or file.
        state: where what was learned lies.
        connections: the file of connections named at the start, if any.
        in_force: the model in force.
        blob: reads the setup in force.
    """
    from infrastress.app.notify.settings import check_settings
    from infrastress.app.service.models import changed_parts, prepare

    result = check_site(folder)
    faults = [Fault.model_validate(asdict(fault)) for fault in result.faults]
    notes: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    site = result.site
    if site is not None:
        _, told = check_settings(site, folder if folder.is_dir() else folder.parent)
        faults += [Fault.model_validate(asdict(fault)) for fault in told]
        if site.id != in_force.id:
            faults.append(_fault("site.yaml", "id", f"{site.id!r}", f"{in_force.id!r}: another id is another site"))
        try:
            prepared = prepare(folder, state, connections)
            faults += _of_options(prepared.connections, connections)
            notes, changed = prepared.notes, changed_parts(blob(), prepared.data)
        except ConfigurationError as error:
            where = Path(error.where).name if error.where else FILE
            faults.append(_fault(where, "", error.what, error.remedy or "connections that can be read"))
        except InfrastressError as error:
            faults.append(_fault("site.yaml", "", error.what, error.remedy or "a site that can be put in force"))
    ok = not any(fault.severity == "error" for fault in faults)
    warnings = {str(fault) for fault in result.warnings}
    return CheckReport(
        at=to_iso(time.time_ns()),
        ok=ok,
        faults=faults,
        notes=[note for note in notes if note not in warnings],
        version=site.version if site is not None else None,
        in_force=in_force.version,
        changed=list(changed),
        remedy=_MEND if not ok else _READY if changed else _SAME,
    )


def _of_options(connections: dict[str, Connection], file: Path | None) -> Iterator[Fault]:
    name = file.name if file is not None else FILE
    for source, connection in sorted(connections.items()):
        try:
            plugin: Any = load_plugin("connectors", connection.connector)
            plugin.Options.model_validate(connection.options)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                field = ".".join(map(str, (source, "options", *problem["loc"])))
                yield _fault(name, field, f"options of {connection.connector!r}: {problem['msg']}", "options it takes")
        except (PluginError, AttributeError) as error:
            yield _fault(name, f"{source}.connector", f"{connection.connector!r}: {error}", "an installed connector")


def _fault(file: str, field: str, found: str, expected: str) -> Fault:
    return Fault(file=file, line=1, field=field, found=found, expected=expected)
