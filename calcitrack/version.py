"""The program's version: it enters every result, so that it stands below everything that writes one."""

__version__ = "0.1.0"
