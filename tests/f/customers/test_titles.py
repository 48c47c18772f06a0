"""The titles of columns: every export's columns, every language's words."""

# ruff: noqa: RUF001 - letters of other alphabets

from __future__ import annotations

import pytest

from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.fields import FIELDS
from f.customers.validation.titles import LANGUAGES, coverage, customer_titles
from f.records.reading.column_words import fold
from f.records.reading.columns import guess_columns, knows_of, map_columns
from tests.f.customers.exports import EXPORTS, Export


@pytest.mark.parametrize("export", EXPORTS, ids=[export.name for export in EXPORTS])
def test_every_column_of_an_export_becomes_what_it_is(export: Export) -> None:
    titles = [title for title, _ in export.columns]
    guessed = guess_columns(titles, CUSTOMERS, None, export.rows)
    assert not guessed.questions
    found = {guess.index: guess.field for guess in guessed.guesses}
    fields = {index: "-" if field.startswith("custom: ") else field for index, field in found.items()}
    assert [(title, fields[index]) for index, title in enumerate(titles)] == list(export.columns)


def fields(header: list[str], *rows: list[str], has_names: bool = True) -> dict[str, str]:
    """Field to title, for the columns that became one."""
    columns = map_columns(header, CUSTOMERS, None, rows, has_names=has_names)
    return {field: header[index] for index, field in columns.fields.items()}


# Fields that people of a country have no word of their own for.
WITHOUT = {"ja": {"whole"}, "zh": {"whole"}}
TWELVE = {"de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs", "tr", "ja", "zh", "ru"}


def test_every_language_has_words_for_every_field() -> None:
    assert set(LANGUAGES) >= TWELVE
    missing = {
        (language, field)
        for language, counts in coverage().items()
        for field in FIELDS
        if not counts.get(field)
    }
    assert not missing


def test_every_word_is_known_and_none_is_lost_to_another_language() -> None:
    """A word that two languages use for two fields is listed here with what it is taken for."""
    table, knows = customer_titles(), knows_of(CUSTOMERS)
    taken_for: dict[str, set[str]] = {}
    for named in LANGUAGES.values():
        for field, listed in named.items():
            names = listed.partition("|")[0]
            for word in filter(None, map(str.strip, names.split(","))):
                assert knows(word), word
                meant = table[fold(word)].field
                if meant != {"whole": "name", "none": ""}.get(field, field):
                    taken_for.setdefault(word, set()).add(meant)
    assert taken_for == {"č p": {"postal_code"}, "departamento": {"state"}}


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("Straße", "strasse"),
        ("Strasze", "strasze"),
        ("STRASSE", "strasse"),
        ("Soyadı", "soyadi"),
        ("SOYADI", "soyadi"),
        ("İL", "il"),
        ("Imię", "imie"),
        ("Płeć", "plec"),
        ("Għolja", "gholja"),
        ("ＴＥＬ．", "tel"),
        ("E-Mail Address *", "emailaddress"),
        ("Customer #", "customernumber"),
        ("Địa chỉ", "diachi"),
        ("Numéro", "numero"),
        ("ﾒｰﾙ", "メール"),
        ("الهاتـف", "الهاتف"),
        ("Größe", "grosse"),
    ],
)
def test_a_title_is_compared_without_case_accents_width_and_signs(title: str, word: str) -> None:
    assert fold(title) == fold(word)
    assert fold(fold(title)) == fold(title)


