"""Metrics for Prometheus, read from what the API holds when they are asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from infrastress import __version__
from infrastress.app.api.books import read_books
from infrastress.app.api.outbox import read_messages
from infrastress.app.api.plant import Plant
from infrastress.app.api.stream import Stream
from infrastress.core.errors import StoreError
from infrastress.core.time import SECOND
from infrastress.events.kinds import SEVERITIES

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics(Collector):
    """All metrics of one API.

    Args:
        plant: the site.
        stream: tells of followers.
    """

    def __init__(self, plant: Plant, stream: Stream) -> None:
        self._plant, self._stream = plant, stream
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "infrastress_http_request_duration_seconds",
            "Time until a request was answered; a follower's until it left.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered."""
        known = method if method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH") else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked for at registration: the store may not be open yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Gather; what can't be read is left out, and `infrastress_up` is 0."""
        parts: list[Callable[[], Iterator[Metric]]] = [self._alarms, self._pulse, self._service]
        broken = False
        try:
            yield from list(self._store())
        except StoreError:
            broken = True
        for part in parts:
            yield from part()
        up = GaugeMetricFamily("infrastress_up", "1 when the store can be read.")
        up.add_metric([], 0.0 if broken or self._plant.failing else 1.0)
        yield up
        build = GaugeMetricFamily("infrastress_build_info", "Version.", labels=("version",))
        build.add_metric([__version__], 1.0)
        yield build

    def _store(self) -> Iterator[Metric]:
        rows = CounterMetricFamily("infrastress_rows", "Rows by source and outcome.", labels=("source", "outcome"))
        refused = CounterMetricFamily(
            "infrastress_rows_refused", "Rows quarantined or dropped.", labels=("source", "outcome", "reason")
        )
        late = CounterMetricFamily(
            "infrastress_rows_late", "Rows accepted behind the watermark: in history alone.", labels=("source",)
        )
        again = CounterMetricFamily(
            "infrastress_refusals_reingested", "Rows and cells refused and taken in since.", labels=("source", "reason")
        )
        newest = GaugeMetricFamily(
            "infrastress_source_newest_timestamp_seconds", "Newest event time of a source.", labels=("source",)
        )
        for source, (balance, notes) in sorted(read_books(self._plant).items()):
            for outcome, count in (
                ("read", balance.read),
                ("accepted", balance.accepted),
                ("quarantined", balance.quarantined.total()),
                ("dropped", balance.dropped.total()),
            ):
                rows.add_metric([source, outcome], count)
            for outcome, reasons in (("quarantined", balance.quarantined), ("dropped", balance.dropped)):
                for reason, count in sorted(reasons.items()):
                    refused.add_metric([source, outcome, reason], count)
            late.add_metric([source], balance.late)
            for reason, count in sorted(balance.reingested.items()):
                again.add_metric([source, reason], count)
            if notes.newest is not None:
                newest.add_metric([source], notes.newest / SECOND)
        yield from (rows, refused, late, again, newest)
        backlog = GaugeMetricFamily(
            "infrastress_backlog_records", "Records of the log that a stage has still to take.", labels=("stage",)
        )
        log, checkpoints = self._plant.store.log, self._plant.store.checkpoints
        for stage, partition in (("detection", self._plant.partitions[2]), ("fusion", f"fusion/{self._plant.id}")):
            backlog.add_metric([stage], max(0, log.end(partition) - checkpoints.offset(partition)))
        yield backlog
        waiting = GaugeMetricFamily(
            "infrastress_notifications_undelivered", "Messages that should have arrived and haven't."
        )
        waiting.add_metric([], sum(one.undelivered for one in read_messages(self._plant)))
        yield waiting

    def _alarms(self) -> Iterator[Metric]:
        counts = self._plant.projection.counts()
        alarms = GaugeMetricFamily("infrastress_alarms_open", "Alarms that aren't closed.", labels=("severity",))
        for severity in SEVERITIES:
            alarms.add_metric([severity], counts["alarms"][severity])
        incidents = GaugeMetricFamily("infrastress_incidents", "Incidents by state.", labels=("state",))
        for state in ("open", "closed"):
            incidents.add_metric([state], counts["incidents"][state])
        followers = GaugeMetricFamily("infrastress_stream_followers", "Followers of the stream.")
        followers.add_metric([], self._stream.followers)
        dropped = CounterMetricFamily("infrastress_stream_dropped", "Followers dropped for being too slow.")
        dropped.add_metric([], self._stream.dropped)
        yield from (alarms, incidents, followers, dropped)

    def _pulse(self) -> Iterator[Metric]:
        pulse = self._plant.pulse()
        fresh = GaugeMetricFamily("infrastress_pulse_fresh", "1 when detection is alive.")
        fresh.add_metric([], float(pulse.fresh))
        yield fresh
        if pulse.age_s is not None:
            age = GaugeMetricFamily("infrastress_pulse_age_seconds", "Event time since the newest tick.")
            age.add_metric([], pulse.age_s)
            yield age
        if pulse.lag_s is not None:
            lag = GaugeMetricFamily("infrastress_watermark_age_seconds", "Event time not judged yet.")
            lag.add_metric([], pulse.lag_s)
            yield lag
        states = GaugeMetricFamily(
            "infrastress_source_state", "1 for the state a source is in.", labels=("source", "state")
        )
        for source in self._plant.setup.site.sources:
            states.add_metric([source.id, self._plant.standing(source.id, fresh=pulse.fresh).state], 1.0)
        lags = GaugeMetricFamily("infrastress_source_lag_seconds", "How old its newest value was.", labels=("source",))
        for source in self._plant.setup.site.sources:
            told = self._plant.projection.health.get(f"{self._plant.id}/{source.id}")
            if told is not None:
                lags.add_metric([source.id], told.lag_s)
        off = GaugeMetricFamily("infrastress_detectors_failed", "Detectors that are off.")
        off.add_metric([], len(pulse.failed))
        yield from (states, lags, off)

    def _service(self) -> Iterator[Metric]:
        status: Any = self._plant.setup.status()
        if status is None:
            return
        up = GaugeMetricFamily("infrastress_process_up", "1 when a process does its work.", labels=("process",))
        restarts = CounterMetricFamily("infrastress_process_restarts", "Times started again.", labels=("process",))
        for name, child in sorted(status.get("children", {}).items()):
            up.add_metric([name], float(child.get("state") == "ready"))
            restarts.add_metric([name], child.get("restarts", 0))
        yield from (up, restarts)
        disk = status.get("disk", {})
        if disk.get("total"):
            free = GaugeMetricFamily("infrastress_disk_free_bytes", "Free on the store's disk.")
            free.add_metric([], disk["free"])
            total = GaugeMetricFamily("infrastress_disk_size_bytes", "Size of the store's disk.")
            total.add_metric([], disk["total"])
            yield from (free, total)
