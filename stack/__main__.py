"""`python -m stack up | down | upgrade | status | demo`, and `secrets | init` for containers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from . import container, control, demo
from .settings import StackError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start database, receiver and Airflow in the background")
    commands.add_parser("down", help="stop them")
    commands.add_parser("upgrade", help="migrate both databases; what ran is stopped first and started again")
    commands.add_parser("status", help="show services and DAGs")
    commands.add_parser("supervise", help="what `up` runs in the background")
    commands.add_parser("clean", help="delete what the last demo has left")
    show = commands.add_parser("demo", help="a trading day on the sandbox, from invoice to posted entries")
    show.add_argument("--once", action="store_true", help="end after the verdict; exit code 0 when complete")
    inside = commands.add_parser("exec", help="run a program in the environment of the stack's Airflow")
    inside.add_argument("--demo", action="store_true", help="of the running demo instead of `up`")
    inside.add_argument("program", nargs=argparse.REMAINDER)
    commands.add_parser("secrets", help="print random secrets as lines for .env")
    commands.add_parser("init", help="in a container: bring databases, connections and login up to date")
    arguments = parser.parse_args()
    actions: dict[str, Callable[[], int]] = {
        "up": control.up,
        "down": control.down,
        "upgrade": control.upgrade,
        "status": control.status,
        "supervise": control.supervise,
        "clean": demo.clean,
        "exec": lambda: control.execute(arguments.program, demo=arguments.demo),
        "secrets": container.new_secrets,
        "init": container.init,
        "demo": lambda: demo.run(once=arguments.once),
    }
    try:
        return actions[arguments.command]()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
