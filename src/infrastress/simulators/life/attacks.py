"""Physical attacks, one function a kind: what an attacker does, what of it is recorded, and the truth about it."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from infrastress.simulators.life.doors import Pass
from infrastress.simulators.life.intrusion import Act, night, own_pass, walk_in
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import pick, uniform

__all__ = ["ATTACKS", "Attack"]


class Attack(NamedTuple):
    """A kind: its name, variants to draw from, and how it is played; None where it can't be at this site or time."""

    name: str
    variants: tuple[str, ...]
    play: Callable[[Act], bool]


def _stolen_badge(act: Act) -> bool:
    """Somebody who is off site has lost the badge: it opens doors at night."""
    scene, stream = act.scene, act.stream
    at = night(act)
    far = scene.absent(at - 10_800.0, at + 10_800.0, ("operator", "maintenance", "engineer", "contractor"))
    fit = [p for p in far if act.targets(p, allowed=act.variant == "own_zone")]
    if not fit:
        return False
    victim = pick(stream, fit)
    zone = pick(stream, act.targets(victim, allowed=act.variant == "own_zone"))
    end = walk_in(act, at, victim.id, zone, lingers=uniform(stream, RANGES.linger_s))
    act.note(
        at, end, act.scene.premises.ways[zone], "a stolen badge opens doors at night", zone=zone, people=(victim.id,)
    )
    return True


def _cloned_badge(act: Act) -> bool:
    """A copy of a badge is used at the gate, or at a door far from where its owner is, while the owner is inside."""
    scene, stream = act.scene, act.stream
    mine = own_pass(act, lambda p, door: door.zone == door.leads_to and p.direction == "in", stays_s=12_000.0)
    if mine is None:
        return False
    at = mine.at + uniform(stream, RANGES.clone_gap_s)
    owner = scene.person(mine.person)
    here = scene.presence.where(owner.id, at)
    zones = [z for z in owner.zones if z in scene.premises.ways and z != here and len(scene.premises.ways[z]) > 1]
    zone = pick(stream, zones) if zones else owner.zones[0]
    if act.variant == "inner_door" and zones:
        # Already inside behind somebody: the copy is read at an inner door alone
        door = scene.premises.ways[zone][-1]
        end = at + uniform(stream, RANGES.linger_s)
        scene.doors.through(at, door, owner.id)
        scene.doors.through(end, door, owner.id, "out")
    else:
        end = walk_in(act, at, owner.id, zone, lingers=uniform(stream, RANGES.linger_s))
    act.note(
        at, end, scene.premises.ways[zone], "a copy of a badge while its owner is inside", zone=zone, people=(owner.id,)
    )
    return True


def _tailgating(act: Act) -> bool:
    """A stranger slips in behind an employee, into a restricted zone whose door counts."""
    scene, stream = act.scene, act.stream
    wanted = {d.id for d in scene.premises.doors.values() if d.counts and d.leads_to in scene.premises.restricted}
    mine = own_pass(act, lambda p, door: door.id in wanted and p.direction == "in", stays_s=0.0)
    if mine is None:
        return False
    door = scene.premises.doors[mine.door]
    bodies = 2 if act.variant == "two" else 1
    for body in range(bodies):
        scene.doors.through(mine.at + uniform(stream, RANGES.tailgate_s) + body, door.id, "", read=False)
    stays = uniform(stream, RANGES.linger_s)
    out = mine.at + stays
    scene.doors.open(door.id, out, out + 5.0, bodies)
    act.note(mine.at, out + 5.0, (door.id,), "a stranger behind an employee", zone=door.leads_to, people=(mine.person,))
    return True


def _forced_door(act: Act) -> bool:
    """A door is broken open at night; it may then stand open."""
    scene, stream = act.scene, act.stream
    at, zone = night(act), pick(stream, act.rooms())
    door = scene.premises.ways[zone][-1]
    inside = uniform(stream, RANGES.linger_s)
    if act.variant == "left_open":
        scene.doors.open(door, at, at + inside, 2, opening="forced")
    else:
        scene.doors.open(door, at, at + 6.0, 1, opening="forced")
        scene.doors.open(door, at + inside, at + inside + 5.0, 1)
    act.note(at, at + inside + 5.0, (door,), "a door is forced at night", zone=zone)
    return True


