"""What a program and all that it starts have taken, by a control group of theirs. Linux, as root."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 900


class Group:
    """A control group: whoever is born in it stays in it, whatever becomes of its parent."""

    def __init__(self):
        old = Path("/sys/fs/cgroup/cpuacct")
        self.folder = (old if old.exists() else Path("/sys/fs/cgroup")) / f"smolcrawl-{os.getpid()}-{time.monotonic_ns()}"
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

    def end(self):
        """Waits for the end of all, and ends who does not; how many those were."""
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        left = self.processes()
        for process in left:
            os.kill(int(process), 9)
        while self.processes():
            time.sleep(0.1)
        return len(left)

    def remove(self):
        left = self.end()
        self.folder.rmdir()
        return left


def own_cpu(process):
    """Seconds of a process without those it has started; None where it has ended."""
    try:
        return sum(map(int, Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return None


def measured(command, environment):
    group = Group()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        since = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=err, preexec_fn=group.join, env=os.environ | environment)
        peak = most = own = 0
        while child.poll() is None:
            if time.monotonic() - since > PATIENCE:
                child.kill()
            peak, most = max(peak, group.memory()), max(most, len(group.processes()))
            own = own_cpu(child.pid) or own
            time.sleep(0.2)
        wall = time.monotonic() - since
        out.seek(0), err.seek(0)
        said = out.read()
        # After the end of its last process, so that nothing of the browser is missing.
        left = group.end()
        cpu = group.cpu()
        group.remove()
        if child.returncode != 0:
            sys.exit(f"error: {command[0]} ended with {child.returncode}: {err.read()[-2000:]}")
    return said, {"cpu": cpu, "own": own, "memory": peak, "wall": wall, "processes": most, "left": left}
