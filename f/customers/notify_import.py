"""Tell Slack or a webhook how an import went, and hand its summary on.

Sends one message to each channel that is configured; with none, says so and does nothing. A channel
that cannot be reached is named in the result and never fails the import. A second run tells again.
"""

from typing import TYPE_CHECKING, Any, cast

from f.records.report.announcement import announce, facts, sentence

if TYPE_CHECKING:
    from f.records.report.summary import ImportSummary


def main(summary: dict, slack_webhook_url: str = "", webhook_url: str = "") -> dict[str, Any]:
    ended = cast("ImportSummary", summary)
    told = announce(
        sentence(ended),
        {"event": "import_finished", **facts(ended)},
        slack_webhook_url=slack_webhook_url,
        webhook_url=webhook_url,
    )
    print(sentence(ended), told)
    return {**ended, "notification": told}
