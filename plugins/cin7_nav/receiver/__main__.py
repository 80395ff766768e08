"""`python -m cin7_nav.receiver`: serve until stopped.

`CIN7_NAV_RECEIVER_DSN` names the database (role `cin7_nav_receiver`); `RECEIVER_HOST` and `RECEIVER_PORT` the
address, 127.0.0.1:8088 unless given; `RECEIVER_WORKERS` the number of processes, 1 unless given.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
import tempfile

import uvicorn
from starlette.applications import Starlette

SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
"""Where workers share what they count; read by the Prometheus client when it is loaded."""


class OneLine(logging.Formatter):
    """One JSON object per line, a traceback within it."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname, "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def application() -> Starlette:
    """The application of one worker."""
    from cin7_nav.receiver.app import create_app

    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return create_app(os.environ["CIN7_NAV_RECEIVER_DSN"])


def main() -> None:
    if not os.environ.get("CIN7_NAV_RECEIVER_DSN"):
        sys.exit("CIN7_NAV_RECEIVER_DSN must name the database of the inbox.")
    workers = os.environ.get("RECEIVER_WORKERS", "1")
    if not workers.isdecimal() or not 0 < int(workers) <= 64:
        sys.exit(f"RECEIVER_WORKERS is {workers!r}; it must be a number from 1 to 64.")
    with tempfile.TemporaryDirectory(prefix="cin7_nav_receiver-") as shared:
        if int(workers) > 1:
            os.environ[SHARED_COUNTS] = shared
        uvicorn.run(
            "cin7_nav.receiver.__main__:application",
            factory=True,
            workers=int(workers),
            host=os.environ.get("RECEIVER_HOST", "127.0.0.1"),
            port=int(os.environ.get("RECEIVER_PORT", "8088")),
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=100,
            timeout_graceful_shutdown=10,
        )


if __name__ == "__main__":
    main()
