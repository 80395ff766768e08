"""The Entra token endpoint and the check of its tokens."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.nav.settings import Settings
from sandbox.nav.wire import dumps
from sandbox.world import NAV_CLIENT_ID, NAV_CLIENT_SECRET, TENANT_ID

RESOURCE = "https://api.businesscentral.dynamics.com"
Answer = tuple[int, dict[str, Any]]


@dataclass
class Entra:
    """Issues bearer tokens for client credentials and knows which still count."""

    settings: Settings
    now: Callable[[], dt.datetime]
    _tokens: dict[str, float] = field(default_factory=dict)

    def token(self, tenant: str, form: Mapping[str, str]) -> Answer:
        """Answer a request for a token: status and body."""
        if tenant.lower() != TENANT_ID:
            return self._refusal(
                400,
                "invalid_request",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
                "signing into the correct cloud.",
            )
        if form.get("grant_type") != "client_credentials":
            return self._refusal(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type', '')}'.",
            )
        client = form.get("client_id", "").lower()
        if client != NAV_CLIENT_ID:
            return self._refusal(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{client}' was not found in the directory '{tenant}'.",
            )
        if form.get("scope") != f"{RESOURCE}/.default":
            return self._refusal(
                400,
                "invalid_scope",
                1002012,
                f"The provided value for scope {form.get('scope', '')} is not valid. Client credential flows "
                "must have a scope value with /.default suffixed to the resource identifier.",
            )
        if not secrets.compare_digest(form.get("client_secret", "").encode(), NAV_CLIENT_SECRET.encode()):
            return self._refusal(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client "
                f"secret value, not the client secret ID, for a secret added to app '{client}'.",
            )
        seconds = self.settings.token_seconds
        return 200, {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": self._issue(seconds),
        }

    def accepts(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries a token that is ours and not over."""
        scheme, _, token = authorization.partition(" ")
        return (
            scheme.lower() == "bearer"
            and self.settings.application_enabled
            and self._tokens.get(token.strip(), 0.0) > time.time()
        )

    def expire_all(self) -> int:
        """Make every token issued so far worthless; returns how many there were."""
        count = len(self._tokens)
        self._tokens.clear()
        return count

    def discovery(self, base: str, tenant: str) -> dict[str, Any]:
        """The OpenID configuration of a tenant; `base` is this server's own address."""
        own = f"{base}/{tenant}"
        return {
            "issuer": f"{own}/v2.0",
            "authorization_endpoint": f"{own}/oauth2/v2.0/authorize",
            "token_endpoint": f"{own}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{own}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{own}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def _issue(self, seconds: int) -> str:
        """A token in the shape of a JWT; its signature is random, only this server reads it."""
        issued = int(time.time())
        claims = {
            "aud": RESOURCE,
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": issued,
            "exp": issued + seconds,
            "appid": NAV_CLIENT_ID,
            "tid": TENANT_ID,
            "roles": ["API.ReadWrite.All"],
        }
        parts = [dumps({"typ": "JWT", "alg": "RS256"}), dumps(claims), secrets.token_bytes(64)]
        token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        self._tokens = {one: end for one, end in self._tokens.items() if end > issued}
        self._tokens[token] = time.time() + seconds
        return token

    def _refusal(self, status: int, error: str, code: int, text: str) -> Answer:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        moment = f"{self.now():%Y-%m-%d %H:%M:%SZ}"
        return status, {
            "error": error,
            "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {moment}",
            "error_codes": [code],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        }
