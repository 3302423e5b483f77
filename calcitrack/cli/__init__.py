"""The command line: arguments, progress, a summary and an exit code. It measures nothing itself."""

from calcitrack.cli.commands import app

__all__ = ["app"]
