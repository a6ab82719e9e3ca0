"""JSON log lines with request, correlation and order ids, and never personal data or secrets (C61)."""

import logging
from typing import Any

import structlog

from outbox.scrubbing import scrub


def _scrub(logger: Any, method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Drops what PostgreSQL quotes of a failing row from the message and the traceback (C61)."""
    return {name: scrub(value) if isinstance(value, str) else value for name, value in line.items()}


_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _scrub,
]


# One list for good: loggers keep the one that they were made with, also when the settings are loaded again.
_processors: list[Any] = [
    # What the level leaves out is dropped first: building a line that nobody reads cost each request a tenth.
    structlog.stdlib.filter_by_level,
    *_shared,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure() -> bool:
    """Sets structlog up so that its events and the standard library's end in the same JSON lines."""
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return True


def configuration(level: str) -> dict[str, object]:
    """Django's LOGGING dictionary."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "stripe": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "googlemaps": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},  # its lines quote addresses and keys (C61)
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }


logging.captureWarnings(True)
