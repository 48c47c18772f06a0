"""parse_csv as the form runs it: text in, chunks and reasons out."""

import hashlib
import io
import json
import tracemalloc
from itertools import chain
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.customers.parse_csv import main
from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.reasons import TEXTS
from f.records.reading.table import read_table
from f.records.reading.table_validation import validate_table
from f.records.rows import row_spool
from f.records.rows.chunk_sizes import ChunkSizes
from f.records.rows.rejects_file import render
from f.records.rows.row_spool import RowSpool
from f.records.rows.row_store import StoredRows, read_rows

HEADER = "name,email,phone,VIP\n"


def refused(parsed: Any) -> list[tuple[int, str]]:
    return [(r["line"], r["code"]) for part in parsed["refused"] for r in part["records"]]


def customers(parsed: Any) -> list[dict[str, Any]]:
    return [r["record"] for chunk in parsed["chunks"] for r in chunk["rows"]["records"]]


def test_rows_become_customers_in_chunks_with_their_lines() -> None:
    text = HEADER + "".join(f"C {n},c{n}@example.com,,yes\n" for n in range(5))
    parsed = main(text=text, chunk_rows=2)
    assert [(c["index"], c["first_line"], c["last_line"], c["rows"]["count"]) for c in parsed["chunks"]] == [
        (0, 2, 3, 2),
        (1, 4, 5, 2),
        (2, 6, 6, 1),
    ]
    assert customers(parsed)[0] == {"name": "C 0", "email": "c0@example.com", "custom": {"VIP": "yes"}}
    assert parsed["counts"] == {"rows": 5, "valid": 5, "invalid": 0, "duplicate": 0}


def test_the_file_is_known_by_the_hash_of_its_very_bytes() -> None:
    content = ("\ufeff" + HEADER + "Ada,ada@example.com,,\n\n" * 4_000).encode()
    known = main(csv=content)["sha256"]
    assert known == hashlib.sha256(content).hexdigest()
    assert main(csv=content + b"\n")["sha256"] != known


def test_every_refused_row_has_its_line_and_its_reason() -> None:
    text = HEADER + (
        "Ada,ada@example.com,,\n"
        ",noname@example.com,,\n"
        "No Mail,,,\n"
        "Bad,bad@@example.com,,\n"
        "Short,short@example.com\n"
        "Long,long@example.com,,yes,extra\n"
        "Again,ADA@example.com,,\n"
        f"{'A' * 300},long@example.com,,\n"
        "Bell\x07,bell@example.com,,\n"
    )
    parsed = main(text=text)
    assert refused(parsed) == [
        (3, "missing_name"),
        (4, "missing_email"),
        (5, "invalid_email"),
        (6, "wrong_column_count"),
        (7, "wrong_column_count"),
        (8, "duplicate_in_file"),
        (9, "too_long"),
        (10, "bad_characters"),
    ]
    assert parsed["counts"] == {"rows": 9, "valid": 1, "invalid": 7, "duplicate": 1}


def test_an_example_shows_line_and_column_and_a_masked_value() -> None:
    parsed = main(text=HEADER + "Ada,somebody.secret@@example.com,,\n")
    reason = parsed["reasons"][0]
    assert reason["examples"] == [{"line": 2, "column": "email", "value": "so… (28 characters)"}]
    assert "secret" not in json.dumps(parsed["reasons"])


def test_the_mapping_and_the_default_country_are_obeyed() -> None:
    text = "Client,Contact,Ring\nAda,ada@example.com,(202) 555-0143\n"
    parsed = main(
        text=text,
        mapping={"Client": "name", "Contact": "email", "Ring": "phone"},
        default_country="United States",
    )
    assert customers(parsed) == [{"name": "Ada", "email": "ada@example.com", "phone": "+12025550143"}]


def test_a_rejects_file_fed_back_is_the_file_the_user_had() -> None:
    first = main(text=HEADER + "=Ada,ada@@example.com,+1 202 555 0143,-\n")
    text = "".join(render(first["header"], read_rows(first["refused"][0]), TEXTS))
    again = main(text=text.replace("ada@@", "ada@"))
    assert customers(again) == [
        {"name": "=Ada", "email": "ada@example.com", "phone": "+12025550143", "custom": {"VIP": "-"}}
    ]
    assert again["header"] == ["name", "email", "phone", "VIP"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"text": ""}, "one_source_expected", "Give exactly one"),
        ({"csv": b"\x00\x01\x02\x03" * 50}, None, ""),
        ({"text": "name,email\n"}, "header_only", ""),
        ({"text": "name,phone\nAda,1\n"}, "no_email_column", "no column holds the e-mail address"),
        ({"text": "email,e-mail,name\na,b,c\n"}, "two_columns_for_one_field", "column 1"),
        ({"text": '"name,email\nAda,ada@example.com\n'}, "unclosed_quote", "1"),
        ({"csv": b"na\x00me,email\nAda,ada@example.com\n"}, "nul_byte", "1"),
        ({"text": HEADER + "x" * 1_100_000 + ",,,\n"}, "field_too_large", ""),
        (
            {"text": HEADER + "Ada,a@example.com,,\n", "default_country": "Atlantis"},
            "unknown_country",
            "ISO 3166",
        ),
        ({"text": HEADER + "Ada,a@example.com,,\n", "encoding": "klingon"}, "unknown_encoding", "utf-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_what_to_do(
    arguments: dict[str, Any], code: str | None, said: str
) -> None:
    with pytest.raises(FixInput) as caught:
        main(**arguments)
    assert code is None or caught.value.code == code
    assert said in str(caught.value)


