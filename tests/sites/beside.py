"""Measures what `crawl4ai` says it measures.

    beside.py PYTHON      of the environment that has crawl4ai
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.dont_write_bytecode = True
from measure import measured  # noqa: E402
from serve import serve  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SITES = Path(os.environ["SITES"])
PROGRAM = os.environ.get("SMOLCRAWL", str(ROOT / "target/release/smolcrawl"))
BROWSER = os.environ.get("BROWSER", "/usr/bin/chromium")
PAGES = int(os.environ.get("PAGES", 200))
ROUNDS = int(os.environ.get("ROUNDS", 3))
# As many pages at once as in ours, and as many as it takes by itself.
AT_ONCE = os.environ.get("AT_ONCE", "4 default").split()
CPU_TARGET, MEMORY_TARGET = 0.6, 0.35


def ours(url, work):
    database = work / "ours.db"
    flags = ["--render", "auto", "--browser", BROWSER, "--browser-no-sandbox", "--allow-private", "--no-index", "--scope", "host"]
    flags += ["--include", "/many/*", "--include", "/copy/*"]
    said, figures = measured(
        [PROGRAM, "crawl", f"{url}many/{PAGES}", "--json", "--max-pages", str(PAGES + 5), "--db", str(database), *flags], {}
    )
    report = json.loads(said.strip().splitlines()[-1])
    texts = subprocess.run(
        [PROGRAM, "export", "--format", "jsonl", "--to", "-", url.split("/")[2], "--db", str(database)], capture_output=True, text=True, check=True
    ).stdout
    pages = [json.loads(line) for line in texts.splitlines()]
    came = sum(f"copy number {page['url'].rsplit('/', 1)[1]}." in page["text"] for page in pages)
    return figures | {"came": came, "rendered": report["rendered"]}


def theirs(at_once, url, work):
    command = [sys.argv[1], str(HERE / "peer.py"), url, str(PAGES), at_once, BROWSER]
    said, figures = measured(command, {"CRAWL4_AI_BASE_DIRECTORY": str(work), "DO_NOT_TRACK": "1"})
    return figures | json.loads(said.strip().splitlines()[-1])


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"error: there is no {PROGRAM}\nhint: cargo build --release, or SMOLCRAWL=target/debug/smolcrawl")
    work = Path(tempfile.mkdtemp(prefix="beside-"))
    _, url = serve(SITES / "react/build", application=True)
    contestants = {"smolcrawl": ours} | {f"crawl4ai, {at_once}": partial(theirs, at_once) for at_once in AT_ONCE}
    rounds = {name: [] for name in contestants}
    print(f"{'':18} round  texts      CPU s   of it own  s/1,000   peak MB   wall s  processes  left")
    try:
        for number in range(1, ROUNDS + 1):
            order = list(contestants)
            for name in order if number % 2 else reversed(order):
                folder = Path(tempfile.mkdtemp(dir=work))
                figures = contestants[name](url, folder)
                rounds[name].append(figures)
                print(
                    f"{name:18} {number:5}  {figures['came']:4}/{PAGES:<4} {figures['cpu']:7.1f} {figures['own']:11.1f} {figures['cpu'] / PAGES * 1000:8.0f}"
                    f" {figures['memory']:9.0f} {figures['wall']:8.1f} {figures['processes']:10} {figures['left']:5}",
                    flush=True,
                )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    (SITES / "crawl4ai.json").write_text(json.dumps(rounds, indent=1))
    met = all(one["came"] == PAGES for one in rounds["smolcrawl"])
    for name in list(contestants)[1:]:
        share = {what: median(rounds["smolcrawl"], what) / median(rounds[name], what) for what in ("cpu", "memory", "wall")}
        print(
            f"of {name}, medians: CPU {share['cpu']:.2f} (target {CPU_TARGET}), memory {share['memory']:.2f} (target {MEMORY_TARGET}),"
            f" time {share['wall']:.2f}"
        )
        met &= share["cpu"] <= CPU_TARGET and share["memory"] <= MEMORY_TARGET
    sys.exit(0 if met else 1)


def median(rounds, what):
    return statistics.median(one[what] for one in rounds)


main()
