"""Makes the tables in src/symbols/reach/native: the names that a language brings without a package.

    python3 tests/symbols/native.py python [FOLDER OF ANOTHER VERSION'S LIBRARY …] > src/symbols/reach/native/python.txt
    python3 tests/symbols/native.py rust "$(rustc --print sysroot)" > src/symbols/reach/native/rust.txt
"""

import ast
import builtins
import collections
import pathlib
import re
import sys
import sysconfig
import types
import warnings

# Beside those compiled into the interpreter: what CPython builds in C, present or not on a platform.
COMPILED = (
    "math cmath array select _socket zlib pyexpat unicodedata fcntl mmap resource termios grp _struct _json _csv _datetime _decimal "
    "_heapq _bisect _random _pickle _ctypes _asyncio _hashlib _ssl _sqlite3 _lzma _bz2 _elementtree _curses"
).split()

# Folders of the library that no program uses.
NOT_USED = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "turtledemo"}


def members(kind):
    return " ".join(name for name in dir(kind) if not name.startswith("__"))


def python(others):
    """A line for each built-in type with its members, `~` before types without a name in `builtins`, then `@` lists of names."""
    kinds = {name: value for name, value in vars(builtins).items() if isinstance(value, type)}
    for name in sorted(kinds):
        print(f"{name}:{members(kinds[name])}")
    pattern = re.compile("")
    named = collections.namedtuple("named", "")()
    for value in (members, (x for x in ()), types, pattern, pattern.match(""), {}.keys(), {}.items(), named):
        print(f"~{type(value).__name__}:{members(type(value))}")
    print("@functions:" + " ".join(name for name in dir(builtins) if name not in kinds))
    print("@modules:" + " ".join(sorted(name for name in sys.stdlib_module_names if not name.startswith("_"))))
    words = set()
    for name in [*sys.builtin_module_names, *COMPILED]:
        try:
            module = __import__(name)
        except ImportError:
            continue
        for key in dir(module):
            value = getattr(module, key)
            words.add(key)
            if isinstance(value, type):
                words.update(dir(value))
    print("@compiled:" + " ".join(sorted(word for word in words if not word.startswith("__"))))
    folders = [pathlib.Path(sysconfig.get_path("stdlib")), *map(pathlib.Path, others)]
    written = set().union(*(written_in(path) for folder in folders for path in folder.rglob("*.py")))
    print("@library:" + " ".join(sorted(word for word in written - words if not word.startswith("_"))))


def written_in(path):
    """Names of functions and methods, and what is set on classes and values, of a file of the library: it is mostly written in Python."""
    if NOT_USED & set(path.parts):
        return set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_text(errors="replace"))
    except SyntaxError:
        print(f"{path} is of another version", file=sys.stderr)
        return set()
    words = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            words.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            words.add(node.attr)
        if isinstance(node, ast.ClassDef):
            targets = (getattr(one, "targets", None) or [one.target] for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign)))
            words.update(name.id for several in targets for name in several if isinstance(name, ast.Name))
    return words


def rust(sysroot):
    """Every name that the pages of the standard library's documentation have, without vendors' intrinsics."""
    pages = pathlib.Path(sysroot, "share/doc/rust/html/std")
    member = re.compile(r'id="(?:method|tymethod|associatedconstant|associatedtype|structfield|variant)\.(\w+)"')
    names = set()
    for page in pages.rglob("*.html"):
        names.update(member.findall(page.read_text(errors="replace")))
    for path in re.findall(r">([\w:]+)</a>", (pages / "all.html").read_text()):
        names.update(path.split("::"))
    kept = sorted(name for name in names if name and not re.match(r"_mm|v[a-z0-9]+q?_[su]?(8|16|32|64)", name))
    print("\n".join(kept))


if __name__ == "__main__":
    python(sys.argv[2:]) if sys.argv[1] == "python" else rust(sys.argv[2])
