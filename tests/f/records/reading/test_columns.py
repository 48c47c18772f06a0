import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import FixInput, FixSettings
from f.customers.validation.customer_type import CUSTOMERS
from f.records.reading.column_words import custom_names
from f.records.reading.columns import guess_columns, map_columns
from f.records.target.field_names import field_names


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("email", "email"),
        ("E-Mail", "email"),
        ("e_mail", "email"),
        ("MAIL", "email"),
        ("Email Address *", "email"),
        ("Full Name", "name"),
        ("customer-name", "name"),
        ("FIRSTNAME", "first_name"),
        ("Last Name", "last_name"),
        ("Tel.", "phone"),
        ("Phone Number", "phone"),
        ("mobile", "phone"),
        ("Organisation", "company"),
        ("organization", "company"),
        ("Account", "company"),
        ("ZIP", "postal_code"),
        ("Post-Code", "postal_code"),
        ("postal_code", "postal_code"),
        ("Téléphone", "phone"),
        ("Straße", "street"),
    ],
)
def test_a_header_is_recognised_however_it_is_spelled(header: str, field: str) -> None:
    rest = {"email": "email", "name": "name"}
    others = [name for name in rest if name != field]
    names = [header, *others] if field in rest else [header, *rest]
    assert field in map_columns(names, CUSTOMERS).fields.values()


def test_the_explicit_mapping_wins_over_recognition() -> None:
    columns = map_columns(["name", "email", "work email"], CUSTOMERS, {"work email": "email"})
    assert columns.fields == {0: "name", 2: "email"}
    assert columns.custom == {1: "email_2"}


def test_an_empty_name_leaves_a_column_out() -> None:
    columns = map_columns(["name", "email", "secret"], CUSTOMERS, {"secret": ""})
    assert 2 not in {**columns.fields, **columns.custom}


def test_a_name_that_is_not_ours_makes_a_custom_field() -> None:
    assert map_columns(["name", "email", "x"], CUSTOMERS, {"X": "loyalty"}).custom == {2: "loyalty"}


def test_unmapped_columns_are_kept_under_their_own_name() -> None:
    columns = map_columns(["name", "email", "VIP", "", "VIP"], CUSTOMERS)
    assert columns.custom == {2: "VIP", 3: "column_4", 4: "VIP_2"}


def test_a_mobile_beside_a_phone_is_a_custom_field() -> None:
    columns = map_columns(["name", "email", "mobile", "phone"], CUSTOMERS)
    assert columns.fields[3] == "phone"
    assert columns.custom == {2: "mobile"}


@pytest.mark.parametrize(
    ("header", "mapping", "code", "said"),
    [
        (["name", "phone"], None, "no_email_column", "no column holds the e-mail address"),
        (["email", "phone"], None, "no_name_column", "no column holds the name"),
        (
            ["name", "email", "Mail"],
            None,
            "two_columns_for_one_field",
            "column 2 ('email') and column 3 ('Mail')",
        ),
        (["a", "b"], {"a": "email", "b": "email"}, "two_columns_for_one_field", "both mean 'email'"),
        (["name", "email"], {"emial": "email"}, "unknown_column", "Did you mean 'email'?"),
        (["name", "email"], {"zzz": "email"}, "unknown_column", "The file has: name, email."),
    ],
)
def test_a_header_that_cannot_be_mapped_says_what_to_do(
    header: list[str], mapping: dict[str, str | None] | None, code: str, said: str
) -> None:
    with pytest.raises(FixInput) as caught:
        map_columns(header, CUSTOMERS, mapping)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_column_whose_title_is_empty_or_not_its_own_is_mapped_by_its_place() -> None:
    header = ["Name", "E-Mail", "Note", "Note", ""]
    mapping = {"Note (column 4)": "notes", "Note": "", "(column 5)": "city"}
    columns = map_columns(header, CUSTOMERS, mapping)
    assert columns.fields == {0: "name", 1: "email", 3: "notes", 4: "city"}
    assert columns.custom == {}


def test_a_title_that_speaks_of_a_place_is_a_title_first() -> None:
    columns = map_columns(["Name", "E-Mail", "Name (column 1)"], CUSTOMERS, {"Name (column 1)": "city"})
    assert columns.fields == {0: "name", 1: "email", 2: "city"}


def test_a_row_is_split_by_the_columns() -> None:
    columns = map_columns(["E-Mail", "Name", "VIP"], CUSTOMERS)
    assert columns.split(["a@example.com", "Ada", "yes"]) == (
        {"email": "a@example.com", "name": "Ada"},
        {"VIP": "yes"},
    )


def test_the_report_shows_where_every_column_went() -> None:
    described = map_columns(["Name", "Mail", "VIP", "VIP"], CUSTOMERS).describe()
    assert described == {
        "Name": "name",
        "Mail": "email",
        "VIP (column 3)": "custom: VIP",
        "VIP (column 4)": "custom: VIP_2",
    }


def test_a_dotted_target_name_makes_a_nested_object() -> None:
    fields = field_names({"name": "name"}, {"city": "address.city", "VIP": "flags.vip"}, keeps_custom=False)
    assert fields.render(
        {"name": "Ada", "city": "London", "email": "x"}, {"VIP": "yes", "other": "lost"}
    ) == {
        "name": "Ada",
        "address": {"city": "London"},
        "flags": {"vip": "yes"},
    }


