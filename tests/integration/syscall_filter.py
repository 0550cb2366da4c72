"""Runs a program under the SystemCallFilter of a systemd unit, and notes the calls that it denies.

    python syscall_filter.py UNIT REPORT PROGRAM [ARGUMENT]...

The filter is the unit's, expanded by systemd-analyze. A denied call fails with EPERM, as under
systemd, and its name is a line of REPORT. RestrictAddressFamilies of the unit is applied, too. A
sanitizer's calls are allowed to a program that has one. The program keeps the pid of this one; a
child of it serves the kernel's notifications until the program ends.
"""

import ctypes
import errno
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

# Of seccomp.h.
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_EQUAL = 4

_SOCKET = "socket"
_SANITIZER_CALLS = {"personality", "process_vm_readv", "ptrace", "sched_setaffinity"}


class _Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("value", ctypes.c_uint64), ("unused", ctypes.c_uint64)]  # fmt: skip


class _Notification(ctypes.Structure):
    _fields_ = [("id", ctypes.c_uint64), ("pid", ctypes.c_uint32), ("flags", ctypes.c_uint32),
                ("number", ctypes.c_int), ("architecture", ctypes.c_uint32),
                ("instruction", ctypes.c_uint64), ("arguments", ctypes.c_uint64 * 6)]  # fmt: skip


class _Response(ctypes.Structure):
    _fields_ = [("id", ctypes.c_uint64), ("value", ctypes.c_int64),
                ("error", ctypes.c_int32), ("flags", ctypes.c_uint32)]  # fmt: skip


def _library():
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p,
    ]  # fmt: skip
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_notify_fd.argtypes = [ctypes.c_void_p]
    library.seccomp_api_get()  # finds out that the kernel has notifications
    library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p
    library.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
    return library


def _groups() -> dict[str, set[str]]:
    """The groups of systemd, each with the names and groups that it lists."""
    listing = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"],
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    groups: dict[str, set[str]] = {}
    for line in listing.splitlines():
        word = line.strip().lstrip("#").strip()
        if line.startswith("@"):
            group = groups.setdefault(word, set())
        elif line.startswith("    ") and not line.strip().startswith("#"):
            group.add(word)
    return groups


def _expand(names, groups: dict[str, set[str]]) -> set[str]:
    calls = set()
    for name in names:
        calls |= _expand(groups[name], groups) if name.startswith("@") else {name}
    return calls


def _values(unit: str, setting: str) -> list[str]:
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{setting}=")]


def allowed_calls(unit: str) -> set[str]:
    """The calls that a unit's SystemCallFilter allows; its first line must allow something."""
    groups = _groups()
    allowed = _expand(["@default"], groups)
    for value in _values(unit, "SystemCallFilter"):
        calls = _expand(value.removeprefix("~").split(), groups)
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def _load(unit: str, program: Path) -> int:
    """Filters this process from now on. The descriptor of the kernel's notifications."""
    library = _library()
    names = allowed_calls(unit)
    binary = program.read_bytes()
    if b"__asan_init" in binary or b"__tsan_init" in binary:
        names |= _SANITIZER_CALLS
    context = library.seccomp_init(_NOTIFY)

    def allow(number: int, *comparisons: _Comparison) -> None:
        array = (_Comparison * len(comparisons))(*comparisons)
        failed = library.seccomp_rule_add_array(context, _ALLOW, number, len(array), array)
        assert failed == 0, f"system call {number}: {os.strerror(-failed)}"

    for name in names - {_SOCKET}:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # else this architecture has no such call
            allow(number)
    for family in " ".join(_values(unit, "RestrictAddressFamilies")).split():
        allow(library.seccomp_syscall_resolve_name(_SOCKET.encode()),
              _Comparison(0, _EQUAL, getattr(socket, family), 0))  # fmt: skip
    failed = library.seccomp_load(context)
    assert failed == 0, f"the filter cannot be loaded: {os.strerror(-failed)}"
    return library.seccomp_notify_fd(context)


def _name(library, notification: _Notification) -> str:
    address = library.seccomp_syscall_resolve_num_arch(
        notification.architecture, notification.number
    )
    name = ctypes.string_at(address).decode() if address else str(notification.number)
    if name != _SOCKET:
        return name
    return f"{name} {socket.AddressFamily(notification.arguments[0]).name}"


def _serve(notifications: int, report) -> None:
    """Denies each call that the kernel asks about, until the program has ended."""
    library = _library()
    poll = select.poll()
    poll.register(notifications, select.POLLIN)
    while True:
        [(_, events)] = poll.poll()
        if not events & select.POLLIN:
            return
        notification, response = _Notification(), _Response()
        failed = library.seccomp_notify_receive(notifications, ctypes.byref(notification))
        if failed == -errno.ENOENT:
            continue  # the thread has ended meanwhile
        assert failed == 0, f"the kernel's notification cannot be read: {os.strerror(-failed)}"
        name = _name(library, notification)
        print(name, file=report, flush=True)
        response.id = notification.id
        response.error = -(errno.EAFNOSUPPORT if name.startswith(_SOCKET) else errno.EPERM)
        library.seccomp_notify_respond(notifications, ctypes.byref(response))


def main(unit: str, report: str, program: str, *arguments: str) -> None:
    here, there = socket.socketpair()
    if os.fork() == 0:
        here.close()
        _, [notifications], _, _ = socket.recv_fds(there, 1, 1)
        there.close()
        with open(report, "a", encoding="utf-8") as file:
            _serve(notifications, file)
        return
    there.close()
    notifications = _load(Path(unit).read_text(encoding="utf-8"), Path(program))
    socket.send_fds(here, [b"n"], [notifications])
    here.close()
    os.close(notifications)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
