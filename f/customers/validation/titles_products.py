"""What columns of customers are called in the exports of named products, beyond everyday words. Data only.

The form is that of titles_west.
"""

from __future__ import annotations

# Sources: the first line of each product's own export. Those of Outlook, Google Contacts, Shopify and
# Pipedrive were compared with public programs that read and write these files; the others are from use.
PRODUCTS: dict[str, dict[str, str]] = {
    # Google Contacts: CSV of 2024 on (Label) and before (Type). The second address is a custom field.
    "google": {
        "email": " | e-mail 1 - value",
        "phone": " | phone 1 - value",
        "company": " | organization 1 - name",
        "job_title": " | organization 1 - title, organization title",
        "website": " | website 1 - value",
        "none": "e-mail 1 - type, e-mail 1 - label, e-mail 2 - type, e-mail 2 - label, e-mail 2 - value, "
        "phone 1 - type, phone 1 - label, phone 2 - type, phone 2 - label, phone 2 - value, address 1 - "
        "type, address 1 - label, additional name, yomi name, given name yomi, family name yomi, name "
        "prefix, name suffix, organization department, organization 1 - department, organization 1 - type, "
        "address 1 - po box, e-mail 3 - value, phone 3 - value, website 1 - type, website 1 - label, "
        "organization 1 - yomi name",
    },
    # Outlook: "Comma Separated Values" of Windows, and outlook.com. Title and Suffix are Mr. and Jr. there.
    "outlook": {
        "email": " | e-mail address",
        "website": " | web page",
        "none": "e-mail 2 address, e-mail 3 address, e-mail type, e-mail display name, e-mail 2 type, "
        "e-mail 3 type, e-mail 2 display name, e-mail 3 display name, business phone 2, home phone 2, "
        "business fax, home fax, other fax, assistant's phone, assistant's name, manager's name, callback, "
        "car phone, radio phone, telex, tty/tdd phone, isdn, given yomi, surname yomi, company yomi, "
        "business street 2, business street 3, home street 2, home street 3, other street 2, other street "
        "3, office location, internet free busy, anniversary, e-mail 2: adresse, e-mail 2: typ, "
        "e-mail-typ, e-mail: angezeigter name, telefon geschäftlich 2, telefon privat 2, telefon "
        "assistent, rückmeldung, autotelefon, funkruf, mobiltelefon 2, e-mail 2 adresse, e-mail 3 adresse, "
        "telefon (assistent), name assistent, name des/der vorgesetzten, hobby, straße geschäftlich 2, "
        "straße privat 2",
    },
    # HubSpot: export of all contacts, and internal names.
    "hubspot": {
        "phone": "phone number | mobile phone number",
        "company": " | associated company, primary associated company",
        "street": " | street address",
        "external_id": " | record id, hs object id",
        "none": "contact owner, hubspot owner id, lead status, lifecycle stage, last activity date, create "
        "date, associated company ids, associated company id, email domain, marketing contact status",
    },
    # Salesforce: reports (Mailing City) and the Data Loader (MailingCity, which folds to the same).
    "salesforce": {
        "company": "company account | account name",
        "external_id": " | contact id, lead id, account id, case safe id",
        "none": "lead source, owner id, record type id, is deleted, mailing latitude, mailing longitude, "
        "reports to id, account owner, lead owner, contact owner alias, created by id, system modstamp, "
        "last modified date",
    },
    # Pipedrive: list view of persons.
    "pipedrive": {
        "name": "person - name",
        "first_name": "person - first name",
        "last_name": "person - last name",
        "email": " | person - email, person - email - work, person - email - home, person - email - other",
        "phone": " | person - phone, person - phone - work, person - phone - mobile, person - phone - "
        "home, person - phone - other",
        "company": "organization - name | person - organization, person - organisation",
        "job_title": " | person - job title",
        "street": " | person - postal address, organization - address",
        "external_id": " | person - id",
        "notes": " | person - notes",
        "none": "person - label, person - owner, person - open deals, person - next activity date, person "
        "- won deals, organization - id, organization - owner",
    },
    # Shopify customers, Stripe customers, PayPal activity.
    "shops": {
        "email": " | from email address, billing email, user email",
        "phone": " | contact phone number, default address phone, billing phone",
        "name": " | card name, shipping name, billing name",
        "company": " | default address company",
        "none": "accepts email marketing, accepts sms marketing, accepts marketing, total spent, total "
        "orders, tax exempt, default address address2, card id, card last4, card brand, delinquent, "
        "created (utc), plan, to email address, transaction id, gross, fee, net, time zone, receipt id, "
        "billing address 2, shipping address 2, username, user login, user registered, customer source, "
        "orders count, to email",
    },
    # Mailchimp audiences, Zoho CRM, LinkedIn connections, Thunderbird.
    "others": {
        "email": "primary email | primary email address, subscriber e-mail",
        "website": " | web page 1, webseite 1",
        "phone": " | tel dienstlich, mobil-tel-nr, tel geschäftlich",
        "job_title": " | arbeitstitel, current position",
        "street": " | dienstlich: adresse",
        "city": " | dienstlich: ort",
        "postal_code": " | dienstlich: plz",
        "external_id": " | euid, leid",
        "none": "member rating, optin time, optin ip, confirm time, confirm ip, latitude, longitude, "
        "gmtoff, dstoff, timezone, cc, last changed, connected on, secondary email, secondary email "
        "address, screen name, pager number, web page 2, birth year, birth month, birth day, custom 1, "
        "custom 2, custom 3, custom 4, privat: adresse, sekundäre e-mail-adresse, messenger-name, "
        "fax-nummer, pager-nummer, contact owner id, email opt out, home address 2, work address 2",
    },
    # DATEV debtors, sevDesk contacts, Lexware customers, JTL.
    "accounting": {
        "last_name": "name (adressattyp natürl person), name (adressattyp natürliche person)",
        "first_name": "vorname (adressattyp natürl person), vorname (adressattyp natürliche person)",
        "company": " | name (adressattyp unternehmen), firma/name, firma zusatz",
        "external_id": " | debitorennummer, debitoren nr, matchcode",
        "none": "name (adressattyp keine angabe), adressattyp, kurzbezeichnung, unternehmensgegenstand, "
        "eu-ustid, titel/akad grad, adelstitel, namensvorsatz, adressart, versandzusatz, bemerkung "
        "(telefon), bemerkung (e-mail), bemerkung (internet), telefon-kategorie, e-mail-kategorie, "
        "adress-kategorie, kreditorennummer, umsatzsteuer-id, zahlungsziel tage, skonto tage, rabatt, "
        "abweichende anrede, abw versandzusatz 1",
    },
}

