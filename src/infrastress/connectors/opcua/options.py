"""Options of the OPC UA connector."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from infrastress.connectors.mapping import ColumnMap
from infrastress.connectors.opcua.nodes import NodeName
from infrastress.site.base import Id

__all__ = ["NodeOptions", "OpcUaOptions"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeOptions(_Part):
    """The node of one signal: value = number * factor + offset, in `unit` (the signal's own without one).

    `values` turns words into numbers, `bad_values` are numbers or words that mean "no good value".
    """

    node: str
    unit: str | None = None
    factor: float = 1.0
    offset: float = 0.0
    values: dict[str, float] = Field(default_factory=dict)
    bad_values: tuple[float | str, ...] = ()

    @field_validator("node")
    @classmethod
    def _readable(cls, text: str) -> str:
        NodeName.parse(text)
        return text

    def column(self, signal: str) -> ColumnMap:
        """As `connectors.signals` reads it."""
        return ColumnMap(signal=signal, **self.model_dump(exclude={"node"}))


class OpcUaOptions(_Part):
    """Options of the connector."""

    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^/]+:\d+(/.*)?$", description="opc.tcp://host:port/path")]
    nodes: Annotated[dict[Id, NodeOptions], Field(min_length=1, description="By signal: a node id, or more about it")]
    security: Literal["SignAndEncrypt", "Sign", "none"] = "SignAndEncrypt"
    policy: Literal["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"] = "Basic256Sha256"
    pki: Annotated[Path, Field(description="own/, trusted/ and rejected/ certificates, from the site's folder")] = Path(
        "state/pki/opcua"
    )
    certificate: Annotated[Path | None, Field(description="Instead of own/certificate.der; PEM or DER")] = None
    private_key: Annotated[Path | None, Field(description="Of the certificate; PEM or DER")] = None
    private_key_secret: Annotated[str | None, Field(description="Name of the secret that opens the key")] = None
    application_uri: Annotated[str | None, Field(description="As in the certificate; else urn:infrastress:SITE")] = None
    user: str | None = None
    password_secret: Annotated[str | None, Field(description="Name of the secret")] = None
    user_certificate: Path | None = None
    user_key: Path | None = None
    publishing_ms: Annotated[float, Field(ge=10, le=60_000)] = 250.0
    sampling_ms: Annotated[float | None, Field(ge=0, description="How often the server looks; else publishing_ms")] = (
        None
    )
    queue_size: Annotated[int, Field(ge=1, le=10_000, description="Changes of a signal kept between two messages")] = 10
    timestamps: Literal["source", "server", "clock"] = "source"
    uncertain: Annotated[Literal["refuse", "accept"], Field(description="Values of status Uncertain")] = "refuse"
    hold: Annotated[bool, Field(description="Repeat unchanged good values at the cadence while the server lives")] = (
        True
    )
    cadence_s: Annotated[float | None, Field(gt=0, description="Of hold; else the source's, else 1 s")] = None
    resolution_s: Annotated[
        float, Field(ge=0, le=10, description="Values of so much time share a row and its time")
    ] = 0.01
    keep_alive_s: Annotated[float, Field(gt=0, le=600, description="The server speaks at least so often")] = 5.0
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    retry_max_s: Annotated[float, Field(gt=0, le=300, description="Longest wait before the next attempt")] = 10.0

    @field_validator("nodes", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """`signal: NODE` is short for `signal: {node: NODE}`."""
        if not isinstance(value, dict):
            return value
        return {key: {"node": item} if isinstance(item, str) else item for key, item in value.items()}

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        if "@" in url:
            raise ValueError("no user or password in the address: write user and password_secret")
        return url

    @model_validator(mode="after")
    def _consistent(self) -> "OpcUaOptions":
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together")
        if (self.user_certificate is None) != (self.user_key is None):
            raise ValueError("user_certificate and user_key go together")
        if self.user is not None and (self.password_secret is None or self.user_certificate is not None):
            raise ValueError("a user has a password_secret, or a certificate instead of a name")
        if self.user is None and self.password_secret is not None:
            raise ValueError("password_secret is of a user: name one")
        if self.user is not None and self.security != "SignAndEncrypt":
            raise ValueError("a password is sent with SignAndEncrypt only")
        if self.user_certificate is not None and self.security == "none":
            raise ValueError("a user's certificate needs security")
        return self
