"""Who made a network interface, by the first half of its MAC: IEEE's list as netaddr ships it; nobody is asked."""

from functools import lru_cache
from typing import Final

from netaddr import EUI, AddrFormatError, NotRegisteredError

__all__ = ["AUTOMATION", "LOCAL", "NETWORKING", "SHARED", "UNLISTED", "VIRTUAL", "made_by", "vendor_of"]

LOCAL: Final = "locally administered"
UNLISTED: Final = "not in IEEE's list"
SHARED: Final = "a block that many makers share"
"""IEEE sells parts of some blocks; which part is whose isn't in the list."""

AUTOMATION: Final = (
    "siemens", "rockwell", "allen-bradley", "schneider", "telemecanique", "elau", "schweitzer", "phoenix contact",
    "wago", "beckhoff", "abb ", "omron", "mitsubishi electric", "yokogawa", "honeywell", "emerson", "ge fanuc",
    "bernecker", "b&r", "pilz", "hima", "bosch rexroth", "festo", "sick ag", "turck", "endress", "vega", "lenze",
    "alstom", "koyo", "prosoft", "red lion", "sel ", "invensys", "foxboro", "fisher controls", "triconex",
)  # fmt: skip
"""Beginnings or parts of names of makers of controllers, drives and field devices, lower case."""
NETWORKING: Final = ("hirschmann", "moxa", "cisco", "westermo", "ruggedcom", "belkin", "juniper", "netgear", "tp-link")
VIRTUAL: Final = ("vmware", "pcs systemtechnik", "microsoft", "xensource", "parallels")


@lru_cache(maxsize=65_536)
def vendor_of(mac: str) -> str:
    """The organisation, or why there is none: locally administered, or not in the list.

    Args:
        mac: six bytes, hexadecimal with colons.
    """
    try:
        eui = EUI(mac)
        if int(eui.words[0]) & 2:
            return LOCAL
        name = eui.iab.registration().org if eui.is_iab() else eui.oui.registration().org
    except (AddrFormatError, NotRegisteredError, ValueError, IndexError):
        return UNLISTED
    name = " ".join(str(name).split()).rstrip(",")
    return SHARED if name.lower() == "ieee registration authority" else name


def made_by(vendor: str, makers: tuple[str, ...]) -> bool:
    """Whether the organisation is one of those makers."""
    name = f"{vendor.lower()} "
    return any(name.startswith(maker) or f" {maker.strip()} " in name for maker in makers)
