"""A plant with a control and a supervision network, one conduit between, and what was heard of it."""

from infrastress.detectors.network.who import Who
from infrastress.inventory.devices import devices_of
from infrastress.inventory.matching import Finding, findings_of
from infrastress.inventory.proposal import proposal
from infrastress.site import Site

from .rows import heard

SITE = """\
schema_version: 1
id: plant
security_zones:
  - {id: control, level: 1}
  - {id: supervision, level: 2}
conduits:
  - {id: c-1, from: supervision, to: control, protocols: [modbus]}
networks:
  - {id: net-control, cidr: 10.20.10.0/24, security_zone: control}
  - {id: net-scada, cidr: 10.20.20.0/24, security_zone: supervision}
assets:
  - {id: PLC-1, type: controller, security_zone: control, interfaces: [{network: net-control, address: 10.20.10.12, mac: "02:00:0A:14:0A:0C"}]}
  - {id: PLC-2, type: controller, security_zone: control, interfaces: [{network: net-control, address: 10.20.10.13}]}
  - {id: HMI-1, type: host, role: hmi, security_zone: supervision, interfaces: [{network: net-scada, address: 10.20.20.21}]}
  - {id: HIST-1, type: host, role: historian, security_zone: supervision, interfaces: [{network: net-scada, address: 10.20.20.31}]}
"""  # noqa: E501


def site(tmp_path) -> Site:
    """The plant as the loader gives it."""
    from infrastress.site.load import load_site

    (tmp_path / "site.yaml").write_text(SITE)
    return load_site(tmp_path)


def findings(site: Site, rows) -> list[Finding]:
    """What differs."""
    found, who = heard(rows), Who(site)
    return findings_of(found, site, who, devices_of(found, site, who))


def proposed(site: Site, rows) -> str:
    """What site.yaml lacks."""
    found, who = heard(rows), Who(site)
    return proposal(found, site, who, devices_of(found, site, who))
