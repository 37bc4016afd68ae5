"""Logs: JSON lines on stderr or in a file, readable lines on a terminal; never a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

__all__ = ["configure", "redact"]

_HIDDEN = "***"
_NAMES = re.compile(r"passw|secret|token|authori[sz]ation|cookie|credential|private_key", re.IGNORECASE)
_URL = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s@]+@", re.IGNORECASE)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose names say that they are secret, and passwords within URLs."""
    return {name: _HIDDEN if _NAMES.search(name) else _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _URL.sub(rf"\g<head>:{_HIDDEN}@", value)
    if isinstance(value, dict):
        return {name: _HIDDEN if _NAMES.search(str(name)) else _clean(item) for name, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list | tuple) else value


def configure(process: str, file: str | Path | None = None) -> None:
    """Have structlog, and what libraries log, written for one process.

    Args:
        process: its name, bound to every line.
        file: appended to; stderr without it.
    """
    stream: TextIO = Path(file).open("a", buffering=1, encoding="utf-8") if file else sys.stderr  # noqa: SIM115
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        lambda _, __, event: {"process": process, **event},
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    if stream.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
