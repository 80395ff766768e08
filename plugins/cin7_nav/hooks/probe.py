"""A handshake with ourselves, at the address that NAV is to call."""

from __future__ import annotations

import requests

from cin7_nav.hooks.session import VendorSession

TIMEOUT_S = 5.0
"""NAV itself waits five seconds for the answer to a handshake."""


def probe(url: str, session: VendorSession | None = None) -> str:
    """Shake hands with ourselves at the address that NAV is to call: why that fails, empty where it works.

    The handshake at `url` must be expected. From inside a network the public address may be out of reach
    although the internet reaches it: this explains a failure, it does not prove one.
    """
    session = session or VendorSession(None, TIMEOUT_S)
    token = "are-you-there"
    try:
        answer = session.post(url, params={"validationToken": token})
    except requests.exceptions.SSLError:
        return "its certificate is not trusted"
    except requests.exceptions.Timeout:
        return "it does not answer within five seconds"
    except requests.exceptions.ConnectionError:
        return "no connection can be made"
    except requests.exceptions.RequestException as error:
        return f"it can't be called ({type(error).__name__})"
    if 300 <= answer.status_code < 400:
        return "it redirects elsewhere: the reverse proxy must pass the path on as it is"
    if answer.status_code == 404:
        return "it answers 404: the reverse proxy does not pass /nav/ on to the receiver"
    if answer.status_code >= 500:
        return f"it answers {answer.status_code}: the receiver or its database is away"
    if answer.status_code != 200 or answer.text != token:
        return f"it answers {answer.status_code} without the validation token: is it this receiver?"
    return ""
