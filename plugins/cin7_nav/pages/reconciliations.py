"""The reports of reconciliations, for those who may read the DAG.

Airflow's own modules are imported when a page is asked for: every Airflow process loads its plugins, and
only the server shows pages.
"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cin7_nav.store import reconciliation as store
from cin7_nav.store.database import ONLY_COMPANY, Database
from cin7_nav.store.reconciliation import Report

DAG_ID = "reconciliation"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


async def _reader(request: Request, bearer: _Bearer) -> None:
    """Raises HTTPException unless the request comes from somebody who may read the company's DAG."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.api_fastapi.core_api.security import get_user

    user = await get_user(request, None, bearer)
    dag_id = DAG_ID if (company := _company(request)) == ONLY_COMPANY else f"{DAG_ID}__{company}"
    if not get_auth_manager().is_authorized_dag(method="GET", details=DagDetails(id=dag_id), user=user):
        raise HTTPException(403, "You may not read this DAG.")


def app() -> FastAPI:
    pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(_reader)])

    @pages.get("/{identity:int}")
    @pages.get("/{company}/{identity:int}")
    def page(request: Request, identity: int) -> Response:
        return _html(_report(request, identity).page)

    @pages.get("/{identity:int}/certificate")
    @pages.get("/{company}/{identity:int}/certificate")
    def certificate(request: Request, identity: int) -> Response:
        return _html(_report(request, identity).certificate)

    @pages.get("/{identity:int}/differences.csv")
    @pages.get("/{company}/{identity:int}/differences.csv")
    def differences(request: Request, identity: int) -> Response:
        return Response(_report(request, identity).csv, headers=_HEADERS, media_type="text/csv")

    return pages


def _company(request: Request) -> str:
    """Whose report is asked for, where an installation serves several companies."""
    return str(request.path_params.get("company", ONLY_COMPANY))


def _html(text: str) -> Response:
    return Response(text, headers=_HEADERS, media_type="text/html; charset=utf-8")


def _report(request: Request, identity: int) -> Report:
    with closing(Database.from_connection(_connection("cin7_nav_db"), _company(request))) as database:
        found = store.report(database, identity)
    if found is None:
        raise HTTPException(404, "There is no such report, or it has expired.")
    return found


def _connection(name: str) -> Any:
    """Outside of tasks Airflow looks for a connection in the environment and in secrets backends only."""
    from airflow.models.connection import Connection
    from airflow.sdk.exceptions import AirflowException
    from airflow.utils.session import create_session
    from sqlalchemy import select

    try:
        return Connection.get_connection_from_secrets(name)
    except AirflowException:
        with create_session() as session:
            found = session.scalar(select(Connection).where(Connection.conn_id == name))
            session.expunge_all()
    if found is None:
        raise HTTPException(503, f"There is no Airflow connection {name}.")
    return found
