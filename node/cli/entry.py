"""From arguments to an exit status: 0 done, 1 failed, 2 asked for wrongly, 130 interrupted."""

import errno
import os
import sys
from collections.abc import Sequence

import typer

from node.cli.app import app
from protocol.errors import TomboloError

FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an expected failure is one message on standard error, a bug is a traceback."""
    try:
        status = app(args=None if arguments is None else list(arguments), prog_name="tombolo", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:  # the flags or arguments are wrong
        return _fail(_usage_message(error), getattr(error, "exit_code", FAILED))
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except TomboloError as error:
        return _fail(str(error), FAILED)
    except OSError as error:
        return _fail(_os_message(error), FAILED)
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int) -> int:
    print(f"tombolo: {message}", file=sys.stderr)
    return status


def _usage_message(error: typer.TyperException) -> str:
    """What is wrong, and which help tells more."""
    message = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
    message = " ".join(message.split()).replace("Value error, ", "").replace("Input should be", "it must be")
    context = getattr(error, "ctx", None)
    command = "tombolo" if context is None else context.command_path
    return f"{message.rstrip('.')} (see `{command} --help`)"


def _os_message(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        return f"{reason}; stop what uses that port, or choose another by an option"
    return reason if error.filename is None else f"{error.filename}: {reason}"
