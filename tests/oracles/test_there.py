"""The servers of `make oracles` are there, and answer."""

from __future__ import annotations

import urllib.request

from tests.foreign import built, free_port, running


def test_stripe_mock_answers() -> None:
    port = free_port()
    command = [built("stripe-mock"), "-http-addr", f"127.0.0.1:{port}"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/customers", headers={"Authorization": "Bearer sk_test_123"}
    )
    with running(command, port), urllib.request.urlopen(request, timeout=10) as reply:
        assert reply.status == 200
