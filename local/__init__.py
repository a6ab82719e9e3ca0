"""Tooling for one's own machine: `make run`, the servers that tests need, and what keeps them alive. No part of the shop."""