# Parts of one address, which are taken together or not at all: the titles that a product makes of a word for
# the kind and a word for the part. Outlook, Thunderbird, Salesforce, Zoho, Shopify, WooCommerce, Stripe.
KINDS: dict[str, str] = {
    "business": "business {}, work {}, office {}, company {}, {} (business), {} (work), {} work",
    "mailing": "mailing {}, mailing address {}, postal {}, contact {}",
    "billing": "billing {}, billing address {}, invoice {}, card {}, card address {}",
    "shipping": "shipping {}, shipping address {}, delivery {}, delivery address {}",
    "default": "default address {}, primary {}, primary address {}, address {}",
    "google": "address 1 - {}",
    "home": "home {}, {} (home), private {}, personal {}",
    "other": "other {}, alternate {}",
}
KIND_PARTS: dict[str, str] = {
    "street": "street, address, address 1, address1, address line 1, address line1, street address, line1, "
    "line 1",
    "city": "city, town, city town, suburb",
    "state": "state, province, state province, state region, region, county, state code, province code",
    "postal_code": "postal code, zip, zip code, postcode, zip postal code, zipcode",
    "country": "country, country region, country code, country/territory",
}
# What an order's address says of its person as well.
ORDER_PARTS: dict[str, str] = {
    "name": "name, full name",
    "first_name": "first name",
    "last_name": "last name",
    "company": "company, company name",
    "phone": "phone, phone number",
}
ORDER_KINDS = ("billing", "shipping")

# The same in German Outlook and Thunderbird.
GERMAN_KINDS: dict[str, str] = {
    "business": "{} geschäftlich, {} (geschäftlich), dienstlich: {}, {} dienstlich, geschäftlich: {}, {} "
    "firma",
    "billing": "rechnungs{}, rechnungsadresse {}, rechnung {}, {} rechnungsadresse, {} rechnung",
    "shipping": "liefer{}, lieferadresse {}, lieferanschrift {}, {} lieferadresse, lieferung {}",
    "home": "{} privat, {} (privat), privat: {}",
    "other": "weitere {}, weiterer {}, weiteres {}, weiteres/e {}",
}
GERMAN_PARTS: dict[str, str] = {
    "street": "straße, adresse, anschrift, straße 1",
    "city": "ort, stadt",
    "state": "region, bundesland, bundesland/kanton",
    "postal_code": "postleitzahl, plz",
    "country": "land, land/region",
}
