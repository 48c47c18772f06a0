"""The fields of a customer: how long they may be, and what columns that hold them are called."""

from __future__ import annotations

from f.records.reading.record_type import Field

# Longest value per field, in characters. E-mail: RFC 5321 section 4.5.3.1 leaves 254 for the
# address. The rest is what the CRMs we write to accept in their standard columns.
# A mobile number is the phone of a file without a phone column, and a custom field of a file that has both:
# that is what stand-ins are for.
FIELDS: dict[str, Field] = {
    "name": Field(
        "name, full name, customer name, contact name, nom complet, nombre completo, kundenname",
        "customer, client, contact, contact person, display name, kunde, nom, nombre",
        longest=255,
    ),
    "first_name": Field(
        "first name, given name, forename, vorname, prenom",
        "first",
        longest=100,
    ),
    "last_name": Field(
        "last name, surname, family name, nachname, familienname, apellido, apellidos",
        "last",
        longest=150,
    ),
    "email": Field(
        "email, mail, email address, mail address, correo, correo electronico, courriel, adresse email",
        "contact email, customer email, primary email, work email, private email",
        longest=254,
    ),
    "phone": Field(
        "phone, phone number, phone no, telephone, telephone number, tel, tel no, telefon, "
        "telefonnummer, telefono",
        "mobile, mobile phone, mobile number, cell, cell phone, contact phone, contact "
        "number, work phone, home phone, handy, portable, movil",
        longest=50,
    ),
    "company": Field(
        "company, company name, organisation, organization, organisation name, organization "
        "name, firma, societe, entreprise, empresa",
        "account, account name, business, business name, employer",
        longest=255,
    ),
    "job_title": Field(
        "job title",
        "title, position, role, job, funktion, poste, cargo",
        longest=128,
    ),
    "website": Field(
        "website, web site, homepage, company website, webseite, site web",
        "web, url",
        longest=500,
    ),
    "street": Field(
        "street, address, street address, address 1, address line 1, strasse, anschrift, "
        "adresse, rue, direccion, calle",
        "mailing street, billing address, shipping address",
        longest=500,
    ),
    "city": Field(
        "city, town, ort, stadt, ville, ciudad",
        "locality, mailing city",
        longest=100,
    ),
    "state": Field(
        "state, bundesland",
        "province, region, county, state province, provincia",
        longest=100,
    ),
    "postal_code": Field(
        "postal code, postcode, post code, zip, zip code, plz, postleitzahl, code postal, codigo postal",
        "mailing zip",
        longest=32,
    ),
    "country": Field(
        "country, country code, country name, land, pays, pais",
        "nation, mailing country",
        longest=100,
    ),
    "external_id": Field(
        "external id, customer id, customer number, customer no, client id, kundennummer",
        "id, reference",
        longest=255,
    ),
    "notes": Field(
        "notes, note, bemerkung, notiz, notas",
        "comment, comments, remarks, commentaire",
        longest=32_000,
    ),
}
CUSTOM_MAX_LENGTH = 32_000
