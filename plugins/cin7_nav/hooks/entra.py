"""Bearer tokens of Microsoft Entra ID for NAV; caching and renewal are MSAL's job."""

from __future__ import annotations

import os
import re
import threading

import msal
import requests
from requests.auth import AuthBase

from cin7_nav.hooks.connections import NavSettings
from cin7_nav.hooks.errors import Misconfigured, Unavailable
from cin7_nav.hooks.session import VendorSession

SCOPE = "https://api.businesscentral.dynamics.com/.default"

_applications: dict[tuple[str, ...], msal.ConfidentialClientApplication] = {}
_lock = threading.Lock()


def _forget_applications() -> None:
    global _lock
    _lock = threading.Lock()
    _applications.clear()


os.register_at_fork(after_in_child=_forget_applications)


class EntraAuth(AuthBase):
    """Puts a valid token on each request. One token cache per process and app registration."""

    def __init__(self, settings: NavSettings) -> None:
        self._settings = settings

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """Raises `Misconfigured` where Entra ID refuses us, `Unavailable` where it does not answer."""
        try:
            answer = self._application().acquire_token_for_client([SCOPE])
        except requests.exceptions.SSLError:
            raise Misconfigured(
                "Entra ID's certificate is not trusted: set ca_bundle in the connection"
            ) from None
        except requests.exceptions.RequestException as error:
            raise Unavailable(f"Entra ID did not answer ({type(error).__name__}): nothing was sent") from None
        except msal.exceptions.MsalServiceError:
            raise Unavailable("Entra ID answered with a server error: nothing was sent") from None
        except ValueError:
            raise Misconfigured("Entra ID knows no such tenant: check tenant_id and authority") from None
        if token := answer.get("access_token"):
            return str(token)
        found = re.search(r"AADSTS\d+", str(answer.get("error_description", "")))
        reason = ", ".join(part for part in (answer.get("error"), found and found[0]) if part)
        raise Misconfigured(f"Entra ID refuses the client id or its secret ({reason})")

    def forget(self) -> None:
        """Ask for a new token next time, because NAV refused the present one."""
        self._application().remove_tokens_for_client()

    def _application(self) -> msal.ConfidentialClientApplication:
        extra = self._settings.extra
        authority = f"{extra.authority}/{extra.tenant_id}"
        key = (self._settings.user, self._settings.secret, authority, extra.ca_bundle or "")
        with _lock:
            if key not in _applications:
                _applications[key] = msal.ConfidentialClientApplication(
                    self._settings.user,
                    client_credential=self._settings.secret,
                    authority=authority,
                    instance_discovery=False,
                    http_client=VendorSession(extra.ca_bundle, extra.timeout_s),
                )
            return _applications[key]
