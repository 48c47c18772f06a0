"""What a lock says, and whether mill's own packages will do."""

from __future__ import annotations

import pytest

from mill.engine.definition.lock import Lock, parse_lock


def lock(text: str) -> Lock:
    found = parse_lock(text, "f/demo/x.script.lock")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("first", "python"),
    [
        ("# py: 3.12", "3.12"),
        ("# py: 3.11.7", "3.11"),
        ("# py312", "3.12"),
        ("# py3.10", "3.10"),
        ("# py: ==3.13.*", "3.13"),
        ("# python is nice", ""),
        ("", ""),
    ],
)
def test_a_lock_names_its_python(first: str, python: str) -> None:
    assert lock(f"{first}\nidna==3.7\n").python == python


def test_the_python_may_stand_below_other_comments() -> None:
    assert lock("# workspace-dependencies: default\n# py: 3.12\n").python == "3.12"


@pytest.mark.parametrize(
    ("line", "name", "version"),
    [
        ("Requests==2.32.0", "requests", "2.32.0"),
        ("typing_extensions==4.1 # via x", "typing-extensions", "4.1"),
        ("psycopg[binary, pool]==3.3", "psycopg", "3.3"),
        ("a==1 --hash=sha256:aa --hash=sha256:bb", "a", "1"),
        ("a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n", "a", "1"),
        ("a==1 ; python_version >= '3'", "a", "1"),
    ],
)
def test_a_pin_is_read_in_every_spelling(line: str, name: str, version: str) -> None:
    (pin,) = lock(line).pins
    assert (pin.name, pin.version) == (name, version)


@pytest.mark.parametrize(
    "line", ["git+https://example.com/a.git@v1", "a @ https://example.com/a-1.whl", "a>=1", "-e ./a"]
)
def test_what_is_no_pin_counts_as_a_package_that_mill_does_not_have(line: str) -> None:
    found = lock(line)
    assert (found.count, found.pins) == (1, ())
    assert not found.is_met_by({"a": "1"})


def test_options_are_no_packages_and_are_handed_on() -> None:
    found = lock("--extra-index-url https://example.com/simple\na==1\n")
    assert found.count == 1
    assert found.lines == ("--extra-index-url https://example.com/simple", "a==1")
    assert found.is_met_by({"a": "1"})


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("# py: 3.12\n", True),
        ("a==1.0", True),
        ("a==1", True),  # 1 and 1.0 are one version
        ("a==1.1", False),
        ("a==1.0\nb==2", False),
        ("b==2 ; sys_platform == 'win32'", True),
    ],
)
def test_only_the_very_versions_will_do(text: str, met: bool) -> None:
    assert lock(text).is_met_by({"a": "1.0"}) is met


def test_an_empty_lock_is_none() -> None:
    assert parse_lock(" \n", "x") is None
