#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the demo's page in small and looks at it: test_demo.py CRAWL"""

import contextlib
import io
import json
import pathlib
import shutil
import sys
import tempfile

import demo
import page
from look import check, look_at

SKIP = 77


def make(crawl, folder):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        demo.main(crawl, folder)
    check(f"file://{folder}/index.html" in said.getvalue(), f"it says where: {said.getvalue()}")
    return said.getvalue(), (pathlib.Path(folder) / "index.html").read_text(encoding="utf-8")


def main(crawl):
    if not shutil.which("gnuplot"):
        sys.exit(SKIP)
    demo.PAGES, demo.LATENCY, demo.ASLEEP, demo.SIZES = 5, 0.01, 0.05, [100, 300]
    with tempfile.TemporaryDirectory() as folder:
        said, text = make(crawl, folder)
        bars, times, memory = look_at(text, 3)
        check(all(name in bars for name in page.NAMES.values()), "a bar for each way")
        check(all(f">{name}<" in one for name in ("tasks", "threads") for one in (times, memory)),
              "a legend")
        measured = json.loads((pathlib.Path(folder) / "measured.json").read_text(encoding="utf-8"))
        sizes = [run["pages"] for run in measured["asleep"]["threads"][0]]
        check(sizes == [100, 300] and "no more" not in said, f"all sizes were run: {measured}")

        demo.FOOTPRINT["threads"] = demo.free_kib() / 400  # of which half is for 200 of them
        said, text = make(crawl, folder)
        look_at(text, 3)
        check("No more threads: 300 threads would take half" in text and
              "no more threads: 300" in said, "it stops before memory runs out, and says so")


if __name__ == "__main__":
    main(*sys.argv[1:])
