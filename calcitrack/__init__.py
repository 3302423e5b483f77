"""Measure calcinosis on serial radiographs and say whether it progresses, halts or regresses."""

__version__ = "0.1.0"
