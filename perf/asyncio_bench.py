#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What asyncio takes for what build/perf/bench measures of coil: asyncio_bench.py

Processor time, medians of several runs; starting and closing the loop is in it.
"""

import asyncio
import statistics
import sys
import time

RUNS = 7


async def yielding(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def two_yield(n):
    await asyncio.gather(yielding(n // 2), yielding(n // 2))


async def nothing():
    pass


async def create_and_await(n):
    for _ in range(n):
        await asyncio.create_task(nothing())


def measure(work, n):
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        asyncio.run(work(n))
        times.append((time.process_time() - start) / n * 1e9)
    return statistics.median(times)


def main():
    print(f"asyncio of Python {sys.version.split()[0]}, medians of {RUNS}")
    print(f"yield, a switch between two tasks  {measure(two_yield, 200000):8.0f} ns")
    print(f"create a task and await it         {measure(create_and_await, 50000):8.0f} ns")


if __name__ == "__main__":
    main()
