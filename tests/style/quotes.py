#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents quote is what the files say: quotes.py SOURCE_ROOT

A fenced block after a line `<!-- quotes PATH -->` equals the file, its licence line apart.
"""

import pathlib
import re
import sys

QUOTE = re.compile(r"^<!-- quotes (\S+) -->\n```\w*\n(.*?)^```$", re.M | re.S)


def main(root):
    findings = quotes = 0
    for page in [*root.glob("*.md"), *root.glob("docs/*.md")]:
        text = page.read_text(encoding="utf-8")
        for match in QUOTE.finditer(text):
            quotes += 1
            path = root / match.group(1)
            said = path.read_text(encoding="utf-8") if path.is_file() else ""
            said = re.sub(r"\A// SPDX[^\n]*\n", "", said)
            if match.group(2) != said:
                line = text.count("\n", 0, match.start()) + 1
                print(f"{page.relative_to(root)}:{line}: differs from {match.group(1)}")
                findings += 1
        if text.count("<!-- quotes ") != len(QUOTE.findall(text)):
            print(f"{page.relative_to(root)}:1: a quotes line without a fenced block after it")
            findings += 1
    if not quotes:
        print("README.md:1: quotes nothing: is the mark still the one that this looks for?")
        findings += 1
    return findings > 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
