"""Innocent oddities of things: wind, animals, loose contacts, doors held or worked on, tests, drills, drones."""

from typing import Final

from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import pick, uniform
from infrastress.simulators.life.slips import Oddity, Slip
from infrastress.simulators.life.tracks import DRONE_SERIALS

__all__ = ["THINGS"]


def _held_for_delivery(slip: Slip) -> bool:
    """Pallets: a door stands open longer than it may, behind a badge."""
    wanted = {d.id for d in slip.scene.premises.doors.values() if not d.counts and d.open_s >= 60.0}
    fit = [p for p in slip.scene.doors.passes if p.door in wanted and p.read and slip.at <= p.at < slip.at + 86_400.0]
    if not fit:
        return False
    one = pick(slip.stream, sorted(fit, key=lambda p: (p.at, p.door, p.person)))
    lasts = slip.scene.premises.doors[one.door].open_s + uniform(slip.stream, RANGES.held_s)
    slip.scene.doors.open(one.door, one.at + 2.0, one.at + lasts, 0)
    slip.scene.note(
        "held_for_delivery", one.at, one.at + lasts, (one.door,), "a delivery holds a door", people=(one.person,)
    )
    return True


def _door_chatter(slip: Slip) -> bool:
    """A loose contact opens and closes with nobody there."""
    door = pick(slip.stream, sorted(slip.scene.premises.doors))
    count, at = int(uniform(slip.stream, RANGES.chatter)), slip.at
    for _ in range(count):
        lasts = float(slip.stream.uniform(0.3, 1.5))
        slip.scene.doors.open(door, at, at + lasts, 0)
        at += lasts + float(slip.stream.uniform(2.0, 30.0))
    slip.scene.note("door_chatter", slip.at, at, (door,), "a contact chatters")
    return True


def _inner_handle(slip: Slip) -> bool:
    """Somebody inside uses the handle while the release is broken: the controller calls it forced."""
    doors = slip.scene.premises.doors
    fit = [
        p for p in slip.scene.doors.passes
        if p.direction == "out" and p.read and len(slip.scene.premises.ways[doors[p.door].leads_to]) > 1
        and slip.at <= p.at < slip.at + 86_400.0 and not doors[p.door].counts
    ]  # fmt: skip
    if not fit:
        return False
    one = pick(slip.stream, sorted(fit, key=lambda p: (p.at, p.door, p.person)))
    slip.scene.doors.open(one.door, one.at + 0.3, one.at + 5.0, 0, opening="forced")
    slip.scene.note("inner_handle", one.at, one.at + 60.0, (one.door,), "out by the handle", people=(one.person,))
    return True


def _wind_on_fence(slip: Slip) -> bool:
    """Wind shakes sections here and there."""
    fences = slip.scene.premises.fences
    if not fences:
        return False
    lasts = uniform(slip.stream, RANGES.wind_s)
    shaken = []
    for at in sorted(slip.stream.uniform(0.0, lasts, int(uniform(slip.stream, RANGES.wind_alarms))).tolist()):
        fence = pick(slip.stream, fences)
        shaken.append(fence.id)
        slip.scene.switch(slip.at + at, fence.id, "alarm")
        slip.scene.switch(slip.at + at + float(slip.stream.uniform(2.0, 12.0)), fence.id, "normal")
    slip.scene.note("wind_on_fence", slip.at, slip.at + lasts, tuple(sorted(set(shaken))), "wind shakes the fence")
    return True


def _animal_at_fence(slip: Slip) -> bool:
    """A fox or a boar at one section; where there is a radar it sees it walk along."""
    fences = slip.scene.premises.fences
    if not fences:
        return False
    fence = pick(slip.stream, fences)
    (x, y), (u, v) = fence.line[0], fence.line[-1]
    begin = end = slip.at
    if slip.tracks.able:
        path = [(slip.at + 5.0 * n, x + (u - x) * n / 12, y + (v - y) * n / 12 - 3.0, 0.0) for n in range(13)]
        what = "animal" if slip.stream.uniform() < 0.7 else "unknown"
        begin, end = slip.tracks.tell(path, "animal" if what == "animal" else "unknown", "radar", slip.stream)
    slip.scene.switch(begin + 20.0, fence.id, "alarm")
    slip.scene.switch(begin + 26.0, fence.id, "normal")
    slip.scene.note("animal_at_fence", begin, max(end, begin + 26.0), (fence.id,), "an animal at the fence")
    return True


