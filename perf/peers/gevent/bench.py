# SPDX-License-Identifier: MIT
"""gevent in the benchmarks of perf/bench; see python/harness.py."""

import os
import pathlib
import sys
import threading

import gevent
import gevent.event
import gevent.lock
import gevent.queue
import gevent.socket
import gevent.threadpool
import greenlet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
from harness import (BLOCK, BLOCKS, CPU, MESSAGE, ONCE, WALL, main, new_file, resident_bytes, row)


@row("yield/gevent", CPU)
def yields(bench):
    def turn():
        for _ in range((bench.items + 1) // 2):
            gevent.sleep(0)
    bench.begin()
    gevent.joinall([gevent.spawn(turn), gevent.spawn(turn)])
    bench.end()


@row("create_await/gevent", CPU)
def create_await(bench):
    bench.begin()
    for _ in range(bench.items):
        gevent.spawn(bool).get()
    bench.end()


@row("cancel_unwind/gevent", CPU)
def cancel_unwind(bench):
    cleaned = 0

    def wait():
        nonlocal cleaned
        try:
            gevent.sleep(3600)
        finally:
            cleaned += 1
    bench.begin()
    for _ in range(bench.items):
        waiting = gevent.spawn(wait)
        gevent.sleep(0)  # now it waits
        waiting.kill()
    bench.end()


@row("gather_1000/gevent", CPU)
def gather(bench):
    bench.begin()
    for done in range(0, bench.items, 1000):
        gevent.joinall([gevent.spawn(bool) for _ in range(min(1000, bench.items - done))])
    bench.end()


@row("sleep/gevent", WALL)
def sleep(bench):
    bench.begin()
    for _ in range(bench.items):
        gevent.sleep(0.001)
    bench.end()
    bench.subtracted = bench.items * 1000000


@row("sleep_100k_cold/gevent", ONCE)
def sleep_cold(bench):
    before = resident_bytes()
    bench.begin()
    asleep = [gevent.spawn(gevent.sleep, 0.2) for _ in range(100000)]
    gevent.sleep(0)
    bench.counters["resident_bytes"] = resident_bytes() - before
    gevent.joinall(asleep)
    bench.end()


@row("timeout_scope/gevent", CPU)
def timeout_scope(bench):
    bench.begin()
    for _ in range(bench.items):
        with gevent.Timeout(1):
            pass
    bench.end()


@row("lock/gevent", CPU)
def lock(bench):
    mutex = gevent.lock.Semaphore()
    bench.begin()
    for _ in range(bench.items):
        mutex.acquire()
        mutex.release()
    bench.end()


@row("event/gevent", CPU)
def event(bench):
    ping, pong = gevent.event.Event(), gevent.event.Event()

    def answer():
        for _ in range(bench.items):
            ping.wait()
            ping.clear()
            pong.set()
    partner = gevent.spawn(answer)
    bench.begin()
    for _ in range(bench.items):
        ping.set()
        pong.wait()
        pong.clear()
    bench.end()
    partner.join()


def ping_pong(bench, ping, pong):
    def answer():
        for _ in range(bench.items):
            pong.put(ping.get())
    partner = gevent.spawn(answer)
    bench.begin()
    for _ in range(bench.items):
        ping.put(bench)
        pong.get()
    bench.end()
    partner.join()


@row("queue_pingpong/gevent", CPU)
def queue_pingpong(bench):
    ping_pong(bench, gevent.queue.Queue(), gevent.queue.Queue())


@row("channel/gevent", CPU)
def channel(bench):
    ping_pong(bench, gevent.queue.Channel(), gevent.queue.Channel())


@row("generator/gevent", CPU)
def generator(bench):
    """A greenlet, which is what gevent stands on."""
    caller = greenlet.getcurrent()

    def count():
        i = 0
        while caller.switch(i) is None:
            i += 1
    counting = greenlet.greenlet(count)
    counting.switch()
    bench.begin()
    for _ in range(bench.items):
        counting.switch()
    bench.end()
    counting.switch(True)


@row("callback/gevent", CPU)
def callback(bench):
    loop = gevent.get_hub().loop
    done = gevent.event.Event()
    left = bench.items

    def link():
        nonlocal left
        left -= 1
        if left:
            loop.run_callback(link)
        else:
            done.set()
    bench.begin()
    loop.run_callback(link)
    done.wait()
    bench.end()


@row("wake/gevent", WALL)
def wake(bench):
    answered = threading.Semaphore(0)
    done = gevent.event.Event()
    asked = 0

    def answer():
        answered.release()
        if asked == bench.items:
            done.set()

    def ask():
        nonlocal asked
        bench.begin()
        for _ in range(bench.items):
            asked += 1
            watcher.send()
            answered.acquire()
        bench.end()
    watcher = gevent.get_hub().loop.async_()
    watcher.start(answer)
    thread = threading.Thread(target=ask)
    thread.start()
    done.wait()
    thread.join()
    watcher.close()


@row("file/gevent", CPU)
def file(bench):
    """Files are a matter of its thread pool."""
    pool = gevent.get_hub().threadpool
    with new_file() as opened:
        pool.apply(bool)
        bench.begin()
        for i in range(bench.items):
            pool.apply(os.pread, (opened.fileno(), BLOCK, i % BLOCKS * BLOCK))
        bench.end()


@row("socket/gevent", CPU)
def socket(bench):
    ours, theirs = gevent.socket.socketpair()

    def answer():
        for _ in range(bench.items):
            theirs.sendall(theirs.recv(64))
    partner = gevent.spawn(answer)
    bench.begin()
    for _ in range(bench.items):
        ours.sendall(MESSAGE)
        ours.recv(64)
    bench.end()
    partner.join()
    ours.close()
    theirs.close()


if __name__ == "__main__":
    main()
