"""Which channel carries what a flow asks of NAV: the connection says so."""

from __future__ import annotations

from cin7_nav.hooks.channel import NavChannel
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_api_v2 import NavApiV2
from cin7_nav.hooks.nav_odata_v4 import NavODataV4


def nav_channel(hook: NavHook) -> NavChannel:
    return NavODataV4(hook) if hook.settings.extra.channel == "odata_v4" else NavApiV2(hook)