def test_a_file_without_a_header_is_mapped_by_position() -> None:
    parsed = main(
        text="Ada,ada@example.com\nBob,bob@example.com\n",
        has_header=False,
        mapping={"column_1": "name", "column_2": "email"},
    )
    assert [customer["name"] for customer in customers(parsed)] == ["Ada", "Bob"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('Ada,"a"da@example.com,,\n', "stray_quote"),
        ('Ada,"x\na,b@example.com,,\nc,d@example.com,,\ne",,\n', "swallowed_lines"),
    ],
)
def test_a_quote_out_of_place_is_a_fault_of_its_row(text: str, code: str) -> None:
    parsed = main(text=HEADER + text + "Bob,bob@example.com,,\n")
    assert refused(parsed) == [(2, code)]
    assert len(customers(parsed)) == 1


def test_rows_beyond_the_inline_size_become_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: dict[str, list[bytes]] = {}

    def keep(path: str, lines: list[bytes]) -> StoredRows:
        stored[path] = lines
        return {"count": len(lines), "s3": path}

    monkeypatch.setattr(row_spool, "write_rows", keep)
    text = HEADER + "".join(f"C {n},c{n}@example.com,,\n" for n in range(40)) + "Bad,,,\n"
    table = read_table(io.BytesIO(text.encode()))
    valid = validate_table(
        table,
        CUSTOMERS,
        mapping=None,
        options={},
        spool=RowSpool("imp", inline_bytes=2000),
        sizes=ChunkSizes(10),
    )
    assert [chunk["rows"].get("s3") for chunk in valid.chunks] == [
        f"imports/imp/chunks/{index:05}.jsonl" for index in range(4)
    ]
    assert [part.get("s3") for part in valid.refused] == ["imports/imp/refused/00000.jsonl"]
    assert sum(len(lines) for lines in stored.values()) == 41
    assert not [chunk for chunk in valid.chunks if "records" in chunk["rows"]]


@pytest.mark.parametrize(
    ("rows", "length", "chunks"), [(12_000, 300, [10_000, 2_000]), (400, 30_000, [134, 133, 133])]
)
def test_a_chunk_has_the_rows_asked_for_up_to_eight_megabytes(
    monkeypatch: pytest.MonkeyPatch, rows: int, length: int, chunks: list[int]
) -> None:
    monkeypatch.setattr(row_spool, "write_rows", lambda path, lines: {"count": len(lines), "s3": path})
    text = "name,email,VIP\n" + "".join(f"C {n},c{n}@example.com,{'y' * length}\n" for n in range(rows))
    parsed = main(text=text, chunk_rows=10_000)
    assert [chunk["rows"]["count"] for chunk in parsed["chunks"]] == chunks


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_spool, "write_rows", lambda path, lines: {"count": len(lines), "s3": path})

    def peak(rows: int) -> int:
        lines = (f"C {number},c{number}@example.com,,yes\n".encode() for number in range(rows))
        tracemalloc.start()
        try:
            validate_table(
                read_table(chain([HEADER.encode()], lines)),
                CUSTOMERS,
                mapping=None,
                options={},
                spool=RowSpool("imp", inline_bytes=100_000),
                sizes=ChunkSizes(500),
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(30_000) < 1.3 * peak(3_000)


def test_only_the_damaged_rows_are_refused_and_the_lines_above_the_header_are_told_of() -> None:
    """A bank's export: three title lines and a blank one; a quote that is never closed, a bad byte, 5"."""
    rows = [
        b"Umsatzanzeige;",
        b"Konto;DE00 1234",
        b"Stand;01.05.2026",
        b"",
        b"Name;E-Mail;Firma",
        b'Ada;ada@example.com;Disk 5"',
        b'Bob;bob@example.com;"Bell',
        b"Eve;eve@example.com;\xe9",
        "Zoë;zoe@example.com;Zoo".encode(),
        "Zoë;zoe2@example.com;Zoo".encode(),
    ]
    parsed = main(csv=b"\n".join(rows))
    assert parsed["table"]["header_row"] == "5"
    assert parsed["counts"] == {"rows": 5, "valid": 3, "invalid": 2, "duplicate": 0}
    found = {reason["code"]: (reason["outcome"], reason["rows"]) for reason in parsed["reasons"]}
    assert found == {
        "unclosed_quote": ("invalid", 1),
        "undecodable": ("invalid", 1),
        "skipped_lines": ("warning", 3),
        "quote_in_cell": ("warning", 1),
    }
    assert [(note["code"], note["line"]) for note in parsed["notes"]] == [
        ("skipped_lines", 1),
        ("quote_in_cell", 6),
    ]
    assert main(csv=b"\n".join(rows), header_row=5)["counts"] == parsed["counts"]