def _fence_climb(act: Act) -> bool:
    """Over the fence, across the ground, through a door: sections tell, then the door."""
    scene, stream = act.scene, act.stream
    if not scene.premises.fences:
        return False
    known = [one for one in scene.premises.fences if act.device in ("", one.id)]
    at, fence = night(act), pick(stream, known)
    beside = act.neighbours(fence)
    section = (fence.line[0][0] + fence.line[-1][0]) / 2, (fence.line[0][1] + fence.line[-1][1]) / 2
    zone, away = act.nearest_room(section)
    door = scene.premises.ways[zone][-1]
    climbs = float(stream.uniform(5.0, 25.0))
    scene.switch(at, fence.id, "alarm")
    scene.switch(at + climbs, fence.id, "normal")
    if beside and act.variant == "cut":  # cutting shakes the neighbour too
        scene.switch(at + 2.0, beside[0].id, "alarm")
        scene.switch(at + climbs + 1.0, beside[0].id, "normal")
    arrives = at + climbs + away / uniform(stream, RANGES.climb_walk_m_s)
    inside = uniform(stream, RANGES.linger_s)
    scene.doors.open(door, arrives, arrives + 8.0, 1, opening="forced")
    scene.doors.open(door, arrives + inside, arrives + inside + 5.0, 1)
    assets = (fence.id, *(one.id for one in beside[:1] if act.variant == "cut"), door)
    act.note(at, arrives + inside + 5.0, assets, "over the fence to a door that is forced", zone=zone)
    return True


def _insider(act: Act) -> bool:
    """Somebody of the staff in a room that is none of their business, out of hours, at a computer there."""
    scene, stream = act.scene, act.stream
    at = night(act)
    rooms = act.rooms()
    allowed = act.variant == "in_role"
    staff = scene.absent(
        at - 7200.0, at + 7200.0, ("engineer",) if allowed else ("maintenance", "manager", "contractor")
    )
    fit = [(p, zones) for p in staff if (zones := [z for z in rooms if (z in p.zones) == allowed])]
    if not fit:
        return False
    person, zones = pick(stream, fit)
    computers = [z for z in zones if any(h.zone == z for h in scene.premises.hosts.values())]
    zone = pick(stream, computers or zones)
    end = walk_in(act, at, person.id, zone, lingers=uniform(stream, RANGES.linger_s))
    hosts = [h.id for h in scene.premises.hosts.values() if h.zone == zone and h.role != "firewall"]
    assets: tuple[str, ...] = scene.premises.ways[zone]
    if hosts and person.accounts:
        host = pick(stream, hosts)
        scene.session(at + (end - at) / 2, end - 60.0, person.accounts[0], host, host)
        assets = (*assets, host)
    names = (person.id, *person.accounts[:1])
    act.note(at, end, assets, "one of the staff where and when nothing is to be done", zone=zone, people=names)
    return True


def _alarm_disabled(act: Act) -> bool:
    """A door's alarm is switched off by an account nobody watches, then the door is opened without a badge."""
    scene, stream = act.scene, act.stream
    at, zone = night(act), pick(stream, act.rooms())
    door = scene.premises.ways[zone][-1]
    opened = at + uniform(stream, RANGES.disabled_before_s)
    inside = uniform(stream, RANGES.linger_s)
    contractors = scene.absent(at - 3600.0, opened + inside + 3600.0, ("contractor", "maintenance"))
    by = pick(stream, contractors).id if contractors and act.variant == "by_name" else ""
    silent = act.variant == "silent"
    scene.doors.say(at, door, "disabled", by)
    scene.doors.open(door, opened, opened + 6.0, 1, silent=silent)
    scene.doors.open(door, opened + inside, opened + inside + 6.0, 1, silent=silent)
    scene.doors.say(opened + inside + 60.0, door, "enabled", by)
    act.note(
        at,
        opened + inside + 60.0,
        (door,),
        "a door's alarm is off while somebody enters",
        zone=zone,
        people=(by,) * bool(by),
    )
    return True


