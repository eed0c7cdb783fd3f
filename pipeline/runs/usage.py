"""CPU time and memory of this process."""

import pathlib
import resource
import sys

STATUS = pathlib.Path("/proc/self/status")


def cpu_seconds() -> float:
    """Returns the CPU seconds of this process and of its children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_gigabytes() -> float:
    """Returns the most memory that this process has held, in 10^9 bytes, children not counted.

    On Linux this is the kernel's high-water mark: `ru_maxrss` of a process that another one
    started is never below what that one held.
    """
    if STATUS.exists():
        (peak,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024 / 1e9
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
