"""Options of a source of reports: where its inbox lies, and where its form is served."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ReportsOptions"]


class ReportsOptions(BaseModel):
    """Options of the connector, and of the form's own process.

    Attributes:
        folder: of the inbox, relative to the site's folder.
        host, port: of the form; another address than this machine's own needs a certificate.
        certificate, key: PEM, relative to the site's folder.
        proxy: whether a proxy on this machine stands before it, whose X-Forwarded-For is believed.
        staff_secret: names the secret by which staff are known; without it everybody is a neighbour.
        telephone: told to whoever can't send.
        keep_days: what was sent is deleted with its reporters' keys after so long.
        device_per_h, network_per_h: of more reports in an hour the rest waits behind others; none is refused.
        behind_per_s: how fast those that wait are passed on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Path("state/reports")
    host: str = "127.0.0.1"
    port: int = Field(default=8480, ge=0, le=65535)
    certificate: Path | None = None
    key: Path | None = None
    proxy: bool = False
    staff_secret: str | None = None
    telephone: str = Field(default="112", max_length=40)
    keep_days: float = Field(default=400.0, gt=0)
    device_per_h: int = Field(default=12, ge=1)
    network_per_h: int = Field(default=120, ge=1)
    behind_per_s: float = Field(default=2.0, gt=0)

    @model_validator(mode="after")
    def _open_only_with_a_certificate(self) -> Self:
        if not ip_address(self.host).is_loopback and self.certificate is None:
            raise ValueError(
                f"{self.host} can be reached from other machines, and needs a certificate; or listen on 127.0.0.1 with "
                "a proxy before it"
            )
        return self
