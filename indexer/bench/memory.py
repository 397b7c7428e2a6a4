"""How much memory this process has, as Linux counts it."""

from pathlib import Path

FIELDS = ("VmRSS", "RssAnon", "RssFile")


def resident() -> dict[str, int]:
    """Bytes in memory: in all, of its own, and pages of mapped files, which others share and the system may take back.

    All 0 where there is no /proc.
    """
    found = dict.fromkeys(FIELDS, 0)
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) * 1024
    return found
