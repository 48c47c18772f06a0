"""Tell Slack or a webhook how an import went, and return its summary with what became of the messages.

Sends one message to each channel that is configured; with none, says so and does nothing. A channel
that cannot be reached is named in the result and never fails the import. A second run sends them again.
"""

from typing import TYPE_CHECKING, Any, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.report.summary import ImportSummary


def main(summary: dict, slack_webhook_url: str = "", webhook_url: str = "") -> dict[str, Any]:
    from f.records.report.announcement import announce, facts, sentence

    finished = cast("ImportSummary", summary)
    results = announce(
        sentence(finished),
        {"event": "import_finished", **facts(finished)},
        slack_webhook_url=slack_webhook_url,
        webhook_url=webhook_url,
    )
    print(sentence(finished), results)
    return {**finished, "notification": results}
