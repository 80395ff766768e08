"""Where our calls may go, and where the two systems may be told to call us."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine's own, as it is written."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(url: str) -> str:
    """The host in an address; never log the rest of it, which may be secret."""
    return urlsplit(url).hostname or ""


def fault_of_base(url: str, *, sandbox: bool, private: bool) -> str:
    """Why this can't be the base of the addresses that a vendor is to call; empty where it can.

    `sandbox`: the vendor runs on this machine; `private`: it is in our own network.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be an address that begins with https://"
    if parts.username or parts.query or parts.fragment:
        return "must be an address without user, query or fragment"
    if is_loopback(parts.hostname):
        return "" if sandbox else "is this machine's own: nobody else can call it"
    if parts.scheme != "https":
        return "must begin with https://"
    try:
        socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        return "has a host name that can't be resolved"
    if not private and is_private(parts.hostname):
        return "leads to a private address, which the internet does not reach"
    return ""


def is_private(host: str) -> bool:
    """Whether a host that is not this machine leads into a private network. One that can't be resolved does
    not lead anywhere."""
    if is_loopback(host):
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(not ipaddress.ip_address(one[4][0]).is_global for one in found)
