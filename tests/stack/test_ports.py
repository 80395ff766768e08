"""Taken ports are named with their holder and the variable that moves them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from stack import ports
from stack.processes import free_port
from stack.settings import Settings, StackError


def test_a_taken_port_is_named_with_its_holder_and_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = Settings(tmp_path, False, {"AIRFLOW_PORT": str(port), "RECEIVER_PORT": str(free_port())})
        with pytest.raises(StackError) as caught:
            ports.check(settings, ["AIRFLOW_PORT", "RECEIVER_PORT"])
    text = str(caught.value)
    assert f"Port {port} is in use by" in text
    assert f"(process {os.getpid()})" in text
    assert "AIRFLOW_PORT=" in text
    assert "RECEIVER_PORT" not in text


def test_two_parts_can_not_share_a_port(tmp_path: Path) -> None:
    settings = Settings(tmp_path, False, {"AIRFLOW_PORT": "8088"})
    with pytest.raises(StackError, match="can't share a port: AIRFLOW_PORT=8088, RECEIVER_PORT=8088"):
        ports.check(settings, ["AIRFLOW_PORT", "RECEIVER_PORT"])


def test_free_ports_pass(tmp_path: Path) -> None:
    ports.check(Settings(tmp_path, False, {"AIRFLOW_PORT": str(free_port())}), ["AIRFLOW_PORT"])


def test_a_free_port_stays_free_for_a_server_of_ours_alone() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)) as server:
            assert server.getsockname()[1] == port
