"""Prototype of measuring a deposit on all visits together: what it brings, before it becomes part of `assess`."""
