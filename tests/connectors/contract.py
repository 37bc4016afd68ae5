"""What every connector must do, whatever it reads; a member's tests subclass `ConnectorContract`."""

from collections.abc import Callable
from math import isfinite

import numpy as np

from infrastress.connectors.base import Connector
from infrastress.events.delivery import Balance, Delivery

__all__ = ["ConnectorContract", "read_all", "rows_of", "same", "total"]


def read_all(connector: Connector, after: bytes | None = None) -> list[Delivery]:
    return list(connector.deliveries(after))


def total(deliveries: list[Delivery]) -> Balance:
    balance = Balance()
    for delivery in deliveries:
        balance.add(delivery.balance)
    return balance


def same(a: Delivery, b: Delivery) -> bool:
    return (
        (a.source, a.position, a.events, a.refusals, a.balance, a.progress)
        == (b.source, b.position, b.events, b.refusals, b.balance, b.progress)
        and [records.encode() for records in a.network] == [records.encode() for records in b.network]
        and len(a.samples) == len(b.samples)
        and all(x.encode() == y.encode() for x, y in zip(a.samples, b.samples, strict=True))
    )


def rows_of(deliveries: list[Delivery]) -> list[tuple[int, int, tuple[tuple[str, float], ...]]]:
    """(sequence, time, good values) of every row, however they were delivered."""
    return [
        (
            samples.sequence + i,
            int(samples.times[i]),
            tuple(
                sorted((tag, float(v)) for tag, v in zip(samples.tags, samples.values[i], strict=True) if isfinite(v))
            ),
        )
        for delivery in deliveries
        for samples in delivery.samples
        for i in range(len(samples))
    ]


class ConnectorContract:
    """Deterministic, resumes from any position with the identical remainder, balances."""

    def make(self) -> Callable[[], Connector]:
        """A factory of connectors to the same source, with at least five deliveries and some bad input."""
        raise NotImplementedError

    def test_same_twice(self) -> None:
        make = self.make()
        one, two = read_all(make()), read_all(make())
        assert len(one) >= 5
        assert all(same(a, b) for a, b in zip(one, two, strict=True))

    def test_every_delivery_balances(self) -> None:
        deliveries = read_all(self.make()())
        assert all(delivery.balance.balances for delivery in deliveries)
        assert total(deliveries).quarantined.total() > 0
        assert total(deliveries).accepted > 0

    def test_goes_on_behind_any_position(self) -> None:
        make = self.make()
        whole = read_all(make())
        for i, delivery in enumerate(whole):
            rest = read_all(make(), delivery.position)
            assert len(rest) == len(whole) - i - 1
            assert all(same(a, b) for a, b in zip(rest, whole[i + 1 :], strict=True))

    def test_progress_never_falls(self) -> None:
        highest = None
        for delivery in read_all(self.make()()):
            seen = [int(np.max(s.times)) for s in delivery.samples if len(s)] + [e.occurred for e in delivery.events]
            seen += [int(records.ends.max()) for records in delivery.network]
            assert highest is None or delivery.progress is None or delivery.progress >= highest
            highest = delivery.progress if delivery.progress is not None else highest
            assert highest is None or all(time <= highest for time in seen)
