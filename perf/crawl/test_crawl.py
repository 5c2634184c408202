#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives crawl as its users do, against its own server and against one that misbehaves.

    test_crawl.py PROGRAM [NAME...]
"""

import contextlib
import http.server
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MODES = ["sequential", "threads", "tasks"]
ROW = re.compile(r"^(\w+) +(\d+) +(\d+) +([\d.]+) +([\d.]+|-) +([\d.]+) +([\d.]+) +(\d+)$", re.M)
PATIENCE = 120

program = ""


class NotSo(Exception):
    pass


def check(condition, text):
    if not condition:
        raise NotSo(text)


def start(*arguments, **more):
    return subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **more)


def finish(process):
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(*arguments, **more):
    return finish(start(*arguments, **more))


def crawl(*arguments, status=0, **more):
    """Runs it, and gives the run and what it wrote as JSON, a dictionary of its modes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        done = run(*arguments, "--json", path, **more)
        check(done.returncode == status, f"{arguments} ends with {status}: {done}")
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    modes = {one["mode"]: one for one in report["runs"]}
    for one in modes.values():
        check(one["ok"] + one["failed"] == report["pages"], f"each page is accounted for: {one}")
        check(len(one.get("failures", [])) == one["failed"], f"each failure is named: {one}")
    return done, report, modes


@contextlib.contextmanager
def file_of(*lines):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(line + "\n" for line in lines))
        file.flush()
        yield file.name


@contextlib.contextmanager
def site():
    """A server on loopback: /ok, /missing, /never, /torn (it ends in the middle), and two that
    have moved."""
    hang = threading.Event()
    moves = {"/moved": "/ok", "/moved-away": "/missing"}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/torn":
                self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                self.close_connection = True
                return
            if self.path == "/never":
                hang.wait()
                return
            moved = moves.get(self.path)
            self.send_response(302 if moved else 200 if self.path == "/ok" else 404)
            if moved:
                self.send_header("Location", moved)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"page")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        hang.set()
        server.shutdown()


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(child) for child in file.read().split()]


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()


