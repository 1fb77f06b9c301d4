"""The peak memory of a child process, as the child itself tells it.

`ru_maxrss` would not do on Linux: there a child begins with the peak of the process that started it.
"""

PEAK_KB = """
def peak_kb():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        import resource, sys
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (10 if sys.platform == "darwin" else 0)
"""
"""Source of a function that the child's program may begin with."""
