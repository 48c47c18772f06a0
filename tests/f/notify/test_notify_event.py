"""One event, many channels: who gets it, when, and what is said where a channel fails."""

import copy
from datetime import UTC, datetime, time
from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings
from f.notify.dispatch.digest import LEASE_SECONDS, Digest, Item, digest_message
from f.notify.dispatch.routing import is_within, plan
from f.notify.dispatch.routing_resource import read_routing
from f.notify.messages.events import EVENTS, message_of
from f.notify.messages.message import Message
from f.notify.notify_event import main as notify_event
from f.notify.send_digest import main as send_digest
from f.notify.send_driver_alert import main as send_driver_alert
from f.records.planning.plan import planned_counts
from f.store.store import Store
from tests.f.notify.conftest import Twin

DATA: dict[str, dict[str, Any]] = {
    "vessel_arrival": {"vessel": "Aurora", "port": "Rotterdam", "imo": "9321483"},
    "compliance_issue": {"subject": "Aurora", "issue": "Certificate expires."},
    "integration_error": {"integration": "CRM", "message": "401"},
    "token_refresh_failed": {"service": "google", "error_message": "invalid_grant"},
    "slow_call": {"service": "CRM", "endpoint": "GET crm.example.com/x", "seconds": 12.5},
    "driver_alert": {"driver": "Ada", "message": "late"},
    "import_finished": {
        "source": "a.csv",
        "counts": {
            **dict.fromkeys(("updated", "duplicate", "rejected", "failed", "unknown"), 0),
            "rows": 3,
            "created": 2,
            "invalid": 1,
        },
    },
    "job_failed": {"path": "f/a/b", "message": "boom"},
    "webhook_failed": {"source": "stripe", "type": "invoice.paid", "message": "boom"},
    "service_failing": {"subject": "hubspot", "problem": "fails too often", "message": "9 of 20 failed."},
    "credential_expiring": {"subject": "Slack", "problem": "has a credential that ends", "message": "Soon."},
    "work_waiting": {"subject": "Dead letters of webhooks", "problem": "wait", "message": "3 of them."},
    "trouble_over": {"subject": "hubspot", "problem": "fails too often", "message": "It was so."},
    "contract_changed": {"service": "Stripe", "message": "A field is gone."},
    "payment_succeeded": {"amount": "10.99", "currency": "EUR", "payment": "pi_1"},
    "payment_failed": {"amount": "10.99", "currency": "EUR", "reason": "No money.", "mode": "test"},
    "subscription_started": {"subscription": "sub_1"},
    "subscription_ended": {"subscription": "sub_1", "reason": "It was canceled on request."},
    "invoice_paid": {"invoice": "in_1", "amount": "10.00", "currency": "EUR"},
}
SENDER, PHONE = "ops@example.com", "+12025550123"
ISSUE = DATA["compliance_issue"]
COUNTS: dict[str, int] = DATA["import_finished"]["counts"]


@pytest.fixture
def routing(slack: Twin, twilio: Twin, resend: Twin) -> Any:
    return {
        "channels": {
            "ops": {"kind": "slack", "slack": slack.resource, "channel": "C0OPS"},
            "phone": {"kind": "sms", "twilio": twilio.resource, "sender": "+15005550006", "to": [PHONE]},
            "office": {
                "kind": "email",
                "resend": resend.resource,
                "sender": SENDER,
                "to": ["office@example.com"],
            },
        },
        "routes": [
            {"channels": ["ops"]},
            {"min_severity": "error", "channels": ["phone", "office"]},
            {"events": ["vessel_arrival"], "channels": ["office"], "digest": True},
        ],
    }


def statuses(result: Any) -> dict[str, str]:
    return {name: channel["status"] for name, channel in result["channels"].items()}


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_has_words_of_its_own_and_names_a_missing_field(event: str) -> None:
    message = message_of(event, DATA[event])
    assert message.title
    assert "{" not in message.title + message.text
    with pytest.raises(FixInput, match=f"The event {event} lacks {EVENTS[event].needs[0]}"):
        message_of(event, {})


