"""Which signals people's safety leans on: a fault of one of these is an alarm, of any other a notice."""

from infrastress.site import Site
from infrastress.site.control import comparisons

__all__ = ["guarding"]


def guarding(site: Site) -> frozenset[str]:
    """Signals that drive an interlock or a control rule, and those of the balance of a tank that can do harm.

    A tank can do harm where its substance has Seveso categories or a flash point: its level gauges, and the meters of
    its connections.
    """
    found = {lock.when.signal for lock in site.interlocks}
    found |= {one.signal for rule in site.control_rules for one in comparisons(rule.when)}
    dangerous = {s.id for s in site.substances if s.seveso or s.flash_point_c is not None}
    tanks = {asset.id for asset in site.assets if asset.type == "tank" and asset.substance in dangerous}
    found |= {signal.id for signal in site.signals if signal.kind == "level" and signal.asset in tanks}
    found |= {c.flow for c in site.connections if c.flow is not None and {c.from_, c.to} & tanks}
    return frozenset(found)
