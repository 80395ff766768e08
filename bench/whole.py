"""The whole stack, for the rows that measure with Airflow."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import parties
from stack import airflow, processes
from stack.demo import SCHEDULE
from stack.settings import PORTS, Settings
from stack.startup import Stack
from stack.supervisor import Supervisor

NEVER = 'poll: "0 0 1 1 *"\nsweep: "0 0 1 1 *"\nrenewal: "0 0 1 1 *"\n'
DAGS = Path(__file__).parent / "dags"


@contextlib.contextmanager
def whole(say: Callable[[str], None], *, sweep: str = "0 0 1 1 *") -> Iterator[Stack]:
    """A stack like the demo's in a temporary folder, but with polling off and writing through to the disk.

    The mapping files, which may be edited, are in `var/mappings`. Ends the handling of SIGINT and SIGTERM:
    measure with it last.
    """
    var = Path(tempfile.mkdtemp(prefix="cin7-nav-bench-"))
    var.chmod(0o755)
    dags = var / "dags"
    dags.mkdir()
    for file in (*airflow.DAGS.glob("*.py"), *DAGS.glob("*.py")):
        (dags / file.name).symlink_to(file)
    schedule = var / "schedule.yaml"
    schedule.write_text(NEVER.replace('sweep: "0 0 1 1 *"', f'sweep: "{sweep}"'))
    settings = Settings.read(demo=True)
    environment = {
        **settings.environment,
        **{name: str(processes.free_port()) for name in PORTS},
        SCHEDULE: str(schedule),
        "CIN7_NAV_MAPPINGS": str(parties.mappings(var)),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
    }
    settings = Settings(var, True, environment)
    with Supervisor(settings, say) as supervisor:
        stack = Stack(settings, supervisor)
        if stack.postgres:
            stack.postgres.durable = True
        stack.start()
        stack.wait_for_dags(60)
        yield stack
    if stack.postgres:
        stack.postgres.destroy()
    shutil.rmtree(var)
