"""Settings that are as they should be are read without pydantic, to the very values that it would read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from f.connect import config
from f.connect.errors import FixSettings
from f.connect.integration import Integration
from f.connect.setting_faults import integration_of

NUMBERS = st.sampled_from([0, 1, 5, 30.0, 0.5, -1, True, "5", None, float("inf")])
TEXTS = st.sampled_from(["", "live", "mock", "a", 7, None])
RATE = st.fixed_dictionaries(
    {"max_requests": NUMBERS}, optional={"time_window": NUMBERS, "burst_size": NUMBERS, "rate": NUMBERS}
)
SIGN_IN = st.one_of(
    st.just({"type": "none"}),
    st.fixed_dictionaries({"type": st.just("bearer_token")}, optional={"token": TEXTS, "key": TEXTS}),
    st.fixed_dictionaries(
        {"type": st.just("api_key"), "key": TEXTS},
        optional={"name": TEXTS, "location": st.sampled_from(["header", "query", "path"])},
    ),
    st.fixed_dictionaries({"type": st.just("jwt"), "key": TEXTS}, optional={"lifetime": NUMBERS}),
    st.sampled_from([{}, {"type": "magic"}, "token", [], 5]),
)
SETTINGS = st.fixed_dictionaries(
    {"name": st.sampled_from(["crm", "a b", 5]), "base_url": st.just("https://api.example.com")},
    optional={
        "authentication": SIGN_IN,
        "rate_limit": st.one_of(RATE, st.none()),
        "endpoint_limits": st.dictionaries(st.sampled_from(["customers", "health"]), RATE, max_size=2),
        "retry": st.fixed_dictionaries(
            {},
            optional={
                "max_retries": NUMBERS,
                "retry_on_status_codes": st.sampled_from([[], [429], (429,), [7], ["429"], 429]),
                "jitter": st.sampled_from([True, "yes", 1]),
            },
        ),
        "timeout": NUMBERS,
        "default_headers": st.sampled_from([{}, {"X-Team": "a"}, {"X-Team": 5}, [], None]),
        "mode": TEXTS,
        "verify_ssl": st.sampled_from([True, "true", 1]),
        "tiemout": NUMBERS,
    },
)


@given(SETTINGS)
def test_what_fits_is_what_pydantic_makes_of_it(settings: dict[str, Any]) -> None:
    fitting = config._fitting(Integration, settings)
    try:
        checked = integration_of(settings, (), "The resource")
    except FixSettings:
        checked = None
    if fitting is not None:
        assert fitting == checked
        assert repr(fitting) == repr(checked)


def test_settings_as_people_write_them_fit() -> None:
    settings = {
        "name": "crm",
        "base_url": "https://api.example.com",
        "authentication": {"type": "bearer_token", "token": "t"},
        "rate_limit": {"max_requests": 10, "time_window": 1},
        "retry": {"max_retries": 2, "retry_on_status_codes": [429, 503]},
        "endpoint_limits": {"customers": {"max_requests": 5}},
        "timeout": 10,
    }
    reads = (
        "import json, sys; from f.connect.config import from_resource; from_resource(json.loads(sys.argv[1]))"
    )
    code = f"{reads}; print('pydantic' in sys.modules)"
    command = [sys.executable, "-c", code, json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
