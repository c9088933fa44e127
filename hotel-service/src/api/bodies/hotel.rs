//! Bodies about hotels: `HotelWrite`, and its merge patch.

use ::domain::{
    Currency, Email, Faults, GeoPoint, Invalid, LocalityId, Phone, Text, TimeZone, booking::hour_minute,
    hotel::Contact,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    catalogue::{AppliesTo, Catalogue},
    hotel::{AddressFacts, Description, HotelFacts},
    locality::Locality,
};

/// All that a manager says about a hotel.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HotelWrite {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "Hotel Paradiso")]
    pub name: String,
    /// For travellers; may have several lines.
    #[schema(max_length = 5000, example = "By the sea.")]
    pub description: String,
    /// The locality it lies in; see `GET /v1/localities`.
    #[schema(value_type = LocalityId)]
    pub locality_id: String,
    /// Its postal address.
    pub address: AddressWrite,
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, example = 41.8902)]
    pub latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 12.4922)]
    pub longitude: f64,
    /// Its IANA zone; can never change.
    #[schema(value_type = TimeZone)]
    pub time_zone: String,
    /// Its currency; can never change.
    #[schema(value_type = Currency)]
    pub currency: String,
    /// 1 to 5, or null.
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 5, example = 5)]
    #[serde(default)]
    pub star_rating: Option<i64>,
    /// Codes of `GET /v1/facilities` that apply to hotels.
    #[schema(max_items = 100, example = json!(["beachfront", "pool"]))]
    pub facilities: Vec<String>,
    /// How to reach it.
    pub contact: ContactWrite,
    /// From when guests may come, local.
    #[schema(example = "15:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub check_in_time: String,
    /// Until when guests must leave, local.
    #[schema(example = "11:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub check_out_time: String,
    /// Whether it is on sale.
    pub is_active: bool,
}

/// A postal address.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressWrite {
    /// Street and number.
    #[schema(min_length = 1, max_length = 200, example = "Via Roma 1")]
    pub line1: String,
    /// What does not fit line 1.
    #[schema(min_length = 1, max_length = 200, example = json!(null))]
    #[serde(default)]
    pub line2: Option<String>,
    /// Postal code.
    #[schema(min_length = 1, max_length = 20, example = "00184")]
    #[serde(default)]
    pub postal_code: Option<String>,
}

/// How to reach a hotel.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactWrite {
    /// Where its mails go.
    #[schema(value_type = Email)]
    pub email: String,
    /// For travellers to call.
    #[schema(value_type = Option<Phone>)]
    #[serde(default)]
    pub phone: Option<String>,
}

/// A JSON Merge Patch of `HotelWrite`: fields left out stay, null takes one away where that is allowed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "a patch is read into this only to refuse unknown fields and wrong types at their place"
)]
pub struct HotelPatch {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, nullable = false, example = "Hotel Paradiso")]
    name: Option<String>,
    /// For travellers; may have several lines.
    #[schema(max_length = 5000, nullable = false, example = "By the sea.")]
    description: Option<String>,
    /// The locality it lies in; see `GET /v1/localities`.
    #[schema(value_type = LocalityId, required = false)]
    locality_id: Option<String>,
    /// Its postal address; a member left out stays.
    #[schema(nullable = false)]
    address: Option<AddressPatch>,
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, nullable = false, example = 41.8902)]
    latitude: Option<f64>,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, nullable = false, example = 12.4922)]
    longitude: Option<f64>,
    /// As it is: it can never change.
    #[schema(value_type = TimeZone, required = false)]
    time_zone: Option<String>,
    /// As it is: it can never change.
    #[schema(value_type = Currency, required = false)]
    currency: Option<String>,
    /// 1 to 5, or null.
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 5, example = 5)]
    star_rating: Option<i64>,
    /// Codes of `GET /v1/facilities` that apply to hotels.
    #[schema(max_items = 100, nullable = false, example = json!(["beachfront", "pool"]))]
    facilities: Option<Vec<String>>,
    /// How to reach it; a member left out stays.
    #[schema(nullable = false)]
    contact: Option<ContactPatch>,
    /// From when guests may come, local.
    #[schema(example = "15:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", nullable = false)]
    check_in_time: Option<String>,
    /// Until when guests must leave, local.
    #[schema(example = "11:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", nullable = false)]
    check_out_time: Option<String>,
    /// Whether it is on sale.
    #[schema(nullable = false)]
    is_active: Option<bool>,
}

/// A merge patch of an address.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "a patch is read into this only to refuse unknown fields and wrong types at their place"
)]
pub struct AddressPatch {
    /// Street and number.
    #[schema(min_length = 1, max_length = 200, nullable = false, example = "Via Roma 1")]
    line1: Option<String>,
    /// What does not fit line 1; null takes it away.
    #[schema(min_length = 1, max_length = 200, example = json!(null))]
    line2: Option<String>,
    /// Postal code; null takes it away.
    #[schema(min_length = 1, max_length = 20, example = "00184")]
    postal_code: Option<String>,
}