def _stolen_session(act: Act) -> bool:
    """Credentials of somebody: from far away while they are badged in, or at a console where they are not."""
    scene, stream = act.scene, act.stream
    mine: Pass | None
    if act.variant == "remote_inside":
        mine = own_pass(
            act, lambda p, door: door.zone == door.leads_to and p.direction == "in", stays_s=14_400.0,
            fit=lambda person: bool(person.accounts and scene.premises.jump(person)),
        )  # fmt: skip
        if mine is None:
            return False
        person = scene.person(mine.person)
        at, lasts = mine.at + uniform(stream, (1800.0, 7200.0)), uniform(stream, RANGES.linger_s)
        host = scene.premises.jump(person) or ""
        scene.session(at, at + lasts, person.accounts[0], host, f"198.51.100.{stream.integers(2, 250)}", remote=True)
        act.note(
            at,
            at + lasts,
            (host,),
            "a remote session of somebody who is on site",
            zone="",
            people=(person.id, person.accounts[0]),
        )
        return True
    at = act.begin + float(stream.uniform(0.1, 0.9)) * (act.end - act.begin)
    able = [p for p in scene.premises.staff if p.accounts and p.hosts]
    lasts = uniform(stream, RANGES.linger_s)
    for i in stream.permutation(len(able)).tolist():
        person = able[i]
        local = [h for h in person.hosts if h in scene.premises.hosts and scene.premises.hosts[h].zone]
        if local and scene.presence.away(person.id, at - 5400.0, at + lasts + 5400.0):
            host = pick(stream, local)
            scene.session(at, at + lasts, person.accounts[0], host, host)
            zone = scene.premises.device_zone(host)
            act.note(
                at, at + lasts, (host,), "at a console with the account of somebody who isn't there", zone=zone,
                people=(person.id, person.accounts[0]),
            )  # fmt: skip
            return True
    return False


def _badge_probing(act: Act) -> bool:
    """A found badge is tried door by door until one opens."""
    scene, stream = act.scene, act.stream
    at = night(act)
    far = [p for p in scene.absent(at - 7200.0, at + 7200.0, ("contractor", "manager", "maintenance")) if p.zones]
    if not far:
        return False
    owner = pick(stream, far)
    doors = [scene.premises.ways[z][-1] for z in scene.premises.restricted if z not in owner.zones]
    doors = [doors[i] for i in stream.permutation(len(doors)).tolist()][: int(uniform(stream, RANGES.probes))]
    if len(doors) < 2:
        return False
    moment = at
    for door in doors:
        scene.doors.through(moment, door, owner.id, granted=False)
        moment += float(stream.uniform(40.0, 240.0))
    zone = pick(stream, [z for z in owner.zones if z in scene.premises.ways])
    scene.doors.through(moment, scene.premises.ways[zone][-1], owner.id)
    end = moment + uniform(stream, RANGES.linger_s)
    scene.doors.through(end, scene.premises.ways[zone][-1], owner.id, "out")
    assets = (*doors, scene.premises.ways[zone][-1])
    act.note(at, end, assets, "a found badge is tried until a door opens", zone=zone, people=(owner.id,))
    return True


def _gas_inhibited(act: Act) -> bool:
    """Heads of one vote are inhibited at night, then gas is let out: the rest can't confirm it."""
    scene, stream = act.scene, act.stream
    heads = {head.id: head for head in scene.premises.heads}
    groups = [g for g in scene.premises.site.voting if all(m in heads for m in g.members)]
    groups = [g for g in groups if act.device in ("", *g.members)]
    if not groups:
        return False
    at, group = night(act), pick(stream, groups)
    members = [group.members[i] for i in stream.permutation(len(group.members)).tolist()]
    # As many as break the vote
    taken, left = members[: len(members) - group.needed + 1], members[len(members) - group.needed + 1 :]
    release = at + uniform(stream, RANGES.inhibit_before_s)
    peak_at = release + uniform(stream, RANGES.release_rise_s)
    end = peak_at + uniform(stream, (1200.0, 3600.0))
    by = "" if act.variant == "unnamed" else _stranger(act, at)
    for n, name in enumerate(taken):
        scene.switch(at + 20.0 * n, name, "inhibited", by)
        scene.inhibited.setdefault(name, []).append((at + 20.0 * n, end, "inhibited"))
        scene.switch(end, name, "normal", by)
    for name in left:
        scene.rising.setdefault(name, []).append((release, peak_at, end, float(stream.uniform(0.25, 0.9))))
    zone = heads[members[0]].zone or ""
    act.note(at, end, tuple(members), "gas heads are inhibited, then gas comes", zone=zone, people=(by,) * bool(by))
    return True


