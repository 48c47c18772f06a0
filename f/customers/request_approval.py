"""Ask a person whether an import may go on: many of its rows are bad, or its plan is to be approved first.

Returns the links that Windmill's run page shows as buttons and what its approval page shows beside them,
and sends the links to the channels that are configured. The flow waits after this step until somebody
decides.
"""

from typing import TYPE_CHECKING, Any, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.planning.plan import Plan


def main(
    message: str, plan: dict | None = None, slack_webhook_url: str = "", webhook_url: str = ""
) -> dict[str, Any]:
    from f.records.planning.plan_text import describe
    from f.records.report.announcement import announce, plan_facts
    from f.windmill.job import keep_in_flow, resume_urls
    from f.windmill.named_jobs import APPROVAL

    urls = resume_urls()
    keep_in_flow(APPROVAL, {"page": urls["approvalPage"]})
    text, planned = f"An import waits for a decision. {message}", cast("Plan | None", plan)
    results = announce(
        f"{text} {urls['approvalPage']}",
        {
            "event": "import_waits",
            "message": message,
            "plan": plan_facts(planned),
            "approval_page": urls["approvalPage"],
        },
        slack_webhook_url=slack_webhook_url,
        webhook_url=webhook_url,
    )
    print(text, results)
    markdown = describe(planned, message) if planned else message
    return {
        **urls,
        "description": {"md": markdown},
    }
