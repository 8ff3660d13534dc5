"""What every script of the workflow shares: a log, and errors that a user can read."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scbench import gpus
from scbench.errors import UserError
from scbench.redact import redacted

ERROR = "ERROR: "  # before the last words of a job in its log


class _Formatter(logging.Formatter):
    """Format messages without the secrets of addresses in them."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


@contextmanager
def guarded(log: str, n_gpus: int = 0) -> Iterator[None]:
    """Log to a file and to the screen, and end on an error with one clear message.

    Parameters
    ----------
    log
        Path of the log file. Tracebacks of errors that are not the user's go there.
    n_gpus
        GPUs of this machine that the job may use; it waits for them, and does not see others.

    Raises
    ------
    SystemExit
        With code 1, after the message.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handlers = [logging.FileHandler(log, mode="w"), logging.StreamHandler(sys.stderr)]
    for handler, form in zip(handlers, ("%(levelname)s: %(message)s", "%(message)s"), strict=True):
        handler.setFormatter(_Formatter(form))
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("scbench").setLevel(logging.INFO)  # other packages speak only to warn
    try:
        with gpus.reserved(n_gpus) as held:
            os.environ |= gpus.environment(held)
            yield
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        handlers[0].stream.write(redacted(traceback.format_exc()))
        logging.error("%s: %s (traceback in %s)", type(error).__name__, error, log)
        sys.exit(1)