@pytest.mark.parametrize(
    ("event", "data", "given", "severity"),
    [
        ("compliance_issue", ISSUE, "", "warning"),
        ("compliance_issue", {**ISSUE, "severity": "critical"}, "", "critical"),
        ("compliance_issue", {**ISSUE, "severity": "critical"}, "info", "info"),
        ("import_finished", DATA["import_finished"], "", "warning"),
        ("import_finished", {"source": "x", "counts": {**COUNTS, "failed": 1}}, "", "error"),
        ("import_finished", {"source": "x", "counts": {**COUNTS, "invalid": 0}}, "", "info"),
    ],
)
def test_the_severity_is_the_one_given_else_the_datas_else_the_events(
    event: str, data: dict[str, Any], given: str, severity: str
) -> None:
    assert message_of(event, data, severity=given).severity == severity


def test_a_dry_run_is_told_in_what_would_become_of_rows() -> None:
    counts = planned_counts(None, {"rows": 9, "valid": 4, "duplicate": 2, "invalid": 3})
    message = message_of("import_finished", {"source": "may.csv", "counts": {**counts, "would_create": 1}})
    assert message.title == "Dry run of may.csv finished"
    assert message.text == (
        "9 rows: 1 would be created, 0 updated, 0 left as they are, 2 duplicates, 3 refused, "
        "4 held back or not known."
    )
    assert message.severity == "warning"


def test_what_the_text_does_not_use_is_shown_as_facts() -> None:
    data = {
        **DATA["vessel_arrival"],
        "eta_kept": True,
        "berths": [4, 5],
        "empty": None,
        "link": "https://example.com",
    }
    message = message_of("vessel_arrival", data)
    assert message.facts == {"Imo": "9321483", "Eta kept": "yes", "Berths": "4, 5"}
    assert message.link == "https://example.com"


def test_secrets_in_other_peoples_errors_are_masked() -> None:
    message = message_of("job_failed", {"path": "p", "message": "Bearer abcdef123456 for ada@example.com"})
    assert message.text == "Bearer *** for ***"


@pytest.mark.parametrize(
    ("event", "data", "severity", "said"),
    [
        ("other", {}, "", "Name the event in own_event"),
        ("compliance_issue", ISSUE, "urgent", "Unknown severity 'urgent'"),
        ("compliance_issue", {**ISSUE, "severity": "bad"}, "", "Unknown severity 'bad'"),
    ],
)
def test_an_event_without_a_name_or_with_a_severity_that_is_none_is_refused_before_anything_is_sent(
    routing: Any, slack: Twin, event: str, data: dict[str, Any], severity: Any, said: str
) -> None:
    with pytest.raises(FixInput, match=said):
        notify_event(event, data, routing, severity)
    assert slack.sent() == []


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("vessel_arival", "Unknown event 'vessel_arival'. Did you mean vessel_arrival?"),
        ("xyz", "Unknown event 'xyz'. There are: compliance_issue, contract_changed, credential"),
    ],
)
def test_an_event_that_does_not_exist_is_reported_and_told_where_all_events_go(
    routing: Any, slack: Twin, event: str, said: str
) -> None:
    told = notify_event(event, {"ship": "Aurora", "note": "Bearer abcdef123456"}, routing)
    assert told["status"] == "unknown_event"
    assert told["detail"].startswith(said)
    assert statuses(told) == {"ops": "sent"}
    [message] = slack.sent()
    for words in (said, "Ship", "Aurora", "Bearer ***"):
        assert words in str(message["attachments"])


def test_an_event_that_does_not_exist_fails_nothing_where_no_route_takes_all(routing: Any) -> None:
    routing["routes"] = [{"events": ["vessel_arrival"], "channels": ["ops"]}]
    told = notify_event("vessel_arival", {}, routing)
    assert (told["status"], told["channels"], told.get("wm_failure")) == ("unknown_event", {}, None)


GUIDES: dict[str, dict[str, Any]] = {
    "vessel_arrival": {"vessel_name": "Aurora", "port": "Rotterdam", "actual_arrival": "09:40"},
    "compliance_issue": {"vessel_name": "Aurora", "issue_description": "Certificate expires."},
    "integration_error": {"service": "CRM", "error_message": "401"},
    "driver_alert": {"driver_name": "Ada", "alert_message": "late"},
}
OURS: dict[str, dict[str, Any]] = {
    **{event: DATA[event] for event in GUIDES},
    "vessel_arrival": {"vessel": "Aurora", "port": "Rotterdam", "arrived_at": "09:40"},
}


@pytest.mark.parametrize("event", GUIDES)
def test_the_other_names_of_fields_say_the_same_and_what_is_left_is_shown(event: str) -> None:
    more = {"imo": "9321483", "eta": "09:00", "whatever": 1}
    told = message_of(event, {**GUIDES[event], **more})
    assert told == message_of(event, {**OURS[event], **more})
    assert told.facts == {"Imo": "9321483", "Eta": "09:00", "Whatever": "1"}