def _drill(slip: Slip) -> bool:
    """Evacuation: a call point, doors released by the panel, crowds out without badges, and back in with them."""
    scene, at = slip.scene, slip.day_hour
    points = [d for d in scene.premises.fire if d.type == "call_point"]
    panel = next((d.id for d in scene.premises.fire if d.type == "fire_panel"), "")
    inner = [d for d in scene.premises.doors.values() if d.zone != d.leads_to]
    if not points or not panel:
        return False
    lasts, point = uniform(slip.stream, RANGES.drill_s), pick(slip.stream, points)
    scene.announce_drill(at, at + lasts)
    scene.switch(at, point.id, "alarm")
    scene.switch(at + 2.0, panel, "alarm")
    told = [point.id, panel]
    for door in inner:
        there = [p for p in scene.premises.staff if scene.presence.where(p.id, at) == door.leads_to]
        if not there:
            continue
        told.append(door.id)
        scene.doors.say(at + 3.0, door.id, "unlocked", panel)
        scene.doors.open(door.id, at + 15.0, at + 45.0 + 2.0 * len(there), len(there))
        scene.doors.say(at + lasts - 60.0, door.id, "locked", panel)
        for n, person in enumerate(there):
            if scene.presence.where(person.id, at + lasts + 3.0 * n) == door.leads_to:
                scene.doors.through(at + lasts + 3.0 * n, door.id, person.id)
    scene.switch(at + lasts - 90.0, point.id, "normal")
    scene.switch(at + lasts - 90.0, panel, "normal")
    scene.note("drill", at, at + lasts + 300.0, tuple(told), "an evacuation is practised")
    return True


def _gas_fault(slip: Slip) -> bool:
    """A head fails for hours."""
    heads = slip.scene.premises.heads
    if not heads:
        return False
    head, end = pick(slip.stream, heads), slip.at + uniform(slip.stream, RANGES.fault_s)
    if any(begin < end and slip.at < other for begin, other, _ in slip.scene.inhibited.get(head.id, [])):
        return False
    slip.scene.inhibited.setdefault(head.id, []).append((slip.at, end, "fault"))
    slip.scene.note("gas_fault", slip.at, end, (head.id,), "a gas head fails", zone=head.zone or "")
    return True


def _gas_calibration(slip: Slip) -> bool:
    """Maintenance inhibits heads one after another in working hours, and tests each with gas."""
    scene, at = slip.scene, slip.day_hour
    able = [p for p in scene.present(at, ("maintenance",)) if p.accounts]
    if not scene.premises.heads or not able:
        return False
    person, chosen = pick(slip.stream, able), slip.stream.permutation(len(scene.premises.heads))[:3]
    begin = at
    for i in chosen.tolist():
        head, end = scene.premises.heads[i], at + uniform(slip.stream, RANGES.calibration_s)
        if any(one < end and at < other for one, other, _ in scene.inhibited.get(head.id, [])):
            continue
        scene.switch(at, head.id, "inhibited", person.accounts[0])
        scene.switch(end, head.id, "normal", person.accounts[0])
        scene.inhibited.setdefault(head.id, []).append((at, end, "inhibited"))
        at = end + 300.0
    names = tuple(scene.premises.heads[i].id for i in chosen.tolist())
    scene.note("gas_calibration", begin, at, names, "gas heads are calibrated", people=(person.id, person.accounts[0]))
    return True


def _gas_blip(slip: Slip) -> bool:
    """Vapour of ordinary work, below the low alarm."""
    if not slip.scene.premises.heads:
        return False
    head, lasts = pick(slip.stream, slip.scene.premises.heads), float(slip.stream.uniform(300.0, 1800.0))
    peak = uniform(slip.stream, RANGES.gas_blip_lel)
    slip.scene.rising.setdefault(head.id, []).append((slip.at, slip.at + lasts / 2, slip.at + lasts, peak))
    slip.scene.note("gas_blip", slip.at, slip.at + lasts, (head.id,), "vapour of work", zone=head.zone or "")
    return True


def _door_work(slip: Slip) -> bool:
    """Maintenance disables a door in working hours, opens it again and again, enables it."""
    scene, at = slip.scene, slip.day_hour
    able = [p for p in scene.present(at, ("maintenance",)) if scene.presence.where(p.id, at + 3600.0)]
    inner = sorted(d.id for d in scene.premises.doors.values() if d.zone != d.leads_to)
    if not able or not inner:
        return False
    person, door, end = pick(slip.stream, able), pick(slip.stream, inner), at + uniform(slip.stream, RANGES.door_work_s)
    scene.doors.say(at, door, "disabled", person.id)
    for moment in sorted(slip.stream.uniform(at + 30.0, end - 30.0, int(slip.stream.integers(3, 10))).tolist()):
        scene.doors.open(door, float(moment), float(moment) + 8.0, 0)
    scene.doors.say(end, door, "enabled", person.id)
    scene.note("door_work", at, end, (door,), "a door is repaired", people=(person.id,))
    return True


