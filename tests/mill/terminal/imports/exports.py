"""Files as other people's programs write them."""

from __future__ import annotations

# A bank's list: title lines and a blank one above the names, Windows-1252, semicolons, amounts with commas.
BANK = """\
"Musterbank eG";"Zweigstelle Süd"
"Umsätze mit Kontaktdaten vom 01.11.2026 bis 27.11.2026"
"Konto: DE02120300000000202051"

Buchungstag;Valuta;Name Zahlungsbeteiligter;E-Mail-Adresse;Telefon;Verwendungszweck;Betrag;Währung
02.11.2026;03.11.2026;Jörg Müller;joerg.mueller@example.com;030 901820;Rechnung 1041;"119,00";EUR
03.11.2026;03.11.2026;Änne Weiß;aenne@example.com;089 2180;Rechnung 1042;"1.190,00";EUR
04.11.2026;05.11.2026;Bäckerei Groß GmbH;info@example.net;+49 221 2210;Rechnung 1043;"59,50";EUR
""".encode("cp1252")

# Outlook's own columns, of which most are empty.
OUTLOOK = """\
First Name,Middle Name,Last Name,Title,Suffix,E-mail Address,E-mail 2 Address,Home Phone,Business Phone,\
Mobile Phone,Job Title,Company,Business Street,Business City,\
Business Postal Code,Business Country/Region,Notes
Ada,,Lovelace,Ms,,ada@example.com,ada.private@example.com,,+44 20 7946 0018,,Analyst,Engines Ltd,\
12 St James's Square,London,SW1Y 4JH,United Kingdom,"met in
Turin"
Charles,,Babbage,Mr,,charles@example.com,,,+44 20 7946 0019,,Inventor,Engines Ltd,1 Dorset Street,London,\
W1U 4EG,United Kingdom,
""".encode("utf-8-sig")

# No line says what the columns are.
HEADERLESS = b"""\
Ada Lovelace,ada@example.com,+44 20 7946 0018
Charles Babbage,charles@example.com,+44 20 7946 0019
Grace Hopper,grace@example.com,+1 202 456 1111
"""
