# SPDX-License-Identifier: MIT
"""asyncio, and uvloop where it is installed, in the benchmarks of perf/bench.

See python/harness.py.
"""

import asyncio
import contextlib
import os
import pathlib
import random
import socket as sockets
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
from harness import (BLOCK, BLOCKS, CPU, LATER, MESSAGE, ONCE, OTHERS, ROWS, WALL, main, new_file,
                     resident_bytes, row)


async def nothing():
    pass


@row("yield", CPU)
async def yields(bench):
    async def turn():
        for _ in range((bench.items + 1) // 2):
            await asyncio.sleep(0)
    bench.begin()
    await asyncio.gather(turn(), turn())
    bench.end()


@row("create_await", CPU)
async def create_await(bench):
    bench.begin()
    for _ in range(bench.items):
        await asyncio.create_task(nothing())
    bench.end()


@row("cancel_unwind", CPU)
async def cancel_unwind(bench):
    cleaned = 0

    async def wait():
        nonlocal cleaned
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned += 1
    bench.begin()
    for _ in range(bench.items):
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)  # now it waits
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    bench.end()


@row("gather_1000", CPU)
async def gather(bench):
    bench.begin()
    for done in range(0, bench.items, 1000):
        await asyncio.gather(*(nothing() for _ in range(min(1000, bench.items - done))))
    bench.end()


# ---- sleeps


@row("sleep", WALL)
async def sleep(bench):
    bench.begin()
    for _ in range(bench.items):
        await asyncio.sleep(0.001)
    bench.end()
    bench.subtracted = bench.items * 1000000


@row("sleep_100k_cold", ONCE)
async def sleep_cold(bench):
    bench.begin()
    await asyncio.gather(*(asyncio.sleep(0.2) for _ in range(100000)))
    bench.end()


@row("sleep_100k_warm", ONCE)
async def sleep_warm(bench):
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(100000)))
    await sleep_cold(bench)


@row("million_asleep", ONCE)
async def million_asleep(bench):
    before = resident_bytes()
    begun = 0

    async def one():
        nonlocal begun
        begun += 1
        if begun == 1000000:
            bench.counters["resident_bytes"] = resident_bytes() - before
        await asyncio.sleep(3)
    bench.begin()
    await asyncio.gather(*(one() for _ in range(1000000)))
    bench.end()


# ---- timers


def arm_cancel(distance):
    async def run(bench):
        loop = asyncio.get_running_loop()
        start = loop.time() + 3600
        delays = [60 * random.random() for _ in range(1 << 20)]
        places = [random.randrange(OTHERS) for _ in range(1 << 20)]

        def arm(i):
            return loop.call_at(start + delays[i & 0xfffff], bool)
        handles = [arm(i) for i in range(OTHERS)]
        recent = [arm(i) for i in range(LATER)]
        bench.begin()
        if distance == 0:
            for i in range(bench.items):
                arm(i).cancel()
        else:
            for i in range(bench.items):
                those = recent if distance == LATER else handles
                place = i % LATER if distance == LATER else places[i & 0xfffff]
                those[place].cancel()
                those[place] = arm(i)
        bench.end()
    return run


row("timer_arm_cancel_1M", CPU)(arm_cancel(0))
row("timer_arm_cancel_1M_later", CPU)(arm_cancel(LATER))
row("timer_arm_cancel_1M_any", CPU)(arm_cancel(OTHERS))


@row("timeout_scope", CPU)
async def timeout_scope(bench):
    bench.begin()
    for _ in range(bench.items):
        async with asyncio.timeout(1):
            pass
    bench.end()


# ---- waiting for each other


@row("lock", CPU)
async def lock(bench):
    mutex = asyncio.Lock()
    bench.begin()
    for _ in range(bench.items):
        await mutex.acquire()
        mutex.release()
    bench.end()


@row("event", CPU)
async def event(bench):
    ping, pong = asyncio.Event(), asyncio.Event()

    async def answer():
        for _ in range(bench.items):
            await ping.wait()
            ping.clear()
            pong.set()
    partner = asyncio.create_task(answer())
    bench.begin()
    for _ in range(bench.items):
        ping.set()
        await pong.wait()
        pong.clear()
    bench.end()
    await partner


@row("queue_pingpong", CPU)
async def queue_pingpong(bench):
    ping, pong = asyncio.Queue(), asyncio.Queue()

    async def answer():
        for _ in range(bench.items):
            await pong.put(await ping.get())
    partner = asyncio.create_task(answer())
    bench.begin()
    for _ in range(bench.items):
        await ping.put(bench)
        await pong.get()
    bench.end()
    await partner


@row("generator", CPU)
async def generator(bench):
    def count():
        i = 0
        while True:
            yield i
            i += 1
    counting = count()
    bench.begin()
    for _ in range(bench.items):
        next(counting)
    bench.end()


@row("callback", CPU)
async def callback(bench):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = bench.items

    def link():
        nonlocal left
        left -= 1
        if left:
            loop.call_soon(link)
        else:
            done.set_result(None)
    bench.begin()
    loop.call_soon(link)
    await done
    bench.end()


@row("wake", WALL)
async def wake(bench):
    loop = asyncio.get_running_loop()
    answered = threading.Semaphore(0)
    done = loop.create_future()

    def ask():
        bench.begin()
        for _ in range(bench.items):
            loop.call_soon_threadsafe(answered.release)
            answered.acquire()
        bench.end()
        loop.call_soon_threadsafe(done.set_result, None)
    thread = threading.Thread(target=ask)
    thread.start()
    await done
    thread.join()


# ---- the kernel


@row("file", CPU)
async def file(bench):
    """There are no files in asyncio: what everybody does is to ask a thread."""
    with new_file() as opened:
        await asyncio.to_thread(bool)
        bench.begin()
        for i in range(bench.items):
            await asyncio.to_thread(os.pread, opened.fileno(), BLOCK, i % BLOCKS * BLOCK)
        bench.end()


@row("socket", CPU)
async def socket(bench):
    ours, theirs = sockets.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()

    async def answer():
        for _ in range(bench.items):
            await loop.sock_sendall(theirs, await loop.sock_recv(theirs, 64))
    partner = asyncio.create_task(answer())
    bench.begin()
    for _ in range(bench.items):
        await loop.sock_sendall(ours, MESSAGE)
        await loop.sock_recv(ours, 64)
    bench.end()
    await partner
    ours.close()
    theirs.close()


def on_loop(run, factory):
    def in_runner(bench):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(run(bench))
    return in_runner


def name_rows():
    """Each row above, once for each loop."""
    loops = {"asyncio": asyncio.new_event_loop}
    with contextlib.suppress(ImportError):
        import uvloop
        loops["uvloop"] = uvloop.new_event_loop
    own = dict(ROWS)
    ROWS.clear()
    for variant, factory in loops.items():
        for name, (clock, run) in own.items():
            if name != "generator" or variant == "asyncio":  # it needs no loop
                ROWS[f"{name}/{variant}"] = (clock, on_loop(run, factory))


if __name__ == "__main__":
    name_rows()
    main()
