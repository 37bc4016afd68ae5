"""How fast raw alerts are grouped: a scenario over and over, one behind the other, with a rule of each kind."""

from itertools import islice
from typing import Any

from benchmarks.alerts.data import Scenario
from benchmarks.alerts.ours import quiet_of
from benchmarks.common import cpu_seconds, peak_mb
from infrastress.detectors.alerts import AlertGrouping, GroupingOptions, parse_rules

__all__ = ["speed"]

RULES = [
    {"id": "count", "title": "c", "when": {"count": {"of": {"family": "W-*"}, "at_least": 500, "within_s": 60}}},
    {
        "id": "sequence",
        "title": "s",
        "when": {
            "sequence": {
                "steps": [{"match": {"signature": "W-Acc-*"}}, {"match": {"family": "W-Aut"}}],
                "within_s": 900,
            }
        },
    },
    {"id": "absence", "title": "a", "when": {"absence": {"of": {"signature": "W-Sys-Cav"}, "within_s": 3600}}},
    {
        "id": "all",
        "title": "l",
        "when": {"all": {"of": [{"match": {"sensor": "suricata"}}, {"match": {"sensor": "aminer"}}], "within_s": 60}},
    },
]


def speed(scenario: Scenario, count: int, batch: int = 10_000) -> dict[str, Any]:
    """CPU seconds, memory and counts of grouping so many alerts, without and with rules."""
    length = scenario.alerts[-1].time - scenario.alerts[0].time + 60 * 10**9
    rounds = -(-count // len(scenario.alerts))
    repeated = (one._replace(time=one.time + i * length) for i in range(rounds) for one in scenario.alerts)
    alerts = list(islice(repeated, count))
    before, found = peak_mb(), dict[str, Any](alerts=count)
    for name, rules in (("plain", ()), ("with_rules", parse_rules(RULES))):
        grouping = AlertGrouping(GroupingOptions(rules=rules), quiet_of(scenario, 1 / 3))

        def run(grouping: AlertGrouping = grouping) -> int:
            return sum(len(grouping.update(alerts[i : i + batch])) for i in range(0, count, batch))

        cpu, _, _ = cpu_seconds(run)
        found[name] = {"cpu_s": cpu, "alerts_per_s": count / cpu, "state_bytes": len(grouping.dump())}
    return found | {"peak_mb_more": peak_mb() - before}