@pytest.mark.parametrize("event", GUIDES)
def test_a_field_under_both_its_names_must_have_one_value(event: str) -> None:
    both = {**OURS[event], **GUIDES[event]}
    assert message_of(event, both) == message_of(event, OURS[event])
    alias, own = next(iter(EVENTS[event].aliases.items()))
    assert message_of(event, {**both, alias: None}) == message_of(event, OURS[event])
    with pytest.raises(FixInput, match=f"two values for {own}, which also goes by"):
        message_of(event, {**OURS[event], alias: "something else"})


def test_the_same_event_under_other_names_is_not_told_twice(routing: Any) -> None:
    for data, status in ((GUIDES["compliance_issue"], "sent"), (DATA["compliance_issue"], "duplicate")):
        assert statuses(notify_event("compliance_issue", data, routing)) == {"ops": status}


def test_the_forms_choice_of_another_event_names_one_of_the_routings_own(routing: Any) -> None:
    routing["events"] = {"tank_low": {"title": "Tank {{ tank }} is low", "severity": "warning"}}
    assert notify_event("other", {"tank": 4}, routing, own_event="tank_low")["title"] == "Tank 4 is low"
    with pytest.raises(FixInput, match="two events: job_failed, and tank_low"):
        notify_event("job_failed", {"tank": 4}, routing, own_event="tank_low")


def test_an_event_of_ones_own_is_worded_by_the_routing(routing: Any, slack: Twin) -> None:
    routing["events"] = {"tank_low": {"title": "Tank {{ tank }} is low", "severity": "warning"}}
    assert notify_event("tank_low", {"tank": 4}, routing)["title"] == "Tank 4 is low"
    assert slack.sent()[0]["text"] == "Warning: Tank 4 is low"


def test_severity_decides_who_hears(routing: Any, slack: Twin, twilio: Twin, resend: Twin) -> None:
    assert statuses(notify_event("compliance_issue", ISSUE, routing)) == {"ops": "sent"}
    routing["dedupe_seconds"] = 0
    told = notify_event("compliance_issue", ISSUE, routing, "critical")
    assert statuses(told) == {"ops": "sent", "phone": "sent", "office": "sent"}
    assert (told["counts"], len(slack.sent()), len(resend.sent())) == ({"sent": 3}, 2, 1)
    assert twilio.sent()[0]["body"] == "[CRITICAL] Compliance issue: Aurora: Certificate expires."


def test_an_event_no_route_wants_is_said_to_have_none(routing: Any) -> None:
    routing["routes"] = [{"events": ["vessel_arrival"], "channels": ["ops"]}]
    assert notify_event("compliance_issue", ISSUE, routing)["channels"] == {}


def test_the_same_event_is_told_once_in_the_window(routing: Any, slack: Twin, store: Store) -> None:
    for expected in ("sent", "duplicate"):
        assert statuses(notify_event("compliance_issue", ISSUE, routing)) == {"ops": expected}
    assert statuses(notify_event("compliance_issue", {**ISSUE, "issue": "Other."}, routing)) == {
        "ops": "sent"
    }
    store.execute("UPDATE notify_sent SET at = at - 901")
    assert statuses(notify_event("compliance_issue", ISSUE, routing)) == {"ops": "sent"}
    assert len(slack.sent()) == 3


def test_a_channel_of_the_same_name_in_another_routing_hears_of_the_event_too(routing: Any) -> None:
    channels: Any = routing["channels"]
    other: Any = {**routing, "channels": {**channels, "ops": {**channels["ops"], "channel": "C0ALERTS"}}}
    for one, expected in ((routing, "sent"), (other, "sent"), (routing, "duplicate")):
        assert statuses(notify_event("compliance_issue", ISSUE, one))["ops"] == expected


def test_a_dedupe_key_makes_events_of_different_data_the_same(routing: Any, slack: Twin) -> None:
    for number in range(2):
        notify_event("compliance_issue", {**ISSUE, "try": number}, routing, dedupe_key="aurora")
    assert len(slack.sent()) == 1


