"""Plain HTTP/1.1 calls without redirects or retries, and eventually(), the one way to wait."""

from __future__ import annotations

import functools
import json
import time
from dataclasses import dataclass
from pathlib import Path

import urllib3

_pool = urllib3.PoolManager(num_pools=64, retries=False)


@functools.cache
def _pool_with(ca_file: Path) -> urllib3.PoolManager:
    return urllib3.PoolManager(num_pools=4, retries=False, ca_certs=str(ca_file))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    def json(self):
        return json.loads(self.body)


def request(method: str, url: str, *, headers=None, body=None, json_body=None, timeout=60,
            ca_file: Path | None = None) -> Reply:  # fmt: skip
    """One exchange. Raises OSError if there is no response. Never redirects or retries."""
    headers = dict(headers or {})
    if json_body is not None:
        body = json.dumps(json_body)
        headers.setdefault("Content-Type", "application/json")
    try:
        reply = (_pool_with(ca_file) if ca_file else _pool).request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=timeout,
            redirect=False,
            decode_content=False,
        )
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"{method} {url}: {error}") from error
    return Reply(reply.status, reply.headers, reply.data)


def eventually(condition, timeout: float = 15, what: str = ""):
    """Calls `condition` until it returns a true value, and returns that value.

    It calls `condition` again while that is false, or raises AssertionError or OSError. After
    `timeout` seconds it raises AssertionError, with the last failure as the cause.
    """
    deadline = time.monotonic() + timeout
    while True:
        failure = None
        try:
            result = condition()
            if result:
                return result
        except (AssertionError, OSError) as error:
            failure = error
        if time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    message = f"not so within {timeout} s: {what or getattr(condition, '__name__', 'condition')}"
    raise AssertionError(message) from failure
