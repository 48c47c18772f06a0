"""What columns of customers are called: Slavic, Hungarian, Romanian, Turkish, Greek, Semitic and Asian words.

Data only; see titles_west for its form and its sources.
"""

# ruff: noqa: RUF001 - letters of other alphabets

from __future__ import annotations

EASTERN: dict[str, dict[str, str]] = {
    "pl": {
        "whole": "nazwa",
        "name": "imię i nazwisko, nazwisko i imię, imię nazwisko, nazwa klienta, pełna nazwa, pełne imię, "
        "nazwa kontaktu | klient, kontakt, osoba kontaktowa, odbiorca, kontrahent, nadawca, nazwa "
        "odbiorcy, nazwa kontrahenta, nadawca odbiorca",
        "first_name": "imię, imiona, pierwsze imię",
        "last_name": "nazwisko, nazwisko rodowe",
        "email": "adres e-mail, adres email, poczta elektroniczna, adres poczty elektronicznej, adres "
        "mailowy, mejl | e-mail służbowy, e-mail prywatny",
        "phone": "telefon, numer telefonu, nr telefonu, tel, nr tel, numer tel | telefon służbowy, telefon "
        "stacjonarny, telefon 1, telefon komórkowy, komórka, numer komórkowy, tel kom, telefon domowy",
        "company": "firma, nazwa firmy, przedsiębiorstwo, organizacja, spółka, nazwa organizacji | "
        "pracodawca, instytucja",
        "job_title": "stanowisko, stanowisko pracy, tytuł służbowy | zawód, rola, funkcja",
        "website": "strona internetowa, strona www, witryna, strona, adres www, witryna internetowa | www",
        "street": "ulica, adres, ulica i numer, ulica nr, ul, adres 1, adres linia 1, adres pocztowy | "
        "adres korespondencyjny, adres zamieszkania, adres do faktury, adres dostawy",
        "city": "miasto, miejscowość, miejscowość poczta | gmina, poczta",
        "state": "województwo | region, prowincja",
        "postal_code": "kod pocztowy, kod poczt | kod",
        "country": "państwo, kod kraju, kod państwa, kraj region | kraj",
        "external_id": "numer klienta, nr klienta, id klienta, kod klienta, identyfikator klienta, symbol "
        "klienta | identyfikator, numer, symbol",
        "notes": "uwagi, notatki, notatka, komentarz, komentarze, adnotacje | opis",
        "none": "tytuł, zwrot grzecznościowy, data urodzenia, płeć, faks, data, kwota, nip, regon, pesel, "
        "nr domu, numer domu, nr lokalu, dział, język, urodziny, drugie imię, saldo",
    },
    "cs": {
        "whole": "jméno",
        "name": "jméno a příjmení, příjmení a jméno, celé jméno, jméno příjmení, jméno zákazníka, název "
        "zákazníka, název kontaktu | zákazník, kontakt, kontaktní osoba, odběratel, příjemce, název "
        "protiúčtu, název, klient",
        "first_name": "křestní jméno, křestní",
        "last_name": "příjmení",
        "email": "e-mailová adresa, emailová adresa, elektronická pošta, mailová adresa | e-mail práce, "
        "kontaktní e-mail",
        "phone": "telefon, telefonní číslo, číslo telefonu, tel, tel číslo | telefon do zaměstnání, "
        "telefon 1, mobil, mobilní telefon, mobilní číslo, pevná linka, telefon domů",
        "company": "firma, společnost, název firmy, název společnosti, organizace, podnik, obchodní firma "
        "| zaměstnavatel, instituce",
        "job_title": "pozice, pracovní pozice, funkce, pracovní zařazení | povolání, profese, role",
        "website": "webová stránka, webové stránky, internetová stránka, stránky, web, www stránky | www",
        "street": "ulice, adresa, ulice a číslo, ulice a č p, adresa 1, adresa řádek 1, ulice a číslo "
        "popisné | fakturační adresa, dodací adresa, poštovní adresa",
        "city": "město, obec, město obec | pošta, místo",
        "state": "kraj okres | okres, oblast",
        "postal_code": "psč, poštovní směrovací číslo, směrovací číslo | psc",
        "country": "země, stát, kód země, země oblast, stát země | kód státu",
        "external_id": "číslo zákazníka, id zákazníka, zákaznické číslo, kód zákazníka, č zákazníka | "
        "identifikátor, číslo, kód",
        "notes": "poznámka, poznámky, komentář, komentáře | popis",
        "none": "titul, oslovení, datum narození, pohlaví, datum, částka, ičo, dič, č p, oddělení, jazyk, "
        "narozeniny, prostřední jméno, zůstatek, rodné číslo",
    },
    "sk": {
        "whole": "meno",
        "name": "meno a priezvisko, celé meno, priezvisko a meno, meno priezvisko, meno zákazníka | "
        "zákazník, kontaktná osoba, odberateľ, príjemca",
        "first_name": "krstné meno",
        "last_name": "priezvisko",
        "email": "e-mailová adresa, emailová adresa, elektronická pošta | kontaktný e-mail",
        "phone": "telefón, telefónne číslo, tel číslo, číslo telefónu | mobil, mobilné číslo, mobilný "
        "telefón",
        "company": "spoločnosť, firma, názov firmy, názov spoločnosti, organizácia | zamestnávateľ",
        "job_title": "pozícia, pracovná pozícia, funkcia | povolanie",
        "website": "webová stránka, webstránka, internetová stránka, webové sídlo | stránka",
        "street": "ulica, adresa, ulica a číslo, adresa 1 | fakturačná adresa, dodacia adresa",
        "city": "mesto, obec | miesto",
        "state": "kraj okres | okres",
        "postal_code": "psč, poštové smerovacie číslo",
        "country": "krajina, štát, kód krajiny",
        "external_id": "číslo zákazníka, zákaznícke číslo, id zákazníka | identifikátor",
        "notes": "poznámka, poznámky, komentár",
        "none": "titul, oslovenie, dátum narodenia, pohlavie, dátum, suma, ičo",
    },
    "hu": {
        "whole": "név",
        "name": "teljes név, ügyfél neve, ügyfélnév, vásárló neve, kapcsolattartó neve | ügyfél, vásárló, "
        "kapcsolattartó, partner, címzett, partner neve, kedvezményezett",
        "first_name": "keresztnév, utónév",
        "last_name": "vezetéknév, családnév",
        "email": "e-mail cím, email cím, e-mail-cím, drótposta, elektronikus levélcím, levelezési e-mail | "
        "munkahelyi e-mail",
        "phone": "telefon, telefonszám, tel, tel szám | mobil, mobiltelefon, mobilszám, munkahelyi "
        "telefon, vezetékes telefon",
        "company": "cég, cégnév, vállalat, szervezet, cég neve | munkahely, munkáltató",
        "job_title": "beosztás, munkakör, pozíció | foglalkozás",
        "website": "weboldal, honlap, weblap, webhely | web cím",
        "street": "utca, cím, utca házszám, utca és házszám, postacím, lakcím, cím 1 | számlázási cím, "
        "szállítási cím",
        "city": "város, település, helység | helyiség",
        "state": "megye | tartomány, régió",
        "postal_code": "irányítószám, ir szám, irsz",
        "country": "ország, országkód | nemzet",
        "external_id": "ügyfélszám, vevőkód, ügyfélazonosító, ügyfél azonosító, vevőszám | azonosító",
        "notes": "megjegyzés, megjegyzések, jegyzet, jegyzetek, feljegyzés | leírás",
        "none": "megszólítás, születési dátum, neme, dátum, összeg, adószám, titulus",
    },
    "ro": {
        "whole": "nume",
        "name": "nume complet, nume și prenume, prenume și nume, nume client, numele clientului | client, "
        "persoană de contact, destinatar, beneficiar",
        "first_name": "prenume, nume de botez",
        "last_name": "nume de familie",
        "email": "adresă de e-mail, adresă email, adresa de email, adresa e-mail, poștă electronică",
        "phone": "telefon, număr de telefon, nr telefon, numar telefon | telefon mobil, mobil, telefon "
        "fix, telefon serviciu",
        "company": "companie, firmă, nume companie, denumire firmă, organizație, societate, nume firmă | "
        "angajator",
        "job_title": "funcție, titlul postului | ocupație, profesie, funcția",
        "website": "site web, pagină web, site, pagina web",
        "street": "stradă, adresă, strada, adresa, adresa 1, strada și numărul | adresa de facturare, "
        "adresa de livrare",
        "city": "oraș, localitate, localitatea, orașul | municipiu",
        "state": "județ, județul | regiune, sector",
        "postal_code": "cod poștal, codul poștal",
        "country": "țară, țara, cod țară",
        "external_id": "cod client, număr client, id client, nr client",
        "notes": "observații, note, comentarii, mențiuni, notițe",
        "none": "titlu, data nașterii, sex, data, sumă, cif, cnp",
    },
    "tr": {
        "whole": "ad, adı, isim",
        "name": "ad soyad, adı soyadı, isim soyisim, tam ad, tam adı, müşteri adı, ad ve soyad, adı ve "
        "soyadı, ad soyadı, müşteri adı soyadı | müşteri, kişi, ilgili kişi, alıcı, yetkili, yetkili kişi",
        "first_name": "ön ad, ilk ad",
        "last_name": "soyad, soyadı, soyisim, soy ad",
        "email": "e-posta, e-posta adresi, eposta, eposta adresi, mail adresi, elektronik posta | iş "
        "e-postası, kişisel e-posta",
        "phone": "telefon, telefon numarası, telefon no, tel, tel no, telefonu | cep telefonu, cep no, "
        "gsm, mobil, iş telefonu, sabit telefon, ev telefonu, gsm no, cep tel",
        "company": "şirket, firma, şirket adı, firma adı, kuruluş, kurum, işletme | ticari unvan, firma "
        "unvanı, işyeri",
        "job_title": "görev, iş unvanı, pozisyon, görevi, ünvan | meslek, rol",
        "website": "web sitesi, internet sitesi, web adresi, web sayfası, internet adresi | site",
        "street": "adres, sokak, cadde, açık adres, adres satırı 1, adres 1, adresi, cadde sokak | fatura "
        "adresi, teslimat adresi, ev adresi, iş adresi",
        "city": "şehir, il, şehri, kent | ilçe, semt",
        "state": "eyalet, bölge eyalet | bölge",
        "postal_code": "posta kodu, postakodu, p kodu | pk",
        "country": "ülke, ülke kodu, ülke bölge, ülkesi",
        "external_id": "müşteri no, müşteri numarası, müşteri kodu, müşteri id, cari kodu, cari kod | kod, "
        "numara",
        "notes": "not, notlar, açıklama, açıklamalar, yorum, yorumlar | bilgi",
        "none": "hitap, doğum tarihi, cinsiyet, faks, tarih, tutar, vergi no, vergi dairesi, tc kimlik no, "
        "departman, dil",
    },
    "el": {
        "whole": "όνομα",
        "name": "ονοματεπώνυμο, πλήρες όνομα, όνομα πελάτη, όνομα και επώνυμο | πελάτης, επαφή, υπεύθυνος "
        "επικοινωνίας, παραλήπτης",
        "first_name": "μικρό όνομα",
        "last_name": "επώνυμο, επίθετο",
        "email": "ηλεκτρονικό ταχυδρομείο, διεύθυνση email, διεύθυνση ηλεκτρονικού ταχυδρομείου, ηλ "
        "ταχυδρομείο, ηλεκτρονική διεύθυνση",
        "phone": "τηλέφωνο, αριθμός τηλεφώνου, τηλ | κινητό, κινητό τηλέφωνο, σταθερό τηλέφωνο, τηλέφωνο "
        "εργασίας",
        "company": "εταιρεία, επωνυμία, επιχείρηση, όνομα εταιρείας, οργανισμός, επωνυμία εταιρείας",
        "job_title": "θέση, τίτλος θέσης, θέση εργασίας | επάγγελμα, ρόλος, ιδιότητα",
        "website": "ιστοσελίδα, ιστότοπος, ιστοχώρος",
        "street": "διεύθυνση, οδός, οδός και αριθμός, διεύθυνση 1",
        "city": "πόλη, δήμος | περιοχή",
        "state": "νομός, περιφέρεια",
        "postal_code": "ταχυδρομικός κώδικας, τκ, τ κ",
        "country": "χώρα, κωδικός χώρας",
        "external_id": "κωδικός πελάτη, αριθμός πελάτη | κωδικός",
        "notes": "σημειώσεις, παρατηρήσεις, σχόλια, σχόλιο",
        "none": "τίτλος, ημερομηνία γέννησης, φύλο, ημερομηνία, ποσό, αφμ",
    },
    "ru": {
        "whole": "имя",
        "name": "фио, ф и о, полное имя, имя и фамилия, фамилия имя отчество, фамилия и имя, имя клиента, "
        "фамилия имя, имя контакта | клиент, контакт, контактное лицо, получатель, покупатель, контрагент, "
        "заказчик, плательщик",
        "first_name": "личное имя",
        "last_name": "фамилия",
        "email": "электронная почта, адрес электронной почты, эл почта, почта, имейл, емейл, эл адрес, "
        "email адрес | рабочий email, рабочая почта, email рабочий",
        "phone": "телефон, номер телефона, тел, контактный телефон, № телефона | рабочий телефон, "
        "мобильный, мобильный телефон, сотовый, сотовый телефон, телефон рабочий, домашний телефон, номер "
        "мобильного, мобильный номер",
        "company": "компания, организация, название компании, фирма, предприятие, название организации, "
        "наименование организации | работодатель, место работы, юридическое лицо, наименование",
        "job_title": "должность, позиция | профессия, роль",
        "website": "сайт, веб-сайт, вебсайт, адрес сайта, интернет-сайт, веб-страница | страница",
        "street": "улица, адрес, улица и дом, улица дом, адрес 1, почтовый адрес, строка адреса 1 | адрес "
        "доставки, юридический адрес, фактический адрес",
        "city": "город, населенный пункт, населённый пункт | поселок",
        "state": "область, край, регион область, субъект рф, штат | регион, республика, район",
        "postal_code": "индекс, почтовый индекс, почтовый код",
        "country": "страна, код страны, страна регион",
        "external_id": "номер клиента, код клиента, id клиента, идентификатор клиента, внешний id, № "
        "клиента | код, идентификатор, номер",
        "notes": "примечание, примечания, заметки, комментарий, комментарии, заметка | описание",
        "none": "отчество, обращение, дата рождения, пол, факс, дата, сумма, инн, кпп, дом, отдел, язык, "
        "день рождения",
    },
    "uk": {
        "whole": "ім'я, імя",
        "name": "піб, п і б, повне ім'я, прізвище та ім'я, прізвище ім'я по батькові, ім'я та прізвище, "
        "ім'я клієнта | клієнт, контактна особа, отримувач, покупець, замовник",
        "first_name": "власне ім'я",
        "last_name": "прізвище",
        "email": "електронна пошта, адреса електронної пошти, ел пошта, пошта, електронна адреса, імейл",
        "phone": "телефон, номер телефону, тел, контактний телефон | мобільний, мобільний телефон, робочий "
        "телефон, номер мобільного",
        "company": "компанія, організація, назва компанії, підприємство, назва організації, фірма",
        "job_title": "посада | професія, роль",
        "website": "сайт, вебсайт, веб-сайт, адреса сайту",
        "street": "вулиця, адреса, вулиця та будинок, поштова адреса, вулиця будинок | адреса доставки",
        "city": "місто, населений пункт",
        "state": "область, регіон область | регіон, район",
        "postal_code": "індекс, поштовий індекс, поштовий код",
        "country": "країна, код країни",
        "external_id": "номер клієнта, код клієнта, id клієнта, ідентифікатор клієнта",
        "notes": "примітка, примітки, коментар, коментарі, нотатки",
        "none": "по батькові, звертання, дата народження, стать, дата, сума, єдрпоу",
    },
    # Also the address books of Outlook, Google and Japanese greeting card programs.
    "ja": {
        "whole": "名前, お名前",
        "name": "氏名, フルネーム, 顧客名, 姓名, 宛名, 担当者名, お客様名, ご氏名, 表示名 | 担当者, "
        "連絡先, お客様, 顧客, 宛先",
        "first_name": "名, ファーストネーム, 名(first name)",
        "last_name": "姓, 苗字, ラストネーム, 姓(last name)",
        "email": "メール, メールアドレス, 電子メール, eメール, e-メール, 電子メールアドレス, 電子メール "
        "アドレス, eメールアドレス, e-mailアドレス, メアド | 会社メール, 連絡先メール",
        "phone": "電話, 電話番号, tel番号, お電話番号, ご連絡先電話番号 | 会社電話, 勤務先電話, "
        "会社電話番号, 携帯, 携帯電話, 携帯番号, 携帯電話番号, 自宅電話, 自宅電話番号, 代表電話, "
        "連絡先電話番号, 固定電話, 電話番号1",
        "company": "会社, 会社名, 企業名, 勤務先, 組織, 組織名, 法人名, 団体名, 企業, 貴社名, 御社名 | "
        "所属, 取引先, 取引先名, 勤務先名",
        "job_title": "役職, 役職名, 肩書き, 肩書, 職位 | 職業, 職種",
        "website": "ウェブサイト, ホームページ, webサイト, サイト, ウェブページ, web ページ, hp | ウェブ, "
        "ホームページurl",
        "street": "住所, 番地, 町名番地, 住所1, 丁目番地, 町域, 番地等, 町名・番地 | 会社住所, 自宅住所, "
        "勤務先住所, 番地 (会社), 住所(番地)",
        "city": "市区町村, 市町村, 市, 市区郡, 市/区/町/村, 市区郡町村 | 市区, 都市",
        "state": "都道府県, 県, 都道府県名 | 州, 地域",
        "postal_code": "郵便番号, 郵便 番号 | 会社郵便番号, 自宅郵便番号, 郵便番号 (会社)",
        "country": "国, 国名, 国コード, 国/地域, 国籍地域",
        "external_id": "顧客番号, 顧客id, 会員番号, 顧客コード, お客様番号, 取引先コード, 会員id | 番号, "
        "コード",
        "notes": "備考, メモ, 備考欄, コメント, ノート | 説明, その他",
        "none": "敬称, フリガナ, ふりがな, カナ, 姓フリガナ, 名フリガナ, 姓(カナ), 名(カナ), 姓カナ, "
        "名カナ, 氏名カナ, 氏名(カナ), 生年月日, 性別, ファックス, fax番号, 部署, 部署名, 誕生日, 建物名, "
        "日付, 金額, セイ, メイ, 性別区分",
    },
    # Simplified and traditional characters.
    "zh": {
        "whole": "名字",
        "name": "姓名, 全名, 客户姓名, 客户名称, 联系人姓名, 客戶姓名, 客戶名稱, 聯絡人姓名, 名称, "
        "姓名全称, 收件人姓名 | 联系人, 客户, 聯絡人, 客戶, 收件人, 会员, 收货人, 會員, 名稱",
        "first_name": "名, 教名",
        "last_name": "姓, 姓氏",
        "email": "邮箱, 电子邮件, 电子邮箱, 邮件, 邮箱地址, 电子邮件地址, 電子郵件, 電郵, 電子信箱, "
        "電子郵件地址, 信箱, 邮件地址, 電郵地址 | 工作邮箱, 公司邮箱",
        "phone": "电话, 电话号码, 联系电话, 電話, 電話號碼, 聯絡電話, 联系方式, 电话号 | 手机, 手机号, "
        "手机号码, 移动电话, 手機, 手機號碼, 行動電話, 办公电话, 商务电话, 公司电话, 公司電話, 座机, "
        "固定电话, 商務電話, 住宅电话",
        "company": "公司, 公司名称, 单位, 单位名称, 企业, 企业名称, 组织, 公司名稱, 單位, 企業, 企業名稱, "
        "机构, 公司名 | 工作单位, 所属公司, 机构名称",
        "job_title": "职位, 职务, 职称, 職位, 職稱, 職務, 岗位 | 职业, 頭銜, 职衔",
        "website": "网站, 网址, 主页, 網站, 網址, 公司网站, 官网, 网页, 網頁 | 公司網站",
        "street": "地址, 街道, 详细地址, 通讯地址, 联系地址, 街道地址, 詳細地址, 通訊地址, 聯絡地址, 地址1 "
        "| 公司地址, 商务地址街道, 家庭地址, 收货地址, 商務地址街道",
        "city": "城市, 市县, 所在城市, 縣市, 市镇 | 区县",
        "state": "省, 省份, 州省, 省/市/自治区, 省市, 州, 省/自治区 | 地区",
        "postal_code": "邮编, 邮政编码, 郵遞區號, 郵政編碼, 邮政码, 郵編, 邮码",
        "country": "国家, 国家/地区, 國家, 國家/地區, 国别, 国家代码, 國家代碼",
        "external_id": "客户编号, 客户id, 客户代码, 客戶編號, 会员编号, 客户号, 客戶代碼, 会员号, 會員編號 "
        "| 编号, 編號, 代码",
        "notes": "备注, 附注, 说明, 備註, 備注, 注释, 评论, 附註 | 描述, 其他信息",
        "none": "称呼, 称谓, 稱謂, 生日, 出生日期, 性别, 性別, 传真, 傳真, 部门, 部門, 日期, 金额, 金額, "
        "中间名",
    },
    "ko": {
        "whole": "이름",
        "name": "성명, 고객명, 고객 이름, 담당자명, 전체 이름 | 고객, 담당자, 연락처, 수신자, 받는사람",
        "first_name": "이름(first name), 이름만",
        "last_name": "성, 성씨",
        "email": "이메일, 이메일 주소, 전자 메일, 전자메일, 전자 메일 주소, 메일, 메일주소",
        "phone": "전화, 전화번호, 연락처 번호, 연락처 전화 | 휴대폰, 휴대전화, 휴대폰번호, 핸드폰, 회사 "
        "전화, 근무처 전화, 휴대 전화, 휴대전화번호",
        "company": "회사, 회사명, 업체명, 기업명, 조직, 상호, 근무처, 단체명 | 소속, 거래처, 거래처명",
        "job_title": "직함, 직책, 직위 | 직업, 직급",
        "website": "웹사이트, 홈페이지, 웹 사이트, 웹페이지 | 사이트",
        "street": "주소, 도로명주소, 상세주소, 도로명, 번지 | 회사 주소, 집 주소",
        "city": "도시, 시, 시군구, 구군 | 시/군/구",
        "state": "도, 시도, 시/도, 주 | 지역",
        "postal_code": "우편번호, 우편 번호",
        "country": "국가, 나라, 국가 코드, 국가/지역",
        "external_id": "고객번호, 고객 id, 회원번호, 고객코드, 고객 번호 | 번호, 코드",
        "notes": "메모, 비고, 노트, 참고, 참고사항 | 설명",
        "none": "생년월일, 생일, 성별, 팩스, 부서, 날짜, 금액, 존칭",
    },
    "vi": {
        "whole": "tên",
        "name": "họ tên, họ và tên, tên khách hàng, tên đầy đủ, họ tên khách hàng | khách hàng, người liên "
        "hệ, liên hệ, người nhận",
        "first_name": "tên riêng, tên gọi",
        "last_name": "họ, họ đệm, họ và tên đệm, họ và đệm",
        "email": "thư điện tử, địa chỉ email, email liên hệ, hộp thư",
        "phone": "điện thoại, số điện thoại, sđt, số đt, đt | di động, số di động, điện thoại di động, "
        "điện thoại cố định",
        "company": "công ty, tên công ty, tổ chức, doanh nghiệp, đơn vị, tên doanh nghiệp",
        "job_title": "chức vụ, chức danh, vị trí | nghề nghiệp",
        "website": "trang web, địa chỉ web | trang chủ",
        "street": "địa chỉ, đường, số nhà, địa chỉ 1, đường phố",
        "city": "thành phố, tỉnh thành phố, thành phố tỉnh | quận huyện",
        "state": "tỉnh, tỉnh thành, bang",
        "postal_code": "mã bưu điện, mã bưu chính, mã zip",
        "country": "quốc gia, nước, mã quốc gia",
        "external_id": "mã khách hàng, mã kh, số khách hàng",
        "notes": "ghi chú, chú thích, nhận xét | mô tả",
        "none": "ngày sinh, giới tính, ngày, số tiền, danh xưng, mã số thuế",
    },
    "ar": {
        "whole": "الاسم",
        "name": "الاسم الكامل, اسم العميل, الاسم بالكامل, اسم الزبون | العميل, جهة الاتصال, الزبون, المستلم",
        "first_name": "الاسم الأول",
        "last_name": "اسم العائلة, الاسم الأخير, اللقب, الكنية",
        "email": "البريد الإلكتروني, البريد الالكتروني, عنوان البريد الإلكتروني, الايميل, إيميل, بريد "
        "إلكتروني",
        "phone": "الهاتف, رقم الهاتف, هاتف, التليفون, رقم التليفون | الجوال, رقم الجوال, الهاتف المحمول, "
        "الموبايل, رقم الموبايل",
        "company": "الشركة, اسم الشركة, المؤسسة, المنظمة, الجهة",
        "job_title": "المسمى الوظيفي, الوظيفة, المنصب | المهنة",
        "website": "الموقع الإلكتروني, الموقع, موقع الويب, الموقع الالكتروني",
        "street": "العنوان, الشارع, عنوان الشارع",
        "city": "المدينة, مدينة",
        "state": "الولاية, المحافظة, المنطقة, الإقليم",
        "postal_code": "الرمز البريدي, رمز البريد, الرقم البريدي",
        "country": "البلد, الدولة, بلد, رمز البلد",
        "external_id": "رقم العميل, معرف العميل, كود العميل",
        "notes": "ملاحظات, الملاحظات, تعليقات, ملاحظة",
        "none": "تاريخ الميلاد, الجنس, الفاكس, التاريخ, المبلغ",
    },
    "he": {
        "whole": "שם",
        "name": "שם מלא, שם הלקוח, שם לקוח, שם ומשפחה | לקוח, איש קשר",
        "first_name": "שם פרטי",
        "last_name": "שם משפחה",
        "email": "דואר אלקטרוני, אימייל, כתובת דואל, מייל, כתובת אימייל",
        "phone": "טלפון, מספר טלפון, מס טלפון | נייד, טלפון נייד, סלולרי",
        "company": "חברה, שם החברה, ארגון, שם חברה",
        "job_title": "תפקיד | מקצוע, משרה",
        "website": "אתר, אתר אינטרנט, דף הבית",
        "street": "כתובת, רחוב, רחוב ומספר",
        "city": "עיר, יישוב",
        "state": "מחוז, מדינה מחוז",
        "postal_code": "מיקוד",
        "country": "ארץ, מדינה",
        "external_id": "מספר לקוח, מזהה לקוח",
        "notes": "הערות, הערה",
        "none": "תאריך לידה, מין, פקס, תאריך, סכום",
    },
}
