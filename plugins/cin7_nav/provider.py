"""What Airflow's provider manager is told about this package."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """The provider metadata, in the shape of Airflow's `provider_info` schema."""
    return {
        "package-name": "cin7-nav",
        "name": "Cin7 Core and Dynamics NAV / Business Central",
        "description": "Keeps Cin7 Core and Microsoft Dynamics NAV / Business Central in agreement.",
    }
