"""What a worker gives up before it sees the content of a file.

Linux: Landlock (no file is opened but Python's own and ours, none is written, no TCP, no signals outside),
seccomp (no socket, no ptrace, no mounts, no kernel interfaces that get around either), limits of memory and
of core dumps, and death with the server. Elsewhere: the limits that the system has. Each is taken where the
kernel has it; `enter` says which.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SIGKILL: Final = 9

# Landlock, include/uapi/linux/landlock.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_READ: Final = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14  # and truncation
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of rights on files that each version of the interface knows."""

# seccomp, include/uapi/linux/{seccomp,filter,audit}.h
_SECCOMP: Final = {"x86_64": (317, 0xC000003E), "aarch64": (277, 0xC00000B7)}
"""Number of the system call, and the architecture as filters see it."""
_X32: Final = 0x40000000
_DENIED: Final = {
    # socket connect accept bind listen accept4 ptrace process_vm_readv process_vm_writev mount umount2
    # pivot_root init_module finit_module kexec_load bpf perf_event_open userfaultfd add_key request_key
    # keyctl open_by_handle_at io_uring_setup; setpriority ioprio_set pidfd_getfd process_madvise
    # migrate_pages move_pages
    "x86_64": (
        *(41, 42, 43, 49, 50, 288, 101, 310, 311, 165, 166),
        *(155, 175, 313, 246, 321, 298, 323, 248, 249, 250),
        *(304, 425, 141, 251, 438, 440, 256, 279),
    ),
    "aarch64": (
        *(198, 203, 202, 200, 201, 242, 117, 270, 271, 40, 39),
        *(41, 105, 273, 104, 280, 241, 282, 217, 218, 219),
        *(265, 425, 140, 30, 438, 440, 238, 239),
    ),
}
_OF_ITSELF: Final = {
    # prlimit64 sched_setaffinity sched_setscheduler sched_setparam sched_setattr
    "x86_64": (302, 203, 144, 142, 314),
    "aarch64": (261, 122, 119, 118, 274),
}
"""Calls that are denied for any process but the caller's own, which is 0: a limit can end another too."""


@dataclass(frozen=True, slots=True)
class Walls:
    """What holds in this process."""

    landlock: int = 0
    """Version of the kernel's interface; 0 if it has none."""
    seccomp: bool = False
    memory_mb: int = 0

    @property
    def complete(self) -> bool:
        return self.landlock > 0 and self.seccomp and self.memory_mb > 0

    def __str__(self) -> str:
        walls = [
            f"Landlock {self.landlock}" if self.landlock else "no Landlock: files are not closed off",
            "seccomp" if self.seccomp else "no seccomp: the network is not closed off",
            f"{self.memory_mb} MB" if self.memory_mb else "no limit of memory",
        ]
        return ", ".join(walls)


@dataclass(frozen=True, slots=True)
class Grants:
    """What a worker is left with: folders that it may read, memory, the size of a file that it is given to
    write.
    """

    readable: tuple[Path, ...]
    memory_mb: int
    file_mb: int

    def arguments(self) -> list[str]:
        return [str(self.memory_mb), str(self.file_mb), *map(str, self.readable)]

    @classmethod
    def from_arguments(cls, given: Sequence[str]) -> Self:
        memory_mb, file_mb, *readable = given
        return cls(tuple(map(Path, readable)), int(memory_mb), int(file_mb))


def open_status() -> int | None:
    """The kernel's account of this process, open: to be called before `enter`, which closes it off."""
    try:
        return os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # not Linux
        return None


def die_with_parent() -> bool:
    """Have the kernel end this process with the thread that started it; False where it can't."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) == 0)


def enter(grants: Grants) -> Walls:
    """Give up everything but reading what is granted and Python's own files, before any thread is started."""
    limited = _limit(grants.memory_mb, grants.file_mb)
    if sys.platform != "linux":
        return Walls(memory_mb=limited)
    die_with_parent()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return Walls(memory_mb=limited)
    return Walls(_landlock(libc, grants.readable), _seccomp(libc), limited)


def _limit(memory_mb: int, file_mb: int) -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_mb << 20, file_mb << 20))
    if sys.platform == "darwin":
        return 0  # the system takes the limit and does not hold it
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    return memory_mb


def _landlock(libc: Any, readable: Sequence[Path]) -> int:
    version = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    if version < 1:
        return 0
    files = (1 << _RIGHTS.get(version, 16)) - 1
    network = 0b11 if version >= 4 else 0  # bind and connect of TCP
    scopes = 0b11 if version >= 6 else 0  # abstract sockets and signals of others
    fields = [files, *([network] if version >= 4 else []), *([scopes] if version >= 6 else [])]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return 0
    try:
        for path, rights in _rules(readable):
            _allow(libc, ruleset, path, rights & files)
        return version if libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _rules(readable: Sequence[Path]) -> Iterator[tuple[Path, int]]:
    package = Path(__file__).resolve().parents[1]
    python = [Path(folder) for folder in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)]
    system = [
        "/usr",
        "/lib",
        "/lib64",
        "/bin",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/sys/devices/system/cpu",
    ]
    kernel = ["/proc/cpuinfo", "/proc/meminfo", "/proc/loadavg", "/dev/urandom", "/dev/null"]
    for path in [*python, package, *map(Path, system + kernel), *readable]:
        yield path, _READ
    yield Path("/dev/null"), _WRITE_FILE
    # Of a checkout, helpers see the names beside the package, to find it; they read nothing else.
    yield package.parent, _READ_DIR


def _allow(libc: Any, ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this system
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _seccomp(libc: Any) -> bool:
    machine = platform.machine()
    if machine not in _SECCOMP or sys.maxsize < 2**32:
        return False
    number, architecture = _SECCOMP[machine]
    filters = _filter(architecture, _DENIED[machine], _OF_ITSELF[machine], x32=machine == "x86_64")
    code = ctypes.create_string_buffer(filters, len(filters))
    program = struct.pack("@HP", len(filters) // 8, ctypes.addressof(code))
    return bool(libc.syscall(number, 1, 0, program) == 0)  # SECCOMP_SET_MODE_FILTER


def _filter(architecture: int, denied: Sequence[int], of_itself: Sequence[int], *, x32: bool) -> bytes:
    """A BPF program: a call of another architecture kills, a denied one fails with EPERM, others pass."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    kill, allow, refuse = 0x80000000, 0x7FFF0000, 0x00050000 | 1
    number, first_argument = 0, 16  # where they are in seccomp_data; both are little-endian here
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, kill), (load, 0, 0, number)]
    checks = [(equal, value) for value in denied] + ([(at_least, _X32)] if x32 else [])
    for kind, value in checks:
        steps += [(kind, 0, 1, value), (give, 0, 0, refuse)]
    for value in of_itself:
        steps += [(equal, 0, 4, value), (load, 0, 0, first_argument)]
        steps += [(equal, 0, 1, 0), (give, 0, 0, allow), (give, 0, 0, refuse)]
    steps += [(give, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
