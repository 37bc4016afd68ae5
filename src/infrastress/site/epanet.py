"""A site file from an EPANET network model: its elements, its controls and what is metered of it."""

import gzip
import logging
import math
import tempfile
import warnings
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infrastress.core.errors import InputError, PluginError
from infrastress.site.epanet_text import site_text
from infrastress.site.load import load_site
from infrastress.site.metering import read_metering
from infrastress.site.templates import new_folder

__all__ = ["create_site_from_inp", "read_network", "site_from_inp"]

_MAX_BYTES = 100_000_000
_ONE_NAMESPACE = (("[JUNC", "[RESE", "[TANK"), ("[PIPE", "[PUMP", "[VALV"))


def site_from_inp(path: Path, signals: Path | None = None) -> tuple[str, tuple[str, ...]]:
    """Text of a site file for an EPANET network (.inp, or .inp.gz), and sentences on what was left out.

    Tanks, reservoirs (as boundaries), pumps, valves and those pipes that are metered, opened and shut become assets;
    what open pipes join becomes a district; controls and rules become control rules. What can't be carried over stands
    in the text as a comment.

    Args:
        path: the network.
        signals: a file that says what is metered under which tags (see `site.metering`). Without one every tank has
            a level, every pump and valve a flow, every pump and what a control switches a state, and whatever else a
            control looks at its signal, named `<asset>.level`, `.flow`, `.state` and so on.

    Raises:
        InputError: a file can't be read as what it should be.
        PluginError: WNTR, which reads the network, isn't installed.
    """
    metering = read_metering(signals) if signals is not None else None
    network = read_network(path)
    return site_text(network, path.name, metering)


def create_site_from_inp(target: Path, network: Path, signals: Path | None = None) -> tuple[str, ...]:
    """Make a site folder from an EPANET network; the folder is there whole or not at all.

    The network model goes into `network/`, and the mapping that the signals file names into `mappings/`.

    Returns:
        Sentences on what was left out, for the person who made it.

    Raises:
        InputError: a file can't be read, or the target isn't an empty folder.
        PluginError: WNTR isn't installed.
    """
    text, notes = site_from_inp(network, signals)
    mapping: Path | None = None
    if signals is not None:
        name = read_metering(signals).mapping
        mapping = signals.parent / name if name is not None else None
        if mapping is not None and not mapping.is_file():
            raise InputError(f"the mapping {name!r} isn't there", where=str(signals))
    with new_folder(target) as made:
        (made / "network").mkdir()
        (made / "network" / "model.inp").write_bytes(_content(network))
        (made / "site.yaml").write_text(text, encoding="utf-8")
        if mapping is not None:
            (made / "mappings").mkdir()
            (made / "mappings" / "default.mapping.yaml").write_bytes(mapping.read_bytes())
        load_site(made)
    return notes


def _content(path: Path) -> bytes:
    """Bytes of a network file, unpacked."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the network can't be read: {reason}", where=str(path)) from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"the network is larger than {_MAX_BYTES // 1_000_000} MB", where=str(path))
    return data


def read_network(path: Path) -> Any:
    """A network (.inp or .inp.gz) as WNTR reads it: a `wntr.network.WaterNetworkModel`.

    Raises:
        InputError: it can't be read; says EPANET's or WNTR's own reason.
        PluginError: WNTR isn't installed.
    """
    data = _content(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # EPANET for Windows writes its own code page; ids are plain letters anyway
    if "[JUNCTIONS]" not in text.upper():
        raise InputError("no EPANET network: it has no [JUNCTIONS]", where=str(path), remedy="export an .inp file")
    try:
        from wntr.network import WaterNetworkModel
    except ImportError as error:
        raise PluginError("reading an EPANET network needs WNTR", remedy="pip install 'infrastress[water]'") from error
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        file = Path(scratch) / "network.inp"
        file.write_text(_with_units(text), encoding="utf-8")
        try:
            network = WaterNetworkModel(str(file))
        except Exception as error:  # the reader raises whatever the broken line happened to break
            cause = error.__cause__ or error  # EPANET's own words for the first bad line, where it has any
            detail = " ".join(str(cause).split())[:300] or type(cause).__name__
            if type(cause) is KeyError:
                detail = f"it speaks of {detail}, which it doesn't define"
            raise InputError(
                f"the network can't be read: {detail}", where=str(path), remedy="does EPANET itself open it?"
            ) from error
    for sections in _ONE_NAMESPACE:
        _no_doubles(text, sections, path)
    _all_finite(network, path)
    return network


def _all_finite(network: Any, path: Path) -> None:
    """Numbers too large to be one read as infinite."""
    for name, part in [*network.nodes(), *network.links()]:
        for field in ("elevation", "base_head", "init_level", "min_level", "max_level", "diameter", "length"):
            value = getattr(part, field, None)
            if isinstance(value, int | float) and not math.isfinite(value):
                raise InputError(f"the network can't be read: {field} of {name!r} is {value}", where=str(path))
    for name, curve in network.curves():
        if not all(math.isfinite(float(number)) for point in curve.points for number in point):
            raise InputError(f"the network can't be read: curve {name!r} has no finite numbers", where=str(path))


def _lines_of(text: str, sections: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """Number and words of each line in some sections, without comments. A section is told by its first letters."""
    here = False
    for count, line in enumerate(text.splitlines(), start=1):
        words = line.split(";")[0].split()
        if words and words[0].startswith("["):
            here = words[0].upper()[:5] in sections
        elif words and here:
            yield count, words


def _with_units(text: str) -> str:
    """EPANET takes a model that names no units for one in gallons per minute; WNTR can't read it."""
    if any(words[0].upper() == "UNITS" for _, words in _lines_of(text, ("[OPTI",))):
        return text
    body, end, _ = text.rpartition("[END]")
    return f"{body if end else text}\n[OPTIONS]\n UNITS GPM\n[END]\n"


def _no_doubles(text: str, sections: Collection[str], path: Path) -> None:
    """EPANET refuses a name given twice (its error 215); WNTR keeps the last and says nothing."""
    seen: dict[str, int] = {}
    for count, (name, *_) in _lines_of(text, sections):
        if name in seen:
            raise InputError(
                f"the network can't be read: (Error 215) {name!r} in line {count} again, first in line {seen[name]}",
                where=str(path), remedy="give each node and each link its own name",
            )  # fmt: skip
        seen[name] = count


@contextmanager
def _quiet() -> Iterator[None]:
    """WNTR's remarks on unused curves and the like say nothing to who makes a site."""
    logger = logging.getLogger("wntr")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
