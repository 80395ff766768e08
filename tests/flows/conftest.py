"""The fixture of the invoice flow, over both channels, for what looks at more than one of its steps from
outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.invoices.conftest import channel, flow

__all__ = ["channel", "flow"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only API v2.0 does is not tried on published pages: `@pytest.mark.api_v2("why")`."""

    def only_there(item: Any) -> bool:
        channel = item.callspec.params.get("channel") if hasattr(item, "callspec") else None
        return channel == "odata_v4" and item.get_closest_marker("api_v2") is not None

    left_out = [item for item in items if only_there(item)]
    items[:] = [item for item in items if not only_there(item)]
    config.hook.pytest_deselected(items=left_out)
