# SPDX-License-Identifier: MIT
"""A server that is measured: a process with a core of its own, and what the kernel says of it."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

ENTER = "syscalls:sys_enter_io_uring_enter"
CALL = "raw_syscalls:sys_enter"


class Failed(Exception):
    """What went wrong, in one line."""


def pin(core):
    """The calling process runs on this core, or anywhere when there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


def descriptors_limit(wanted):
    """Raises that of the calling process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        raise Failed(f"it takes {wanted} descriptors and may have {hard}: raise ulimit -Hn, or "
                     "ask for fewer connections") from None


class Process:
    """What the kernel knows of one."""

    def __init__(self, pid):
        self.pid = pid

    def read(self, name):
        return pathlib.Path(f"/proc/{self.pid}/{name}").read_text(encoding="ascii")

    def cpu(self):
        """ns that all of its threads have had, those that ended, too."""
        return time.clock_gettime_ns(~self.pid << 3 | 2)  # as clock_getcpuclockid makes it

    def resident(self):
        """KiB."""
        return int(re.search(r"^Rss:\s+(\d+)", self.read("smaps_rollup"), re.M).group(1))

    def page_tables(self):
        """KiB."""
        return int(re.search(r"^VmPTE:\s+(\d+)", self.read("status"), re.M).group(1))

    def descriptors(self):
        # A listing would make an inode of each; since Linux 6.2 the size is their number.
        path = f"/proc/{self.pid}/fd"
        return os.stat(path).st_size or len(os.listdir(path))

    def in_flight(self):
        """Operations that wait in the kernel, as it lists them for the descriptor of the ring."""
        for fd in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            if os.readlink(fd) == "anon_inode:[io_uring]":
                return len(re.findall(r"^ +op=", self.read(f"fdinfo/{fd.name}"), re.M))
        raise Failed("the server has no ring")


class Server(Process):
    """Runs on the first core, says on which port it listens, and ends with its scope."""

    def __init__(self, command, limit=0):
        """`limit`: the least number of descriptors that it may have."""
        def prepare():
            pin(0)
            descriptors_limit(limit)

        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, preexec_fn=prepare)
        super().__init__(self.process.pid)
        line = self.process.stdout.readline()
        if not line:
            self.end()
            raise Failed(f"{' '.join(map(str, command))} did not start")
        self.port = int(line.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.kill()  # a wait for a ring is nothing that a signal ends under Valgrind
        self.process.wait()
        self.process.stdout.close()


def run_client(command):
    """What it prints. It has the second core."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          preexec_fn=lambda: pin(1), timeout=600, check=False)
    if done.returncode:
        raise Failed(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
    return done.stdout


@contextlib.contextmanager
def counted_calls(pid, counts):
    """How often a process enters its ring and how often the kernel at all within the scope: at its
    end `counts` has these two; none where perf cannot count."""
    if not shutil.which("perf"):
        yield
        return
    with tempfile.NamedTemporaryFile("r") as out:
        perf = subprocess.Popen(["perf", "stat", "-x,", "-e", f"{ENTER},{CALL}", "-o", out.name,
                                 "-p", str(pid)], stderr=subprocess.DEVNULL)
        time.sleep(0.3)  # perf does not say when it has begun
        yield
        perf.send_signal(signal.SIGINT)
        perf.wait()
        text = out.read()
        found = [re.search(rf"^(\d+),.*{event}", text, re.M) for event in (ENTER, CALL)]
        if all(found):
            counts += [int(match.group(1)) for match in found]
