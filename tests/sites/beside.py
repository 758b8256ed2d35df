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
import time
from pathlib import Path

sys.dont_write_bytecode = True
from serve import serve  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SITES = Path(os.environ["SITES"])
PROGRAM = os.environ.get("SMOLCRAWL", str(ROOT / "target/release/smolcrawl"))
BROWSER = os.environ.get("BROWSER", "/usr/bin/chromium")
PAGES = int(os.environ.get("PAGES", 200))
ROUNDS = int(os.environ.get("ROUNDS", 3))
CONCURRENCY = os.environ.get("CONCURRENCY", "4")
CPU_TARGET, MEMORY_TARGET = 0.6, 0.35
PATIENCE = 900


class Group:
    """A control group: whoever is born in it stays in it, whatever becomes of its parent."""

    def __init__(self):
        old = Path("/sys/fs/cgroup/cpuacct")
        self.folder = (old if old.exists() else Path("/sys/fs/cgroup")) / f"smolcrawl-beside-{os.getpid()}"
        try:
            self.folder.mkdir()
        except OSError as error:
            sys.exit(f"error: no control group can be made: {error}\nhint: run it as root")

    def join(self):
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def processes(self):
        return (self.folder / "cgroup.procs").read_text().split()

    def cpu(self):
        """Seconds so far."""
        old = self.folder / "cpuacct.usage"
        if old.exists():
            return int(old.read_text()) / 1e9
        return int((self.folder / "cpu.stat").read_text().split("usage_usec ")[1].split()[0]) / 1e6

    def memory(self):
        """MB of its processes; what they share is counted once."""
        sum_of_all = 0
        for process in self.processes():
            try:
                for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        sum_of_all += int(line.split()[1])
            except (OSError, ValueError):
                pass  # It has just ended.
        return sum_of_all / 1024

    def remove(self):
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        left = self.processes()
        for process in left:
            os.kill(int(process), 9)
        while self.processes():
            time.sleep(0.1)
        self.folder.rmdir()
        return len(left)


def measured(command, environment):
    group = Group()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        since = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=err, preexec_fn=group.join, env=os.environ | environment)
        peak = most = 0
        while child.poll() is None:
            if time.monotonic() - since > PATIENCE:
                child.kill()
            peak, most = max(peak, group.memory()), max(most, len(group.processes()))
            time.sleep(0.2)
        wall = time.monotonic() - since
        out.seek(0), err.seek(0)
        said = out.read()
        # After the end of its last process, so that nothing of the browser is missing.
        cpu, left = group.cpu(), group.remove()
        if child.returncode != 0:
            sys.exit(f"error: {command[0]} ended with {child.returncode}: {err.read()[-2000:]}")
    return said, {"cpu": cpu, "memory": peak, "wall": wall, "processes": most, "left": left}


def ours(url, work):
    database = work / "ours.db"
    flags = ["--render", "auto", "--browser", BROWSER, "--browser-no-sandbox", "--allow-private", "--no-index", "--scope", "host", "--include", "/many/*", "--include", "/copy/*"]
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


def theirs(url, work):
    command = [sys.argv[1], str(HERE / "peer.py"), url, str(PAGES), CONCURRENCY, BROWSER]
    said, figures = measured(command, {"CRAWL4_AI_BASE_DIRECTORY": str(work), "DO_NOT_TRACK": "1"})
    return figures | json.loads(said.strip().splitlines()[-1])


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"error: there is no {PROGRAM}\nhint: cargo build --release, or SMOLCRAWL=target/debug/smolcrawl")
    work = Path(tempfile.mkdtemp(prefix="beside-"))
    _, url = serve(SITES / "react/build", application=True)
    rounds = {"smolcrawl": [], "crawl4ai": []}
    print(f"{'':10} round  texts      CPU s  s/1,000   peak MB   wall s  processes  left")
    try:
        for number in range(1, ROUNDS + 1):
            order = [("smolcrawl", ours), ("crawl4ai", theirs)]
            for name, contestant in order if number % 2 else reversed(order):
                folder = work / f"{name}-{number}"
                folder.mkdir()
                figures = contestant(url, folder)
                rounds[name].append(figures)
                print(
                    f"{name:10} {number:5}  {figures['came']:4}/{PAGES:<4} {figures['cpu']:7.1f} {figures['cpu'] / PAGES * 1000:8.0f}"
                    f" {figures['memory']:9.0f} {figures['wall']:8.1f} {figures['processes']:10} {figures['left']:5}",
                    flush=True,
                )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    share = {
        what: statistics.median(one[what] for one in rounds["smolcrawl"]) / statistics.median(one[what] for one in rounds["crawl4ai"])
        for what in ("cpu", "memory", "wall")
    }
    print(f"of crawl4ai's, medians: CPU {share['cpu']:.2f} (target {CPU_TARGET}), memory {share['memory']:.2f} (target {MEMORY_TARGET}), time {share['wall']:.2f}")
    (SITES / "crawl4ai.json").write_text(json.dumps(rounds, indent=1))
    complete = all(one["came"] == PAGES for name in rounds for one in rounds[name])
    sys.exit(0 if complete and share["cpu"] <= CPU_TARGET and share["memory"] <= MEMORY_TARGET else 1)


main()
