"""Which device is asked for which signals, and where: the site model's registers and interfaces, then the options."""

import ssl
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from infrastress.connectors.mapping import ColumnMap
from infrastress.connectors.modbus.line import Address
from infrastress.connectors.modbus.options import DeviceOptions, ModbusOptions, TlsOptions
from infrastress.connectors.modbus.planning import Item, items_of
from infrastress.connectors.signals import SignalReader, hint
from infrastress.core.errors import ConfigurationError, MappingError
from infrastress.site import Site
from infrastress.site.assets import Interface
from infrastress.site.process import Signal
from infrastress.site.registers import faults_of, sentinels
from infrastress.site.sources import Source

__all__ = ["Endpoint", "endpoints_of", "reader_of", "tls_of"]

PORT, TLS_PORT = 502, 802


class Endpoint(NamedTuple):
    """A controller: its name, where it listens, its unit id and what is read from it."""

    controller: str
    address: Address
    unit: int
    items: list[Item]


def endpoints_of(site: Site, source: Source, options: ModbusOptions) -> list[Endpoint]:
    """The controllers of a source, in the order of the site model.

    Raises:
        MappingError: the source has no signals with a register, or registers that can't be.
        ConfigurationError: a controller has no address, or options name one that isn't asked for anything.
    """
    signals = [s for s in site.signals if s.source == source.id and s.register_ is not None]
    faults = [f"{s.id}: {fault}" for s in signals if s.register_ is not None for fault in faults_of(s.register_)]
    if not signals:
        faults.append(f"no signal of the site has source {source.id!r} and a register")
    if faults:
        raise MappingError("; ".join(faults), where=f"source {source.id}")
    by_controller: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.register_ is not None:
            by_controller[signal.register_.controller].append(signal)
    where = f"source {source.id}, options.devices"
    strange = sorted(options.devices.keys() - by_controller.keys())
    if strange:
        raise ConfigurationError(
            f"no register of the source is in {strange[0]!r}{hint(strange[0], by_controller)}", where=where
        )
    endpoints = []
    for controller, its in by_controller.items():
        given = options.devices.get(controller, DeviceOptions())
        interface = _interface(site, controller)
        host = given.host or (interface.address if interface is not None else None)
        if host is None:
            raise ConfigurationError(
                f"nobody says where {controller} is reached",
                where=where,
                remedy=f"write {controller}: {{host: ...}}, or give it an interface with protocol: modbus",
            )
        known = interface is not None and given.host is None
        port = given.port or (interface.port if interface is not None and known else None)
        unit = given.unit if given.unit is not None else interface.unit_id if interface is not None else None
        address = Address(host, port or (TLS_PORT if options.tls is not None else PORT))
        endpoints.append(Endpoint(controller, address, 1 if unit is None else unit, items_of(its)))
    return endpoints


def _interface(site: Site, controller: str) -> Interface | None:
    asset = site.asset_by_id.get(controller)
    return next((i for i in asset.interfaces if i.protocol == "modbus"), None) if asset is not None else None


def reader_of(site: Site, source: Source, endpoint: Endpoint) -> SignalReader:
    """Numbers in registers to SI, with their sentinels."""
    columns = {
        item.signal: ColumnMap(
            signal=item.signal,
            factor=item.register.factor,
            offset=item.register.offset,
            bad_values=sentinels(item.register),
        )
        for item in endpoint.items
    }
    return SignalReader(columns, site, f"source {source.id}")


def tls_of(options: TlsOptions, folder: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer, the peer's certificate checked against the CA and the host.

    Raises:
        ConfigurationError: a file can't be read, or holds nothing of the kind.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(folder / options.ca)
        context.load_cert_chain(folder / options.certificate, folder / options.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the certificates can't be used: {error}",
            where="options.tls",
            remedy="ca, certificate and key are PEM files; paths start at the site's folder",
        ) from None
    return context
