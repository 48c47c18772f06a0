"""The whole way through the import desk, from a file to the report: real scripts, in a Chromium.

What people do is in walks/, a script each. The target is the mock of this repository, or the twin of a
customer API, in a process of its own, which takes the same customer twice: so one that was sent twice shows.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.desk.visiting import Site, Visit
from tests.mill.openapi.fuzzing import TOKEN, start_serving, stop_serving
from tests.mill.trees import REPOSITORY
from tests.mill.twins.stage import TwinClient, TwinProcess, taking_any_customer

pytestmark = pytest.mark.timeout(300)

SAMPLE = REPOSITORY / "flows" / "data" / "customers.csv"
# Where an import has to last: the target takes its time to create a customer, and there is one after the
# other. Each has an answer within two seconds, so that what is in doubt can soon be asked about.
SLOW = {"script": [{"operation": "create", "times": 1000, "fault": "slow"}], "slow_seconds": 0.5}
IN_LINE = {"max_concurrent_requests": 1, "batch_size": 2, "timeout": 2, "in_flight_seconds": 0}
BANK = """\
"Musterbank eG";"Zweigstelle Süd"
"Umsätze mit Kontaktdaten vom 01.11.2026 bis 27.11.2026"
"Konto: DE02120300000000202051"

Buchungstag;Name Zahlungsbeteiligter;E-Mail-Adresse;Telefon;Straße;PLZ;Ort;Betrag;Währung
"""
PAYERS = (
    ("Jörg Müller", "030 901820", "Straße des 17. Juni 1", "10623", "Berlin"),
    ("Änne Weiß", "089 2180", "Gäßchen 2", "80331", "München"),
    ("Bäckerei Groß GmbH", "+49 221 2210", "Übergang 3", "50667", "Köln"),
)


@pytest.fixture
def crm(twins: TwinProcess) -> TwinClient:
    return taking_any_customer(twins)


def undisturbed(visit: Visit) -> Any:
    """Return what a visit saw, of which neither the browser nor the page's policy may have complained."""
    assert (visit.complaints, visit.strangers) == ([], [])
    return visit.seen


def sent_to(crm: TwinClient) -> list[str]:
    """Return the addresses of the customers that the target has made, one as often as it was made."""
    return sorted(key for _, key in crm.ledger("created"))


def customers(folder: Path, count: int) -> Path:
    """Write a file of good rows."""
    file = folder / "customers.csv"
    rows = (f"Ada {number} Byron,ada{number:03}@example.com\n" for number in range(count))
    file.write_text("name,email\n" + "".join(rows), "utf-8")
    return file


def addresses(count: int) -> list[str]:
    """Return the addresses in a file of so many customers."""
    return [f"ada{number:03}@example.com" for number in range(count)]


def bank_export(folder: Path) -> Path:
    """Write what a German bank exports: title lines, Windows-1252, semicolons, 1.234,56 and 24.12.2026."""
    file = folder / "umsaetze.csv"
    rows = (
        f'{day:02}.11.2026;{name};kunde{day}@example.com;{phone};{street};{code};{town};"{day}.190,50";EUR\n'
        for day, (name, phone, street, code, town) in enumerate(PAYERS, 2)
    )
    file.write_bytes((BANK + "".join(rows)).replace("\n", "\r\n").encode("cp1252"))
    return file


def bad_rows(folder: Path) -> Path:
    """Write 200 good rows, 4,400 with addresses that cannot be, and 600 without a name."""
    file = folder / "bad.csv"
    rows = [f"Ada {number};ada{number}@example.com;Oslo" for number in range(200)]
    rows += [f"Ben {number};ben{number}@@example,com;Oslo" for number in range(4400)]
    rows += [f";cay{number}@example.com;Oslo" for number in range(600)]
    file.write_text("\n".join(["Name;E-Mail;City", *rows, ""]), "utf-8")
    return file


def test_the_sample_goes_through_every_step_and_comes_to_the_numbers_of_the_terminal(
    desk: Site, tmp_path: Path
) -> None:
    words = ["-m", "mill", "import", str(SAMPLE), "--silent", "--state", str(tmp_path)]
    with subprocess.Popen([sys.executable, *words], cwd=REPOSITORY, stdout=subprocess.PIPE) as terminal:
        seen = undisturbed(desk.visit("walks/sample", file=str(SAMPLE)))
        assert terminal.stdout is not None
        told = json.loads(terminal.stdout.read())
    counts = {name: rows for name, rows in told["counts"].items() if rows}
    assert counts == {"rows": 1040, "created": 989, "duplicate": 7, "invalid": 44}
    assert seen["outcomes"] == {"Created": 989, "Duplicate": 7, "Invalid": 44, "In all": 1040}
    assert seen["heading"] == "989 rows were brought in, 51 were not."
    # The mock knows one customer, and cannot be asked about it before.
    assert seen["planned"] == {"Create": 990, "Refused here": 44, "Repeated": 6}
    # What is only worth knowing does not stand among the reasons why rows were left out.
    warnings = [one["message"] for one in told["reasons"] if one["outcome"] == "warning"]
    assert len(warnings) == 3
    for heading, expected in (("Why rows were not imported", 8), ("Worth knowing", 3)):
        said = seen["reasons"][heading]
        assert len(said) == expected
        assert [any(warning in line for warning in warnings) for line in said] == [expected == 3] * expected
    assert len(seen["looks"]) == 8
    assert {name: found for name, found in seen["looks"].items() if found} == {}


