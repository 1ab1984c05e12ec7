import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from hearken.audio.worker import Worker
from hearken.errors import AudioFormatError, WorkerDiedError

MISBEHAVING = "tests.audio.misbehaving"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and limits")


@pytest.fixture
def worker():
    with Worker(MISBEHAVING, ["first", "--second"], stall_s=60) as worker:
        yield worker


def gone(pid: int, within_s: float = 30.0):
    """True once no process has this id, not even as a zombie."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if not psutil.pid_exists(pid):
            return True
        time.sleep(0.01)
    return False


def test_an_answer_is_the_handlers_table_and_arrays(worker: Worker):
    message = {"do": "echo", "path": "caf\udce9\n\u202e.wav", "number": 1.5, "list": [None, True]}
    body, arrays = worker.request(message)
    assert body["message"] == message
    assert body["args"] == ["first", "--second"]
    np.testing.assert_array_equal(arrays[0], np.array([[0, 1, 2], [3, 4, 5]], np.float32))
    assert arrays[1].shape == (0, 4)


def test_requests_share_one_process_that_starts_at_the_first(worker: Worker):
    assert worker.pid is None
    pids = {worker.request({"do": "echo"})[0]["pid"] for _ in range(3)}
    assert pids == {worker.pid}
    assert worker.num_starts == 1


def test_start_starts_early_and_once(worker: Worker):
    worker.start()
    pid = worker.pid
    worker.start()
    assert worker.request({"do": "echo"})[0]["pid"] == pid


def test_prints_of_libraries_do_not_reach_the_pipe_and_nothing_reads_it(worker: Worker):
    assert worker.request({"do": "say"}) == ({"stdin": ""}, [])
    assert worker.request({"do": "echo"})[0]["message"] == {"do": "echo"}


def test_reports_reach_the_callback_in_order(worker: Worker):
    seconds = []
    worker.request({"do": "report_four"}, on_progress=seconds.append)
    assert seconds == [0.0, 1.0, 2.0, 3.0]
    assert worker.request({"do": "report_four"}) == ({}, [])


def test_reports_keep_a_slow_request_alive():
    with Worker(MISBEHAVING, stall_s=3.0, cpu_s=1) as worker:
        assert worker.request({"do": "spin_and_report", "seconds": 4.0}) == ({}, [])


def test_our_errors_cross_the_border_and_the_process_stays(worker: Worker):
    worker.start()
    pid = worker.pid
    with pytest.raises(AudioFormatError, match=r"^This is no sound\.$") as caught:
        worker.request({"do": "our_error"})
    assert caught.value.hint == "Try another."
    assert worker.pid == pid
    assert worker.request({"do": "echo"})[0]["pid"] == pid


@pytest.mark.parametrize("what", ["bug", "answer_nan", "answer_objects"])
def test_a_bug_in_the_handler_is_told_and_ends_the_process(worker: Worker, what: str):
    with pytest.raises(WorkerDiedError, match=r"failed with (KeyError|WireError): .* while reading a\.wav") as caught:
        worker.request({"do": what, "path": "a.wav"})
    assert caught.value.message.isprintable()
    assert worker.pid is None
    worker.request({"do": "echo"})
    assert worker.num_starts == 2


@posix_only
def test_a_crash_names_file_and_signal_and_the_next_request_works(worker: Worker):
    with pytest.raises(WorkerDiedError, match=r"crashed with SIGSEGV while reading \\udce9\\n\.wav\."):
        worker.request({"do": "segfault", "path": "\udce9\n.wav"})
    assert worker.request({"do": "echo"})[0]["pid"] == worker.pid


@posix_only
def test_death_between_requests_is_not_blamed_on_the_next_file(worker: Worker):
    worker.start()
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert worker.request({"do": "echo", "path": "innocent.wav"})[0]["pid"] == worker.pid
    assert worker.num_starts == 2


def test_the_last_line_on_stderr_is_kept_however_much_there_is(worker: Worker):
    with pytest.raises(WorkerDiedError, match=r"status 3 \(its last words: the last line\)"):
        worker.request({"do": "flood_stderr"})


@posix_only
def test_the_child_may_neither_write_files_nor_open_many(worker: Worker, tmp_path: Path):
    target = tmp_path / "written"
    with pytest.raises(WorkerDiedError, match="File too large"):
        worker.request({"do": "write_file", "path": str(target)})
    assert target.stat().st_size == 0
    with pytest.raises(WorkerDiedError, match="Too many open files"):
        worker.request({"do": "open_many"})


@pytest.mark.parametrize(
    "raw",
    ["ffffffff", "000000025b5d", "0000000a5b7b7d2c5b5b226f22", "00000018" + b'[{"kind":"who"},[]]     '.hex()],
)
def test_a_child_that_talks_nonsense_is_not_believed(worker: Worker, raw: str):
    worker.start()
    fd = {int(entry) for entry in os.listdir(f"/proc/{worker.pid}/fd")} if sys.platform == "linux" else {4}
    with pytest.raises(WorkerDiedError, match=r"what is no answer|ended by itself"):
        worker.request({"do": "write_raw", "fd": max(fd), "bytes": raw})
    assert worker.request({"do": "echo"})[0]["pid"] == worker.pid


@pytest.mark.parametrize(("arg", "words"), [("die at once", "no such library"), ("babble", "prints without end"), ("never ready", "hung")])
def test_a_child_that_does_not_get_ready_is_told(arg: str, words: str):
    with Worker(MISBEHAVING, [arg], start_s=3.0 if arg == "never ready" else 60.0) as worker:
        with pytest.raises(WorkerDiedError, match=words):
            worker.start()
        with pytest.raises(WorkerDiedError, match=words + r".* while reading a\.wav"):
            worker.request({"path": "a.wav"})


def test_a_module_that_does_not_exist_is_told():
    with Worker("hearken.no_such_module") as worker, pytest.raises(WorkerDiedError, match="No module named"):
        worker.start()


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, AudioFormatError("stop")])
def test_an_error_of_the_callback_passes_and_ends_the_child(worker: Worker, error: BaseException):
    def stop(seconds: float):
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        worker.request({"do": "report_forever"}, on_progress=stop)
    assert worker.pid is None
    assert worker.request({"do": "echo"})[0]["message"] == {"do": "echo"}


def test_close_from_another_thread_breaks_off_a_request():
    with Worker(MISBEHAVING, stall_s=60) as worker:
        worker.start()
        threading.Timer(0.2, worker.close).start()
        with pytest.raises(WorkerDiedError):
            worker.request({"do": "sleep", "seconds": 50})


def test_close_ends_the_child_and_may_be_repeated():
    worker = Worker(MISBEHAVING)
    worker.start()
    pid = worker.pid
    worker.close()
    worker.close()
    assert gone(pid)


def test_a_forgotten_worker_takes_its_child_along():
    worker = Worker(MISBEHAVING)
    worker.start()
    pid = worker.pid
    del worker
    gc.collect()
    assert gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_twenty_deaths_leave_no_descriptor_thread_or_zombie():
    with Worker(MISBEHAVING, stall_s=60) as worker:
        worker.start()
        before = len(os.listdir("/proc/self/fd")), threading.active_count()
        others = {child.pid for child in psutil.Process().children()} - {worker.pid}
        for _ in range(20):
            with pytest.raises(WorkerDiedError):
                worker.request({"do": "leave", "status": 0})
        worker.start()
        assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before
        assert {child.pid for child in psutil.Process().children()} - others == {worker.pid}
        assert worker.num_starts == 21


@posix_only
def test_ctrl_c_of_the_terminal_does_not_end_the_child(worker: Worker):
    worker.start()
    pid = worker.pid
    assert os.getpgid(pid) != os.getpgid(0)
    os.kill(pid, signal.SIGINT)
    assert worker.request({"do": "echo"})[0]["pid"] == pid


@posix_only
@pytest.mark.parametrize("what", ["idle", "busy"])
def test_children_go_when_the_parent_is_killed(what: str):
    script = f"""
        import sys, threading
        sys.path[:0] = {[str(Path(__file__).parents[2]), *sys.path]!r}
        from hearken.audio.worker import Worker
        worker = Worker("{MISBEHAVING}", stall_s=600)
        worker.start()
        print(worker.pid, flush=True)
        worker.request({{"do": "sleep", "seconds": {0 if what == "idle" else 300}}})
        threading.Event().wait()
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the current folder is only searched through sys.path")
def test_modules_in_the_current_folder_are_not_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(tmp_path)
    with Worker(MISBEHAVING) as worker:
        assert worker.request({"do": "look"})[0] == {"threads": 2, "searches_cwd": False}
