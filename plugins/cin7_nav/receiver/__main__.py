"""`python -m cin7_nav.receiver`: serve until stopped.

`CIN7_NAV_RECEIVER_DSN` names the database (role `cin7_nav_receiver`); `RECEIVER_HOST` and `RECEIVER_PORT` the
address, 127.0.0.1:8088 unless given.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys

import uvicorn

from cin7_nav.receiver.app import create_app


class OneLine(logging.Formatter):
    """One JSON object per line, a traceback within it."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname, "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def main() -> None:
    dsn = os.environ.get("CIN7_NAV_RECEIVER_DSN")
    if not dsn:
        sys.exit("CIN7_NAV_RECEIVER_DSN must name the database of the inbox.")
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    uvicorn.run(
        create_app(dsn),
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