def _stranger(act: Act, at: float) -> str:
    far = act.scene.absent(at - 3600.0, at + 7200.0, ("engineer", "maintenance", "operator"))
    named = [p.accounts[0] for p in far if p.accounts]
    return pick(act.stream, named) if named else ""


def _fire_isolated(act: Act) -> bool:
    """Fire detectors of a room are isolated at night, then its door is forced."""
    scene, stream = act.scene, act.stream
    rooms = [z for z in act.rooms() if any(d.zone == z for d in scene.premises.fire)]
    if not rooms:
        return False
    at, zone = night(act), pick(stream, rooms)
    devices = [d.id for d in scene.premises.fire if d.zone == zone and d.type != "fire_panel"] or [
        d.id for d in scene.premises.fire if d.zone == zone
    ]
    by = "" if act.variant == "unnamed" else _stranger(act, at)
    for n, name in enumerate(devices):
        scene.switch(at + 15.0 * n, name, "isolated", by)
    opened = at + uniform(stream, RANGES.disabled_before_s)
    inside = uniform(stream, RANGES.linger_s)
    door = scene.premises.ways[zone][-1]
    scene.doors.open(door, opened, opened + 6.0, 1, opening="forced")
    scene.doors.open(door, opened + inside, opened + inside + 5.0, 1)
    act.note(
        at, opened + inside + 5.0, (*devices, door), "fire detectors are isolated, then the door is forced", zone=zone,
        people=(by,) * bool(by),
    )  # fmt: skip
    return True


def _hostile_track(act: Act) -> bool:
    """A drone flies to a tank and hovers, or a boat comes to the jetty."""
    stream, tracks = act.stream, act.tracks
    if not tracks.able:
        return False
    at = act.begin + float(stream.uniform(0.1, 0.9)) * (act.end - act.begin) if act.at is None else act.at
    if act.variant == "boat":
        return _boat(act, at, stream)
    tanks = [a for a in act.scene.premises.site.assets if a.type == "tank" and a.position]
    tanks = [one for one in tanks if one.id == act.device] or tanks
    target = pick(stream, tanks)
    path = tracks.round_trip(target.position or (0.0, 0.0), at, stream, hover_s=uniform(stream, RANGES.drone_hover_s))
    sensor = "rf_sensor" if act.variant == "drone_heard" else "radar"
    begin, end = tracks.tell(path, "drone", sensor, stream)
    act.note(begin, end, (target.id, tracks.sensors[sensor].id), "a drone over a tank", zone=target.zone or "")
    return True


def _boat(act: Act, at: float, stream: np.random.Generator) -> bool:
    path = act.boat_path(at, stream)
    begin, end = act.tracks.tell(path, "vessel", "radar", stream)
    zone = next((z.id for z in act.scene.premises.site.zones if "vessel" in z.closed_to), "")
    act.note(begin, end, (act.tracks.sensors["radar"].id,), "a boat without AIS at the jetty", zone=zone)
    return True


ATTACKS: Final = (
    Attack("stolen_badge", ("own_zone", "other_zone"), _stolen_badge),
    Attack("cloned_badge", ("gate", "inner_door"), _cloned_badge),
    Attack("tailgating", ("one", "two"), _tailgating),
    Attack("forced_door", ("closed_again", "left_open"), _forced_door),
    Attack("fence_climb", ("climb", "cut"), _fence_climb),
    Attack("insider", ("out_of_role", "in_role"), _insider),
    Attack("alarm_disabled", ("shown", "by_name", "silent"), _alarm_disabled),
    Attack("stolen_session", ("remote_inside", "nobody_there"), _stolen_session),
    Attack("gas_inhibited", ("named", "unnamed"), _gas_inhibited),
    Attack("hostile_track", ("drone", "drone_heard", "boat"), _hostile_track),
    Attack("badge_probing", ("night",), _badge_probing),
    Attack("fire_isolated", ("named", "unnamed"), _fire_isolated),
)
"""In this order a site has the first ten that it can have."""
