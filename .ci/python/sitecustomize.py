"""Python's `print` writes a line's text and its end apart, so that lines of several threads run into each other: the loopback sites of
../shared, which print each path they are asked for, were seen to lose one in a hundred runs so. Here a line is one write.

Read by every Python that is started with PYTHONPATH=.ci/python.
"""
import builtins
import sys


def line(*values, sep=" ", end="\n", file=None, flush=False):
    file = file or sys.stdout
    file.write((" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end))
    if flush:
        file.flush()


builtins.print = line
