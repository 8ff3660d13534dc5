"""Run one method in a child process under limits, and always end in a status.

The child runs in a session of its own, so that whatever it starts can be killed with it, and dies with this process.
What it prints goes to the log, up to a size. A crash, an abort, SIGKILL or an endless loop becomes a status; the
workflow goes on.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from scbench import gpus, pins, subtracks
from scbench.layout import CHECKPOINT, LAST_STATUS, MEASURED, OUTPUT_COLUMNS, RUN_KEYS
from scbench.memory import TreeMemory
from scbench.provenance import digest, host_class, sources

STATUSES = ("ok", "failed", "timeout", "oom", "killed", "skipped", "invalid_output")

_SCRIPTS = Path(__file__).resolve().parents[1]
_LOG_BYTES = 2**20
_GRACE_S = 5.0
_MARK = "SCBENCH_RUN"


def run(
    spec: dict[str, Any],
    *,
    status: str,
    output: str,
    extra: str,
    log: str,
    interpreter: str | None = sys.executable,
    reason: str = "",
    n_gpus: int = 0,
) -> dict[str, Any]:
    """Run a method and write its status, its output, its further arrays and its log.

    Parameters
    ----------
    spec
        ``track, dataset, method, replicate, attempt, seed``, the method's registry entry, and the paths ``data`` and
        (but for svg) ``split``.
    status, output, extra, log
        Files to write. Unless the status is ``ok`` the output has only its header and the npz file of further arrays
        holds none.
    interpreter
        Python of the method's environment; None if there is none, and then the run is ``skipped``.
    reason
        Why there is no interpreter.
    n_gpus
        GPUs of this machine that the run may use; it waits for them, and does not see others. A method of which the
        registry says that it needs more, and that does not run on CPU instead, is ``skipped``.

    Returns
    -------
    dict
        The status row: one of `STATUSES`, the reason, what was measured, and what it ran with.
    """
    folder = Path(tempfile.mkdtemp(prefix="scbench-"))
    try:
        checkpoint = Path(status).with_name(CHECKPOINT).resolve() if spec["checkpoints"] else None
        own = {"checkpoint": checkpoint and str(checkpoint), "pins": pins.pinned(spec["env"])}
        (folder / "spec.json").write_text(json.dumps(spec | own))
        with gpus.reserved(n_gpus) as held:
            if interpreter is not None and len(held) < spec["gpu"] and not spec["cpu_fallback"]:
                interpreter, reason = None, _no_gpu(spec["gpu"], n_gpus)
            if interpreter is None:
                Path(log).parent.mkdir(parents=True, exist_ok=True)
                Path(log).write_text(f"{reason}\n")
                row = _blank(spec) | {"status": "skipped", "reason": reason}
            else:
                row = _supervised(folder, spec, Path(log), interpreter, held)
        _publish(folder, spec, row, Path(status), Path(output), Path(extra))
        if checkpoint and row["status"] == "ok":
            shutil.rmtree(checkpoint, ignore_errors=True)
    finally:
        shutil.rmtree(folder)
    if row["status"] != "ok":
        where = "{track}/{dataset}/{method} r{replicate}".format(**row)
        print(f"{where}: {row['status']} ({row['reason']}); see {log}", file=sys.stderr)
    return row


def _no_gpu(needed: int, given: int) -> str:
    there = len(gpus.visible())
    return f"needs {needed} GPU(s). This job was given {given} and sees {there}."


def _supervised(folder: Path, spec: dict, log: Path, interpreter: str, held: list[str]) -> dict[str, Any]:
    """Status row of a run that is given GPUs."""
    with gpus.Utilisation(held) as utilisation:
        exit_code, timed_out, tree_mb = _supervise(folder, spec, log, interpreter, gpus.environment(held))
    row = _status(folder, spec, exit_code, timed_out, log)
    row["peak_rss_mb"] = max(row["peak_rss_mb"] or 0.0, tree_mb) or None
    row["gpu_utilisation"] = utilisation.mean
    return row


def _supervise(
    folder: Path, spec: dict, log: Path, interpreter: str, variables: dict[str, str]
) -> tuple[int, bool, float]:
    """Start the child, wait for it, and leave none of its processes behind.

    Returns
    -------
    tuple
        Exit code, whether time ran out, and the memory of all processes together in MB.
    """
    mark = uuid4().hex
    threads = str(spec["threads"])
    path = os.pathsep.join(filter(None, [str(_SCRIPTS), os.environ.get("PYTHONPATH")]))
    limits = {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")}
    # A random hash seed would make the order of sets, and with it some methods, differ between runs.
    own = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "SCBENCH_SUPERVISOR": str(os.getpid()), _MARK: mark}
    process = subprocess.Popen(
        [interpreter, "-m", "scbench.child", str(folder / "spec.json")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=folder,
        env={**os.environ, **limits, **own, **variables},
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as file:
        reader = threading.Thread(target=_copy, args=(process.stdout, file), daemon=True)
        reader.start()
        timed_out = False
        memory = TreeMemory(process.pid)
        try:
            with memory:
                process.wait(spec["timeout_s"])
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _end(process, mark)
            reader.join()
    return process.returncode, timed_out, memory.peak_mb


def _copy(pipe: IO[bytes], file: IO[bytes]) -> None:
    """Copy what the child prints, up to a size: it must neither fill the disk nor wait for a reader."""
    written = 0
    while block := pipe.read1(2**16):
        if written < _LOG_BYTES:
            file.write(block[: _LOG_BYTES - written])
            file.flush()
            if written + len(block) >= _LOG_BYTES:
                file.write(f"\n[the rest was left out: more than {_LOG_BYTES} bytes]\n".encode())
        written += len(block)


def _end(process: subprocess.Popen, mark: str) -> None:
    """Kill the child and its descendants, also those that left its session: politely, then for good."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    _signal_group(process, signal.SIGKILL)
    for pid in _marked(mark):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _marked(mark: str) -> Iterable[int]:
    """Processes that inherited this run's mark in their environment."""
    import psutil

    for other in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if other.environ().get(_MARK) == mark:
                yield other.pid


