"""Starts both simulators in one process: `python -m sandbox --help`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from sandbox.cin7.app import create_app as create_cin7
from sandbox.clock import Clock
from sandbox.faults import Protocol
from sandbox.nav.flavours import FLAVOURS
from sandbox.tls import certificate
from sandbox.world import build_world


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Simulated Cin7 Core and NAV.")
    parser.add_argument("--cin7-port", type=int, default=8091)
    parser.add_argument("--nav-port", type=int, default=8092)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state-dir", type=Path, default=Path("var/sandbox"))
    parser.add_argument("--time-scale", type=float, default=1.0, help="real seconds per simulated second")
    parser.add_argument("--receiver", help="base URL that webhooks go to; registered at the start")
    parser.add_argument(
        "--flavour",
        choices=tuple(FLAVOURS),
        default="online",
        help="which NAV; all but online speak plain http by default",
    )
    parser.add_argument(
        "--tls", action="store_true", help="NAV on-premises speaks https (ODataServicesSSLEnabled)"
    )
    parser.add_argument("--only", choices=("cin7", "nav"), help="start one side alone")
    return parser.parse_args()


def servers(options: argparse.Namespace) -> list[uvicorn.Server]:
    """The servers that the options ask for, not yet started."""
    world, clock = build_world(options.seed), Clock(options.time_scale)
    options.state_dir.mkdir(parents=True, exist_ok=True)
    found = []
    if options.only != "nav":
        app = create_cin7(world, clock, options.state_dir, options.receiver)
        found.append(_server(app, options.cin7_port))
        print(f"Cin7 Core  http://127.0.0.1:{options.cin7_port}/ExternalApi/v2")
    if options.only != "cin7":
        flavour = FLAVOURS[options.flavour]
        create_nav = importlib.import_module("sandbox.nav.app").create_app
        app = create_nav(world, clock, options.state_dir, flavour)
        if flavour.is_online or options.tls:
            chain, key = certificate(options.state_dir)
            found.append(_server(app, options.nav_port, ssl_certfile=chain, ssl_keyfile=key))
            print(f"NAV        https://127.0.0.1:{options.nav_port} (trust {options.state_dir / 'ca.pem'})")
        else:
            found.append(_server(app, options.nav_port))
            print(f"NAV        http://127.0.0.1:{options.nav_port}/{flavour.instance} ({flavour.name})")
    return found


def _server(app: Any, port: int, **tls: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=Protocol,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        **tls,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, which stops all servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(running: list[uvicorn.Server]) -> None:
    """Run all servers until a signal; when one ends, all end."""

    def stop() -> None:
        for server in running:
            server.should_exit = True

    tasks = [asyncio.create_task(server.serve()) for server in running]
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(serve(servers(arguments())))
