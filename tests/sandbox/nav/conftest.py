"""A client of the simulated Business Central, over TLS and with an Entra token."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.world import NAV_CLIENT_ID, NAV_CLIENT_SECRET, TENANT_ID

_TAIL = re.compile(r"  CorrelationId:  [0-9a-f-]{36}\.$")


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any
    raw: bytes

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        """The error's text without its CorrelationId tail, which must be there."""
        text = self.body["error"]["message"]
        assert _TAIL.search(text), text
        return _TAIL.sub("", text)

    @property
    def rows(self) -> list[Any]:
        assert self.status == 200, self.body
        return list(self.body["value"])


@dataclass
class NavClient:
    """Calls below `companies({id})`; paths with a leading slash start at the service root."""

    side: Any
    session: requests.Session = field(default_factory=requests.Session)
    company: str = ""

    @property
    def root(self) -> str:
        return f"{self.side.url}/v2.0/{TENANT_ID}/sandbox/api/v2.0"

    @property
    def today(self) -> str:
        return str(self.side.get("health")["now"][:10])

    def token(self, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": NAV_CLIENT_ID,
            "client_secret": NAV_CLIENT_SECRET,
            "scope": "https://api.businesscentral.dynamics.com/.default",
            **changes,
        }
        return self.session.post(f"{self.side.url}/{TENANT_ID}/oauth2/v2.0/token", data=form, timeout=10)

    def log_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        if path.startswith("https:"):
            url = path
        else:
            url = self.root + (path if path.startswith("/") else f"/companies({self.company})/{path}")
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        answer = self.session.request(method, url, data=data, headers=names, timeout=10)
        is_json = "json" in answer.headers.get("content-type", "") and answer.content
        parsed = json.loads(answer.content, parse_float=Decimal) if is_json else None
        return Answer(answer.status_code, parsed, answer.headers, answer.content)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any, if_match: str = "*") -> Answer:
        return self.call("PATCH", path, body, If_Match=if_match)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def settings(self, **changes: Any) -> None:
        self.side.patch("settings", changes)

    # --- journals ---

    def batch(self, code: str = "C7TEST", template: str = "CIN7") -> str:
        """A new batch's id."""
        answer = self.post("journals", {"code": code, "templateDisplayName": template})
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    def line(self, batch: str, account: str, amount: Any, **more: Any) -> Answer:
        """Insert a G/L line of document D1 (or as `more` says)."""
        body = {
            "accountType": more.pop("accountType", "G/L Account"),
            "accountNumber": account,
            "documentNumber": "D1",
            "amount": amount,
            **more,
        }
        return self.post(f"journals({batch})/journalLines", body)

    def ready(self, *lines: tuple[str, Any], code: str = "C7TEST", **more: Any) -> str:
        """A batch with these G/L lines."""
        batch = self.batch(code)
        for account, amount in lines:
            answer = self.line(batch, account, amount, **more)
            assert answer.status == 201, answer.body
        return batch

    def lines(self, batch: str) -> list[Any]:
        return self.get(f"journals({batch})/journalLines").rows

    def post_journal(self, batch: str, action: str = "Microsoft.NAV.post") -> Answer:
        return self.post(f"journals({batch})/{action}")

    def entries(self, document: str = "D1") -> list[Any]:
        return self.get(f"generalLedgerEntries?$filter=documentNumber eq '{document}'").rows


@pytest.fixture
def nav(nav_sandbox: Any) -> NavClient:
    client = NavClient(nav_sandbox)
    client.session.verify = str(nav_sandbox.ca)
    client.session.trust_env = False
    client.log_in()
    client.company = client.get("/companies").rows[0]["id"]
    return client
