"""Alerts for tests: seconds instead of ns, and a quiet time to learn from."""

import random

from infrastress.core.time import HOUR, SECOND
from infrastress.detectors.alerts import AlertGrouping, GroupingOptions, RawAlert, learn, parse_rules

QUIET = 24 * HOUR


def alert(second, host="web", signature="new", family="fam", **more):
    return RawAlert(QUIET + int(second * SECOND), host, signature, family, **more)


def quiet(pairs=(("web", "daily"), ("db", "daily"))):
    """A day in which every pair comes once an hour."""
    alerts = [
        RawAlert(hour * HOUR + 60 * SECOND * number, host, signature, "fam")
        for hour in range(24)
        for number, (host, signature) in enumerate(pairs)
    ]
    return learn(alerts, 0, QUIET)


def grouping(rules=(), learned=None, **options):
    return AlertGrouping(GroupingOptions(rules=parse_rules(list(rules)), **options), learned or quiet())


def random_alerts(seed, count=60, spread=900):
    """Alerts in a random order, some at equal times, with few hosts and signatures."""
    rng = random.Random(seed)
    return [
        alert(
            rng.choice((rng.randrange(spread), rng.randrange(spread) // 60 * 60)),
            rng.choice(("web", "db", "hmi")),
            rng.choice(("daily", "new", "scan", "login", "failed")),
            rng.choice(("log", "net")),
            severity=rng.choice(("low", "high")),
            id=str(number),
        )
        for number in range(count)
    ]
