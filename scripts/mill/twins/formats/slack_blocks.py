"""Block Kit as Slack documents it: https://docs.slack.dev/reference/block-kit/blocks."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_STRICT = ConfigDict(extra="forbid", strict=True)
Id = Annotated[str, Field(max_length=255)]


class PlainText(BaseModel):
    """Text in which nothing is markup."""

    model_config = _STRICT
    type: Literal["plain_text"]
    text: Annotated[str, Field(min_length=1, max_length=3000)]
    emoji: bool | None = None


class Mrkdwn(BaseModel):
    """Text with Slack's markup."""

    model_config = _STRICT
    type: Literal["mrkdwn"]
    text: Annotated[str, Field(min_length=1, max_length=3000)]
    verbatim: bool | None = None


Text = Annotated[PlainText | Mrkdwn, Field(discriminator="type")]


def _at_most(most: int, text: PlainText | Mrkdwn | None) -> None:
    if text is not None and len(text.text) > most:
        raise ValueError(f"must be less than {most + 1} characters")


class _Block(BaseModel):
    model_config = _STRICT
    block_id: Id | None = None


class Header(_Block):
    """A line in large type."""

    type: Literal["header"]
    text: PlainText

    @model_validator(mode="after")
    def _short(self) -> Self:
        _at_most(150, self.text)
        return self


class Button(BaseModel):
    """A button, the only element this twin knows besides text and images."""

    model_config = _STRICT
    type: Literal["button"]
    text: PlainText
    action_id: Id | None = None
    url: Annotated[str, Field(max_length=3000)] | None = None
    value: Annotated[str, Field(max_length=2000)] | None = None
    style: Literal["primary", "danger"] | None = None

    @model_validator(mode="after")
    def _short(self) -> Self:
        _at_most(75, self.text)
        return self


class Image(BaseModel):
    """An image, as a block or within one."""

    model_config = _STRICT
    type: Literal["image"]
    image_url: Annotated[str, Field(max_length=3000)]
    alt_text: Annotated[str, Field(max_length=2000)]
    title: PlainText | None = None
    block_id: Id | None = None


class Section(_Block):
    """Text, fields in two columns, or both."""

    type: Literal["section"]
    text: Text | None = None
    fields: Annotated[list[Text], Field(min_length=1, max_length=10)] | None = None
    accessory: Annotated[Button | Image, Field(discriminator="type")] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.text is None and self.fields is None:
            raise ValueError("must have text or fields")
        for field in self.fields or ():
            _at_most(2000, field)
        return self


class Divider(_Block):
    """A line."""

    type: Literal["divider"]


class Context(_Block):
    """Small print."""

    type: Literal["context"]
    elements: Annotated[
        list[Annotated[PlainText | Mrkdwn | Image, Field(discriminator="type")]],
        Field(min_length=1, max_length=10),
    ]


class Actions(_Block):
    """Buttons."""

    type: Literal["actions"]
    elements: Annotated[list[Button], Field(min_length=1, max_length=25)]


Block = Annotated[Header | Section | Divider | Context | Actions | Image, Field(discriminator="type")]


def characters(value: Any) -> int:
    """Return how many characters of text a message's blocks hold."""
    if isinstance(value, dict):
        return sum(
            len(item) if key == "text" and isinstance(item, str) else characters(item)
            for key, item in value.items()
        )
    return sum(characters(item) for item in value) if isinstance(value, list) else 0
