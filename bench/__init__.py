"""Benchmarks of the whole product against the sandbox, over real HTTP: `python -m bench`, or `make bench`."""
