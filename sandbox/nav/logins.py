"""How a caller logs in on-premises: Basic, or NTLM, which logs in a connection and not a request."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

from sandbox.nav.settings import Settings
from sandbox.world import NAV_ACCESS_KEY, NAV_DOMAIN, NAV_PASSWORD, NAV_USER

Peer = tuple[str, int] | None
"""Address and port of the caller: the same for all requests of a connection."""


@dataclass(frozen=True)
class Refused:
    """What a 401 carries."""

    challenges: tuple[str, ...]


@dataclass
class Logins:
    """Who may call. `passwords`: the folder for the file from which NTLM's server side reads them."""

    settings: Settings
    passwords: Path
    _known: set[Peer] = field(default_factory=set)
    _begun: dict[Peer, spnego.ContextProxy] = field(default_factory=dict)

    def forget(self) -> None:
        """Whoever is logged in must log in again."""
        self._known.clear()
        self._begun.clear()

    def check(self, authorization: str | None, peer: Peer) -> Refused | None:
        """None for somebody who may call."""
        if self.settings.credential_type == "Windows":
            return self._windows(authorization, peer)
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() == "basic" and self._knows(given):
            return None
        return Refused(('Basic realm=""',))

    def _knows(self, given: str) -> bool:
        """User and password, or user and web service access key."""
        try:
            user, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        names = {NAV_USER.lower(), f"{NAV_DOMAIN}\\{NAV_USER}".lower()}
        allowed = (NAV_PASSWORD, NAV_ACCESS_KEY)
        return user.lower() in names and any(
            secrets.compare_digest(secret.encode(), one.encode()) for one in allowed
        )

    def _windows(self, authorization: str | None, peer: Peer) -> Refused | None:
        if peer in self._known:
            return None
        schemes = ("Negotiate", "NTLM") if self.settings.ntlm else ("Negotiate",)
        scheme, _, given = (authorization or "").partition(" ")
        if scheme not in schemes or not self.settings.ntlm:
            return Refused(schemes)
        return self._step(scheme, given, peer)

    def _step(self, scheme: str, given: str, peer: Peer) -> Refused | None:
        """One leg of the handshake: the first is answered with a challenge, the second logs in."""
        try:
            token = base64.b64decode(given, validate=True)
            context = self._begun.pop(peer, None) or self._context(scheme)
            answer = context.step(token)
        except (binascii.Error, SpnegoError, ValueError):
            return Refused(("Negotiate", "NTLM"))
        if context.complete:
            self._known.add(peer)
            return None
        self._begun[peer] = context
        return Refused((f"{scheme} {base64.b64encode(answer or b'').decode()}",))

    def _context(self, scheme: str) -> spnego.ContextProxy:
        file = self.passwords / "ntlm-users"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(f"{NAV_DOMAIN}:{NAV_USER}:{NAV_PASSWORD}\n")
        os.environ["NTLM_USER_FILE"] = str(file)
        protocol = "ntlm" if scheme == "NTLM" else "negotiate"
        options = (
            spnego.NegotiateOptions.use_ntlm if scheme == "NTLM" else spnego.NegotiateOptions.use_negotiate
        )
        return spnego.server(protocol=protocol, options=options)
