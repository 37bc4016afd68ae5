"""The first rows of a telemetry file, exactly as many as asked for, with the balance of what was read for them."""

from collections.abc import Callable, Iterator

from infrastress.events.delivery import Delivery

__all__ = ["first_rows"]

Reader = Callable[[bytes | None, int | None], Iterator[Delivery]]


def first_rows(read: Reader, n: int, after: bytes | None, batch_rows: int | None) -> Iterator[Delivery]:
    """Deliveries of the first `n` accepted rows.

    Args:
        read: deliveries behind a position, in batches of at most so many rows.
        n: rows wanted.
        after: position to go on from.
        batch_rows: most rows of one delivery.
    """
    position = after
    for delivery in read(after, batch_rows):
        for samples in delivery.samples:
            before = samples.sequence  # rows accepted before this delivery
            if before >= n:
                return
            if before + len(samples) > n:
                yield next(read(position, n - before))
                return
        yield delivery
        position = delivery.position
