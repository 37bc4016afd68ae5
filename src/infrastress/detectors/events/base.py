"""Options of the event rules."""

from pydantic import Field

from infrastress.detectors.observations.detector import RuleOptions

__all__ = ["EventRuleOptions"]


class EventRuleOptions(RuleOptions):
    """Options of the event rules; times in seconds.

    Attributes:
        reports_s: reports of danger by different people within this time are one matter.
        shift_slack_s, leave_slack_s, burst_s, burst_failures, denied_s, denied_count, bypass_s: of rules that went to
            `access` and `perimeter`; where a site names these not, they run beside with these options.
    """

    reports_s: float = Field(default=1800.0, gt=0)
    shift_slack_s: float = Field(default=2700.0, ge=0)
    leave_slack_s: float = Field(default=7200.0, ge=0)
    burst_s: float = Field(default=600.0, gt=0)
    burst_failures: int = Field(default=5, ge=2)
    denied_s: float = Field(default=600.0, gt=0)
    denied_count: int = Field(default=3, ge=2)
    bypass_s: float = Field(default=14400.0, gt=0)