def _panel_test(slip: Slip) -> bool:
    """The weekly test of the fire panel: devices isolated one by one by maintenance, tested, taken back."""
    scene, at = slip.scene, slip.day_hour
    able = [p for p in scene.present(at, ("maintenance",)) if p.accounts]
    devices = [d.id for d in scene.premises.fire if d.type != "fire_panel"]
    if not able or not devices:
        return False
    person, begin = pick(slip.stream, able), at
    for i in slip.stream.permutation(len(devices)).tolist()[:4]:
        for after, state, by in ((0, "isolated", 1), (60, "alarm", 0), (90, "normal", 0), (150, "in_service", 1)):
            scene.switch(at + after, devices[i], state, person.accounts[0] if by else "")
        at += 240.0
    scene.note(
        "panel_test", begin, at, tuple(devices), "fire detectors are tested", people=(person.id, person.accounts[0])
    )
    return True


def _counter_slip(slip: Slip) -> bool:
    """A counter takes a trolley for a second person."""
    counting = {d.id for d in slip.scene.premises.doors.values() if d.counts}
    fit = [p for p in slip.scene.doors.passes if p.door in counting and p.read and slip.at <= p.at < slip.at + 43_200.0]
    if not fit:
        return False
    one = pick(slip.stream, sorted(fit, key=lambda p: (p.at, p.door, p.person)))
    slip.scene.doors.open(one.door, one.at + 3.0, one.at + 4.0, 1)
    slip.scene.note("counter_slip", one.at, one.at + 60.0, (one.door,), "a trolley is counted", people=(one.person,))
    return True


def _own_drone(slip: Slip) -> bool:
    """The site's own drone inspects a tank by day: Remote ID tells its serial number, the radar sees it too."""
    tanks = [a for a in slip.scene.premises.site.assets if a.type == "tank" and a.position]
    if not slip.tracks.able or not tanks:
        return False
    at, target = slip.day_hour, pick(slip.stream, tanks)
    path = [(at + 5.0 * n, 430.0 - 4.0 * n, 60.0 + 2.0 * n, 40.0) for n in range(30)]
    x, y = target.position or (0.0, 0.0)
    path += [(at + 150.0 + 5.0 * n, x + n % 7, y - n % 5, 25.0) for n in range(60)]
    name = pick(slip.stream, DRONE_SERIALS)
    slip.tracks.tell(path, "drone", "remote_id", slip.stream, identity=name)
    begin, end = slip.tracks.tell(path, "drone", "radar", slip.stream, identity=name)
    slip.scene.note("own_drone", begin, end, (target.id,), f"inspection by {name}", zone=target.zone or "")
    return True


def _hobby_drone(slip: Slip) -> bool:
    """Somebody films the coast: a drone that passes and has nothing to do with the site."""
    if not slip.tracks.able:
        return False
    y, at = float(slip.stream.uniform(600.0, 1100.0)), slip.day_hour
    path = [(at + 5.0 * n, 900.0 - 9.0 * 5.0 * n, y, 60.0) for n in range(40)]
    begin, end = slip.tracks.tell(path, "drone", "rf_sensor", slip.stream)
    slip.scene.note("hobby_drone", begin, end, (slip.tracks.sensors["rf_sensor"].id,), "a hobby drone passes")
    return True


def _fishing_boat(slip: Slip) -> bool:
    """A fishing boat without AIS drifts by, near the water that is closed to it."""
    if not slip.tracks.able:
        return False
    begin, end = slip.tracks.passing(slip.at, slip.stream, off=float(slip.stream.uniform(80.0, 300.0)))
    slip.scene.note("fishing_boat", begin, end, (), "a fishing boat near the jetty")
    return True


THINGS: Final = (
    Oddity("held_for_delivery", "forced_door", _held_for_delivery),
    Oddity("door_chatter", "forced_door", _door_chatter),
    Oddity("inner_handle", "forced_door", _inner_handle),
    Oddity("wind_on_fence", "fence_climb", _wind_on_fence),
    Oddity("animal_at_fence", "fence_climb", _animal_at_fence),
    Oddity("drill", "fire_isolated", _drill),
    Oddity("gas_fault", "gas_inhibited", _gas_fault),
    Oddity("gas_calibration", "gas_inhibited", _gas_calibration),
    Oddity("gas_blip", "gas_inhibited", _gas_blip),
    Oddity("door_work", "alarm_disabled", _door_work),
    Oddity("panel_test", "fire_isolated", _panel_test),
    Oddity("counter_slip", "tailgating", _counter_slip),
    Oddity("own_drone", "hostile_track", _own_drone),
    Oddity("hobby_drone", "hostile_track", _hobby_drone),
    Oddity("fishing_boat", "hostile_track", _fishing_boat),
)
"""They happen to doors, fences, heads, panels and in the air, once it is known who is where."""
