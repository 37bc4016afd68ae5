"""Honest work told with its notice: detections through fusion as the application builds it, with and without."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from benchmarks.incident.fused import Fusion
from infrastress.core.time import HOUR, MINUTE
from infrastress.events import Event, Tick, WorkNotice, encode_event, make_event
from infrastress.events.frames import Finding
from infrastress.fusion.risk.scorer import CHANCES
from infrastress.site import Site
from infrastress.site.assets import Controller, Host

__all__ = ["Made", "Works"]

_BEFORE, _AFTER, _SAID = 5 * MINUTE, 15 * MINUTE, HOUR
"""How much earlier a notice says that work begins, how much later that it ends, how long before that it is said."""


class Made(NamedTuple):
    """What fusion made of a work: incidents, whether one was told as an attack, each one's last hypothesis."""

    incidents: int
    attack: bool
    hypotheses: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"incidents": self.incidents, "attack": self.attack, "hypotheses": list(self.hypotheses)}


class _Records(NamedTuple):
    records: Sequence[tuple[str, str, bytes]]


class Works:
    """Works on a site's control network."""

    def __init__(self, site: Site, fusion: Fusion) -> None:
        self._site, self._fusion = site, fusion

    @property
    def controllers(self) -> tuple[str, ...]:
        """Those on the network."""
        return tuple(one.id for one in self._site.assets if isinstance(one, Controller) and one.interfaces)

    def notice(self, name: str, began: int, ended: int, assets: Sequence[str]) -> Event:
        """Of a work from `began` to `ended`, ns, on controllers, by people at the engineering station."""
        at = [self._site.asset_by_id[one] for one in assets]
        at += [one for one in self._site.assets if isinstance(one, Host) and one.role == "engineering"]
        body = WorkNotice(
            work=name, name=name, sort="maintenance", begins=began - _BEFORE, ends=ended + _AFTER,
            assets=tuple(assets), security_zones=tuple(sorted({one.security_zone for one in at if one.security_zone})),
        )  # fmt: skip
        return make_event(site=self._site.id, source="permits", sequence=0, occurred=began - _BEFORE - _SAID, body=body)

    def told(self, findings: Iterable[Finding], window: tuple[int, int], notice: Event | None = None) -> Made:
        """What fusion makes of a day's findings, of those that came within a window, ns."""
        site, numbers, events, mine = self._site.id, dict[str, int](), list[Event](), list[str]()
        for found in sorted(findings, key=lambda one: one.occurred):
            source = found.body.detector
            number = numbers[source] = numbers.get(source, -1) + 1
            events.append(
                make_event(
                    site=site, source=source, sequence=number, occurred=found.occurred, body=found.body,
                    assets=found.assets, zone=found.zone,
                )
            )  # fmt: skip
            if window[0] <= found.occurred <= window[1] and found.body.phase == "raised":
                mine.append(events[-1].id)
        events = sorted([*events, *([] if notice is None else [notice])], key=lambda one: (one.occurred, one.id))
        fused = self._fusion.fuse(_Records(list(self._records(events))))
        names = {fused.of[one] for one in mine if one in fused.of}
        versions = [body for _, body in fused.versions if body.incident in names]
        attack = any(CHANCES.get(body.hypothesis, "").startswith("attack") for body in versions)
        return Made(len(names), attack, tuple(sorted(fused.last[name].hypothesis for name in names)))

    def _records(self, events: Sequence[Event]) -> Iterable[tuple[str, str, bytes]]:
        """With a tick behind each frame in which something came, and a last one a day later."""
        site, width = self._site.id, round(self._site.runtime.frame_s * 1e9)
        ends = [-(-one.occurred // width) * width for one in events]
        ticks = 0
        for number, (one, end) in enumerate(zip(events, ends, strict=True)):
            yield f"fusion/{site}:event", one.id, encode_event(one)
            if number + 1 == len(events) or ends[number + 1] != end:
                yield self._tick(end, ticks)
                ticks += 1
        if ends:
            yield self._tick(ends[-1] + 24 * HOUR, ticks)

    def _tick(self, at: int, number: int) -> tuple[str, str, bytes]:
        body = Tick(watermark=at, final=False)
        event = make_event(site=self._site.id, source="detection", sequence=number, occurred=at, body=body)
        return f"fusion/{self._site.id}:tick", event.id, encode_event(event)
