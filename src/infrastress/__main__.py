"""`python -m infrastress` is the command line."""

from infrastress.app.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
