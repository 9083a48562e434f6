"""Slow proofs: scripts that measure and print a table. Each runs as `python -m benchmarks.NAME`."""
