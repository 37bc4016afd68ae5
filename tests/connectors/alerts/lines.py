"""Lines of Wazuh and AMiner for tests, made by us of the fields that they document."""

from datetime import UTC, datetime
from typing import Any

__all__ = ["aminer", "wazuh"]

AT = 1_772_000_000 * 10**9


def wazuh(at: int = AT, rule: int = 5710, agent: tuple[str, str, str] = ("001", "hmi-1", "10.0.0.7"), **more: Any):
    number, name, address = agent
    said = {
        "level": 5, "description": "sshd: attempt with a user that there isn't", "id": str(rule),
        "groups": ["syslog", "sshd", "invalid_login"], "mitre": {"id": ["T1110.001", "T1021"], "tactic": ["x"]},
    }  # fmt: skip
    return {
        "timestamp": datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "rule": {**said, **more.pop("said", {})},
        "agent": {"id": number, "name": name, "ip": address},
        "manager": {"name": "soc"},
        "id": f"{at // 10**9}.77",
        "decoder": {"name": "sshd"},
        "data": {"srcip": "10.0.0.99"},
        "location": "/var/log/auth.log",
        **more,
    }


def aminer(at: int = AT, name: str = "AMiner: New event type.", **more: Any) -> dict[str, Any]:
    return {
        "AnalysisComponent": {
            "AnalysisComponentIdentifier": 3, "AnalysisComponentType": "NewMatchPathDetector",
            "AnalysisComponentName": name, "Message": "New path(es) detected",
        },
        "LogData": {
            "RawLogData": ["a line"], "Timestamps": [at / 1e9], "DetectionTimestamp": [at / 1e9 + 1],
            "LogLinesCount": 1, "LogResources": ["file:///var/log/audit/audit.log"],
        },
        "AMiner": {"ID": "hmi-1"},
        **more,
    }  # fmt: skip
