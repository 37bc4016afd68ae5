"""Health goes round; its key tells members of a source apart."""

import pytest

from infrastress.core.errors import DecodeError
from infrastress.events.health import Health, decode_health, encode_health


def test_goes_round() -> None:
    health = Health(site="depot", source="scada", member="LT-101", state="frozen", since=5, value=3.25, cadence_s=10.0)
    assert decode_health(encode_health(health)) == health
    assert health.key == "depot/scada/LT-101"
    assert Health(site="depot", source="scada").key == "depot/scada"


def test_nobody_said_anything_is_unknown() -> None:
    assert Health(site="depot", source="scada").state == "unknown"


def test_nonsense_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode_health(b"{}")
