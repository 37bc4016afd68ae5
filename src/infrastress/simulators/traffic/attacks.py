"""Attacks on the control network, each with its techniques of ATT&CK for ICS v18.1."""

from typing import Final

from infrastress.core.time import SECOND
from infrastress.simulators.traffic.conversation import MILLISECOND
from infrastress.simulators.traffic.frames import BROADCAST, arp
from infrastress.simulators.traffic.modbus import identify, read, write_coil, write_register, write_registers
from infrastress.simulators.traffic.plant import Device, Node
from infrastress.simulators.traffic.polling import Trouble
from infrastress.simulators.traffic.stage import Stage, Tale

__all__ = ["ATTACKS"]

_RESTART, _LISTEN_ONLY = bytes((8, 0, 1, 0, 0)), bytes((8, 0, 4, 0, 0))
_PUBLIC: Final = "198.51.100.77"


def _coil(stage: Stage, device: Device, on: bool) -> bytes:
    """A command to any of a controller's coils."""
    return write_coil(int(stage.draws.integers(max(1, len(device.coils)))), on)


def _stranger_write(stage: Stage) -> None:
    device = stage.actuated()
    client = stage.stranger(device.node)
    stage.talk(client, device).session(stage.began, [_coil(stage, device, True) for _ in range(3)], pause_ms=4000)


def _rogue_master(stage: Stage) -> None:
    client = stage.stranger(stage.plant.master)
    talks = [stage.talk(client, device) for device in stage.plant.devices.values()]

    def poll(at: int) -> None:
        for talk in talks:
            if not talk.line.open:
                at = talk.connect(at)
            at = talk.all(at, [read(*span) for span in talk.device.spans]) + MILLISECOND

    def write(at: int) -> None:
        device = stage.actuated()
        stage.talk(client, device).session(at, [_coil(stage, device, True)])

    stage.every(10, poll)
    stage.every(300, write)


def _setpoint(stage: Stage) -> None:
    """The console on duty enters a setpoint that nobody would."""
    device = next((one for one in stage.plant.devices.values() if one.setpoints), stage.device)
    point = device.setpoints[int(stage.draws.integers(len(device.setpoints)))] if device.setpoints else None
    address, word = (point.address, point.scaled(float(stage.draws.uniform(1.5, 2.5)))) if point else (0, 60_000)
    stage.talk(stage.people.on_duty(stage.began), device).session(stage.began, [write_register(address, word)])


def _brute_force(stage: Stage) -> None:
    client, device = stage.people.on_duty(stage.began), stage.actuated()
    writes = [_coil(stage, device, bool(i % 2)) for i in range(240)]
    stage.talk(client, device).session(stage.began, writes, pause_ms=500)


def _refusals(stage: Stage) -> None:
    """Functions that the controller hasn't, one after another."""
    codes = [7, 11, 12, 17, 20, 24, 65, 66, 67, 100]
    asked = [bytes((code,)) if code != 24 else bytes((24, 0, 0)) for code in codes if code != 20] * 5
    stage.talk(stage.insider()).session(stage.began, asked, pause_ms=300)


def _object_scan(stage: Stage) -> None:
    asked = [read(function, address, 8) for function in (3, 4) for address in range(0, 4000, 100)]
    stage.talk(stage.insider()).session(stage.began, asked, pause_ms=150)


def _host_sweep(stage: Stage) -> None:
    client, there = stage.insider(), {one.node.address: one for one in stage.plant.devices.values()}
    base, at = int(stage.device.network.network_address), stage.began
    for last in range(1, 255):
        address = (base + last).to_bytes(4, "big")
        at += 60 * MILLISECOND
        if address in there:
            talk = stage.talk(client, there[address])
            at = talk.connect(at) + MILLISECOND
            at = talk.line.close(at)
            continue
        talk = stage.talk(client)
        talk.line.server = talk.line.server._replace(address=address, mac=stage.device.router.mac)
        talk.line.knock(at, refused=last % 16 == 5)


def _restart(stage: Stage) -> None:
    client = stage.people.on_duty(stage.began)
    stage.talk(client).session(stage.began, [_RESTART])
    stage.trouble(Trouble("down", stage.began, stage.ended))


def _listen_only(stage: Stage) -> None:
    """No answer is given to it; a restart of communications ends it."""
    client = stage.people.on_duty(stage.began)
    talk = stage.talk(client)
    begun = talk.connect(stage.began)
    talk.line.told(begun, talk.request(_LISTEN_ONLY))
    stage.trouble(Trouble("deaf", stage.began, stage.ended))
    stage.agenda.note(stage.ended, lambda at: (talk.line.close(talk.line.told(at, talk.request(_RESTART))), None)[1])


