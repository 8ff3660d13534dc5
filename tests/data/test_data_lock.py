import json
import multiprocessing

import pytest

from scbench.data.lock import record, recorded
from scbench.errors import UserError


def _record_some(folder, worker):
    file = folder / f"file{worker}"
    file.write_text(str(worker))
    for i in range(10):
        record(folder / "data.lock", f"{worker}/{i}", file)


def test_parallel_processes_lose_nothing(tmp_path):
    processes = [multiprocessing.get_context("fork").Process(target=_record_some, args=(tmp_path, i)) for i in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    entries = json.loads((tmp_path / "data.lock").read_text())
    assert set(entries) == {f"{worker}/{i}" for worker in range(6) for i in range(10)}


def test_two_processes_that_disagree_are_told(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    lock = tmp_path / "data.lock"
    assert recorded(lock, "set/f") is None
    record(lock, "set/f", tmp_path / "a")
    record(lock, "set/f", tmp_path / "a")
    with pytest.raises(UserError, match=r"set/f was just recorded with sha256 ca978112.*Got 3e23e816"):
        record(lock, "set/f", tmp_path / "b")
    assert recorded(lock, "set/f").startswith("ca978112")


@pytest.mark.parametrize("text", ['{"half": ', "[]", '{"key": "text"}'])
def test_a_broken_lock_file_is_an_error_not_a_fresh_start(tmp_path, text):
    lock = tmp_path / "data.lock"
    lock.write_text(text)
    with pytest.raises(UserError, match=r"data\.lock"):
        recorded(lock, "set/f")
    (tmp_path / "a").write_text("a")
    with pytest.raises(UserError, match=r"data\.lock"):
        record(lock, "set/f", tmp_path / "a")
    assert lock.read_text() == text
