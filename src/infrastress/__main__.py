"""`python -m infrastress` is the command line."""

from infrastress.app.cli import main

if __name__ == "__main__":
    status = main()
    # Where Ctrl-C cut off a library that runs text, `python -m` would end by the signal, whatever we say: running some
    # text that isn't cut off makes it forget (CPython, run_eval_code_obj).
    exec("")  # noqa: S102 - it stays: nothing else makes it forget, and there is nothing in it
    raise SystemExit(status)
