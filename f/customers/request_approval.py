"""Ask a person whether an import with many bad rows may go on.

Returns the links that Windmill's run page shows as buttons, and sends them to the channels that are
configured. The flow waits after this step until somebody decides.
"""

from typing import Any

import wmill

from f.customers.notifying import announce


def main(message: str, slack_webhook_url: str = "", webhook_url: str = "") -> dict[str, Any]:
    urls = wmill.get_resume_urls()
    text = f"An import waits for a decision. {message}"
    told = announce(
        f"{text} {urls['approvalPage']}",
        {"event": "import_waits", "message": message, "approval_page": urls["approvalPage"]},
        slack_webhook_url=slack_webhook_url,
        webhook_url=webhook_url,
    )
    print(text, told)
    return {name: urls[name] for name in ("resume", "cancel", "approvalPage")}
