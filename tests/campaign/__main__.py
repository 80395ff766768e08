"""The campaign: `python -m tests.campaign --seeds 200`, or `--seed 123` to play one (0: a restored database).

`--flavour bc-onprem` plays it on a NAV that is reached over published pages.

Each worker has servers of its own. Ends with 1 where a seed is wrong, and tells what happened in it and how
to play it again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from stack.settings import ROOT

WORKERS = 2
PLAYED = "PLAYED "


def work(flavour: str) -> None:
    """Play the seeds that come in on standard input; one line of JSON for each."""
    from tests.campaign import plan, runs
    from tests.campaign.lab import lab
    from tests.campaign.seeds import Seed

    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaves no servers' folders behind
    runs.prepare()
    with lab(flavour) as servers:
        for line in sys.stdin:
            seed = int(line)
            played = Seed(servers, plan.plan(seed) if seed else plan.restored_plan()).play()
            print(PLAYED + played.as_json(), flush=True)


class Campaign:
    """Seeds, played side by side."""

    def __init__(self, seeds: list[int], flavour: str) -> None:
        self._flavour = flavour
        self._left = iter(seeds)
        self._lock = threading.Lock()
        self.played: list[dict[str, Any]] = []
        self.lost: list[str] = []
        """Last words of workers that ended before they had to."""

    def play(self) -> None:
        threads = [threading.Thread(target=self._feed) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _feed(self) -> None:
        """Give a worker one seed after the other."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign", "--worker", "--flavour", self._flavour],
            cwd=ROOT,
            env={**plain, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        other: list[str] = []
        for seed in self._seeds():
            worker.stdin.write(f"{seed}\n")
            worker.stdin.flush()
            for line in worker.stdout:
                if line.startswith(PLAYED):
                    self._take(json.loads(line.removeprefix(PLAYED)))
                    break
                other.append(line)
            else:
                self.lost.append(f"the worker of seed {seed} ended:\n{''.join(other[-40:])}")
                break
        worker.stdin.close()
        worker.stdout.read()
        worker.wait()

    def _take(self, played: dict[str, Any]) -> None:
        with self._lock:
            self.played.append(played)
            if played["wrong"]:
                print(*story(played, self._flavour), sep="\n", flush=True)
            if len(self.played) % 500 == 0:
                print(f"{len(self.played)} seeds played", flush=True)

    def _seeds(self) -> Iterator[int]:
        while True:
            with self._lock:
                seed = next(self._left, None)
            if seed is None:
                return
            yield seed

    def told(self) -> Iterator[str]:
        """The sum of it, line by line."""
        wrong = [str(one["seed"]) for one in self.played if one["wrong"]]
        yield from self.lost
        counts: Counter[str] = Counter()
        for one in self.played:
            for name, count in one["counts"].items():
                counts[name] = max(counts[name], count) if name.startswith("most") else counts[name] + count
        for name, count in sorted(counts.items()):
            yield f"{count:>7} {name}"
        yield f"{len(self.played)} seeds played, {len(wrong)} wrong{': ' if wrong else ''}" + ", ".join(wrong)

    @property
    def is_right(self) -> bool:
        return not self.lost and not any(one["wrong"] for one in self.played)


def story(played: dict[str, Any], flavour: str) -> Iterator[str]:
    yield f"seed {played['seed']}, {played['seconds']:.1f} s"
    yield from (f"  {line}" for line in played["story"])
    yield from (f"  WRONG {line}" for line in played["wrong"])
    where = "" if flavour == "online" else f" FLAVOUR={flavour}"
    yield f"  to play it again: make campaign SEED={played['seed']}{where}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000, help="play the seeds 1 to this one, and 0")
    parser.add_argument("--seed", type=int, help="play only this one and tell its story")
    parser.add_argument("--flavour", default="online", choices=("online", "bc-onprem"))
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        work(chosen.flavour)
        return 0
    started = time.monotonic()
    one = chosen.seed is not None
    campaign = Campaign([chosen.seed] if one else list(range(chosen.seeds + 1)), chosen.flavour)
    campaign.play()
    if one and campaign.is_right:
        print(*story(campaign.played[0], chosen.flavour), sep="\n")
    print(*campaign.told(), sep="\n")
    seconds = time.monotonic() - started
    print(f"{seconds:.0f} s, {seconds / max(1, len(campaign.played)):.2f} s per seed")
    return 0 if campaign.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