def test_a_channel_that_fails_stops_no_other_and_is_told_alone_the_next_time(
    routing: Any, slack: Twin, twilio: Twin, resend: Twin
) -> None:
    slack.client.put_settings(archived=["C0OPS"])
    told = notify_event("compliance_issue", ISSUE, routing, "error")
    assert statuses(told) == {"ops": "failed", "phone": "sent", "office": "sent"}
    failed = told["channels"]["ops"]
    assert (failed["error"], failed["code"]) == ("FixInput", "is_archived")
    assert "wm_failure" not in told
    slack.client.put_settings()
    again = notify_event("compliance_issue", ISSUE, routing, "error")
    assert statuses(again) == {"ops": "sent", "phone": "duplicate", "office": "duplicate"}
    assert (len(slack.sent()), len(twilio.sent()), len(resend.sent())) == (1, 1, 1)


def test_a_job_is_red_only_when_no_channel_was_reached(routing: Any, slack: Twin) -> None:
    slack.client.put_settings(archived=["C0OPS"])
    told = notify_event("compliance_issue", ISSUE, routing)
    assert told["wm_failure"].startswith("No channel was reached. ops: Slack refused")


def test_of_several_phones_those_that_were_reached_are_counted(routing: Any, twilio: Twin) -> None:
    routing["channels"]["phone"]["to"] = ["+12025550123", "+15005550001", "+12025550124"]
    phone = notify_event("compliance_issue", ISSUE, routing, "error")["channels"]["phone"]
    assert phone["status"] == "failed"
    assert phone["detail"].startswith("2 of 3 recipients were reached. Twilio refused")


def test_who_opted_out_is_suppressed_and_no_failure(routing: Any, twilio: Twin) -> None:
    twilio.client.put_settings(opted_out=["+12025550123"])
    told = notify_event("compliance_issue", ISSUE, routing, "error")
    assert statuses(told)["phone"] == "suppressed"


def test_whatsapp_gets_the_message_in_its_template(routing: Any, twilio: Twin) -> None:
    routing["channels"]["phone"] |= {"kind": "whatsapp", "content_sid": "HX1"}
    notify_event("compliance_issue", ISSUE, routing, "error")
    assert "[ERROR] Compliance issue: Aurora" in twilio.sent()[0]["body"]


def test_a_digest_tells_what_was_collected_once_and_the_worst_first(routing: Any, resend: Twin) -> None:
    for vessel in ("Aurora", "Borealis", "Aurora"):
        notify_event("vessel_arrival", {**DATA["vessel_arrival"], "vessel": vessel}, routing)
    assert resend.sent() == []
    assert statuses(send_digest(routing)) == {"office": "sent"}
    assert send_digest(routing)["channels"] == {}
    (sent,) = resend.sent()
    assert sent["subject"] == "[info] Digest: 2 notifications"


def test_what_a_rate_limit_holds_back_waits_for_the_digest(routing: Any, slack: Twin) -> None:
    routing["channels"]["ops"]["rate_limit"] = {"max_messages": 2, "per_seconds": 3600}
    ends = [statuses(notify_event("compliance_issue", {**ISSUE, "n": n}, routing))["ops"] for n in range(4)]
    assert ends == ["sent", "sent", "digest", "digest"]
    send_digest(routing)
    assert [message["text"] for message in slack.sent()][2:] == ["Warning: Digest: 2 notifications"]


def test_a_digest_that_could_not_be_sent_waits_for_the_next_time(
    routing: Any, slack: Twin, store: Store
) -> None:
    Digest(store).hold("ops", Message("A"))
    slack.client.put_settings(archived=["C0OPS"])
    assert "No channel was reached" in send_digest(routing)["wm_failure"]
    slack.client.put_settings()
    assert statuses(send_digest(routing)) == {"ops": "sent"}


def test_a_digest_taken_by_a_killed_job_is_taken_again_under_the_same_key(store: Store) -> None:
    digest = Digest(store)
    digest.hold("ops", Message("A"))
    taken = digest.take("ops")
    assert taken is not None
    assert digest.take("ops") is None
    store.execute("UPDATE store_lease SET until = until - :lease", {"lease": LEASE_SECONDS + 1})
    assert digest.take("ops") == taken


def test_events_for_a_channel_that_is_gone_are_reported(routing: Any, store: Store) -> None:
    Digest(store).hold("gone", Message("A"))
    assert "which the routing no longer has" in send_digest(routing)["channels"]["gone"]["detail"]


