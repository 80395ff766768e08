"""Runs the whole stack on one machine: database, receiver, Airflow and, for the demo, the sandbox."""
