"""What a node writes about itself: one line per event, for people or as JSON, and never a secret."""

import json
import logging
import re
from datetime import UTC, datetime
from enum import StrEnum

HIDDEN = "***"

_secrets: set[str] = set()


class LogFormat(StrEnum):
    """How a line looks."""

    text = "text"
    json = "json"


class LogLevel(StrEnum):
    """The least that is written."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


def set_up_logging(style: LogFormat = LogFormat.text, level: LogLevel = LogLevel.info) -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if style is LogFormat.json else TextLines())
    # Libraries tell too much of themselves to be heard at debug; they are heard when something is wrong.
    logging.basicConfig(level=max(logging.INFO, _LEVELS[level]), handlers=[handler], force=True)
    for ours in ("da", "node", "protocol", "rpc", "vm"):
        logging.getLogger(ours).setLevel(_LEVELS[level])


def hide(secret: str) -> None:
    """Never write these characters again; for keys, which no message should hold in the first place."""
    _secrets.add(secret.lower())


class TextLines(logging.Formatter):
    """`2026-05-04 12:00:01,234 INFO node.driver: …`; a traceback follows on lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return _without_secrets(super().format(record))


class JsonLines(logging.Formatter):
    """An object per line: time (ISO 8601, UTC), level, logger, message, and error with the traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return _without_secrets(json.dumps(fields))


def _without_secrets(line: str) -> str:
    for secret in _secrets:
        if secret in line.lower():
            line = re.sub(re.escape(secret), HIDDEN, line, flags=re.IGNORECASE)
    return line


_LEVELS = {
    LogLevel.debug: logging.DEBUG,
    LogLevel.info: logging.INFO,
    LogLevel.warning: logging.WARNING,
    LogLevel.error: logging.ERROR,
}
