import contextlib
import os
import time
from pathlib import Path

import pytest

from hearken.metrics.captioning.java_process import NotAvailableError, Program
from tests.metrics.captioning.fake_java import fake_java, needs_posix

pytestmark = needs_posix


def lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
    return False


def gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while lives(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not lives(pid)


def test_lines_go_in_and_come_out_in_order_while_both_run(tmp_path):
    java = fake_java(tmp_path, "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)")
    with Program([java], limit_s=60) as program:
        program.send([f"{number:06d}é" * 20 for number in range(5000)])  # more than a pipe holds, both ways
        said = list(program.lines(5000))
    assert said[4999] == ("004999é" * 20)[::-1]


def test_it_runs_in_a_folder_of_its_own_with_its_files_which_is_gone_afterwards(tmp_path):
    java = fake_java(tmp_path, "print(open('in.txt').read(), flush=True)\nopen('left', 'w').write('x')\nimport os\nprint(os.getcwd())")
    with Program([java], limit_s=60, files={"in.txt": b"here"}) as program:
        said = list(program.lines(2))
        program.finish()
        assert Path(said[1]) == program.folder.resolve()
        assert (program.folder / "left").is_file()
    assert said[0] == "here"
    assert not program.folder.exists()


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path):
    java = fake_java(
        tmp_path,
        "import subprocess, sys, os, time\nchild = subprocess.Popen([sys.executable, '-S', '-c', 'while True: pass'])\n"
        "print(os.getpid(), flush=True)\nprint(child.pid, flush=True)\nwhile True: pass",
    )
    began = time.monotonic()
    with Program([java], limit_s=1.5) as program:
        pids = [int(line) for line in program.lines(2)]
        with pytest.raises(NotAvailableError, match=r"Java was not done after 1\.5 s, and was ended\."):
            list(program.lines(1))
    assert time.monotonic() - began < 30
    assert len(pids) == 2
    assert all(map(gone, pids))
    assert not program.folder.exists()


def test_children_are_killed_also_when_it_ended_well_or_was_left_by_an_error(tmp_path):
    java = fake_java(
        tmp_path,
        "import subprocess, sys\nnone = subprocess.DEVNULL\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], stdout=none, stderr=none)\n"
        "print(child.pid, flush=True)",
    )
    with Program([java], limit_s=60) as program:
        (first,) = map(int, program.lines(1))
        program.finish()
        assert gone(first)
    second = 0
    with contextlib.suppress(KeyboardInterrupt), Program([java], limit_s=60) as program:
        (second,) = map(int, program.lines(1))
        raise KeyboardInterrupt
    assert second
    assert gone(second)


def test_how_it_ended_is_said_with_the_line_that_tells_most(tmp_path):
    java = fake_java(
        tmp_path,
        "import sys\nprint('Picked up JAVA_TOOL_OPTIONS', file=sys.stderr)\n"
        "print('java.lang.UnsupportedClassVersionError: a/B \\x1b[31m', file=sys.stderr)\nprint('  at c.D', file=sys.stderr)\nsys.exit(3)",
    )
    for use in (lambda program: list(program.lines(1)), lambda program: program.finish()):
        with Program([java], limit_s=60) as program, pytest.raises(NotAvailableError) as caught:
            use(program)
        assert "with status 3: java.lang.UnsupportedClassVersionError: a/B \\x1b[31m." in str(caught.value)


def test_it_that_ends_before_it_listens_ends_the_conversation(tmp_path):
    java = fake_java(tmp_path, "print('1')")
    with Program([java], limit_s=60) as program:
        program.send(["x" * 1000] * 1000)
        with pytest.raises(NotAvailableError, match=r"Java ended too early with status 0\."):
            list(program.lines(2))


def test_a_flood_takes_no_memory_and_no_longer_than_the_limit(tmp_path):
    java = fake_java(tmp_path, "import sys\nwhile True: sys.stdout.write('x' * 65536)")
    with pytest.raises(NotAvailableError, match="was not done"), Program([java], limit_s=1.0) as program:
        program.finish()
    with Program([java], limit_s=60) as program:
        (line,) = program.lines(1)
    assert len(line) == 1 << 16


def test_what_does_not_exist_or_is_no_program_does_not_start(tmp_path):
    (tmp_path / "text").write_text("no program")
    for name in ("missing", "text", "nul\0"):
        with pytest.raises(NotAvailableError, match="does not start"), Program([str(tmp_path / name)], limit_s=1):
            pass
