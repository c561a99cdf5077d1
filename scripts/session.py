"""Runs the commands of a session in a terminal of 112 columns, and draws its screen: session.py FOLDER FILE.svg"""

import os
import pty
import re
import sys

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 112, 80
COMMANDS = [
    "barenet train --data iris.csv",
    "barenet predict runs/iris iris.csv | head -4",
    "barenet export runs/iris --data iris.csv --format firmware --dtype int8",
]


def run(command, stream):
    """Feeds what a command prints on a terminal to a screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("bash", ["bash", "-c", f"stty cols {COLUMNS} rows {LINES}; {command}"])
    while True:
        try:
            found = os.read(terminal, 4096)
        except OSError:  # The end, on Linux.
            break
        if not found:
            break
        stream.feed(found)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        sys.exit(f"session: failed: {command}")


def style(char):
    colour = None if char.fg == "default" else char.fg.replace("brown", "yellow")
    return " ".join(word for word in ("bold" if char.bold else "", colour or "") if word)


def main(folder, path):
    os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LC_ALL": "C.UTF-8"}
    target = os.path.abspath(path)
    os.chdir(folder)
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    for command in COMMANDS:
        stream.feed(f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m\r\n".encode())
        run(command, stream)
    stream.feed(b"\x1b[32m$\x1b[0m ")
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))
    for row in range(screen.cursor.y + 1):
        text = Text()
        for column in range(COLUMNS):
            char = screen.buffer[row][column]
            text.append(char.data, style(char))
        text.rstrip()
        console.print(text)
    # Fonts of the reader's machine: a picture asks nobody for one.
    template = re.sub(r"@font-face \{\{.*?\}\}\s*|<!--.*?-->\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(target, title="barenet", code_format=template.replace("Fira Code", "monospace"))


main(*sys.argv[1:])
