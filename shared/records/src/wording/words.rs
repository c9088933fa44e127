//! The words themselves, a table per language.

use serde::Serialize;

/// A language's words.
#[derive(Debug, Serialize)]
pub struct Words {
    /// Its code, as in `<html lang>`.
    pub code: &'static str,
    pub(super) date: &'static str,
    /// Some languages write the first of a month another way.
    pub(super) first_of_month: &'static str,
    pub(super) months: [&'static str; 12],
    /// The words of an invoice.
    pub invoice: InvoiceWords,
}

/// The words of an invoice.
#[derive(Debug, Serialize)]
pub struct InvoiceWords {
    invoice: &'static str,
    from: &'static str,
    to: &'static str,
    stay: &'static str,
    booking: &'static str,
    issued: &'static str,
    room: &'static str,
    units: &'static str,
    nights: &'static str,
    amount: &'static str,
    included: &'static str,
    total: &'static str,
    credit_notes: &'static str,
}

pub(super) static ENGLISH: Words = Words {
    code: "en",
    date: "{day} {month} {year}",
    first_of_month: "{day} {month} {year}",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    invoice: InvoiceWords {
        invoice: "Invoice",
        from: "From",
        to: "To",
        stay: "Stay",
        booking: "Booking",
        issued: "Issued",
        room: "Room",
        units: "Units",
        nights: "Nights",
        amount: "Amount",
        included: "included",
        total: "Total",
        credit_notes: "Credit notes",
    },
};

static GERMAN: Words = Words {
    code: "de",
    date: "{day}. {month} {year}",
    first_of_month: "{day}. {month} {year}",
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    invoice: InvoiceWords {
        invoice: "Rechnung",
        from: "Von",
        to: "An",
        stay: "Aufenthalt",
        booking: "Buchung",
        issued: "Ausgestellt am",
        room: "Zimmer",
        units: "Anzahl",
        nights: "Nächte",
        amount: "Betrag",
        included: "enthalten",
        total: "Gesamtbetrag",
        credit_notes: "Gutschriften",
    },
};

static FRENCH: Words = Words {
    code: "fr",
    date: "{day} {month} {year}",
    first_of_month: "{day}er {month} {year}",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    invoice: InvoiceWords {
        invoice: "Facture",
        from: "De",
        to: "À",
        stay: "Séjour",
        booking: "Réservation",
        issued: "Émise le",
        room: "Chambre",
        units: "Quantité",
        nights: "Nuits",
        amount: "Montant",
        included: "compris",
        total: "Total",
        credit_notes: "Avoirs",
    },
};

static ITALIAN: Words = Words {
    code: "it",
    date: "{day} {month} {year}",
    first_of_month: "{day}º {month} {year}",
    months: [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    invoice: InvoiceWords {
        invoice: "Fattura",
        from: "Da",
        to: "A",
        stay: "Soggiorno",
        booking: "Prenotazione",
        issued: "Emessa il",
        room: "Camera",
        units: "Quantità",
        nights: "Notti",
        amount: "Importo",
        included: "incluso",
        total: "Totale",
        credit_notes: "Note di credito",
    },
};

static SPANISH: Words = Words {
    code: "es",
    date: "{day} de {month} de {year}",
    first_of_month: "{day} de {month} de {year}",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    invoice: InvoiceWords {
        invoice: "Factura",
        from: "De",
        to: "Para",
        stay: "Estancia",
        booking: "Reserva",
        issued: "Emitida el",
        room: "Habitación",
        units: "Cantidad",
        nights: "Noches",
        amount: "Importe",
        included: "incluido",
        total: "Total",
        credit_notes: "Notas de crédito",
    },
};

static PORTUGUESE: Words = Words {
    code: "pt",
    date: "{day} de {month} de {year}",
    first_of_month: "{day} de {month} de {year}",
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    invoice: InvoiceWords {
        invoice: "Fatura",
        from: "De",
        to: "Para",
        stay: "Estadia",
        booking: "Reserva",
        issued: "Emitida em",
        room: "Quarto",
        units: "Quantidade",
        nights: "Noites",
        amount: "Valor",
        included: "incluído",
        total: "Total",
        credit_notes: "Notas de crédito",
    },
};

/// Every language that we have words of.
pub(super) static ALL: [&Words; 6] = [&ENGLISH, &GERMAN, &FRENCH, &ITALIAN, &SPANISH, &PORTUGUESE];