def _identity(stage: Stage) -> None:
    client = stage.stranger(stage.plant.master)
    at = stage.began
    for device in stage.plant.devices.values():
        at = stage.talk(client, device).session(at, [identify(1), identify(2), identify(3)], pause_ms=50) + SECOND


def _flood(stage: Stage) -> None:
    """The master's own computer asks one controller as fast as it can."""
    talk, at = stage.talk(stage.plant.master), stage.began
    at = talk.connect(at)
    until = stage.ended
    while at < until:
        at = talk.say(at, read(*stage.device.spans[0])) + 12 * MILLISECOND
    talk.line.close(at)


def _gap(stage: Stage) -> None:
    stage.trouble(Trouble("away", stage.began, stage.ended))


def _forged(stage: Stage) -> None:
    """Who has the controller's address is now somebody else, who answers with what was so at the beginning."""
    liar = stage.stranger(stage.device.node)
    _, server = stage.device.ends(stage.device.router, 0)
    router, _ = stage.device.ends(stage.device.router, 0)
    false = server._replace(mac=liar.mac)

    def claim(at: int) -> None:
        stage.put(at, arp(false, router, stage.device.vlan, reply=True, to=stage.device.router.mac))

    stage.every(5, claim)
    stage.trouble(Trouble("forged", stage.began + SECOND, stage.ended, liar.mac))
    true = arp(server, server, stage.device.vlan, reply=False, to=BROADCAST)
    stage.agenda.note(stage.ended, lambda at: stage.put(at, true))


def _office(stage: Stage) -> None:
    client = stage.plant.offices[0] if stage.plant.offices else stage.stranger(stage.plant.master)
    reads = [read(*span) for span in stage.device.spans]
    stage.talk(client).session(stage.began, [identify(), *reads, *reads], pause_ms=2000)


def _public(stage: Stage) -> None:
    reads = [read(*span) for span in stage.device.spans]
    stage.talk(Node.at(_PUBLIC)).session(stage.began, [*reads, *reads], pause_ms=3000)


def _new_function(stage: Stage) -> None:
    """The master writes registers, several at once, as it never does."""
    values = [int(one) for one in stage.draws.integers(0, 20_000, size=2)]
    device = next((one for one in stage.plant.devices.values() if len(one.setpoints) > 1), stage.device)
    stage.talk(stage.plant.master, device).session(stage.began, [write_registers(0, values)] * 2, pause_ms=1500)


def _program(stage: Stage) -> None:
    stage.people.program(stage.began, stage.device.node.asset)


ATTACKS: Final = (
    Tale("stranger-write", ("T0855",), (30, 60), "a computer nobody knows writes coils", _stranger_write),
    Tale("rogue-master", ("T0848",), (1200, 2400), "a second master polls and commands", _rogue_master),
    Tale("setpoint-out-of-range", ("T0836",), (5, 10), "a setpoint far outside of what it is", _setpoint),
    Tale("brute-force-io", ("T0806",), (120, 180), "coils are switched on and off at random", _brute_force),
    Tale("refusal-storm", ("T0888",), (20, 40), "functions are tried that the controller hasn't", _refusals),
    Tale("object-scan", ("T0861",), (15, 30), "addresses are tried one after another", _object_scan),
    Tale("host-sweep", ("T0846",), (16, 30), "every address of the control network is knocked at", _host_sweep),
    Tale("plc-restart", ("T0816",), (40, 120), "a controller's communications are restarted", _restart),
    Tale("listen-only", ("T0878",), (900, 1800), "a controller is told to answer nobody", _listen_only),
    Tale("identity-request", ("T0888",), (10, 30), "a stranger asks the controllers who they are", _identity),
    Tale("poll-flood", ("T0814",), (120, 240), "requests as fast as the controller answers", _flood),
    Tale("poll-gap", ("T0815",), (1800, 3600), "a controller can't be reached", _gap),
    Tale("forged-replies", ("T0830", "T0856"), (1800, 3600), "a stranger answers in a controller's place", _forged),
    Tale("enterprise-reach", ("T0886",), (20, 60), "an office computer reads a controller", _office),
    Tale("public-reach", ("T0883", "T0822"), (20, 60), "an address of the internet reads a controller", _public),
    Tale("new-function", ("T0855",), (5, 10), "the master gives a command of a kind it never gives", _new_function),
    Tale("program-download", ("T0843",), (5, 20), "a program is loaded into a controller", _program),
)
"""Where two techniques stand, either names it."""
