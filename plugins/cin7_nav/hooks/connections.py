"""What the Airflow connections of the types `cin7` and `nav` say, checked before the first call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cin7_nav.hooks.addresses import is_loopback
from cin7_nav.hooks.errors import Misconfigured
from cin7_nav.model import Fixer

CIN7_URL = "https://inventory.dearsystems.com/ExternalApi/v2"
NAV_URL = "https://api.businesscentral.dynamics.com"
NAV_PORT = 7048
"""Of OData services on-premises, where an administrator has chosen no other (Microsoft's server settings)."""


class AirflowConnection(Protocol):
    """The part of an Airflow connection that is read here."""

    conn_id: str
    host: str | None
    port: int | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> dict[str, Any]: ...


class Extra(BaseModel):
    """The extra fields that both connection types have. Misspelt ones are refused, empty ones unset."""

    model_config = ConfigDict(extra="forbid")

    ca_bundle: str | None = None
    """File with the certificates of the authorities to trust instead of the public ones."""
    timeout_s: float = Field(default=60.0, gt=0)
    """Seconds without a byte from the vendor after which an answer counts as lost."""


class Cin7Extra(Extra):
    """The extra fields of a `cin7` connection."""

    application_keys: list[str] = Field(default_factory=list)
    calls_per_minute: int = Field(default=60, ge=0)
    limit_scope: Literal["key", "account"] = "key"


class NavExtra(Extra):
    """The extra fields of a `nav` connection."""

    deployment: Literal["online", "on_premises"] = "online"
    company: str
    channel: Literal["api_v2", "odata_v4"] = "api_v2"
    journal_batch: str = Field(default="CIN7", max_length=10, pattern="^[^/']+$")
    """With `odata_v4`: the journal batch, below the template of company.yaml, that takes our lines."""
    language: Literal["en-US", "de-DE"] = "en-US"
    """With `odata_v4`: in which language the server shows options."""
    tenant_id: str | None = None
    environment: str = "production"
    authority: str = "https://login.microsoftonline.com"
    instance: str | None = None
    auth: Literal["basic", "ntlm", "entra"] = "basic"
    tenant: str | None = None
    services: dict[str, str] = Field(default_factory=dict)

    @field_validator("authority")
    @classmethod
    def _is_https(cls, value: str) -> str:
        if not value.startswith("https://"):
            raise ValueError("must begin with https://")
        return value.rstrip("/")


@dataclass(frozen=True, slots=True)
class Cin7Settings:
    """A checked `cin7` connection."""

    url: str
    account_id: str
    keys: tuple[str, ...] = field(repr=False)
    extra: Cin7Extra = field(repr=False)

    @property
    def account(self) -> str:
        """By which two connections to one Cin7 account are known."""
        return f"{self.url} {self.account_id}".casefold()

    @classmethod
    def of(cls, connection: AirflowConnection) -> Cin7Settings:
        """Raises `Misconfigured` with everything that is wrong."""
        extra = _extra(connection, Cin7Extra, Fixer.DATA_TEAM)
        url = _url(connection, CIN7_URL, plain_http=False, fixer=Fixer.DATA_TEAM)
        keys = tuple(dict.fromkeys(key for key in (connection.password, *extra.application_keys) if key))
        if not connection.login or not keys:
            raise Misconfigured(
                f"connection {connection.conn_id}: the login must be the Cin7 account id"
                " and the password an application key",
                fixer=Fixer.DATA_TEAM,
            )
        return cls(url, connection.login, keys, extra)


@dataclass(frozen=True, slots=True)
class NavSettings:
    """A checked `nav` connection."""

    root: str
    """The part of every address that comes before `api/…` and `ODataV4/…`, with a final slash."""
    user: str
    secret: str = field(repr=False)
    extra: NavExtra

    @property
    def account(self) -> str:
        """By which two connections to one company in NAV are known, if both name it in the same way."""
        return f"{self.root} {self.extra.company}".casefold()

    @property
    def uses_entra(self) -> bool:
        return self.extra.deployment == "online" or self.extra.auth == "entra"

    @classmethod
    def of(cls, connection: AirflowConnection) -> NavSettings:
        """Raises `Misconfigured` with everything that is wrong."""
        extra = _extra(connection, NavExtra, Fixer.DATA_TEAM)
        on_premises = extra.deployment == "on_premises"
        port = NAV_PORT if on_premises else None
        host = _url(connection, NAV_URL, plain_http=on_premises, fixer=Fixer.DATA_TEAM, default_port=port)
        missing = [
            name
            for name, value in (
                ("login", connection.login),
                ("password", connection.password),
                ("instance", extra.instance or not on_premises),
                ("tenant_id", extra.tenant_id or (on_premises and extra.auth != "entra")),
            )
            if not value
        ]
        if missing:
            raise Misconfigured(
                f"connection {connection.conn_id}: {', '.join(missing)} must be given", fixer=Fixer.DATA_TEAM
            )
        path = str(extra.instance) if on_premises else f"v2.0/{extra.tenant_id}/{extra.environment}"
        return cls(f"{host}/{path}/", str(connection.login), str(connection.password), extra)


AnyExtra = TypeVar("AnyExtra", bound=Extra)


def _extra(connection: AirflowConnection, model: type[AnyExtra], fixer: Fixer) -> AnyExtra:
    given = {name: value for name, value in connection.extra_dejson.items() if value not in (None, "")}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise Misconfigured(f"connection {connection.conn_id}, extra: {wrong}", fixer=fixer) from None


def _url(
    connection: AirflowConnection,
    default: str,
    *,
    plain_http: bool,
    fixer: Fixer,
    default_port: int | None = None,
) -> str:
    host = connection.host or default
    url = (host if "://" in host else f"https://{host}").rstrip("/")
    parts = urlsplit(url)
    port = connection.port or default_port
    if port and not parts.port:
        url = parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
    if "@" in parts.netloc or parts.query or parts.fragment or not parts.hostname:
        wrong = "must be a plain address without user, password or query"
    elif parts.scheme == "https" or (parts.scheme == "http" and (plain_http or is_loopback(parts.hostname))):
        return url
    else:
        wrong = "must begin with https://"
    raise Misconfigured(f"connection {connection.conn_id}: the host {wrong}", fixer=fixer)
