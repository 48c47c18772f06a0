"""What columns of customers are called: English, Romance, Germanic and Finnish words. Data only.

For each language and field: the words that name it, and after a bar those that only stand in where nothing
names it. `whole` are words for a name that may be a part of one, if the other part has a column of its own;
`none` are words that are known and are no field of a customer. They are compared without case,
accents and punctuation.
"""

from __future__ import annotations

# Sources. The words are those of everyday forms of each country (order form, address form of the post,
# register of a club), of the localised forms and exports of Outlook, Google Contacts, Shopify, WooCommerce,
# HubSpot and Salesforce, and of the programs named at a block. No list was copied.
WESTERN: dict[str, dict[str, str]] = {
    # Everyday English, and the field labels of the CRMs whose documentation is in English.
    "en": {
        "whole": "name",
        "name": "full name, fullname, customer name, contact name, client name, complete name, recipient "
        "name, addressee, recipient, person name | customer, client, contact, contact person, display "
        "name, person, buyer, buyer name, member, member name, subscriber, attendee, attendee name, "
        "cardholder name, payer, account holder, file as, real name",
        "first_name": "first name, given name, forename, christian name, fname, firstname | first, given",
        "last_name": "last name, surname, family name, lname, second name | last, family",
        "email": "email, mail, email address, mail address, e mail, email id, electronic mail | contact "
        "email, customer email, primary email, work email, private email, business email, personal email, "
        "home email, email 1, email1, other email, email primary, user email, subscriber email, buyer "
        "email, client email",
        "phone": "phone, phone number, phone no, telephone, telephone number, telephone no, tel, tel no, "
        "phone nr, tel number | business phone, work phone, primary phone, main phone, phone 1, phone1, "
        "mobile, mobile phone, mobile number, mobile no, cell, cell phone, cellphone, contact phone, "
        "contact number, contact no, customer phone, phone mobile, phone work, home phone, home telephone, "
        "business telephone, office phone, company phone, company main phone, daytime phone, landline, "
        "other phone, telephone 1, whatsapp, whatsapp number",
        "company": "company, company name, organisation, organization, organisation name, organization "
        "name, firm, corporation | account, account name, business, business name, employer, company or "
        "organisation, current company, institution, billing company, legal name",
        "job_title": "job title, jobtitle, job position, position title, professional title | title, "
        "position, role, job, occupation, profession, job role, designation",
        "website": "website, web site, homepage, company website, web page, webpage, home page, website "
        "url, site | web, url, domain, web address, business home page, personal web page, company url, "
        "company domain, company domain name",
        "street": "street, address, street address, address 1, address line 1, address1, street name, "
        "street and number, street 1, postal address, house address | street line 1, full address, address "
        "line",
        "city": "city, town, city town, town city, city name | locality, suburb, place, municipality, post "
        "town",
        "state": "state, state province, state region, province state, state or province, federal state | "
        "province, region, county, prefecture, canton, administrative area, province code, state code",
        "postal_code": "postal code, postcode, post code, zip, zip code, zip postal code, postal zip code, "
        "zipcode, pin code, eircode, zip postcode, postcode zip | pincode, pin",
        "country": "country, country code, country name, country region, country territory, country iso | "
        "nation, country of residence, iso country",
        "external_id": "external id, customer id, customer number, customer no, client id, customer nr, "
        "customer ref, client number, member id, member number, customer code, customer reference | debtor "
        "number, debtor no, account number, contact id, record id, crm id, id, reference, ref, number, no, "
        "code, user id, person id, lead id, account id, uid, uuid, guid, key",
        "notes": "notes, note, remarks, comment, comments, memo, annotation, internal note, "
        "customer note | description, additional information, additional info, other information",
        "none": "fax, fax number, telefax, pager, birthday, date of birth, gender, sex, salutation, middle "
        "name, suffix, prefix, nickname, language, department, created at, created, updated at, modified, "
        "tags, labels, groups, group membership, categories, category, status, amount, currency, price, "
        "total, date, assistant, assistants phone, spouse, iban, bic, vat number, vat id, tax number, tax "
        "id, address 2, address line 2, address2, street 2, street 3, initials, photo, linkedin, twitter, "
        "facebook, owner, assigned to",
    },
    # Also Lexware, DATEV, sevDesk, JTL, Xing, Outlook and Thunderbird in German; exports of German banks.
    "de": {
        "whole": "name",
        "name": "vollständiger name, vor und nachname, name und vorname, vorname und nachname, vor- und "
        "zuname, kundenname, kontaktname, ganzer name, name vorname, vorname nachname, anzeigename, "
        "vorname name, nachname vorname | kunde, kontakt, ansprechpartner, ansprechpartnerin, "
        "ansprechperson, auftraggeber empfänger, empfänger, auftraggeber, zahlungspflichtiger, "
        "begünstigter zahlungspflichtiger, name zahlungsbeteiligter, zahlungspartner, zahlungsempfänger, "
        "kontoinhaber, mitglied, teilnehmer, besteller, rechnungsempfänger, speichern unter, bezeichnung, "
        "debitor, person, käufer, name auftraggeber empfänger",
        "first_name": "vorname, vornamen, rufname",
        "last_name": "nachname, familienname, zuname, nachnamen, hausname",
        "email": "e-mail, e-mail-adresse, emailadresse, mailadresse, mail-adresse, elektronische post | "
        "e-mail privat, e-mail geschäftlich, e-mail 1, email1, kontakt e-mail, geschäftliche e-mail, "
        "private e-mail, e-mail dienstlich, primäre e-mail-adresse, e-mail-adresse 1, e-mail "
        "(geschäftlich), e-mail (privat)",
        "phone": "telefon, telefonnummer, telefon nr, telefonnr, tel, tel nr, rufnummer, fon, "
        "fernsprecher, tel nummer | telefon geschäftlich, telefon 1, telefon1, telefon (geschäftlich), "
        "telefon dienstlich, telefon firma, telefon arbeit, firmentelefon, festnetz, festnetznummer, "
        "hauptrufnummer, handy, handynummer, mobil, mobiltelefon, mobilnummer, mobiltelefonnummer, mobil "
        "nr, telefon mobil, telefon (mobil), telefon privat, telefon (privat), telefon (zentrale), handy "
        "nr, natel, telefon vormittags, tel privat, tel geschäftlich, weiteres telefon",
        "company": "firma, firmenname, unternehmen, organisation, firmenbezeichnung, unternehmensname, "
        "firmierung, gesellschaft, betrieb | arbeitgeber, account, institution, verein, name des "
        "unternehmens, name (adressattyp unternehmen)",
        "job_title": "funktion, berufsbezeichnung, stellenbezeichnung, jobtitel | position, stelle, beruf, "
        "rolle, tätigkeit, dienststellung",
        "website": "webseite, website, internetseite, homepage, internet, webadresse, internetadresse, "
        "internetpräsenz, web-seite | www, url, domain, webpräsenz",
        "street": "straße, anschrift, adresse, straße und hausnummer, straße hausnummer, straße nr, str, "
        "straße hausnr, straße und nr, adresszeile 1, adresse 1, postanschrift, straße u hausnummer | "
        "straße geschäftlich, straße privat, wohnadresse, rechnungsadresse, lieferadresse, straße "
        "(geschäftlich)",
        "city": "ort, stadt, wohnort, ortschaft, gemeinde, ortsname, stadt ort, ort stadt | ort "
        "geschäftlich, firmensitz, wohnsitz, sitz",
        "state": "bundesland, kanton, region bundesland, bundesland kanton | provinz, region, landkreis",
        "postal_code": "plz, postleitzahl, postleitzahlen, p l z | postleitzahl geschäftlich",
        "country": "land, staat, länderkennzeichen, ländercode, land region, landname, iso land, "
        "länderkürzel, länderschlüssel, land iso, land code | nation, lkz, herkunftsland, eu-land",
        "external_id": "kundennummer, kunden nr, kundennr, kd nr, kdnr, kunden id, mitgliedsnummer, "
        "mitglieds nr, kunden nummer, kdnummer, externe id, adressnummer | debitorennummer, debitornummer, "
        "personenkonto, kontaktnummer, konto, nummer, nr, id, referenz, adress nr, kontakt id",
        "notes": "bemerkung, bemerkungen, notiz, notizen, anmerkung, anmerkungen, kommentar, kommentare, "
        "hinweis, hinweise, interne notiz, memo | zusatzinfo, beschreibung, info, infos, verwendungszweck",
        "none": "anrede, titel, akad titel, akademischer titel, geschlecht, geburtstag, geburtsdatum, "
        "faxnummer, telefax, fax, fax geschäftlich, abteilung, briefanrede, buchungstag, buchungsdatum, "
        "valutadatum, wertstellung, betrag, umsatz, währung, saldo, kontonummer, blz, bankleitzahl, "
        "steuernummer, ust idnr, ustidnr, ust id, umsatzsteuer id, adresszusatz, straße 2, hausnummer, "
        "hausnr, adresse 2, adresszeile 2, sprache, kategorie, kategorien, erstellt am, kundengruppe, "
        "namenszusatz, auftragskonto, buchungstext, weitere vornamen, spitzname, zahlungsziel, skonto, "
        "postfach",
    },
    "fr": {
        "whole": "nom",
        "name": "nom complet, nom et prénom, nom prénom, prénom et nom, prénom nom, nom et prénoms, nom du "
        "client, nom client, nom du contact, nom contact, nom affiché | client, contact, destinataire, "
        "bénéficiaire, titulaire, interlocuteur, adhérent, raison sociale ou nom, émetteur",
        "first_name": "prénom, prénoms, prenom usuel",
        "last_name": "nom de famille, nom d'usage, nom de naissance, patronyme, nom usuel",
        "email": "courriel, adresse email, adresse e-mail, adresse de messagerie, adresse mail, adresse "
        "électronique, adresse courriel, adresse de courriel, mél, courrier électronique | email "
        "professionnel, email personnel, adresse e-mail 1, e-mail pro, mail pro, email client, courriel "
        "professionnel",
        "phone": "téléphone, numéro de téléphone, n° de téléphone, tél, no de téléphone, num téléphone, n° "
        "tél, numéro téléphone | téléphone professionnel, téléphone bureau, téléphone fixe, tél fixe, "
        "téléphone principal, téléphone 1, téléphone portable, portable, mobile, tél portable, tél mobile, "
        "téléphone mobile, gsm, numéro de portable, téléphone domicile, téléphone personnel, fixe",
        "company": "société, entreprise, raison sociale, nom de la société, nom de l'entreprise, nom "
        "société, organisation, organisme, nom entreprise, dénomination sociale | employeur, "
        "établissement, structure, compte",
        "job_title": "fonction, poste, intitulé du poste, titre du poste, intitulé de poste | profession, "
        "métier, emploi, rôle, qualité",
        "website": "site web, site internet, site, page web, adresse du site, site www | url, page "
        "d'accueil, internet",
        "street": "adresse, rue, adresse 1, adresse postale, adresse ligne 1, voie, numéro et rue, n° et "
        "rue, numéro et voie, n° et nom de rue, ligne adresse 1 | rue (bureau), adresse de facturation, "
        "adresse de livraison, rue bureau, rue domicile, adresse complète",
        "city": "ville, commune, localité | ville (bureau), lieu, ville bureau, ville domicile",
        "state": "région, département, état province, province état | canton, état, dép région",
        "postal_code": "code postal, cp, c p, npa, code postale | code postal bureau",
        "country": "pays, code pays, pays région, nom du pays | nationalité pays, pays de résidence",
        "external_id": "numéro client, n° client, no client, code client, identifiant client, id client, "
        "numéro de client, réf client, référence client, numéro d'adhérent, n° adhérent | identifiant, "
        "référence, numéro, réf",
        "notes": "remarques, remarque, commentaires, commentaire, observations, observation, notes "
        "internes | infos, informations, description, informations complémentaires",
        "none": "civilité, titre, date de naissance, sexe, télécopie, télécopieur, date, montant, service, "
        "adresse 2, complément d'adresse, complément adresse, langue, anniversaire, catégorie, siret, "
        "siren, numéro de tva, statut",
    },
    "es": {
        "whole": "nombre",
        "name": "nombre completo, nombre y apellidos, nombre y apellido, apellidos y nombre, nombre del "
        "cliente, nombre cliente, nombre de contacto, nombre del contacto, apellidos nombre | cliente, "
        "contacto, persona de contacto, titular, destinatario, beneficiario, razón social o nombre, "
        "ordenante",
        "first_name": "nombre de pila, nombres, primer nombre",
        "last_name": "apellido, apellidos, primer apellido, apellido paterno",
        "email": "correo, correo electrónico, dirección de correo, dirección de correo electrónico, "
        "dirección de email, dirección email, e-mail, email | correo principal, correo de contacto, email "
        "cliente, correo corporativo, correo personal, dirección electrónica",
        "phone": "teléfono, número de teléfono, nº de teléfono, telf, tfno, tlf, telefono fijo, nro de "
        "teléfono, núm teléfono, n° teléfono | teléfono de contacto, teléfono trabajo, teléfono del "
        "trabajo, teléfono principal, teléfono 1, móvil, teléfono móvil, celular, número de celular, "
        "teléfono celular, fijo, tel móvil, número móvil",
        "company": "empresa, compañía, nombre de la empresa, nombre empresa, razón social, sociedad, "
        "organización, nombre de empresa, nombre fiscal | nombre comercial, entidad, negocio, cuenta",
        "job_title": "cargo, puesto, puesto de trabajo, título profesional, título del puesto | profesión, "
        "función, ocupación, rol",
        "website": "sitio web, página web, web, url del sitio web, pagina de internet | url, dominio, sitio",
        "street": "dirección, calle, domicilio, dirección 1, dirección postal, calle y número, línea de "
        "dirección 1 | dirección de facturación, dirección de envío, domicilio fiscal, calle del trabajo, "
        "dirección completa",
        "city": "ciudad, población, localidad, municipio | poblado, ciudad del trabajo, lugar",
        "state": "provincia, estado, comunidad autónoma, estado o provincia, estado provincia | región, "
        "departamento",
        "postal_code": "código postal, cód postal, cp, c p, codigo zip | apartado postal",
        "country": "país, código de país, código país, país región | nación, país de residencia",
        "external_id": "número de cliente, nº de cliente, nº cliente, código de cliente, código cliente, "
        "id de cliente, id cliente, número cliente, referencia cliente, n° de cliente, n° cliente | "
        "código, identificador, referencia, número",
        "notes": "notas, nota, observaciones, comentarios, comentario | descripción, información adicional",
        "none": "tratamiento, título, fecha de nacimiento, sexo, fecha, importe, saldo, concepto, segundo "
        "apellido, dirección 2, idioma, cumpleaños, nif, cif, dni, nie, rfc, segundo nombre, apellido "
        "materno, estado civil, fecha operación, fecha valor, divisa",
    },
    "it": {
        "whole": "nome",
        "name": "nome completo, nome e cognome, cognome e nome, nominativo, nome cliente, nome del "
        "cliente, cognome nome, nome cognome, nome contatto | cliente, contatto, referente, intestatario, "
        "destinatario, beneficiario, persona di contatto, ordinante",
        "first_name": "nome di battesimo, primo nome",
        "last_name": "cognome, cognomi",
        "email": "indirizzo email, indirizzo e-mail, posta elettronica, indirizzo di posta elettronica, "
        "indirizzo mail, e-mail | email cliente, email aziendale, email personale, posta elettronica 1, "
        "indirizzo posta elettronica",
        "phone": "telefono, numero di telefono, n telefono, numero telefono, tel, recapito telefonico, nr "
        "telefono | telefono ufficio, telefono fisso, telefono 1, cellulare, telefono cellulare, numero di "
        "cellulare, cell, telefono abitazione, recapito, tel cell",
        "company": "azienda, società, ragione sociale, ditta, nome azienda, impresa, organizzazione, "
        "denominazione, nome società | ente, denominazione sociale",
        "job_title": "posizione, qualifica, mansione, ruolo, posizione lavorativa, titolo professionale | "
        "professione, funzione, incarico",
        "website": "sito web, sito internet, sito, pagina web | url, indirizzo web, dominio",
        "street": "indirizzo, indirizzo 1, via e numero civico, via e numero, indirizzo postale, riga "
        "indirizzo 1 | via, indirizzo di fatturazione, indirizzo di spedizione, domicilio, via ufficio, "
        "residenza",
        "city": "città, comune, località | paese città, città ufficio, luogo",
        "state": "provincia, regione, prov | stato provincia, sigla provincia",
        "postal_code": "cap, codice postale, c a p | codice avviamento postale",
        "country": "paese, nazione, codice paese, paese regione, codice nazione | stato, paese di residenza",
        "external_id": "codice cliente, numero cliente, id cliente, cod cliente, n cliente, codice "
        "anagrafica | codice, riferimento, numero",
        "notes": "note, annotazioni, osservazioni, commenti, commento | descrizione, informazioni aggiuntive",
        "none": "titolo, appellativo, data di nascita, sesso, data, importo, codice fiscale, partita iva, "
        "p iva, numero civico, civico, indirizzo 2, lingua, compleanno, reparto, secondo nome, saldo, "
        "causale",
    },
    # Portuguese of Portugal and of Brazil.
    "pt": {
        "whole": "nome",
        "name": "nome completo, nome do cliente, nome cliente, nome e sobrenome, nome e apelido, nome do "
        "contato, nome do contacto, nome do destinatário | cliente, contato, contacto, titular, "
        "destinatário, beneficiário, pessoa de contacto, responsável",
        "first_name": "primeiro nome, nome próprio, prenome, nome próprio ou primeiro",
        "last_name": "sobrenome, último nome, apelido, nome de família, apelidos",
        "email": "endereço de email, endereço de e-mail, correio eletrónico, correio eletrônico, endereço "
        "eletrónico, endereço email | email principal, email de contato, e-mail do cliente, email "
        "comercial, email pessoal",
        "phone": "telefone, número de telefone, nº de telefone, tel, fone, n telefone, número telefone | "
        "telefone comercial, telefone fixo, telefone 1, telefone principal, telemóvel, celular, número de "
        "celular, telefone celular, telefone residencial, telefone móvel, whatsapp",
        "company": "empresa, nome da empresa, razão social, companhia, organização, sociedade, firma | "
        "nome fantasia, entidade, instituição",
        "job_title": "cargo, função, posição, título do cargo | profissão, ocupação",
        "website": "site, website, página web, sítio web, página da web, página inicial | url, domínio",
        "street": "endereço, morada, rua, logradouro, endereço 1, morada 1, rua e número, linha de "
        "endereço 1 | endereço comercial, endereço de cobrança, endereço de entrega, endereço completo, "
        "rua do endereço comercial",
        "city": "cidade, localidade, município, concelho | cidade do endereço comercial",
        "state": "estado, uf, distrito, província, estado uf | região",
        "postal_code": "cep, código postal, cód postal, codigo de endereçamento postal | cp",
        "country": "país, código do país, país região | nação, país de residência",
        "external_id": "código do cliente, número do cliente, id do cliente, nº cliente, código cliente, "
        "nº de cliente, n cliente | código, identificador, referência",
        "notes": "notas, observações, observação, comentários, obs, anotações, comentário | descrição",
        "none": "tratamento, título, data de nascimento, sexo, data, valor, cpf, cnpj, nif, bairro, "
        "complemento, idioma, aniversário, departamento, número da casa, nome do meio, saldo",
    },
    "nl": {
        "whole": "naam",
        "name": "volledige naam, klantnaam, voor- en achternaam, naam klant, contactnaam, naam "
        "contactpersoon, voornaam achternaam, weergavenaam | klant, contactpersoon, relatie, begunstigde, "
        "tegenpartij, ontvanger, rekeninghouder, naam tegenpartij, naam omschrijving, lid",
        "first_name": "voornaam, roepnaam, voornamen",
        "last_name": "achternaam, familienaam, geslachtsnaam",
        "email": "e-mailadres, emailadres, mailadres, e-mail adres, elektronisch adres | e-mail werk, "
        "e-mail privé, e-mail zakelijk, zakelijk e-mailadres",
        "phone": "telefoon, telefoonnummer, tel nr, telnr, telefoonnr | telefoon werk, telefoon zakelijk, "
        "telefoon 1, vaste telefoon, mobiel, mobiele telefoon, mobiel nummer, mobiele nummer, gsm, gsm "
        "nummer, 06 nummer, telefoon privé, telefoon thuis, mobielnummer, telefoon mobiel",
        "company": "bedrijf, bedrijfsnaam, organisatie, onderneming, firmanaam, naam bedrijf | werkgever, "
        "instelling, handelsnaam",
        "job_title": "functie, functietitel, functieomschrijving | beroep, rol, functienaam",
        "website": "webpagina, internetadres, webadres, webstek, internetpagina | internet, web site",
        "street": "straat, adres, straatnaam, straat en huisnummer, adresregel 1, adres 1, straat en nr, "
        "straat nr | bezoekadres, postadres, factuuradres, adres werk, woonadres",
        "city": "plaats, stad, woonplaats, gemeente, plaatsnaam | vestigingsplaats",
        "state": "provincie | staat provincie, regio",
        "postal_code": "postcode, post code, postcodenummer | postcode werk",
        "country": "land, landcode, land regio, landnaam | natie",
        "external_id": "klantnummer, klant nr, klantnr, klant id, relatienummer, debiteurnummer, "
        "debiteurennummer, lidnummer, klantcode | referentie, nummer, relatiecode",
        "notes": "notities, notitie, opmerking, opmerkingen, aantekeningen | omschrijving, toelichting",
        "none": "aanhef, titel, tussenvoegsel, geboortedatum, geslacht, huisnummer, toevoeging, datum, "
        "bedrag, btw nummer, afdeling, taal, verjaardag, voorletters, initialen, huisnr, adres 2, saldo",
    },
    "sv": {
        "whole": "namn",
        "name": "fullständigt namn, för- och efternamn, kundnamn, kontaktnamn, hela namnet, namn "
        "kontaktperson, visningsnamn | kund, kontakt, kontaktperson, mottagare, medlem, betalare",
        "first_name": "förnamn, tilltalsnamn",
        "last_name": "efternamn, släktnamn",
        "email": "e-post, e-postadress, epost, mejl, mejladress, mailadress, elektronisk post | e-post "
        "arbete, e-post privat, e-post 1",
        "phone": "telefon, telefonnummer, tel nr, tel, telefonnr | telefon arbete, telefon 1, "
        "arbetstelefon, mobil, mobiltelefon, mobilnummer, mobilnr, hemtelefon, telefon hem, telefon mobil",
        "company": "företag, företagsnamn, bolag, organisation, firma, bolagsnamn | arbetsgivare, förening",
        "job_title": "befattning, jobbtitel, yrkestitel, tjänst | yrke, roll, arbetstitel",
        "website": "webbplats, hemsida, webbsida, webbadress, hemsideadress | internet, webb",
        "street": "gata, adress, gatuadress, adressrad 1, adress 1, gata och nummer, postadress 1, "
        "utdelningsadress | besöksadress, fakturaadress, leveransadress, postadress, adress arbete",
        "city": "ort, stad, postort, kommun | bostadsort",
        "state": "län, delstat, landskap | region",
        "postal_code": "postnummer, postnr, post nr | postkod",
        "country": "land, landskod, land region, landsnamn | nation",
        "external_id": "kundnummer, kundnr, kund id, kund nr, medlemsnummer, kundkod | referens, nummer",
        "notes": "anteckningar, anteckning, kommentar, kommentarer, anmärkning, noteringar, notering | "
        "beskrivning, övrigt",
        "none": "titel, tilltal, födelsedatum, personnummer, kön, datum, belopp, organisationsnummer, "
        "avdelning, språk, födelsedag, adress 2, momsnummer, mellannamn, saldo",
    },
    "da": {
        "whole": "navn",
        "name": "fulde navn, fuldt navn, for- og efternavn, kundenavn, kontaktnavn, visningsnavn, navn på "
        "kunde | kunde, kontakt, kontaktperson, modtager, medlem",
        "first_name": "fornavn, fornavne",
        "last_name": "efternavn, slægtsnavn",
        "email": "e-mailadresse, mailadresse, e-post, e-postadresse, elektronisk adresse | e-mail arbejde, "
        "e-mail privat",
        "phone": "telefon, telefonnummer, tlf, tlf nr, telefon nr, tlfnr, tlf nummer | telefon arbejde, "
        "fastnet, telefon 1, mobil, mobiltelefon, mobilnummer, mobilnr, telefon mobil, telefon privat",
        "company": "firma, virksomhed, firmanavn, virksomhedsnavn, organisation, selskab, navn på "
        "virksomhed | arbejdsgiver, forening",
        "job_title": "stilling, jobtitel, stillingsbetegnelse | erhverv, rolle",
        "website": "hjemmeside, webside, websted, internetadresse, webadresse | netadresse",
        "street": "gade, adresse, vej, vejnavn, gade og nummer, vej og nr, adresselinje 1, adresse 1, "
        "gadenavn | faktureringsadresse, leveringsadresse, postadresse, adresse arbejde",
        "city": "by, postdistrikt, bynavn | kommune, sted",
        "state": "region, delstat | amt, landsdel",
        "postal_code": "postnummer, postnr, post nr | postnummer arbejde",
        "country": "land, landekode, land område, landenavn | nation",
        "external_id": "kundenummer, kundenr, kunde id, kunde nr, medlemsnummer, debitornummer | "
        "reference, nummer",
        "notes": "noter, bemærkninger, bemærkning, kommentar, kommentarer, notat, notater | beskrivelse",
        "none": "titel, tiltale, fødselsdato, fødselsdag, køn, dato, beløb, cvr, cvr nummer, cpr, "
        "afdeling, sprog, adresse 2, mellemnavn, saldo",
    },
    # Bokmål, with the Nynorsk words where they differ.
    "no": {
        "whole": "navn, namn",
        "name": "fullt navn, fullt namn, for- og etternavn, kundenavn, kontaktnavn, visningsnavn | kunde, "
        "kontakt, kontaktperson, mottaker, medlem",
        "first_name": "fornavn, førenamn",
        "last_name": "etternavn, etternamn, slektsnavn",
        "email": "e-post, e-postadresse, epostadresse, e-mailadresse, elektronisk post | e-post arbeid, "
        "e-post privat",
        "phone": "telefon, telefonnummer, tlf, tlf nr, telefonnr | telefon arbeid, telefon 1, mobil, "
        "mobiltelefon, mobilnummer, mobilnr, telefon mobil, telefon privat, fasttelefon",
        "company": "firma, bedrift, bedriftsnavn, firmanavn, selskap, organisasjon, foretak, firmanamn | "
        "arbeidsgiver, forening",
        "job_title": "stilling, stillingstittel, jobbtittel, yrkestittel | yrke, rolle",
        "website": "nettside, nettsted, hjemmeside, nettadresse, webside, heimeside | internett",
        "street": "gate, adresse, gateadresse, vei, gate og nummer, adresselinje 1, adresse 1, veiadresse, "
        "gatenavn | besøksadresse, fakturaadresse, leveringsadresse, postadresse",
        "city": "by, poststed, sted, stad | kommune",
        "state": "fylke, delstat | region",
        "postal_code": "postnummer, postnr, post nr | postkode",
        "country": "land, landkode, landskode, land område, landnavn | nasjon",
        "external_id": "kundenummer, kundenr, kunde id, medlemsnummer, kunde nr | referanse, nummer",
        "notes": "notater, merknad, merknader, kommentar, kommentarer, notat, merknadar | beskrivelse, annet",
        "none": "tittel, fødselsdato, fødselsdag, kjønn, dato, beløp, organisasjonsnummer, avdeling, "
        "språk, adresse 2, mellomnavn, saldo, personnummer",
    },
    "fi": {
        "whole": "nimi",
        "name": "koko nimi, asiakkaan nimi, asiakasnimi, etu- ja sukunimi, yhteyshenkilön nimi, näyttönimi "
        "| asiakas, yhteyshenkilö, vastaanottaja, saaja, maksaja, saaja maksaja, jäsen",
        "first_name": "etunimi, etunimet, kutsumanimi",
        "last_name": "sukunimi",
        "email": "sähköposti, sähköpostiosoite, s-posti, meili, sähköpostin osoite | sähköposti työ, "
        "ensisijainen sähköposti",
        "phone": "puhelin, puhelinnumero, puh, puh nro, puhelinnro, puh numero | työpuhelin, puhelin työ, "
        "puhelin 1, matkapuhelin, matkapuhelinnumero, kännykkä, gsm, kotipuhelin, mobiili",
        "company": "yritys, yrityksen nimi, yhtiö, organisaatio, toiminimi, yritysnimi | työnantaja, yhteisö",
        "job_title": "tehtävänimike, ammattinimike, asema, työnimike, tehtävä, titteli | ammatti, rooli",
        "website": "verkkosivu, verkkosivusto, kotisivu, www-sivu, www-osoite, verkkosivut, nettisivu, "
        "kotisivut | internet, www",
        "street": "katu, katuosoite, osoite, lähiosoite, osoiterivi 1, postiosoite, osoite 1 | "
        "laskutusosoite, toimitusosoite, käyntiosoite",
        "city": "kaupunki, postitoimipaikka, paikkakunta, kunta | kotikunta, toimipaikka",
        "state": "maakunta, osavaltio, lääni | alue",
        "postal_code": "postinumero, postinro | postikoodi",
        "country": "maa, maakoodi, maatunnus, maa alue | kansallisuus maa",
        "external_id": "asiakasnumero, asiakasnro, asiakastunnus, asiakas id, jäsennumero, asiakaskoodi | "
        "tunnus, viite, numero",
        "notes": "huomautukset, muistiinpanot, huomautus, lisätiedot, kommentit, huomiot, kommentti | kuvaus",
        "none": "arvonimi, syntymäaika, syntymäpäivä, sukupuoli, päivämäärä, summa, y tunnus, osasto, "
        "kieli, osoite 2, toinen nimi, saldo, henkilötunnus",
    },
}