@pytest.mark.parametrize(
    "title", ["Straße", "STRASSE", "Strasze", "Telefon geschäftlich", "Telefon geschaeftlich", "Landkreis"]
)
def test_german_is_known_with_and_without_its_letters(title: str) -> None:
    assert knows_of(CUSTOMERS)(title)


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        (["Nombre", "Apellidos"], "Nombre", "Apellidos"),
        (["Apellidos", "Nombre"], "Nombre", "Apellidos"),
        (["Nom", "Prénom"], "Prénom", "Nom"),
        (["Prénom", "Nom"], "Prénom", "Nom"),
        (["Name", "Vorname"], "Vorname", "Name"),
        (["Cognome", "Nome"], "Nome", "Cognome"),
        (["Nome", "Sobrenome"], "Nome", "Sobrenome"),
        (["Naam", "Voornaam"], "Voornaam", "Naam"),
        (["姓", "名"], "名", "姓"),
        (["姓", "名前"], "名前", "姓"),
        (["성", "이름"], "이름", "성"),
        (["Jméno", "Příjmení"], "Jméno", "Příjmení"),
        (["Имя", "Фамилия"], "Имя", "Фамилия"),
        (["Ad", "Soyad"], "Ad", "Soyad"),
        (["Nume", "Prenume"], "Prenume", "Nume"),
        (["Name", "Last Name"], "Name", "Last Name"),
    ],
)
def test_a_word_for_the_whole_name_is_a_part_beside_the_other_part(
    header: list[str], first: str, last: str
) -> None:
    assert fields([*header, "E-Mail"]) == {"first_name": first, "last_name": last, "email": "E-Mail"}


def test_both_parts_beside_a_full_name_keep_all_three() -> None:
    assert set(fields(["Name", "Vorname", "Nachname", "E-Mail"])) == {
        "name",
        "first_name",
        "last_name",
        "email",
    }
    full = fields(["Nombre completo", "Nombre", "Apellidos", "Correo"])
    assert full == {
        "name": "Nombre completo",
        "first_name": "Nombre",
        "last_name": "Apellidos",
        "email": "Correo",
    }


def test_a_name_that_holds_the_first_name_is_the_full_name() -> None:
    header = ["Name", "First Name", "E-Mail"]
    assert fields(header, ["Ada Hopper", "Ada", "a@example.com"])["name"] == "Name"
    assert fields(header, ["Hopper", "Ada", "a@example.com"])["last_name"] == "Name"


def test_a_salutation_is_no_job_title() -> None:
    header = ["Title", "Name", "E-Mail"]
    assert "job_title" not in fields(
        header, ["Dr.", "Ada", "a@example.com"], ["Mrs.", "Grace", "g@example.com"]
    )
    assert "job_title" in fields(header, ["Engineer", "Ada", "a@example.com"])
    assert "job_title" not in fields(["Anrede", "Titel", "Name", "E-Mail"])


def test_the_parts_of_two_addresses_make_no_address() -> None:
    header = [
        "Name",
        "Email",
        "Billing Street",
        "Billing City",
        "Shipping Street",
        "Shipping City",
        "Shipping Zip",
    ]
    row = ["Ada", "a@example.com", "", "", "1 Main St", "London", "E1"]
    found = fields(header, row)
    assert (found["street"], found["city"], found["postal_code"]) == (
        "Shipping Street",
        "Shipping City",
        "Shipping Zip",
    )


@pytest.mark.parametrize(
    ("title", "field"), [("Customer", "external_id"), ("Kontakt", "phone"), ("Kunde", "name")]
)
def test_a_stand_in_with_cells_of_another_kind_is_passed_over(title: str, field: str) -> None:
    cells = {"external_id": "10023", "phone": "+49 30 23125042", "name": "Ada"}[field]
    header = [title, "Vorname", "E-Mail"]
    assert (fields(header, [cells, "Ada", "a@example.com"]).get("name") == title) is (field == "name")


ROWS = (
    ["Ada", "Hopper", "ada.hopper@example.com", "+49 30 23125042", "10115", "Berlin", "DE"],
    ["Grace", "Lovelace", "grace@example.org", "030 / 23125 043", "80331", "München", "AT"],
    ["Zoë", "Müller", "zoe.m@example.net", "+49 30 23125044", "20095", "Hamburg", "DE"],
)