def test_a_digest_counts_what_came_more_than_once() -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp()
    message = digest_message([Item("info", "B", at), Item("error", "A", at), Item("info", "B", at + 60)])
    assert (message.title, message.severity) == ("Digest: 3 notifications", "error")
    assert message.text == "ERROR A, 02 Jan 03:04 UTC\nINFO B (2 times), 02 Jan 03:05 UTC"


@pytest.mark.parametrize(
    ("start", "end", "moment", "quiet"),
    [
        ("22:00", "06:00", "21:59", False),
        ("22:00", "06:00", "22:00", True),
        ("22:00", "06:00", "03:00", True),
        ("22:00", "06:00", "06:00", False),
        ("12:00", "13:00", "12:30", True),
        ("12:00", "13:00", "13:00", False),
        ("00:00", "00:00", "15:00", True),
    ],
)
def test_quiet_hours_may_go_past_midnight(start: str, end: str, moment: str, quiet: bool) -> None:
    at, first, last = (time.fromisoformat(text) for text in (moment, start, end))
    assert is_within(at, first, last) is quiet


@pytest.mark.parametrize(
    ("severity", "utc_hour", "when"),
    [
        ("error", 21, "digest"),
        ("critical", 21, "now"),
        ("error", 12, "now"),
        ("error", 4, "digest"),
        ("error", 5, "now"),
    ],
)
def test_in_quiet_hours_of_the_place_only_the_worst_is_sent(
    routing: Any, severity: str, utc_hour: int, when: str
) -> None:
    routing["quiet_hours"] = {
        "start": "22:00",
        "end": "06:00",
        "timezone": "Europe/Berlin",
        "channels": ["phone"],
    }
    now = datetime(2026, 1, 2, utc_hour, 30, tzinfo=UTC)
    plans = {one.channel: one.when for one in plan(read_routing(routing), "job_failed", severity, now)}
    assert plans == {"ops": "now", "phone": when, "office": "now"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": {}}, "channels: Dictionary should have at least 1 item"),
        ({"routes": [{"channels": ["nowhere"]}]}, "no such channel: nowhere"),
        ({"routes": [{"channels": ["ops"], "events": ["nothing"]}]}, "no such event: nothing"),
        ({"routes": [{"channels": ["ops"], "severty": "x"}]}, "routes.0.severty: Extra inputs"),
        ({"quiet_hours": {"start": "22:00", "end": "6", "timezone": "Mars/Base"}}, "no such time zone"),
        ({"channels": {"ops": {"kind": "pigeon"}}}, "channels.ops: Input tag 'pigeon'"),
        (
            {"channels": {"ops": {"kind": "sms", "twilio": {"token": "s3cret"}}}},
            "channels.ops.sms.to: Field required",
        ),
    ],
)
def test_a_wrong_routing_is_refused_with_every_fault_and_no_value(
    routing: Any, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(FixSettings) as caught:
        read_routing({**routing, **change})
    assert said in str(caught.value)
    assert "s3cret" not in f"{caught.value} {vars(caught.value)}"


def test_no_routing_at_all_is_said() -> None:
    with pytest.raises(FixSettings, match="choose a resource of type notification_routing"):
        read_routing(None)


@pytest.fixture
def collecting(routing: Any) -> Any:
    """A routing that collects everything for a Slack channel."""
    return {
        "channels": {"ops": routing["channels"]["ops"]},
        "routes": [{"channels": ["ops"], "digest": True}],
    }


def test_a_digest_has_the_text_of_each_event(collecting: Any, slack: Twin) -> None:
    for issue in ("Lifeboat", "Fire pump"):
        notify_event("compliance_issue", {**ISSUE, "issue": issue}, collecting)
    send_digest(collecting)
    (sent,) = slack.sent()
    assert "Compliance issue: Aurora: Lifeboat" in str(sent)
    assert "Compliance issue: Aurora: Fire pump" in str(sent)


def test_the_digest_of_another_routing_takes_nothing_for_a_channel_of_the_same_name(
    collecting: Any, slack: Twin, store: Store
) -> None:
    other = copy.deepcopy(collecting)
    other["channels"]["ops"]["channel"] = "C0OTHER"
    notify_event("compliance_issue", ISSUE, collecting)
    assert send_digest(other)["channels"] == {}
    store.execute("UPDATE notify_digest SET at = at - :by", {"by": 3 * 86_400})
    assert "or has elsewhere" in send_digest(other)["channels"]["ops"]["detail"]
    assert slack.sent() == []
    assert statuses(send_digest(collecting)) == {"ops": "sent"}


def test_a_digest_finds_its_channel_though_an_account_changed_and_its_phones_their_order(
    routing: Any, twilio: Twin
) -> None:
    phones: Any = {
        "channels": {"phone": {**routing["channels"]["phone"], "to": [PHONE, "+12025550124"]}},
        "routes": [{"channels": ["phone"], "digest": True}],
    }
    notify_event("compliance_issue", ISSUE, phones)
    phones["channels"]["phone"]["to"].reverse()
    phones["channels"]["phone"]["twilio"] = {**twilio.resource, "rate_limit": 0}
    assert statuses(send_digest(phones)) == {"phone": "sent"}
    assert len(twilio.sent()) == 2


def test_what_was_sent_is_not_collected_as_well_and_what_was_collected_is_not_sent(
    collecting: Any, slack: Twin
) -> None:
    at_once: Any = {**collecting, "routes": [{"channels": ["ops"]}]}
    quiet: Any = {**at_once, "quiet_hours": {"start": "00:00", "end": "00:00", "timezone": "UTC"}}
    late = {**ISSUE, "issue": "late"}
    turns = [(at_once, ISSUE), (quiet, ISSUE), (quiet, late), (at_once, late), (quiet, late)]
    ends = [statuses(notify_event("compliance_issue", data, where))["ops"] for where, data in turns]
    assert ends == ["sent", "duplicate", "digest", "duplicate", "duplicate"]
    send_digest(quiet)
    assert statuses(notify_event("compliance_issue", late, quiet)) == {"ops": "duplicate"}
    assert (send_digest(quiet)["channels"], len(slack.sent())) == ({}, 2)


def test_what_has_become_worse_is_told_though_it_was_collected(collecting: Any, slack: Twin) -> None:
    notify_event("compliance_issue", ISSUE, collecting)
    collecting["routes"] = [{"channels": ["ops"]}]
    assert statuses(notify_event("compliance_issue", ISSUE, collecting, "critical")) == {"ops": "sent"}


def test_a_digest_that_reached_one_of_two_phones_does_not_reach_it_again(routing: Any, twilio: Twin) -> None:
    phones: Any = {
        "channels": {"phone": {**routing["channels"]["phone"], "to": [PHONE, "+15005550001"]}},
        "routes": [{"channels": ["phone"], "digest": True}],
    }
    notify_event("compliance_issue", ISSUE, phones)
    for _ in range(2):
        assert statuses(send_digest(phones)) == {"phone": "failed"}
    assert [sent["to"] for sent in twilio.sent()] == [PHONE]


def test_no_field_is_dropped_for_its_name_or_for_that_of_another() -> None:
    data = {**DATA["vessel_arrival"], "title": "Captain", "pilot_on": 1, "pilot on": 2}
    facts = message_of("vessel_arrival", data).facts
    assert (facts["Title"], facts["Pilot on"], facts["pilot on"]) == ("Captain", "1", "2")


def test_an_empty_field_is_missing_and_no_second_value() -> None:
    with pytest.raises(FixInput, match="lacks vessel"):
        message_of("vessel_arrival", {"vessel": "", "port": "NLRTM"})
    for data in ({"vessel": "", "vessel_name": "Aurora"}, {"vessel_name": "Aurora", "vessel": ""}):
        assert message_of("vessel_arrival", {**data, "port": "P"}).title == "Aurora has arrived at P"


def test_data_that_has_no_fields_is_refused_in_a_sentence(routing: Any) -> None:
    data: Any = ["Aurora"]
    with pytest.raises(FixInput, match="data must be an object"):
        notify_event("vessel_arrival", data, routing)


@pytest.mark.parametrize(
    ("kind", "data", "channel", "refusal"),
    [
        ("shift", {"driver": "Ada", "time": "6"}, "sms", "Unknown kind of message"),
        ("shift_reminder", ["Ada"], "sms", "data must be an object"),
        ("shift_reminder", {"driver": "Ada", "time": "6"}, "WhatsApp", "channel must be sms or whatsapp"),
    ],
    ids=["kind", "data", "channel"],
)
def test_a_drivers_message_goes_nowhere_by_a_wrong_choice(
    twilio: Twin, kind: Any, data: Any, channel: Any, refusal: str
) -> None:
    with pytest.raises(FixInput, match=refusal):
        send_driver_alert(kind, PHONE, data, twilio.resource, "+15005550006", channel)
    assert twilio.sent() == []
