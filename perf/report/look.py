# SPDX-License-Identifier: MIT
"""How tests look at a page."""

import html.parser
import re
import sys
import xml.etree.ElementTree

SVG = re.compile(r"<svg.*?</svg>", re.S)
VOID = {"meta", "br"}


class Balance(html.parser.HTMLParser):
    """Every element that begins, ends."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, f"</{tag}> has a beginning")


def check(condition, text):
    if not condition:
        sys.exit(f"not so: {text}")


def look_at(text, plots):
    """The plots of a page that is well-formed and stands alone."""
    check("$" not in text, "everything is filled in")
    # The names of XML's own vocabularies are no addresses.
    references = re.findall(r"(?:src|href)=[\"']([^\"']*)|url\(([^)]*)", text)
    check(all((a or b).startswith("#") for a, b in references), f"stands alone: {references}")
    balance = Balance()
    balance.feed(text)
    check(not balance.open, f"ends what it begins: {balance.open}")
    drawn = SVG.findall(text)
    check(len(drawn) == plots, f"{plots} plots: {len(drawn)}")
    for one in drawn:
        xml.etree.ElementTree.fromstring(one)
    ids = re.findall(r"\bid=[\"']([^\"']*)", text)
    check(len(ids) == len(set(ids)), "names are used once")
    return drawn
