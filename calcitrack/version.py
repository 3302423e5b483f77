"""The version of the program; every result names it."""

__version__ = "0.1.0"
