"""What event rules share: options, notices, the memory of recent events."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from infrastress.events.kinds import SEVERITIES, Severity, SourceKind, Suspicion

__all__ = ["EventRuleOptions", "Memory", "Notice", "raised_by"]


def raised_by(severity: Severity, steps: int) -> Severity:
    """A severity some steps higher, at most critical."""
    return SEVERITIES[min(len(SEVERITIES) - 1, SEVERITIES.index(severity) + steps)]


class EventRuleOptions(BaseModel):
    """Options of the event rules; times in seconds.

    Attributes:
        off: rules not to run, by id.
        shift_slack_s: how long before and after a shift a badge or login is still ordinary.
        leave_slack_s: how long after a shift someone may still be leaving.
        burst_s, burst_failures: failed logins at one host or account within this time are a burst.
        denied_s, denied_count: refusals of one badge or at one door within this time.
        quiet_s: an episode without an end of its own is cleared after this time without more.
        bypass_s: a bypass by someone entitled, longer than this, is forgotten work.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    shift_slack_s: float = Field(default=2700.0, ge=0)
    leave_slack_s: float = Field(default=7200.0, ge=0)
    burst_s: float = Field(default=600.0, gt=0)
    burst_failures: int = Field(default=5, ge=2)
    denied_s: float = Field(default=600.0, gt=0)
    denied_count: int = Field(default=3, ge=2)
    quiet_s: float = Field(default=1800.0, gt=0)
    bypass_s: float = Field(default=14400.0, gt=0)


@dataclass(frozen=True)
class Notice:
    """A rule's word on one event.

    `lasting` notices stay until a notice with `over` for the same rule and subject; others are cleared after quiet.
    """

    rule: str
    subject: str
    severity: Severity
    sentence: str
    source_kind: SourceKind
    suspicion: Suspicion = "unknown"
    confidence: float = 0.5
    assets: tuple[str, ...] = ()
    zone: str = ""
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    score: float = 1.0
    lasting: bool = False
    over: bool = False


class Memory:
    """Recent events by key: (occurred, id, who), sorted; what lies further back than `keep_ns` is forgotten."""

    def __init__(self) -> None:
        self.kept: dict[str, list[tuple[int, str, str]]] = {}

    def add(self, key: str, entry: tuple[int, str, str], window_ns: int) -> list[tuple[int, str, str]]:
        """Add an entry and return all within `window_ns` up to and around it, by time.

        A late entry joins the window it belongs to; entries older than twice the window behind the newest are dropped.
        """
        known = self.kept.setdefault(key, [])
        if entry not in known:
            known.append(entry)
            known.sort()
        newest = known[-1][0]
        self.kept[key] = known = [item for item in known if item[0] >= newest - 2 * window_ns]
        return [item for item in known if abs(item[0] - entry[0]) <= window_ns] or [entry]

    def forget(self, before: int) -> None:
        """Drop keys whose newest entry is older than `before`, so that the state stays small."""
        self.kept = {key: items for key, items in self.kept.items() if items[-1][0] >= before}