/// A merge patch of a contact.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "a patch is read into this only to refuse unknown fields and wrong types at their place"
)]
pub struct ContactPatch {
    /// Where its mails go.
    #[schema(value_type = Email, required = false)]
    email: Option<String>,
    /// For travellers to call; null takes it away.
    #[schema(value_type = Option<Phone>)]
    phone: Option<String>,
}

/// What a body refers to.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// The facilities there are.
    pub catalogue: &'a Catalogue,
    /// The locality that the body names, if there is one.
    pub locality: Option<&'a Locality>,
    /// The currency that the hotel has already; none of a new one.
    pub kept: Option<Currency>,
}

impl HotelWrite {
    /// The locality it names, to be looked up for [`Self::parse`].
    pub fn locality_id(&self) -> Option<LocalityId> {
        self.locality_id.parse().ok()
    }

    /// Checks every field and names all that are wrong.
    pub fn parse(&self, known: References<'_>) -> Result<HotelFacts, Faults> {
        let mut faults = Faults::new();
        match self.read(known, &mut faults) {
            Some(facts) if faults.is_empty() => Ok(facts),
            Some(_) | None => Err(faults),
        }
    }

    fn read(&self, known: References<'_>, faults: &mut Faults) -> Option<HotelFacts> {
        let name = faults.take("#/name", Text::parse(&self.name));
        let description = faults.take("#/description", Description::parse_lines(&self.description));
        let locality_id = faults.take("#/locality_id", self.find_locality(known.locality));
        let address = self.address.read(faults);
        let point = self.point(faults);
        let time_zone = faults.take("#/time_zone", TimeZone::parse(&self.time_zone));
        let currency = faults.take("#/currency", self.currency(known.kept));
        let star_rating = faults.take_opt("#/star_rating", self.star_rating.map(stars));
        let facilities = known.catalogue.read(&self.facilities, AppliesTo::Hotel, faults);
        let contact = self.contact.read(faults);
        let check_in_time = faults.take("#/check_in_time", hour_minute::parse(&self.check_in_time));
        let check_out_time = faults.take("#/check_out_time", hour_minute::parse(&self.check_out_time));
        Some(HotelFacts {
            name: name?,
            description: description?,
            locality_id: locality_id?,
            address: address?,
            point: point?,
            time_zone: time_zone?,
            currency: currency?,
            star_rating: star_rating?,
            facilities: facilities?,
            contact: contact?,
            check_in_time: check_in_time?,
            check_out_time: check_out_time?,
            is_active: self.is_active,
        })
    }

    /// Only what is still money can be chosen; what a hotel has, it keeps.
    fn currency(&self, kept: Option<Currency>) -> Result<Currency, Invalid> {
        kept.filter(|kept| kept.code() == self.currency).map_or_else(|| Currency::choose(&self.currency), Ok)
    }

    fn find_locality(&self, found: Option<&Locality>) -> Result<LocalityId, Invalid> {
        let asked: LocalityId = self.locality_id.parse()?;
        found
            .map(|locality| locality.place.locality_id)
            .filter(|id| *id == asked)
            .ok_or_else(|| Invalid::unknown("A locality of GET /v1/localities."))
    }

    /// Each coordinate is judged alone, so that both are named when both are wrong.
    fn point(&self, faults: &mut Faults) -> Option<GeoPoint> {
        let latitude = faults.take("#/latitude", GeoPoint::parse(self.latitude, 0.0));
        let longitude = faults.take("#/longitude", GeoPoint::parse(0.0, self.longitude));
        GeoPoint::parse(latitude?.latitude(), longitude?.longitude()).ok()
    }
}

impl AddressWrite {
    fn read(&self, faults: &mut Faults) -> Option<AddressFacts> {
        let line1 = faults.take("#/address/line1", Text::parse(&self.line1));
        let line2 = faults.take_opt("#/address/line2", self.line2.as_deref().map(Text::parse));
        let postal_code =
            faults.take_opt("#/address/postal_code", self.postal_code.as_deref().map(Text::parse));
        Some(AddressFacts { line1: line1?, line2: line2?, postal_code: postal_code? })
    }
}

impl ContactWrite {
    fn read(&self, faults: &mut Faults) -> Option<Contact> {
        let email = faults.take("#/contact/email", Email::parse(&self.email));
        let phone = faults.take_opt("#/contact/phone", self.phone.as_deref().map(Phone::parse));
        Some(Contact { email: email?, phone: phone? })
    }
}

fn stars(raw: i64) -> Result<u8, Invalid> {
    u8::try_from(raw)
        .ok()
        .filter(|stars| (1..=5).contains(stars))
        .ok_or_else(|| Invalid::out_of_range("Between 1 and 5, or null."))
}

#[cfg(test)]
mod tests;
