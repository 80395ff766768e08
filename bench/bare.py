"""The bare loop: recorded HTTP calls made once more, one after the other, on one plain session.

Reads a job from standard input (`calls`, the recorded file; `token_url`, `ca`) and writes the seconds to
the file named as argument. It interprets nothing but the ids of the journals and lines that NAV makes, which
later calls name.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import requests

from stack.verdict import CLIENT

ID = re.compile(r'"id": ?"([0-9a-f-]{36})"')
"""The ids in an answer of NAV."""

_IN_URL = re.compile(r"(?<=\()[0-9a-f-]{36}(?=\))")


def main(job: dict[str, Any]) -> dict[str, Any]:
    calls = json.loads(Path(job["calls"]).read_text())
    session = requests.Session()
    session.trust_env = False
    session.verify = job["ca"]
    bearer = {"Authorization": f"Bearer {token(session, job['token_url'])}"}
    for call in calls:
        call["headers"] = (bearer | call["headers"]) if call["url"].startswith("https:") else call["headers"]
    made: dict[str, str] = {}
    started = time.perf_counter()
    for call in calls:
        url = _with_ids(call["url"], made)
        answer = session.request(call["method"], url, headers=call["headers"], data=call["body"], timeout=60)
        if answer.status_code != call["status"]:
            raise SystemExit(f"{call['method']} {url}: {answer.status_code} instead of {call['status']}")
        if call["made"]:
            made |= zip(call["made"], ID.findall(answer.text), strict=True)
    return {"seconds": time.perf_counter() - started, "calls": len(calls)}


def _with_ids(url: str, made: dict[str, str]) -> str:
    return _IN_URL.sub(lambda found: made.get(found[0], found[0]), url)


def token(session: requests.Session, url: str) -> str:
    """A bearer token of the sandbox's Entra ID; `url` is its token endpoint."""
    client, secret = CLIENT
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": secret,
        "scope": "https://api.businesscentral.dynamics.com/.default",
    }
    answer = session.post(url, data=form, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(json.load(sys.stdin))))
