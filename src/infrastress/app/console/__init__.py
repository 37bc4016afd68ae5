"""The console's files, as they were built into the package, and how they are served."""

from infrastress.app.console.pages import BUILT, Pages, add_console

__all__ = ["BUILT", "Pages", "add_console"]