def test_a_banks_export_is_understood_and_its_umlauts_arrive(
    desk: Site, crm: TwinClient, tmp_path: Path
) -> None:
    target = desk.target(crm, "bank")
    seen = undisturbed(desk.visit("walks/bank", file=str(bank_export(tmp_path)), target=target))
    assert seen["read"] == ["cp1252 (found)", "semicolon ; (found)", "in line 5 (found)"]
    assert seen["first"][:3] == ["6", "02.11.2026", "Jörg Müller"]
    assert "lines 1, 2 and 3" in seen["noticed"][0]
    assert seen["columns"] == {
        "Buchungstag": "Custom field: Buchungstag",
        "Name Zahlungsbeteiligter": "Name (required)",
        "E-Mail-Adresse": "E-mail (required)",
        "Telefon": "Phone",
        "Straße": "Street",
        "PLZ": "Postal code",
        "Ort": "City",
        "Betrag": "Custom field: Betrag",
        "Währung": "Custom field: Währung",
    }
    assert seen["heading"] == "All 3 rows were brought in."
    found = [crm.get(f"/customers?email=kunde{day}@example.com").json["data"][0] for day in (2, 3, 4)]
    assert [(one["name"], one["street"], one["city"]) for one in found] == [
        (name, street, town) for name, _, street, _, town in PAYERS
    ]
    assert [one["phone"] for one in found] == ["+4930901820", "+49892180", "+492212210"]
    assert found[0]["custom_fields"] == {"Buchungstag": "02.11.2026", "Betrag": "2.190,50", "Währung": "EUR"}


def test_thousands_of_bad_rows_are_filtered_mended_and_left_out_and_the_plan_counts_them_so(
    desk: Site, tmp_path: Path
) -> None:
    seen = undisturbed(desk.visit("walks/mended", file=str(bad_rows(tmp_path))))
    assert seen["before"].startswith("5,000 rows of 5,200 need your attention.")
    assert seen["reasons"][1:] == ["4,400 · The e-mail address cannot exist.", "600 · The name is empty."]
    assert (seen["verdict"], seen["left"]) == ("Good now", "Left out")
    assert "801 of 5199 rows can be sent" in seen["stop"]
    assert "4398 cannot (84.6%). 1 more were taken out by a person." in seen["stop"]
    assert seen["would"] == {"Create": 801, "Refused here": 4398, "Left out": 1}
    assert seen["after"].startswith("4,398 rows of 5,200")


def test_a_plan_of_which_the_target_has_changed_sends_nothing_and_another_holds(
    desk: Site, crm: TwinClient, tmp_path: Path
) -> None:
    def change() -> int:
        return crm.post("/customers", {"name": "Ada", "email": "ada001@example.com"}).status

    answers = {"change": change, "sent": lambda: len(sent_to(crm))}
    file, target = customers(tmp_path, 3), desk.target(crm, "stale")
    seen = undisturbed(desk.visit("walks/stale", file=str(file), target=target, answers=answers))
    assert seen["before"] == {"Create": 3}
    assert "The target has changed since the plan was made" in seen["refused"]
    assert seen["sent"] == 1
    assert seen["after"] == {"Create": 2, "Leave": 1}
    assert "The target already has a customer with this e-mail address." in seen["why"]
    assert seen["outcomes"] == {"Created": 2, "Duplicate": 1, "In all": 3}
    assert sent_to(crm) == addresses(3)


def test_an_import_that_is_cancelled_says_what_was_done_and_goes_on(
    desk: Site, crm: TwinClient, tmp_path: Path
) -> None:
    def fast() -> list[str]:
        crm.put_faults()
        return sent_to(crm)

    answers = {"slow": lambda: crm.put_faults(**SLOW), "fast": fast}
    file, target = customers(tmp_path, 20), desk.target(crm, "cancelled", **IN_LINE)
    seen = undisturbed(desk.visit("walks/canceled", file=str(file), target=target, answers=answers))
    done = seen["part"]["Created"]
    assert 0 < done < 20
    assert seen["sent"] == addresses(done)
    rows = f"{done} row{'s' * (done > 1)} had been applied ({done} created) and stay"
    assert seen["said"].startswith(f"The import was cancelled. {rows}")
    assert seen["outcomes"] == {"Created": 20 - done, "Unchanged": done, "In all": 20}
    assert sent_to(crm) == addresses(20)


