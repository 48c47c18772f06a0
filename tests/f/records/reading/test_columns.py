import pytest

from f.connect.errors import FixInput, FixSettings
from f.customers.validation.customer_type import CUSTOMERS
from f.records.reading.columns import map_columns
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
