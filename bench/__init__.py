"""Measurements of DESIGN §6: `python -m bench` prints a table and writes bench/results.json."""
