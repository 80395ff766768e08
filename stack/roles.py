"""`python -m stack.roles`: the roles of those who log in to Airflow, where its FAB auth manager is in charge.

Also the login `admin`, with the password of the environment variable PASSWORD. Safe to repeat: what people
added to a role or a login stays.
"""

from __future__ import annotations

import os

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
from airflow.providers.fab.www.security import permissions
from cin7_nav.flows.companies import served

from .airflow import ADMIN

PASSWORD = "CIN7_NAV_ADMIN_PASSWORD"
SEES: list[tuple[str, str]] = FabAirflowSecurityManagerOverride.VIEWER_PERMISSIONS
WORKS: list[tuple[str, str]] = FabAirflowSecurityManagerOverride.USER_PERMISSIONS
OPERATES: list[tuple[str, str]] = FabAirflowSecurityManagerOverride.OP_PERMISSIONS
ANSWERS = [
    (permissions.ACTION_CAN_READ, permissions.RESOURCE_HITL_DETAIL),
    (permissions.ACTION_CAN_EDIT, permissions.RESOURCE_HITL_DETAIL),
    (permissions.ACTION_CAN_ACCESS_MENU, permissions.RESOURCE_HITL_DETAIL),
    # Airflow asks of whoever answers a DAG's question that they may edit that DAG.
    *(
        (
            permissions.ACTION_CAN_EDIT,
            permissions.resource_name(company.dag_id("decisions"), permissions.RESOURCE_DAG),
        )
        for company in served()
    ),
]
ROLES = [
    {"role": "Data team", "perms": [*SEES, *WORKS, *OPERATES]},
    {"role": "Accountant", "perms": [*SEES, *ANSWERS]},
    {"role": "Viewer", "perms": SEES},
]
"""Runs flows, backfills and keeps connections; answers questions; looks."""


def main() -> None:
    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()
        manager.bulk_sync_roles(ROLES)
        user = manager.find_user(ADMIN)
        if user is None:
            manager.add_user(
                ADMIN, ADMIN, ADMIN, f"{ADMIN}@localhost", manager.find_role("Admin"), os.environ[PASSWORD]
            )
        else:
            manager.reset_password(user.id, os.environ[PASSWORD])


if __name__ == "__main__":
    main()
