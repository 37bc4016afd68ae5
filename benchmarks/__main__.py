"""Run every benchmark: `python -m benchmarks [NAME ...] [--quick]`."""

import importlib
import pkgutil
import sys
from pathlib import Path

HELPERS = {
    "__main__",
    "common",
    "console_alarms",
    "conv_ae",
    "live",
    "playing",
    "process_rivals",
    "public",
    "rivals",
    "talkers",
}


def names() -> list[str]:
    """Modules of this folder that have a `main`."""
    return sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name not in HELPERS
    )


def main() -> int:
    """Run the named benchmarks, or all."""
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or names()
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    for name in chosen:
        sys.stdout.write(f"\n## {name}\n\n")
        sys.stdout.flush()
        importlib.import_module(f"benchmarks.{name}").main(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