def is_alive(pid):
    """One that has ended and that nobody waited for is not."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def child_named(process, name):
    """Waits until a program has a child of this name, and gives its number."""
    while process.poll() is None:
        for child in children(process.pid):
            with contextlib.suppress(OSError):
                if name_of(child) == name:
                    return child
        time.sleep(0.01)
    raise NotSo(f"there is a child {name}")


def wait_for_sockets(pid, n):
    """Waits until a process has so many."""
    def sockets():
        count = 0
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                count += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
        return count

    while sockets() < n:
        time.sleep(0.01)


def test_table():
    for client in ("sleep", "http"):
        done = run("--client", client, "--pages", "10", "--latency", "0.01")
        rows = {row[0]: row for row in ROW.findall(done.stdout)}
        check(done.returncode == 0 and not done.stderr, f"nothing to complain of: {done}")
        check(list(rows) == MODES, f"a row for each mode, in order: {done.stdout}")
        check(all(row[1:3] == ("10", "0") for row in rows.values()), f"all fetched: {done.stdout}")
        check(len(done.stdout.splitlines()) == 4, f"a head and three rows: {done.stdout}")
        check(rows["sequential"][4] == "1.0", f"it is what the others are compared with: {rows}")


def test_json():
    _, report, modes = crawl("--pages", "7", "--latency", "0.02", "--modes", "tasks,threads")
    check([report[key] for key in ("pages", "latency_s", "client")] == [7, 0.02, "http"], report)
    check(list(modes) == ["threads", "tasks"], f"the modes that were asked for: {report}")
    for one in modes.values():
        check(one["ok"] == 7 and one["failed"] == 0, one)
        check(one["seconds"] >= 0.02 and one["cpu_seconds"] > 0, one)
        check(one["peak_rss_kib"] > 100 and one["threads"] >= 1, one)


def test_one_by_one():
    _, _, modes = crawl("--pages", "3", "--latency", "0.02", "--modes", "sequential")
    one = modes["sequential"]
    check(one["concurrency"] == 1 and one["seconds"] >= 0.06, f"one after the other: {one}")


def test_threads_are_counted():
    _, _, modes = crawl("--pages", "20", "--latency", "0.3", "--client", "sleep",
                        "--modes", "threads,tasks")
    # ThreadSanitizer has one or two of its own.
    check(21 <= modes["threads"]["threads"] <= 23, f"one a page and the first: {modes}")
    check(modes["tasks"]["threads"] <= 2, f"tasks need none: {modes}")


def test_at_once():
    """With n at once, pages take as many rounds: never less."""
    _, _, modes = crawl("--pages", "12", "--latency", "0.05", "--concurrency", "4",
                        "--modes", "threads,tasks", "--floor", "--rounds", "1")
    check(set(modes) == {"threads", "tasks", "floor"}, f"the floor, too: {modes}")
    for one in modes.values():
        check(one["ok"] == 12 and one["concurrency"] == 4, one)
        check(one["seconds"] >= 0.15, f"three rounds of 0.05 s: {one}")


def test_usage():
    with file_of() as empty, file_of("# nothing", "", "  ") as blank:
        for arguments in (["--pages", "0"], ["--pages", "x"], ["--pages", "-1"], ["--pages", "1e3"],
                          ["--pages"], ["--latency", "-1"], ["--latency", "nan"],
                          ["--latency", ""], ["--latency", "1s"], ["--timeout", "-1"],
                          ["--client", "ftp"],
                          ["--modes", ""], ["--modes", "tasks,"], ["--modes", "task"],
                          ["--modes", "floor"], ["--concurrency", "0"], ["--rounds", "0"],
                          ["--no-such"], ["page"], ["--floor", "--client", "sleep"],
                          ["--urls", "/nowhere/at/all"], ["--urls", "/"], ["--urls", empty],
                          ["--urls", blank], ["--urls", blank, "--pages", "3"]):
            done = run(*arguments)
            check(done.returncode == 2, f"{arguments}: exit status 2: {done}")
            check(done.stderr.count("\n") == 1 and done.stderr.startswith("crawl: "),
                  f"{arguments}: one line: {done.stderr!r}")
            check(not done.stdout, f"{arguments}: no table: {done.stdout!r}")
    done = run("--help")
    check(done.returncode == 0 and "--pages" in done.stdout and not done.stderr, f"help: {done}")


def test_json_not_writable():
    done = run("--client", "sleep", "--latency", "0", "--json", "/nowhere/at/all")
    check(done.returncode == 1 and done.stderr.count("\n") == 1, f"one line: {done}")
    check(len(ROW.findall(done.stdout)) == 3, f"the table all the same: {done}")


def test_pages_that_fail():
    """Each is counted and named with its reason, in each mode, and stops no other."""
    with site() as base:
        refused = f"http://127.0.0.1:{closed_port()}/"
        bad = {f"{base}/missing": "HTTP 404", refused: "Connection refused", f"{base}/torn": "",
               f"{base}/moved-away": "HTTP 404",
               "gopher://127.0.0.1/": "protocol", "http://[nonsense/": ""}
        good = [f"{base}/ok", f"{base}/moved", f"{base}/ok"]
        urls = [good[0], *bad, *good[1:]]
        with file_of("# a list", "", *urls) as path:
            done, report, modes = crawl("--urls", path, status=1)
    check(report["pages"] == len(urls) and list(modes) == MODES, report)
    for mode, one in modes.items():
        reasons = {failure["page"]: failure["reason"] for failure in one["failures"]}
        check(set(reasons) == set(bad), f"{mode}: these have failed: {reasons}")
        for page, reason in bad.items():
            check(reason in reasons[page] and reasons[page], f"{mode}: why: {reasons}")
            check(f"crawl: {mode}: {page}: {reasons[page]}\n" in done.stderr, done.stderr)
    check(done.stderr.count("\n") == len(bad) * len(MODES), f"a line each: {done.stderr}")


def test_timeout():
    """A page that never comes is given up, and the others are not."""
    with site() as base, file_of(f"{base}/ok", f"{base}/never", f"{base}/ok") as path:
        _, _, modes = crawl("--urls", path, "--timeout", "0.3", "--floor", "--rounds", "1",
                            "--modes", ",".join(MODES), status=1)
    check(list(modes) == [*MODES, "floor"], modes)
    for mode, one in modes.items():
        reasons = [failure["reason"] for failure in one["failures"]]
        check(reasons == ["Timeout was reached"] and one["ok"] == 2, f"{mode}: {one}")
        check(one["seconds"] >= 0.3, f"{mode}: not before its time: {one}")


def test_many_failures():
    """The first ones are on the terminal, all of them in the file."""
    with file_of(*[f"http://127.0.0.1:{closed_port()}/"] * 100) as path:
        done, _, modes = crawl("--urls", path, "--modes", "tasks", status=1)
    check(modes["tasks"]["failed"] == 100, modes)
    check(done.stderr.count("\n") == 21 and "80 pages more" in done.stderr, done.stderr)


def test_server_killed():
    """In the middle: every page is accounted for, in each mode."""
    for mode in MODES:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out.json")
            # More seconds than anybody waits for: it is the server's death that ends it.
            process = start("--pages", "300", "--latency", "30", "--concurrency", "100",
                            "--modes", mode, "--json", path)
            server = child_named(process, "crawl-server")
            wait_for_sockets(server, 2 if mode == "sequential" else 50)
            os.kill(server, signal.SIGKILL)
            done = finish(process)
            with open(path, encoding="utf-8") as file:
                one = json.load(file)["runs"][0]
        check(done.returncode == 1, f"{mode}: pages have failed: {done}")
        check(one["ok"] == 0 and one["failed"] == 300, f"{mode}: all are accounted for: {one}")
        check(all(failure["reason"] != "not fetched" for failure in one["failures"]),
              f"{mode}: each has a reason")
        check("the server has ended" in done.stderr, done.stderr)


def test_crawler_killed():
    """What is known of a process that died is reported."""
    process = start("--client", "sleep", "--pages", "5", "--latency", "100", "--modes", "tasks")
    os.kill(child_named(process, "tasks"), signal.SIGKILL)
    done = finish(process)
    check(done.returncode == 1 and "5 pages were not fetched" in done.stderr, done)
    check([row[:3] for row in ROW.findall(done.stdout)] == [("tasks", "5", "5")], done.stdout)


def test_interrupt():
    """What is done is reported, nobody is left behind, and the shell knows of it."""
    for number, client in ((signal.SIGINT, "http"), (signal.SIGTERM, "sleep")):
        # Without end for anybody who waits.
        process = start("--client", client, "--latency", "30",
                        "--modes", "sequential,tasks")
        child_named(process, "sequential")
        left = children(process.pid)
        process.send_signal(number)
        done = finish(process)
        check(done.returncode == -number, f"it ends by the signal: {done}")
        check("interrupted: 0 of 100 pages" in done.stderr, done.stderr)
        check([row[:3] for row in ROW.findall(done.stdout)] == [("sequential", "100", "100")],
              f"what was done, and no other mode: {done.stdout}")
        check(not any(os.path.exists(f"/proc/{child}") for child in left), "no child is left")


def test_killed():
    """Whoever cannot clean up leaves nobody behind all the same."""
    process = start("--latency", "30", "--modes", "tasks")
    child_named(process, "tasks")
    left = children(process.pid)
    check(len(left) == 2, f"the server and the crawler: {left}")
    process.kill()
    process.communicate(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while any(map(is_alive, left)):
        check(time.monotonic() < deadline, "no child is left")
        time.sleep(0.01)


def test_few_descriptors():
    """Fewer pages at once, and it says so; a soft limit alone is raised."""
    def limit(soft, hard):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    arguments = ("--pages", "100", "--latency", "0.01", "--modes", "threads,tasks", "--floor",
                 "--rounds", "1")
    done, _, modes = crawl(*arguments, preexec_fn=limit(64, 64))
    for mode, one in modes.items():
        check(one["ok"] == 100 and one["concurrency"] < 64, f"{mode}: fewer at once: {one}")
        check(f"crawl: {mode}: {one['concurrency']} pages at once, not 100: the limit is open "
              "descriptors\n" in done.stderr, done.stderr)
    check(done.stderr.count("\n") == 3, f"a line each: {done.stderr}")
    if hard >= 1024:
        done, _, modes = crawl(*arguments, preexec_fn=limit(64, hard))
        check(modes["tasks"]["concurrency"] == 100 and not done.stderr, f"raised: {done}")


def test_more_pages_than_descriptors():
    _, _, modes = crawl("--pages", "2000", "--latency", "0.01", "--modes", "tasks",
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    check(modes["tasks"]["ok"] == 2000, f"all are fetched: {modes}")


def main(path, *names):
    global program
    program = path
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_") or names and name not in names:
            continue
        try:
            test()
            passed += 1
        except Exception as error:  # whatever it is, the others go on
            print(f"{name}: {type(error).__name__}: {error}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or not passed)


if __name__ == "__main__":
    main(*sys.argv[1:])
