#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One public interface, said three times the same: symbols.py SOURCE_ROOT LIBRARY MAP

What the shared library exports, what the map lists and what its headers in include/coil/ declare
with COIL_API are the same names. Every public function says in its comment, in this order: what it
does; may it suspend; on which thread; who owns what; what cancellation does; every error.
"""

import glob
import os
import re
import subprocess

import source

# The headers of libraries beside the main one; all others are its own.
HEADERS_OF = {"coil-tls.map": {"tls.h"}}
PARTS = ["Suspends", "Thread", "Ownership", "Cancellation", "Errors"]
QUALIFIERS = {"const", "volatile", "restrict", "struct", "enum", "union"}
BUILTINS = {"void", "char", "short", "int", "long", "float", "double", "signed", "unsigned",
            "_Bool", "bool"}
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)


def exported(library):
    """The names in the dynamic symbol table, but for the version nodes of the map (type A)."""
    table = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                           capture_output=True, text=True).stdout
    rows = [line.split() for line in table.splitlines()]
    return {row[2].split("@")[0] for row in rows if row[1] != "A"}


def mapped(text):
    """The names after `global:`, with their lines; and what is wrong with the map itself."""
    names, wrong = {}, []
    text = re.sub(r"#[^\n]*", source.blank, source.without_comments(text))
    visible = False
    for match in re.finditer(r"(global|local)\s*:|([\w*?\[\]]+)\s*;|[{}]", text):
        line = source.line_of(text, match.start())
        if match[1]:
            visible = match[1] == "global"
        elif match[0] in "{}":
            visible = match[0] == "{"
        elif visible and not re.fullmatch(r"\w+", match[2]):
            wrong.append((line, f"{match[2]} is a pattern; every symbol is listed by its name"))
        elif visible:
            names[match[2]] = line
    return names, wrong


def statements(text):
    """The declarations outside all braces but those of extern "C": (offset, text)."""
    text = DIRECTIVE.sub(source.blank, source.without_comments(text))
    text = re.sub(r'extern\s+"C"\s*\{', source.blank, text)
    depth, start = 0, 0
    for match in re.finditer(r"[{};]", text):
        if match[0] == "{":
            depth += 1
            continue
        if match[0] == "}":
            depth = max(depth - 1, 0)  # the end of extern "C" has lost its beginning above
        if depth == 0:
            statement = text[start:match.end()]
            yield start + len(statement) - len(statement.lstrip()), statement.strip()
            start = match.end()


def parameters(declaration, start):
    """The texts between the parenthesis at start and its partner, split at the outer commas."""
    depth, parts, begin = 0, [], start + 1
    for offset in range(start, len(declaration)):
        depth += {"(": 1, ")": -1}.get(declaration[offset], 0)
        if depth == 0 or (depth == 1 and declaration[offset] == ","):
            parts.append(declaration[begin:offset].strip())
            begin = offset + 1
        if depth == 0:
            break
    return parts


def is_named(parameter):
    if re.search(r"\(\s*\*\s*(const\s+)?\w+", parameter):
        return True
    words = [word for word in re.findall(r"\w+|\*", re.sub(r"\[[^]]*\]", "", parameter))
             if word not in QUALIFIERS]
    return len(words) > 1 and words[-1] != "*" and words[-1] not in BUILTINS


def check_comment(text, offset):
    """The comment must end on the line above the declaration and have the six parts."""
    match = re.search(r"/\*((?:(?!\*/).)*)\*/[ \t]*\n[ \t]*\Z", text[:offset], re.S)
    if not match:
        return "has no /* comment */ directly above it"
    lines = [re.sub(r"^[ \t]*\*?[ \t]*", "", line).rstrip() for line in match[1].splitlines()]
    found, bodies = ["the first paragraph"], [""]
    for line in lines:
        head, colon, rest = line.partition(":")
        if colon and head in PARTS:
            found.append(head)
            bodies.append(rest)
        else:
            bodies[-1] += line
    if found[1:] != PARTS:
        return f"has a comment with the parts [{', '.join(found[1:])}], not [{', '.join(PARTS)}]"
    for head, body in zip(found, bodies):
        if not body.strip("* \t"):
            return f"has a comment where {head} says nothing"
    return None


def check_header(path, text):
    """(declared names with their places, findings) of one public header."""
    names, findings = {}, []
    for offset, statement in statements(text):
        place = f"{path}:{source.line_of(text, offset)}"
        function = re.search(r"\b(coil_\w+)\s*\(", statement)
        if not re.search(r"\bCOIL_API\b", statement):
            if function and not re.match(r"(typedef|static)\b", statement):
                findings.append(f"{place}: {function[1]} is declared without COIL_API")
            continue
        name = function or re.search(r"\b(coil_\w+)\s*(?:\[[^]]*\]\s*)*;", statement)
        if not name:
            findings.append(f"{place}: COIL_API without a name that starts with coil_")
            continue
        names[name[1]] = place
        if not function:
            continue
        for parameter in parameters(statement, function.end() - 1):
            if parameter == "":
                findings.append(f"{place}: {name[1]}() takes no parameters: write (void)")
            elif parameter not in ("void", "...") and not is_named(parameter):
                findings.append(f"{place}: {name[1]}: the parameter `{parameter}` has no name")
        if wrong := check_comment(text, offset):
            findings.append(f"{place}: {name[1]} {wrong}")
    return names, findings


def belongs(header, map_file):
    own = HEADERS_OF.get(os.path.basename(map_file))
    return header in own if own else not any(header in other for other in HEADERS_OF.values())


def check(root, library, map_file):
    findings, declared = [], {}
    # Also the headers that the build fills in.
    for header in sorted(glob.glob(os.path.join(root, "include", "coil", "*.h*"))):
        if not belongs(os.path.basename(header), map_file):
            continue
        path = os.path.relpath(header, root)
        names, more = check_header(path, source.read(root, path))
        declared.update(names)
        findings += more

    with open(map_file, encoding="utf-8") as file:
        listed, wrong = mapped(file.read())
    map_path = os.path.relpath(map_file, root)
    exports = exported(library)
    findings += [f"{map_path}:{line}: {text}" for line, text in wrong]
    findings += [f"{map_path}:{listed[name]}: {name} is declared in no public header"
                 for name in sorted(listed.keys() - declared.keys())]
    findings += [f"{map_path}:{listed[name]}: {name} is not exported by the library"
                 for name in sorted(listed.keys() - exports)]
    findings += [f"{declared[name]}: {name} is not in {map_path}"
                 for name in sorted(declared.keys() - listed.keys())]
    findings += [f"{library}:0: exports {name}, which is not in {map_path}"
                 for name in sorted(exports - listed.keys())]
    return findings


if __name__ == "__main__":
    source.main(check)
