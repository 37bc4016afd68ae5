"""Run every benchmark: `python -m benchmarks [NAME ...] [OPTIONS]`; options go to each that is named."""

import importlib
import pkgutil
import sys
from itertools import takewhile
from pathlib import Path

HELPERS = {"__main__", "common", "console_alarms", "crowds", "idle", "live", "playing", "public", "rivals", "talkers"}


def names() -> list[str]:
    """Modules of this folder that have a `main`."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.name not in HELPERS and not module.ispkg
    )


def main() -> int:
    """Run the named benchmarks, or all."""
    given = sys.argv[1:]
    chosen = list(takewhile(lambda argument: not argument.startswith("-"), given))
    options = given[len(chosen) :]  # from the first on, with their values
    for name in chosen or names():
        if "--json" not in options:
            sys.stdout.write(f"\n## {name}\n\n")
            sys.stdout.flush()
        importlib.import_module(f"benchmarks.{name}").main(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
