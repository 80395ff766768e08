"""Which NAV the simulator is: Business Central online, or a server instance on-premises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Flavour:
    """What a version fixes. `settings`: its defaults of what an administrator can change."""

    name: str
    version: str
    instance: str = ""
    """Name of the server instance; empty: online."""
    has_api: bool = True
    """Whether API v2.0 is there; published pages are in every version."""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_online(self) -> bool:
        return not self.instance


_ON_PREMISES = {"credential_type": "NavUserPassword"}

FLAVOURS: Mapping[str, Flavour] = {
    one.name: one
    for one in (
        Flavour("online", "29.0.0.0"),
        Flavour(
            "nav2018",
            "11.0.0.0",
            "DynamicsNAV110",
            has_api=False,
            settings={
                **_ON_PREMISES,
                "page_size": 1000,
                "longest_text": 50,
                "body_limit": 1_048_576,
                "item_posting_action": False,
            },
        ),
        Flavour(
            "bc14",
            "14.0.0.0",
            "BC140",
            has_api=False,
            settings={**_ON_PREMISES, "item_posting_action": False},
        ),
        Flavour("bc-onprem", "24.0.0.0", "BC", settings={**_ON_PREMISES, "journal_posting_action": True}),
    )
}
"""Page size, body limit and versions: Microsoft's server settings. NAV and Business Central up to 15 publish
no codeunit over OData."""
ONLINE = FLAVOURS["online"]
