"""`python -m stack.health PART`: exit code 0 when Airflow's API server says that this part of it is healthy.

A worker of Celery is asked itself, over the broker. A program of its own, because a container asks often and
`python -m stack` takes seconds to load.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys

from .client import PARTS, AirflowClient
from .settings import Settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m stack.health", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="of the running demo")
    parser.add_argument("part", choices=["api-server", *PARTS, "worker"])
    arguments = parser.parse_args()
    if arguments.part == "worker":
        from .celery import is_healthy

        return 0 if is_healthy(os.environ, f"celery@{socket.gethostname()}") else 1
    client = AirflowClient(Settings.read(demo=arguments.demo))
    return 0 if client.is_healthy(arguments.part) else 1


if __name__ == "__main__":
    sys.exit(main())
