"""Templates with holes: Jinja in its sandbox, where a missing value is an error and HTML is escaped.

A template comes from whoever writes the flow and its values from anywhere, so neither may reach
into Python; the sandbox refuses attributes like `__class__`.
https://jinja.palletsprojects.com/en/stable/sandbox/
"""

# extra_requirements:
# jinja2==3.1.6
# markupsafe==3.0.4

from __future__ import annotations

import functools
from collections.abc import Mapping

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from f.connect.calls.reply_reader import line_of
from f.connect.errors import FixInput


@functools.cache
def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=html, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def fill_text(template: str, values: Mapping[str, object], *, name: str) -> str:
    """Fill a plain text template, nothing escaped. `name` is what an error calls it."""
    return _fill(template, values, name, html=False)


def fill_html(template: str, values: Mapping[str, object], *, name: str) -> str:
    """Fill an HTML template; every value is escaped."""
    return _fill(template, values, name, html=True)


def _fill(template: str, values: Mapping[str, object], name: str, *, html: bool) -> str:
    # The exceptions quote the template's lines and the values: they are no causes that a log should show.
    try:
        return _environment(html=html).from_string(template).render(values)
    except UndefinedError as error:
        raise FixInput(
            f"The template of {name} lacks a value: {line_of(error.message)}. Give it in the data.",
            code="missing_field",
        ) from None
    except TemplateSyntaxError as error:
        raise FixInput(
            f"The template of {name} is broken at line {error.lineno}: {line_of(error.message)}.",
            code="bad_template",
        ) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise FixInput(
            f"The template of {name} cannot be filled: {type(error).__name__} in one of its expressions.",
            code="bad_template",
        ) from None
    except RecursionError:
        raise FixInput(f"The template of {name} is nested too deeply.", code="bad_template") from None