def test_a_file_without_a_header_is_read_by_content_and_position() -> None:
    header = [f"column_{number}" for number in range(1, 8)]
    guessed = guess_columns(header, CUSTOMERS, None, ROWS, has_names=False)
    assert [(guess.field, guess.how) for guess in guessed.guesses] == [
        ("first_name", "position"),
        ("last_name", "position"),
        ("email", "content"),
        ("phone", "content"),
        ("postal_code", "content"),
        ("city", "position"),
        ("country", "content"),
    ]
    assert all(guess.reason for guess in guessed.guesses)
    assert not guessed.questions


def test_names_are_told_apart_by_the_addresses_where_these_have_them() -> None:
    rows = [
        ["Hopper", "Ada", "ada.hopper@example.com"],
        ["Lovelace", "Grace", "grace.lovelace@example.com"],
    ]
    found = fields(["column_1", "column_2", "column_3"], *rows, has_names=False)
    assert found == {"last_name": "column_1", "first_name": "column_2", "email": "column_3"}


def test_a_column_of_several_words_is_the_whole_name() -> None:
    rows = [["7", "Ada Hopper", "a@example.com"], ["8", "Grace Lovelace", "g@example.com"]]
    assert fields(["column_1", "column_2", "column_3"], *rows, has_names=False)["name"] == "column_2"


def test_a_column_of_addresses_is_the_address_whatever_it_is_called() -> None:
    guessed = guess_columns(["Name", "Erreichbar unter"], CUSTOMERS, None, [["Ada", "ada@example.com"]])
    assert guessed.guesses[1].field == "email"
    assert guessed.guesses[1].how == "content"
    assert guessed.columns.fields == {0: "name", 1: "email"}


def test_two_columns_of_addresses_that_nothing_names_are_a_question() -> None:
    rows = [["Ada", "a@example.com", "b@example.com"]]
    guessed = guess_columns(["Name", "Weg 1", "Weg 2"], CUSTOMERS, None, rows)
    assert [(one.code, one.field, one.columns) for one in guessed.questions] == [
        ("two_columns_look_alike", "email", (1, 2))
    ]
    assert "column 2 ('Weg 1') and column 3 ('Weg 2')" in guessed.questions[0].sentence


def test_swapped_columns_are_noticed_and_asked_about() -> None:
    rows = [["ada@example.com", "Ada"], ["grace@example.com", "Grace"]]
    guessed = guess_columns(["name", "email"], CUSTOMERS, None, rows)
    question = guessed.questions[0]
    assert (question.code, question.field, question.columns) == ("cells_contradict_name", "email", (0, 1))
    mapping: dict[str, str | None] = {"name": "email", "email": "name"}
    told = guess_columns(["name", "email"], CUSTOMERS, mapping, rows)
    assert not told.questions
    assert told.columns.fields == {0: "email", 1: "name"}


def test_an_empty_column_gives_way_to_a_filled_one_of_the_same_name() -> None:
    rows = [["Ada", "", "a@example.com"]]
    guessed = guess_columns(["Name", "Email", "E-Mail-Adresse"], CUSTOMERS, None, rows)
    assert guessed.columns.fields == {0: "name", 2: "email"}
    assert "empty so far" in guessed.guesses[2].reason


def test_a_date_and_a_number_are_no_phone_and_a_fax_is_none() -> None:
    rows = [["Ada", "a@example.com", "2024-01-02", "20240102", "+49 30 23125042"]]
    found = fields(["Name", "Email", "Seit", "Wert", "Fax"], *rows)
    assert "phone" not in found


def test_every_column_has_a_guess_with_a_reason() -> None:
    guessed = guess_columns(["Name", "E-Mail", "VIP", "Weg"], CUSTOMERS, {"Weg": "", "VIP": "custom: vip"})
    assert [(guess.index, guess.field, guess.how) for guess in guessed.guesses] == [
        (0, "name", "name"),
        (1, "email", "name"),
        (2, "custom: vip", "mapping"),
        (3, "", "mapping"),
    ]
    assert all(guess.reason for guess in guessed.guesses)
