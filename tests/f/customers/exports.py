"""The first lines of other products' exports, with the field that each column is expected to become.

`-` stands for a column that none of our fields stands for. A row below some of them shows why.
"""

# ruff: noqa: RUF001 - letters of other alphabets

from __future__ import annotations

from typing import NamedTuple


class Export(NamedTuple):
    """An export's columns with their fields, and cells of rows if the titles alone do not decide."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...] = ()


def export(name: str, columns: str, *rows: str) -> Export:
    pairs = [part.rpartition("=") for part in columns.split("|")]
    return Export(
        name,
        tuple((title.strip(), field.strip()) for title, _, field in pairs),
        tuple(tuple(cell.strip() for cell in row.split("|")) for row in rows),
    )


EXPORTS = (
    export(
        "Outlook for Windows, English",
        "Title=-|First Name=first_name|Middle Name=-|Last Name=last_name|Suffix=-|Company=company|"
        "Department=-|"
        "Job Title=job_title|Business Street=street|Business Street 2=-|Business City=city|"
        "Business State=state|"
        "Business Postal Code=postal_code|Business Country/Region=country|Home Street=-|Home City=-|"
        "Home State=-|"
        "Home Postal Code=-|Home Country/Region=-|Other Street=-|Other City=-|Assistant's Phone=-|"
        "Business Fax=-|"
        "Business Phone=phone|Business Phone 2=-|Home Phone=-|Mobile Phone=-|Pager=-|Primary Phone=-|"
        "Birthday=-|"
        "E-mail Address=email|E-mail Type=-|E-mail Display Name=-|E-mail 2 Address=-|Notes=notes|"
        "Web Page=website",
    ),
    export(
        "outlook.com",
        "First Name=first_name|Middle Name=-|Last Name=last_name|Title=-|Suffix=-|Nickname=-|Given Yomi=-|"
        "Surname Yomi=-|E-mail Address=email|E-mail 2 Address=-|E-mail 3 Address=-|Home Phone=phone|"
        "Home Phone 2=-|"
        "Business Phone=-|Mobile Phone=-|Business Fax=-|Company Main Phone=-|IMAddress=-|"
        "Job Title=job_title|"
        "Department=-|Company=company|Office Location=-|Manager's Name=-|Business Street=street|"
        "Business City=city|"
        "Business State=state|Business Postal Code=postal_code|Business Country/Region=country|"
        "Home Street=-|"
        "Home City=-|Personal Web Page=website|Notes=notes|Categories=-",
    ),
    export(
        "Outlook for Windows, German",
        "Anrede=-|Vorname=first_name|Weitere Vornamen=-|Nachname=last_name|Suffix=-|Firma=company|"
        "Abteilung=-|"
        "Position=job_title|Straße geschäftlich=street|Straße geschäftlich 2=-|Ort geschäftlich=city|"
        "Region geschäftlich=state|Postleitzahl geschäftlich=postal_code|Land/Region geschäftlich=country|"
        "Straße privat=-|Ort privat=-|Postleitzahl privat=-|Weitere Straße=-|Fax geschäftlich=-|"
        "Telefon geschäftlich=phone|Telefon geschäftlich 2=-|Telefon privat=-|Mobiltelefon=-|Geburtstag=-|"
        "E-Mail-Adresse=email|E-Mail-Typ=-|E-Mail 2: Adresse=-|Notizen=notes|Webseite=website",
    ),
    export(
        "Google Contacts, until 2024",
        "Name=name|Given Name=first_name|Additional Name=-|Family Name=last_name|Yomi Name=-|"
        "Birthday=-|Notes=notes|"
        "E-mail 1 - Type=-|E-mail 1 - Value=email|E-mail 2 - Type=-|E-mail 2 - Value=-|Phone 1 - Type=-|"
        "Phone 1 - Value=phone|Phone 2 - Type=-|Phone 2 - Value=-|Address 1 - Type=-|"
        "Address 1 - Formatted=-|"
        "Address 1 - Street=street|Address 1 - City=city|Address 1 - PO Box=-|Address 1 - Region=state|"
        "Address 1 - Postal Code=postal_code|Address 1 - Country=country|Organization 1 - Type=-|"
        "Organization 1 - Name=company|Organization 1 - Title=job_title|Website 1 - Type=-|"
        "Website 1 - Value=website",
    ),
    export(
        "Google Contacts, from 2024",
        "First Name=first_name|Middle Name=-|Last Name=last_name|Name Prefix=-|Name Suffix=-|"
        "Nickname=-|File As=-|"
        "Organization Name=company|Organization Title=job_title|Organization Department=-|Birthday=-|"
        "Notes=notes|"
        "Photo=-|Labels=-|E-mail 1 - Label=-|E-mail 1 - Value=email|E-mail 2 - Label=-|E-mail 2 - Value=-|"
        "Phone 1 - Label=-|Phone 1 - Value=phone|Address 1 - Label=-|Address 1 - Street=street|"
        "Address 1 - City=city|"
        "Address 1 - Region=state|Address 1 - Postal Code=postal_code|Address 1 - Country=country|"
        "Website 1 - Label=-|Website 1 - Value=website",
    ),
    export(
        "HubSpot contacts",
        "Record ID=external_id|First Name=first_name|Last Name=last_name|Email=email|Phone Number=phone|"
        "Mobile Phone Number=-|Contact owner=-|Company Name=company|Job Title=job_title|"
        "Website URL=website|"
        "Street Address=street|City=city|State/Region=state|Postal Code=postal_code|Country/Region=country|"
        "Last Activity Date=-|Lead Status=-|Create Date=-|Associated Company=-",
    ),
    export(
        "Salesforce contacts report",
        "Salutation=-|First Name=first_name|Last Name=last_name|Title=job_title|Account Name=company|"
        "Mailing Street=street|Mailing City=city|Mailing State/Province=state|"
        "Mailing Zip/Postal Code=postal_code|"
        "Mailing Country=country|Phone=phone|Fax=-|Mobile=-|Email=email|Account Owner=-",
    ),
    export(
        "Salesforce leads report",
        "Lead Owner=-|First Name=first_name|Last Name=last_name|Title=job_title|Company / Account=company|"
        "Email=email|Lead Source=-|Street=street|City=city|State/Province=state|"
        "Zip/Postal Code=postal_code|"
        "Country=country|Phone=phone|Rating=-",
    ),
    export(
        "Salesforce Data Loader",
        "Id=external_id|AccountId=-|LastName=last_name|FirstName=first_name|Salutation=-|Name=name|"
        "OtherStreet=-|"
        "OtherCity=-|MailingStreet=street|MailingCity=city|MailingState=state|"
        "MailingPostalCode=postal_code|"
        "MailingCountry=country|Phone=phone|Fax=-|MobilePhone=-|Email=email|Title=job_title|OwnerId=-",
    ),
    export(
        "Pipedrive persons",
        "Person - Name=name|Person - Label=-|Person - Organization=-|Person - Email - Work=email|"
        "Person - Email - Home=-|Person - Phone - Work=phone|Person - Phone - Mobile=-|Person - Owner=-|"
        "Person - ID=external_id|Organization - Name=company|Organization - Address=street",
    ),
    export("Pipedrive, short", "Person - Name=name|Person - Email=email|Person - Phone=phone"),
    export(
        "Shopify customers",
        "Customer ID=external_id|First Name=first_name|Last Name=last_name|Email=email|"
        "Accepts Email Marketing=-|"
        "Default Address Company=company|Default Address Address1=street|Default Address Address2=-|"
        "Default Address City=city|Default Address Province Code=state|"
        "Default Address Country Code=country|"
        "Default Address Zip=postal_code|Default Address Phone=-|Phone=phone|Accepts SMS Marketing=-|"
        "Total Spent=-|"
        "Total Orders=-|Note=notes|Tax Exempt=-|Tags=-",
    ),
    export(
        "WooCommerce customers",
        "ID=external_id|Username=-|First Name=first_name|Last Name=last_name|Email=email|"
        "Billing First Name=-|"
        "Billing Last Name=-|Billing Company=company|Billing Address 1=street|Billing Address 2=-|"
        "Billing City=city|"
        "Billing State=state|Billing Postcode=postal_code|Billing Country=country|Billing Phone=phone|"
        "Shipping First Name=-|Shipping Address 1=-|Shipping City=-|Shipping Postcode=-|Shipping Country=-",
    ),
    export(
        "Stripe customers",
        "id=external_id|Description=notes|Email=email|Name=name|Created (UTC)=-|Delinquent=-|Card ID=-|"
        "Card Last4=-|Card Name=-|Card Address Line1=street|Card Address City=city|"
        "Card Address State=state|"
        "Card Address Zip=postal_code|Card Address Country=country|Plan=-",
    ),
    export(
        "Zoho CRM contacts",
        "Record Id=external_id|Contact Owner=-|Lead Source=-|First Name=first_name|Last Name=last_name|"
        "Account Name=company|Email=email|Title=job_title|Department=-|Phone=phone|Home Phone=-|"
        "Mobile=-|Fax=-|"
        "Mailing Street=street|Other Street=-|Mailing City=city|Other City=-|Mailing State=state|"
        "Mailing Zip=postal_code|"
        "Mailing Country=country|Description=notes",
    ),
    export(
        "Mailchimp audience",
        "Email Address=email|First Name=first_name|Last Name=last_name|Address=street|"
        "Phone Number=phone|Birthday=-|"
        "MEMBER_RATING=-|OPTIN_TIME=-|LATITUDE=-|EUID=external_id|NOTES=notes|TAGS=-",
    ),
    export(
        "LinkedIn connections",
        "First Name=first_name|Last Name=last_name|URL=-|Email Address=email|Company=company|"
        "Position=job_title|"
        "Connected On=-",
        "Ada|Hopper|https://www.linkedin.com/in/ada|ada@example.com|Northwind|Engineer|01 Jan 2024",
    ),
    export(
        "Xing contacts, German",
        "Vorname=first_name|Nachname=last_name|Titel=-|Position=job_title|Unternehmen=company|"
        "E-Mail (geschäftlich)=email|Telefon (geschäftlich)=phone|Telefon (mobil)=-|"
        "Straße (geschäftlich)=street|"
        "PLZ (geschäftlich)=postal_code|Ort (geschäftlich)=city|Land (geschäftlich)=country|Geburtstag=-",
    ),
    export(
        "Thunderbird, English",
        "First Name=first_name|Last Name=last_name|Display Name=-|Nickname=-|Primary Email=email|"
        "Secondary Email=-|"
        "Screen Name=-|Work Phone=phone|Home Phone=-|Fax Number=-|Pager Number=-|Mobile Number=-|"
        "Home Address=-|"
        "Home City=-|Home ZipCode=-|Work Address=street|Work City=city|Work State=state|"
        "Work ZipCode=postal_code|"
        "Work Country=country|Job Title=job_title|Department=-|Organization=company|Web Page 1=website|"
        "Web Page 2=-|"
        "Birth Year=-|Custom 1=-|Notes=notes",
        "Ada|Hopper||||||||||||||||1 Main Street|London|||UK||||||||",
    ),
    export(
        "PayPal activity",
        "Date=-|Time=-|TimeZone=-|Name=name|Type=-|Status=-|Currency=-|Gross=-|Fee=-|Net=-|"
        "From Email Address=email|To Email Address=-|Transaction ID=-|Shipping Address=-|"
        "Address Line 1=street|"
        "Town/City=city|Zip/Postal Code=postal_code|Country=country|Contact Phone Number=phone",
    ),
    export(
        "Lexware customers",
        "Kundennr.=external_id|Anrede=-|Firma=company|Name=last_name|Vorname=first_name|Straße=street|"
        "PLZ=postal_code|"
        "Ort=city|Land=country|Telefon=phone|Telefax=-|E-Mail=email|Homepage=website|Bemerkung=notes",
    ),
    export(
        "DATEV debtors",
        "Konto=external_id|Name (Adressattyp Unternehmen)=company|Unternehmensgegenstand=-|"
        "Name (Adressattyp natürl. Person)=last_name|Vorname (Adressattyp natürl. Person)=first_name|"
        "Name (Adressattyp keine Angabe)=-|Adressattyp=-|Kurzbezeichnung=-|EU-UStID=-|Anrede=-|"
        "Titel/Akad. Grad=-|Adressart=-|Straße=street|Postfach=-|Postleitzahl=postal_code|Ort=city|"
        "Land=country|"
        "Versandzusatz=-|Telefon=phone|Bemerkung (Telefon)=-|E-Mail=email|Bemerkung (E-Mail)=-|"
        "Internet=website",
    ),
    export(
        "sevDesk contacts",
        "Kunden-Nr.=external_id|Anrede=-|Titel=-|Nachname=last_name|Vorname=first_name|"
        "Organisation=company|"
        "Namenszusatz=-|Position=job_title|Kategorie=-|IBAN=-|BIC=-|Umsatzsteuer-ID=-|Strasse=street|"
        "PLZ=postal_code|"
        "Ort=city|Land=country|Adress-Kategorie=-|Telefon=phone|Telefon-Kategorie=-|Mobil=-|Fax=-|"
        "E-Mail=email|"
        "E-Mail-Kategorie=-|Webseite=website|Beschreibung=notes|Geburtstag=-|Debitorennummer=-",
    ),
    export(
        "Bank transactions, German",
        "Auftragskonto=-|Buchungstag=-|Valutadatum=-|Buchungstext=-|Verwendungszweck=notes|"
        "Beguenstigter/Zahlungspflichtiger=name|Kontonummer/IBAN=-|BIC (SWIFT-Code)=-|Betrag=-|Waehrung=-|"
        "E-Mail=email",
    ),
    export(
        "Bank transactions, payer and recipient",
        "Buchungstag=-|Auftraggeber/Empfänger=name|Betrag=-|Währung=-|Saldo=-|E-Mail=email",
    ),
    export(
        "Spanish shop",
        "Código cliente=external_id|Nombre=first_name|Apellidos=last_name|Correo electrónico=email|"
        "Teléfono=phone|"
        "Empresa=company|Dirección=street|Código postal=postal_code|Población=city|Provincia=state|"
        "País=country|"
        "Observaciones=notes",
    ),
    export(
        "French association",
        "N° adhérent=external_id|Civilité=-|Nom=last_name|Prénom=first_name|Adresse e-mail=email|"
        "Tél.=phone|"
        "Portable=-|Société=company|Fonction=job_title|Adresse=street|Code postal=postal_code|"
        "Ville=city|Pays=country",
    ),
    export(
        "Italian invoices",
        "Codice cliente=external_id|Ragione sociale=company|Cognome=last_name|Nome=first_name|"
        "Indirizzo=street|"
        "CAP=postal_code|Città=city|Prov.=state|Nazione=country|Partita IVA=-|Cellulare=phone|"
        "Indirizzo e-mail=email",
    ),
    export(
        "Polish shop",
        "Nr klienta=external_id|Imię=first_name|Nazwisko=last_name|Adres e-mail=email|Numer telefonu=phone|"
        "Nazwa firmy=company|NIP=-|Ulica i numer=street|Kod pocztowy=postal_code|Miejscowość=city|"
        "Województwo=state|Kraj=country|Uwagi=notes",
    ),
    export(
        "Turkish shop",
        "MÜŞTERİ NO=external_id|ADI=first_name|SOYADI=last_name|E-POSTA ADRESİ=email|CEP TELEFONU=phone|"
        "ŞİRKET ADI=company|AÇIK ADRES=street|POSTA KODU=postal_code|ŞEHİR=city|ÜLKE=country|"
        "AÇIKLAMA=notes",
    ),
    export(
        "Japanese address book",
        "姓=last_name|名=first_name|姓フリガナ=-|会社名=company|役職=job_title|郵便番号=postal_code|"
        "都道府県=state|"
        "市区町村=city|番地=street|電話番号=phone|携帯電話=-|メールアドレス=email|備考=notes",
    ),
    export("Japanese, half width", "氏名=name|ﾒｰﾙｱﾄﾞﾚｽ=email|ＴＥＬ=phone|住所=street"),
    export(
        "Chinese contacts",
        "姓名=name|手机号码=phone|电子邮件=email|公司名称=company|职位=job_title|地址=street|"
        "城市=city|省份=state|"
        "邮政编码=postal_code|国家/地区=country|备注=notes",
    ),
    export(
        "Chinese, traditional",
        "姓=last_name|名字=first_name|電郵=email|電話=phone|郵遞區號=postal_code|備註=notes",
    ),
    export(
        "Russian shop",
        "Фамилия=last_name|Имя=first_name|Отчество=-|Эл. почта=email|Номер телефона=phone|"
        "Организация=company|"
        "Должность=job_title|Индекс=postal_code|Город=city|Страна=country|Примечание=notes",
    ),
)
