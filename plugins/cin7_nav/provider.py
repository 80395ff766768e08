"""What Airflow's provider manager is told about this package: the two connection types and their forms."""

from __future__ import annotations

from typing import Any

_CA_BUNDLE = {
    "label": "Certificate authorities",
    "description": "File with the certificates to trust instead of the public ones.",
    "schema": {"type": ["string", "null"]},
}
_TIMEOUT = {
    "label": "Timeout (s)",
    "description": "Seconds without a byte after which an answer counts as lost; 60 where empty.",
    "schema": {"type": ["number", "null"], "minimum": 1},
}
_CIN7_FIELDS = {
    "application_keys": {
        "label": "Further application keys",
        "description": "One per line. Each has a call limit of its own.",
        "schema": {"type": ["array", "null"], "items": {"type": "string"}, "format": "password"},
    },
    "calls_per_minute": {
        "label": "Calls per minute",
        "description": "What Cin7 allows; 60 where empty, 0 counts nothing.",
        "schema": {"type": ["integer", "null"], "minimum": 0},
    },
    "limit_scope": {
        "label": "The limit counts",
        "description": "Per application key, as Cin7 documents it, or per account.",
        "schema": {"type": ["string", "null"], "enum": ["key", "account", None]},
    },
    "ca_bundle": _CA_BUNDLE,
    "timeout_s": _TIMEOUT,
}
_NAV_FIELDS = {
    "deployment": {
        "label": "Deployment",
        "description": "Microsoft's cloud, or a server of your own.",
        "schema": {"type": "string", "enum": ["online", "on_premises"], "default": "online"},
    },
    "company": {
        "label": "Company",
        "description": "Its name exactly as NAV shows it, or its id.",
        "schema": {"type": "string", "minLength": 1},
    },
    "channel": {
        "label": "Channel",
        "description": "Microsoft's API v2.0, or published pages for NAV 2017 and later.",
        "schema": {"type": "string", "enum": ["api_v2", "odata_v4"], "default": "api_v2"},
    },
    "tenant_id": {
        "label": "Entra tenant id",
        "description": "Online, or on-premises with Entra login.",
        "schema": {"type": ["string", "null"]},
    },
    "environment": {
        "label": "Environment",
        "description": "Online only; production where empty.",
        "schema": {"type": ["string", "null"]},
    },
    "authority": {
        "label": "Entra authority",
        "description": "https://login.microsoftonline.com where empty.",
        "schema": {"type": ["string", "null"]},
    },
    "instance": {
        "label": "Server instance",
        "description": "On-premises only, e.g. DynamicsNAV110 or BC.",
        "schema": {"type": ["string", "null"]},
    },
    "auth": {
        "label": "Login method",
        "description": "On-premises only; basic where empty.",
        "schema": {"type": ["string", "null"], "enum": ["basic", "ntlm", "entra", None]},
    },
    "tenant": {
        "label": "Server tenant",
        "description": "On-premises servers with several tenants only.",
        "schema": {"type": ["string", "null"]},
    },
    "journal_batch": {
        "label": "Journal batch",
        "description": "With published pages: the general journal batch for our lines; CIN7 where empty.",
        "schema": {"type": ["string", "null"], "maxLength": 10},
    },
    "language": {
        "label": "Language of options",
        "description": "With published pages: that of the server; English where empty.",
        "schema": {"type": ["string", "null"], "enum": ["en-US", "de-DE", None]},
    },
    "services": {
        "label": "Published pages",
        "description": 'Our name to the published service name, e.g. {"item_journal": "ItemJournal"}.',
        "schema": {"type": ["object", "null"]},
    },
    "ca_bundle": _CA_BUNDLE,
    "timeout_s": _TIMEOUT,
}


def get_provider_info() -> dict[str, Any]:
    """The provider metadata, in the shape of Airflow's `provider_info` schema."""
    return {
        "package-name": "cin7-nav",
        "name": "Cin7 Core and Dynamics NAV / Business Central",
        "description": "Keeps Cin7 Core and Microsoft Dynamics NAV / Business Central in agreement.",
        "connection-types": [
            {
                "connection-type": "cin7",
                "hook-class-name": "cin7_nav.hooks.cin7.Cin7Hook",
                "hook-name": "Cin7 Core",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {
                        "host": "API address",
                        "login": "Account id",
                        "password": "Application key",
                    },
                    "placeholders": {"host": "https://inventory.dearsystems.com/ExternalApi/v2"},
                },
                "conn-fields": _CIN7_FIELDS,
            },
            {
                "connection-type": "nav",
                "hook-class-name": "cin7_nav.hooks.nav.NavHook",
                "hook-name": "Dynamics NAV / Business Central",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {
                        "host": "Server address",
                        "port": "Port (7048 on-premises, where empty)",
                        "login": "Client id or user",
                        "password": "Client secret, password or access key",
                    },
                    "placeholders": {"host": "https://api.businesscentral.dynamics.com"},
                },
                "conn-fields": _NAV_FIELDS,
            },
        ],
    }