def test_an_import_whose_server_was_killed_is_found_again_and_ends_with_each_row_once(
    browser: str, crm: TwinClient, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    process, url = start_serving(REPOSITORY, state)
    site = Site(url, state, browser)

    def kill() -> None:
        process.kill()
        process.communicate()
        crm.put_faults()

    def restart() -> None:
        nonlocal process
        _age_runs(state)
        process, _ = start_serving(REPOSITORY, state, "--port", url.rpartition(":")[2])

    answers = {
        "slow": lambda: crm.put_faults(**SLOW),
        "kill": kill,
        "restart": restart,
    }
    try:
        file, target = customers(tmp_path, 20), site.target(crm, "killed", **IN_LINE)
        visit = site.visit(
            "walks/killed", file=str(file), name=file.name, target=target, link=site.link, answers=answers
        )
    finally:
        stop_serving(process)
    seen = visit.seen
    assert seen["lost"] == "The connection is lost. Trying again…"
    assert "Failed" in seen["listed"]
    assert "its job is gone" in seen["said"]
    assert "had been applied" in seen["said"]
    # Those of which no answer came may be found there, created or still to be created.
    assert set(seen["outcomes"]) <= {"Created", "Unchanged", "Duplicate", "In all"}
    assert seen["outcomes"]["In all"] == 20
    assert sent_to(crm) == addresses(20)
    assert [text for text in visit.complaints if not re.search(r"net::ERR|\(Unauthorized\)", text)] == []


def _age_runs(state: Path) -> None:
    """Have the runs of all drafts begun long ago: a job of the last minute may only be slow to begin."""
    with sqlite3.connect(state / "home" / ".millwright" / "desk.sqlite") as store:
        for draft_id, body in store.execute("SELECT id, body FROM desk_draft").fetchall():
            draft = json.loads(body)
            for run in draft["runs"].values():
                began = datetime.fromisoformat(run["at"]) - timedelta(minutes=5)
                run["at"] = began.isoformat(timespec="milliseconds")
            store.execute("UPDATE desk_draft SET body = ? WHERE id = ?", (json.dumps(draft), draft_id))
    store.close()


def test_two_people_who_apply_the_same_plan_start_one_import(
    desk: Site, crm: TwinClient, tmp_path: Path
) -> None:
    file, target = customers(tmp_path, 3), desk.target(crm, "two")
    seen = undisturbed(desk.visit("walks/two", file=str(file), target=target, link=desk.link))
    assert len(set(seen["said"])) == 1
    assert seen["said"][0].startswith("Started by ")
    assert seen["outcomes"] == [{"Created": 3, "In all": 3}] * 2
    assert sent_to(crm) == addresses(3)


def test_an_import_that_waits_for_approval_is_approved_by_somebody_else(
    desk: Site, crm: TwinClient, tmp_path: Path
) -> None:
    file, target = customers(tmp_path, 2), desk.target(crm, "approved")
    answers = {"sent": lambda: sent_to(crm)}
    seen = undisturbed(desk.visit("walks/approval", file=str(file), target=target, answers=answers))
    assert seen["waits"] == ["The import waits for a person's approval. Nothing was sent yet."]
    assert seen["before"] == []
    assert "2 to create" in seen["asked"]
    assert seen["answered"] == "Your answer has arrived. You can close this page."
    assert seen["looks"] == {"waiting": [], "approval": []}
    assert seen["outcomes"] == {"Created": 2, "In all": 2}
    assert sent_to(crm) == addresses(2)


def test_a_login_that_ends_is_told_and_what_was_being_done_is_done_after_the_next(
    desk: Site, tmp_path: Path
) -> None:
    file = tmp_path / "login.csv"
    file.write_text("Name,E-Mail,City\nAda,ada@example.com,Oslo\nBen,ben@@example,Rome\n", "utf-8")
    visit = desk.visit("walks/session", file=str(file), name=file.name, link=desk.link)
    seen = visit.seen
    assert seen["said"].startswith("Your session has ended. Open the desk again with `mill desk`")
    assert seen["said"].endswith("Then go on here: nothing is lost.")
    assert seen["kept"] == ["Not checked yet", "A change is not saved."]
    assert seen["looks"] == []
    assert (seen["verdict"], seen["notices"]) == ("Good now", 0)
    assert seen["after"] == "None of the 2 rows needs your attention."
    statuses = [text.partition(" with a status of ")[2] for text in visit.complaints]
    assert (statuses, visit.strangers) == (["401 (Unauthorized)"] * 2, [])


def test_what_is_no_table_or_not_allowed_is_said_where_the_person_looks(
    desk: Site, crm: TwinClient, tmp_path: Path
) -> None:
    file = tmp_path / "towns.csv"
    file.write_text("Name,E-Mail,City\nAda,ada@example.com,Oslo\n", "utf-8")
    target = desk.target(crm, "locked")
    crm.put_settings(token="another than ours")
    seen = undisturbed(desk.visit("walks/inputs", file=str(file), target=target))
    assert seen["empty"] == "The file is empty: choose one with a header and rows."
    assert seen["picture"].startswith("This is a PNG image, not CSV")
    assert seen["onward"] is False
    assert seen["twice"].startswith("E-mail is column 2 already. One field can come from one column only.")
    assert seen["field"] == "city"
    assert "answered 401: the credential was refused" in seen["stop"]
    assert seen["apply"] == 0
    assert TOKEN not in seen["stop"]