def test_a_target_that_keeps_custom_fields_gets_the_unnamed_ones_together() -> None:
    fields = field_names({"name": "name"}, {}, keeps_custom=True)
    assert fields.render({"name": "Ada"}, {"VIP": "yes"}) == {"name": "Ada", "custom_fields": {"VIP": "yes"}}


@pytest.mark.parametrize(
    "overrides",
    [{"name": "x", "email": "x"}, {"name": "a", "email": "a.b"}, {"name": 3}],
)
def test_a_mapping_that_cannot_work_is_refused(overrides: dict[str, str | None]) -> None:
    with pytest.raises(FixSettings) as caught:
        field_names({"name": "name", "email": "email"}, overrides, keeps_custom=False)
    assert caught.value.code == "bad_mapping"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("emial", "email"), ("phon", "phone"), ("postalcod", "postal_code"), ("Vorname", "first_name")],
)
def test_a_near_miss_in_a_mappings_value_is_refused_with_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(FixInput) as caught:
        map_columns(["name", "email", "x"], CUSTOMERS, {"x": name})
    assert caught.value.code == "unknown_field"
    assert f"Did you mean {meant!r}?" in str(caught.value)
    assert f"custom: {name}" in str(caught.value)


def test_custom_before_a_name_makes_a_custom_field_of_any_name() -> None:
    columns = map_columns(["name", "email", "x", "y"], CUSTOMERS, {"x": "custom:emial", "y": "custom: email"})
    assert columns.custom == {2: "emial", 3: "email"}


def test_a_field_may_be_named_in_other_words() -> None:
    assert map_columns(["a", "b"], CUSTOMERS, {"a": "Name", "b": "E-Mail"}).fields == {0: "name", 1: "email"}


TITLES = st.sampled_from(
    ["Name", "Vorname", "Nachname", "E-Mail", "Email", "Mobile", "Phone", "Title", "Contact", "x", "",
     "column_2", "Billing City", "Home City", "Billing Street", "Home Zip", "Nom", "Kunde",
     "Web", "Land", "x [de]"]
)  # fmt: skip
CELLS = st.sampled_from(
    [
        "",
        "Ada",
        "Ada Hopper",
        "ada@example.com",
        "+49 30 23125042",
        "Dr.",
        "10115",
        "Berlin",
        "www.example.com",
    ]
)


@given(
    st.integers(1, 6).flatmap(
        lambda width: st.tuples(
            st.lists(TITLES, min_size=width, max_size=width),
            st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4),
            st.booleans(),
        )
    )
)
def test_what_the_cells_decided_is_decided_alike_by_the_titles_of_a_rejects_file(
    table: tuple[list[str], list[list[str]], bool],
) -> None:
    header, rows, has_names = table
    header = header if has_names else [f"column_{number}" for number, _ in enumerate(header, 1)]
    first = guess_columns(header, CUSTOMERS, None, rows, has_names=has_names)
    again = guess_columns(first.titles, CUSTOMERS)
    assert [guess.field for guess in again.guesses] == [guess.field for guess in first.guesses]
    assert again.titles == first.titles
    if not first.questions:
        assert not again.questions


@pytest.mark.parametrize("title", ["", "Име", "column_1"])
def test_a_name_of_which_half_is_not_known_is_asked_for(title: str) -> None:
    rows = [["Ada", "Lovelace", "ada@x.org"], ["Grace", "Hopper", "grace@x.org"], ["Anne", "Lee", "a@x.org"]]
    header = [title, "Last Name", "E-Mail"]
    with pytest.raises(FixInput) as caught:
        map_columns(header, CUSTOMERS, None, rows)
    assert caught.value.code == "half_a_name"
    assert map_columns(header, CUSTOMERS, {title: "first_name"}, rows).fields[0] == "first_name"
    assert map_columns(header, CUSTOMERS, {title: "custom: x"}, rows).custom == {0: "x"}


@pytest.mark.parametrize("cell", ["B12", "VIP", "calls, often", ""])
def test_a_column_beside_half_a_name_that_is_no_name_is_not_asked_for(cell: str) -> None:
    rows = [[cell, "Lovelace", "ada@x.org"], [cell, "Hopper", "grace@x.org"], [cell, "Lee", "a@x.org"]]
    assert map_columns(["Segment", "Last Name", "E-Mail"], CUSTOMERS, None, rows).custom == {0: "Segment"}


class _Asked(set[str]):
    """Names in use that count how often they are asked for."""

    times = 0

    def __contains__(self, name: object) -> bool:
        self.times += 1
        return super().__contains__(name)


@given(st.lists(st.sampled_from(["a", "a_2", "a_2_2", " a", "", "column_3"]), max_size=30))
def test_columns_of_one_title_get_numbers_in_as_many_steps_as_there_are(titles: list[str]) -> None:
    used: set[str] = {"a"}
    expected: dict[int, str] = {}
    for index, title in enumerate(titles):
        base = title.strip() or f"column_{index + 1}"
        names = [base, *(f"{base}_{number}" for number in range(2, len(titles) + 3))]
        expected[index] = next(name for name in names if name not in used)
        used.add(expected[index])
    assert custom_names(titles, range(len(titles)), {"a"}) == expected
    asked = _Asked()
    custom_names(["a"] * 500, range(500), asked)
    assert asked.times < 1_500