def _blank(spec: dict) -> dict[str, Any]:
    """Status row of a run of which nothing is known yet."""
    row = {key: spec[key] for key in (*RUN_KEYS, "attempt", "threads", "env", "params", "seed")}
    row |= dict.fromkeys((*MEASURED, "device", "versions", "interpreter"))
    row |= {"code_sha": digest(sources(spec["entry"], "scbench.child")), "host": host_class()}
    return row | {"exit_code": None, "signal": None}


def _status(folder: Path, spec: dict, exit_code: int, timed_out: bool, log: Path) -> dict[str, Any]:
    ended = {"exit_code": exit_code} if exit_code >= 0 else {"signal": signal.Signals(-exit_code).name}
    row = _blank(spec) | ended
    result = folder / "result.json"
    if result.exists():
        return row | json.loads(result.read_text())
    return row | _verdict(exit_code, timed_out, spec, log)


def _verdict(exit_code: int, timed_out: bool, spec: dict, log: Path) -> dict[str, str]:
    """Say why a child ended without a result."""
    if timed_out:
        return {"status": "timeout", "reason": f"more than {spec['timeout_s']} s"}
    said = log.read_bytes()[-4096:]
    if any(word in said for word in (b"MemoryError", b"bad_alloc", b"Cannot allocate memory")):
        return {"status": "oom", "reason": f"more than {spec['mem_mb']} MB"}
    if exit_code == -signal.SIGKILL:
        return {"status": "killed", "reason": "killed by SIGKILL, by a person or by the system when memory ran out"}
    if exit_code < 0:
        return {"status": "failed", "reason": f"died of {signal.Signals(-exit_code).name}"}
    return {"status": "failed", "reason": f"ended with exit code {exit_code} and without a result"}


def _publish(folder: Path, spec: dict, row: dict, status: Path, output: Path, extra: Path) -> None:
    """Put output, further arrays and status in place, the status last: where it stands, the others are complete.

    A copy of the status stays beside them: Snakemake deletes the outputs of a job before it runs it again, and the
    next attempt must be known then (`scbench.plan.attempt`).
    """
    for path in (status, output, extra):
        path.parent.mkdir(parents=True, exist_ok=True)
    table, arrays = folder / "output.tsv", folder / "extra.npz"
    if row["status"] != "ok":
        table.write_text("\t".join(OUTPUT_COLUMNS[subtracks.base(spec["track"])]) + "\n")
    if row["status"] != "ok" or not arrays.exists():
        zipfile.ZipFile(arrays, "w").close()
    encoded = folder / "status.json"
    encoded.write_text(json.dumps(row, indent=1, sort_keys=True) + "\n")
    last = status.with_name(LAST_STATUS)
    for source, target in ((encoded, last), (table, output), (arrays, extra), (encoded, status)):
        part = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            shutil.copyfile(source, part)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
