"""Options of the Modbus/TCP connector."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from infrastress.site.base import Id

__all__ = ["DeviceOptions", "ModbusOptions", "TlsOptions"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceOptions(_Part):
    """Where a controller is reached, where that isn't what the site model says of its modbus interface."""

    host: str | None = None
    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    unit: Annotated[int | None, Field(ge=0, le=255)] = None


class TlsOptions(_Part):
    """Modbus/TCP Security: TLS 1.2 or newer, both sides with a certificate; files in PEM, from the site's folder."""

    ca: Path
    certificate: Path
    key: Path


class ModbusOptions(_Part):
    """Options of the connector; what is read comes from the site model's `register` of each signal."""

    devices: Annotated[
        dict[Id, DeviceOptions], Field(description="By controller; the site model speaks for the rest")
    ] = {}
    cadence_s: Annotated[float | None, Field(gt=0, description="Between polls; else the source's, else 1 s")] = None
    timeout_s: Annotated[float, Field(gt=0, le=60, description="For a connection and for each answer")] = 1.0
    max_requests_per_s: Annotated[int, Field(ge=1, le=1000, description="To one address, in wall time")] = 20
    min_gap_ms: Annotated[float, Field(ge=0, le=10_000, description="From an answer to the next request")] = 10.0
    max_registers: Annotated[int, Field(ge=4, le=125, description="In one request")] = 125
    max_bits: Annotated[int, Field(ge=1, le=2000, description="In one request")] = 2000
    max_gap: Annotated[
        int, Field(ge=0, le=124, description="Unwanted registers (of 16 bits) read along to save a request")
    ] = 8
    retry_max_s: Annotated[
        float, Field(gt=0, le=300, description="Longest wait before a device that is away is tried again")
    ] = 10.0
    tls: TlsOptions | None = None
