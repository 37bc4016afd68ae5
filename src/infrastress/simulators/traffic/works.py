"""Honest work on the control network that may look like an attack."""

from typing import Final

from infrastress.core.time import SECOND
from infrastress.simulators.traffic.frames import BROADCAST, arp
from infrastress.simulators.traffic.modbus import identify, read, write_coil
from infrastress.simulators.traffic.plant import Node
from infrastress.simulators.traffic.polling import Trouble
from infrastress.simulators.traffic.stage import Stage, Tale

__all__ = ["LAPTOP", "WORKS"]

LAPTOP: Final = 200
"""Last number of the maintenance laptop's address, for a site model that announces it."""
_RESTART = bytes((8, 0, 1, 0, 0))


def _command(stage: Stage, client: Node, at: int) -> None:
    """A command that changes nothing: what is off is switched off."""
    device = stage.actuated()
    stage.talk(client, device).session(at, [write_coil(0, bool(device.memory.tables["coil"][0]))])


def _laptop(stage: Stage) -> None:
    """A technician's laptop at the switch of the controllers reads one of them for an hour."""
    talk = stage.talk(stage.plant.free(stage.device.network, LAPTOP))

    def look(at: int) -> None:
        if not talk.line.open:
            at = talk.all(talk.connect(at), [identify()])
        talk.all(at, [read(*span) for span in stage.device.spans], pause_ms=50)

    stage.every(30, look)
    stage.agenda.note(stage.ended, lambda at: (talk.line.close(at), None)[1])


def _firmware(stage: Stage) -> None:
    """The engineer restarts each controller in turn after its update, which went over another cable."""
    client, at = stage.insider(), stage.began
    for name, device in stage.plant.devices.items():
        talk = stage.talk(client, device)
        at = talk.session(at, [identify(), _RESTART], pause_ms=2000)
        back = at + round(float(stage.draws.uniform(60, 180)) * SECOND)
        stage.poller.trouble(name, Trouble("down", at, back))
        at = stage.talk(client, device).session(back + 20 * SECOND, [identify()]) + 120 * SECOND


def _new_console(stage: Stage) -> None:
    """From now on another console reads as the master does, and its operator gives a command."""
    client = stage.plant.free(stage.plant.network_of(stage.plant.consoles[0]), 23)
    talks = [stage.talk(client, device) for device in stage.plant.devices.values()]

    def poll(at: int) -> None:
        for talk in talks:
            if not talk.line.open:
                at = talk.connect(at)
            at = talk.all(at, [read(*span) for span in talk.device.spans]) + SECOND // 100

    stage.every(stage.poll / SECOND, poll)
    stage.agenda.note(stage.began + 600 * SECOND, lambda at: _command(stage, client, at))


def _backup(stage: Stage) -> None:
    """At night the engineering station reads all there is of every controller."""
    client, at = stage.insider(), stage.began
    for device in stage.plant.devices.values():
        reads = [read(*span) for span in device.spans]
        reads += [read(1, 0, len(device.coils))] if device.coils else []
        reads += [read(3, 0, len(device.setpoints))] if device.setpoints else []
        at = stage.talk(client, device).session(at, [identify(), *reads], pause_ms=200) + 5 * SECOND


def _dhcp(stage: Stage) -> None:
    """The console on duty got another address for a while, and its operator gives commands as ever."""
    known = stage.people.on_duty(stage.began)
    client = stage.plant.free(stage.plant.network_of(known), 100)._replace(mac=known.mac)

    def look(at: int) -> None:
        stage.talk(client).session(at, [read(*stage.device.spans[0])])

    stage.every(900, look)
    stage.agenda.note(stage.began + 300 * SECOND, lambda at: _command(stage, client, at))


def _nic(stage: Stage) -> None:
    """A controller's network card is replaced: away for some minutes, then at its address with another MAC address."""
    device = stage.device
    stage.trouble(Trouble("away", stage.began, stage.ended))

    def back(at: int) -> None:
        device.node = device.node._replace(mac=b"\x02\x11" + device.node.address)
        _, server = device.ends(device.router, 0)
        stage.put(at, arp(server, server, device.vlan, reply=False, to=BROADCAST))

    stage.agenda.note(stage.ended, back)


WORKS: Final = (
    Tale("maintenance-laptop", (), (3600, 5400), "a technician's laptop reads a controller", _laptop),
    Tale("firmware-day", (), (1800, 2400), "controllers are restarted after an update", _firmware),
    Tale("new-hmi", (), (14_400, 21_600), "a new console is taken into service", _new_console),
    Tale("backup-tool", (), (60, 120), "the settings of every controller are read", _backup),
    Tale("dhcp-change", (), (7200, 10_800), "a console has got another address", _dhcp),
    Tale("nic-replaced", (), (300, 900), "a controller's network card is replaced", _nic),
)
