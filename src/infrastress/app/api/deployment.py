"""How the API is reached from other machines: `SITE/api.yaml`, and whether it may be at all."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infrastress.app.service.birth import is_loopback
from infrastress.core.errors import ConfigurationError

__all__ = ["FILE", "Deployment", "deployment_of", "may_listen"]

FILE = "api.yaml"


class Deployment(BaseModel):
    """How the API is reached from other machines: `SITE/api.yaml`.

    `tls` must be said for an address other than loopback: `here` (with certificate and key), `proxy` (ended by a proxy
    in front), or `none`, which sends passwords readable over the network.
    """

    model_config = ConfigDict(extra="forbid")
    hosts: Annotated[tuple[str, ...], Field(description="Names by which it is called, without port")] = ()
    tls: Literal["here", "proxy", "none"] | None = None
    certificate: Path | None = None
    key: Path | None = None


def deployment_of(site: Path) -> Deployment:
    """What `api.yaml` in the site's folder says; nothing where there is none.

    Raises:
        ConfigurationError: it can't be read or has faults.
    """
    file = _folder(site) / FILE
    if not file.is_file():
        return Deployment()
    try:
        found = Deployment.model_validate(yaml.safe_load(file.read_bytes()) or {})
    except OSError as error:
        raise ConfigurationError(f"can't be read: {error.strerror}", where=str(file)) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"no YAML: {error}", where=str(file)) from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(faults, where=str(file), remedy="see docs/sign-in.md") from None
    for name in ("certificate", "key"):
        path = getattr(found, name)
        if found.tls == "here" and (path is None or not (file.parent / path).is_file()):
            raise ConfigurationError(
                f"`tls: here` needs a {name}", where=str(file), remedy=f"name its file: {name}: ..."
            )
    absolute = {name: file.parent / path for name in ("certificate", "key") if (path := getattr(found, name))}
    return found.model_copy(update=absolute)


def _folder(site: Path) -> Path:
    return site if site.is_dir() else site.parent


def may_listen(config: Any) -> None:
    """Whether the API may be bound to an address.

    Args:
        config: host, state and site of a `ServiceConfig`.

    Raises:
        ConfigurationError: the address isn't loopback, and nobody can sign in or nothing was said of TLS.
    """
    deployment = deployment_of(config.site)
    if is_loopback(config.host):
        return
    from infrastress.app.accounts import Book  # the door opens before accounts are read

    if not Book(config.state).can_sign_in:
        raise ConfigurationError(
            f"{config.host} is reached by other machines, and there is no account to sign in with",
            remedy="infrastress accounts add SITE NAME --role admin, or leave out --host",
        )
    if deployment.tls is None:
        raise ConfigurationError(
            f"{config.host} is reached by other machines, and nothing is said of TLS",
            where=str(_folder(config.site) / FILE),
            remedy="write `tls: here` with certificate and key, `tls: proxy`, or `tls: none` on a network you trust",
        )
