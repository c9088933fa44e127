//! Where things are: countries, coordinates, time zones.

use std::{fmt, str::FromStr};

use chrono::{Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{instant::Instant, invalid::Invalid};

/// ISO 3166-1 alpha-2 with English short names (as GeoNames has them), sorted by code. `XK` is user-assigned
/// and what GeoNames, SWIFT and the EU use for Kosovo.
const COUNTRIES: &[([u8; 2], &str)] = &[
    (*b"AD", "Andorra"),
    (*b"AE", "United Arab Emirates"),
    (*b"AF", "Afghanistan"),
    (*b"AG", "Antigua and Barbuda"),
    (*b"AI", "Anguilla"),
    (*b"AL", "Albania"),
    (*b"AM", "Armenia"),
    (*b"AO", "Angola"),
    (*b"AQ", "Antarctica"),
    (*b"AR", "Argentina"),
    (*b"AS", "American Samoa"),
    (*b"AT", "Austria"),
    (*b"AU", "Australia"),
    (*b"AW", "Aruba"),
    (*b"AX", "Aland Islands"),
    (*b"AZ", "Azerbaijan"),
    (*b"BA", "Bosnia and Herzegovina"),
    (*b"BB", "Barbados"),
    (*b"BD", "Bangladesh"),
    (*b"BE", "Belgium"),
    (*b"BF", "Burkina Faso"),
    (*b"BG", "Bulgaria"),
    (*b"BH", "Bahrain"),
    (*b"BI", "Burundi"),
    (*b"BJ", "Benin"),
    (*b"BL", "Saint Barthelemy"),
    (*b"BM", "Bermuda"),
    (*b"BN", "Brunei"),
    (*b"BO", "Bolivia"),
    (*b"BQ", "Bonaire, Saint Eustatius and Saba "),
    (*b"BR", "Brazil"),
    (*b"BS", "Bahamas"),
    (*b"BT", "Bhutan"),
    (*b"BV", "Bouvet Island"),
    (*b"BW", "Botswana"),
    (*b"BY", "Belarus"),
    (*b"BZ", "Belize"),
    (*b"CA", "Canada"),
    (*b"CC", "Cocos Islands"),
    (*b"CD", "Democratic Republic of the Congo"),
    (*b"CF", "Central African Republic"),
    (*b"CG", "Republic of the Congo"),
    (*b"CH", "Switzerland"),
    (*b"CI", "Ivory Coast"),
    (*b"CK", "Cook Islands"),
    (*b"CL", "Chile"),
    (*b"CM", "Cameroon"),
    (*b"CN", "China"),
    (*b"CO", "Colombia"),
    (*b"CR", "Costa Rica"),
    (*b"CU", "Cuba"),
    (*b"CV", "Cabo Verde"),
    (*b"CW", "Curacao"),
    (*b"CX", "Christmas Island"),
    (*b"CY", "Cyprus"),
    (*b"CZ", "Czechia"),
    (*b"DE", "Germany"),
    (*b"DJ", "Djibouti"),
    (*b"DK", "Denmark"),
    (*b"DM", "Dominica"),
    (*b"DO", "Dominican Republic"),
    (*b"DZ", "Algeria"),
    (*b"EC", "Ecuador"),
    (*b"EE", "Estonia"),
    (*b"EG", "Egypt"),
    (*b"EH", "Western Sahara"),
    (*b"ER", "Eritrea"),
    (*b"ES", "Spain"),
    (*b"ET", "Ethiopia"),
    (*b"FI", "Finland"),
    (*b"FJ", "Fiji"),
    (*b"FK", "Falkland Islands"),
    (*b"FM", "Micronesia"),
    (*b"FO", "Faroe Islands"),
    (*b"FR", "France"),
    (*b"GA", "Gabon"),
    (*b"GB", "United Kingdom"),
    (*b"GD", "Grenada"),
    (*b"GE", "Georgia"),
    (*b"GF", "French Guiana"),
    (*b"GG", "Guernsey"),
    (*b"GH", "Ghana"),
    (*b"GI", "Gibraltar"),
    (*b"GL", "Greenland"),
    (*b"GM", "Gambia"),
    (*b"GN", "Guinea"),
    (*b"GP", "Guadeloupe"),
    (*b"GQ", "Equatorial Guinea"),
    (*b"GR", "Greece"),
    (*b"GS", "South Georgia and the South Sandwich Islands"),
    (*b"GT", "Guatemala"),
    (*b"GU", "Guam"),
    (*b"GW", "Guinea-Bissau"),
    (*b"GY", "Guyana"),
    (*b"HK", "Hong Kong"),
    (*b"HM", "Heard Island and McDonald Islands"),
    (*b"HN", "Honduras"),
    (*b"HR", "Croatia"),
    (*b"HT", "Haiti"),
    (*b"HU", "Hungary"),
    (*b"ID", "Indonesia"),
    (*b"IE", "Ireland"),
    (*b"IL", "Israel"),
    (*b"IM", "Isle of Man"),
    (*b"IN", "India"),
    (*b"IO", "British Indian Ocean Territory"),
    (*b"IQ", "Iraq"),
    (*b"IR", "Iran"),
    (*b"IS", "Iceland"),
    (*b"IT", "Italy"),
    (*b"JE", "Jersey"),
    (*b"JM", "Jamaica"),
    (*b"JO", "Jordan"),
    (*b"JP", "Japan"),
    (*b"KE", "Kenya"),
    (*b"KG", "Kyrgyzstan"),
    (*b"KH", "Cambodia"),
    (*b"KI", "Kiribati"),
    (*b"KM", "Comoros"),
    (*b"KN", "Saint Kitts and Nevis"),
    (*b"KP", "North Korea"),
    (*b"KR", "South Korea"),
    (*b"KW", "Kuwait"),
    (*b"KY", "Cayman Islands"),
    (*b"KZ", "Kazakhstan"),
    (*b"LA", "Laos"),
    (*b"LB", "Lebanon"),
    (*b"LC", "Saint Lucia"),
    (*b"LI", "Liechtenstein"),
    (*b"LK", "Sri Lanka"),
    (*b"LR", "Liberia"),
    (*b"LS", "Lesotho"),
    (*b"LT", "Lithuania"),
    (*b"LU", "Luxembourg"),
    (*b"LV", "Latvia"),
    (*b"LY", "Libya"),
    (*b"MA", "Morocco"),
    (*b"MC", "Monaco"),
    (*b"MD", "Moldova"),
    (*b"ME", "Montenegro"),
    (*b"MF", "Saint Martin"),
    (*b"MG", "Madagascar"),
    (*b"MH", "Marshall Islands"),
    (*b"MK", "North Macedonia"),
    (*b"ML", "Mali"),
    (*b"MM", "Myanmar"),
    (*b"MN", "Mongolia"),
    (*b"MO", "Macao"),
    (*b"MP", "Northern Mariana Islands"),
    (*b"MQ", "Martinique"),
    (*b"MR", "Mauritania"),
    (*b"MS", "Montserrat"),
    (*b"MT", "Malta"),
    (*b"MU", "Mauritius"),
    (*b"MV", "Maldives"),
    (*b"MW", "Malawi"),
    (*b"MX", "Mexico"),
    (*b"MY", "Malaysia"),
    (*b"MZ", "Mozambique"),
    (*b"NA", "Namibia"),
    (*b"NC", "New Caledonia"),
    (*b"NE", "Niger"),
    (*b"NF", "Norfolk Island"),
    (*b"NG", "Nigeria"),
    (*b"NI", "Nicaragua"),
    (*b"NL", "The Netherlands"),
    (*b"NO", "Norway"),
    (*b"NP", "Nepal"),
    (*b"NR", "Nauru"),
    (*b"NU", "Niue"),
    (*b"NZ", "New Zealand"),
    (*b"OM", "Oman"),
    (*b"PA", "Panama"),
    (*b"PE", "Peru"),
    (*b"PF", "French Polynesia"),
    (*b"PG", "Papua New Guinea"),
    (*b"PH", "Philippines"),
    (*b"PK", "Pakistan"),
    (*b"PL", "Poland"),
    (*b"PM", "Saint Pierre and Miquelon"),
    (*b"PN", "Pitcairn"),
    (*b"PR", "Puerto Rico"),
    (*b"PS", "Palestinian Territory"),
    (*b"PT", "Portugal"),
    (*b"PW", "Palau"),
    (*b"PY", "Paraguay"),
    (*b"QA", "Qatar"),
    (*b"RE", "Reunion"),
    (*b"RO", "Romania"),
    (*b"RS", "Serbia"),
    (*b"RU", "Russia"),
    (*b"RW", "Rwanda"),
    (*b"SA", "Saudi Arabia"),
    (*b"SB", "Solomon Islands"),
    (*b"SC", "Seychelles"),
    (*b"SD", "Sudan"),
    (*b"SE", "Sweden"),
    (*b"SG", "Singapore"),
    (*b"SH", "Saint Helena"),
    (*b"SI", "Slovenia"),
    (*b"SJ", "Svalbard and Jan Mayen"),
    (*b"SK", "Slovakia"),
    (*b"SL", "Sierra Leone"),
    (*b"SM", "San Marino"),
    (*b"SN", "Senegal"),
    (*b"SO", "Somalia"),
    (*b"SR", "Suriname"),
    (*b"SS", "South Sudan"),
    (*b"ST", "Sao Tome and Principe"),
    (*b"SV", "El Salvador"),
    (*b"SX", "Sint Maarten"),
    (*b"SY", "Syria"),
    (*b"SZ", "Eswatini"),
    (*b"TC", "Turks and Caicos Islands"),
    (*b"TD", "Chad"),
    (*b"TF", "French Southern Territories"),
    (*b"TG", "Togo"),
    (*b"TH", "Thailand"),
    (*b"TJ", "Tajikistan"),
    (*b"TK", "Tokelau"),
    (*b"TL", "Timor Leste"),
    (*b"TM", "Turkmenistan"),
    (*b"TN", "Tunisia"),
    (*b"TO", "Tonga"),
    (*b"TR", "Turkey"),
    (*b"TT", "Trinidad and Tobago"),
    (*b"TV", "Tuvalu"),
    (*b"TW", "Taiwan"),
    (*b"TZ", "Tanzania"),
    (*b"UA", "Ukraine"),
    (*b"UG", "Uganda"),
    (*b"UM", "United States Minor Outlying Islands"),
    (*b"US", "United States"),
    (*b"UY", "Uruguay"),
    (*b"UZ", "Uzbekistan"),
    (*b"VA", "Vatican"),
    (*b"VC", "Saint Vincent and the Grenadines"),
    (*b"VE", "Venezuela"),
    (*b"VG", "British Virgin Islands"),
    (*b"VI", "U.S. Virgin Islands"),
    (*b"VN", "Vietnam"),
    (*b"VU", "Vanuatu"),
    (*b"WF", "Wallis and Futuna"),
    (*b"WS", "Samoa"),
    (*b"XK", "Kosovo"),
    (*b"YE", "Yemen"),
    (*b"YT", "Mayotte"),
    (*b"ZA", "South Africa"),
    (*b"ZM", "Zambia"),
    (*b"ZW", "Zimbabwe"),
];

/// An ISO 3166-1 alpha-2 country.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "IT", pattern = "^[A-Z]{2}$")]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Reads a code in capitals.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| COUNTRIES.binary_search_by_key(code, |(known, _)| *known).is_ok())
            .map(Self)
            .ok_or_else(|| Invalid::unknown("An ISO 3166-1 alpha-2 code such as IT."))
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The English short name.
    pub fn name(self) -> &'static str {
        let place = COUNTRIES.binary_search_by_key(&self.0, |(known, _)| *known).ok();
        place.and_then(|at| COUNTRIES.get(at)).map_or("", |(_, name)| name)
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl TryFrom<String> for CountryCode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<CountryCode> for String {
    fn from(country: CountryCode) -> Self {
        country.code().to_owned()
    }
}

/// A point on earth in WGS 84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "RawPoint")]
#[schema(as = GeoPoint)]
pub struct GeoPoint {
    /// -90 to 90, north positive.
    #[schema(minimum = -90, maximum = 90, example = 41.8902)]
    latitude: f64,
    /// -180 to 180, east positive.
    #[schema(minimum = -180, maximum = 180, example = 12.4922)]
    longitude: f64,
}

#[derive(Deserialize)]
struct RawPoint {
    latitude: f64,
    longitude: f64,
}

impl GeoPoint {
    /// A point, if both lie in their range (which NaN does not).
    pub fn parse(latitude: f64, longitude: f64) -> Result<Self, Invalid> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Invalid::out_of_range("Latitude lies between -90 and 90."));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Invalid::out_of_range("Longitude lies between -180 and 180."));
        }
        Ok(Self { latitude, longitude })
    }

    /// Degrees north.
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// Great-circle distance in metres, by the haversine formula on a sphere of 6,371,008.8 m (IUGG mean radius).
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lon = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = half_lat.mul_add(half_lat, lat_a.cos() * lat_b.cos() * half_lon * half_lon);
        2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
    }
}

impl TryFrom<RawPoint> for GeoPoint {
    type Error = Invalid;

    fn try_from(raw: RawPoint) -> Result<Self, Invalid> {
        Self::parse(raw.latitude, raw.longitude)
    }
}

/// An IANA time zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "Europe/Rome")]
pub struct TimeZone(Tz);

impl TimeZone {
    /// Reads an IANA name such as `Europe/Rome`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.parse::<Tz>().map(Self).map_err(|_| Invalid::unknown("An IANA time zone such as Europe/Rome."))
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The date that the wall calendar shows there.
    pub fn date_of(self, at: Instant) -> NaiveDate {
        at.utc().with_timezone(&self.0).date_naive()
    }

    /// The wall clock there.
    pub fn wall_clock(self, at: Instant) -> NaiveDateTime {
        at.utc().with_timezone(&self.0).naive_local()
    }

    /// The first instant of `date` there: local midnight, the earlier of two, or the first moment after a gap
    /// (some zones skip midnight when summer begins; Samoa skipped the whole of 2011-12-30).
    pub fn first_instant_of(self, date: NaiveDate) -> Instant {
        let midnight = date.and_time(NaiveTime::MIN);
        let quarter = Duration::minutes(15);
        let mut wall = midnight;
        for _ in 0..=(25 * 4) {
            match self.0.from_local_datetime(&wall) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                    return Instant::from_utc(at.to_utc());
                }
                LocalResult::None => wall = wall.checked_add_signed(quarter).unwrap_or(wall),
            }
        }
        Instant::from_naive_utc(midnight)
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TimeZone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TimeZone {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_country_table_is_sorted_so_that_every_code_is_found() {
        assert!(COUNTRIES.is_sorted_by_key(|(code, _)| *code));
        assert_eq!(CountryCode::parse("IT").unwrap().name(), "Italy");
        assert!(CountryCode::parse("it").is_err());
        assert!(CountryCode::parse("ZZ").is_err());
    }

    #[test]
    fn a_point_off_the_map_is_refused() {
        assert!(GeoPoint::parse(90.1, 0.0).is_err());
        assert!(GeoPoint::parse(0.0, f64::NAN).is_err());
        assert!(serde_json::from_str::<GeoPoint>(r#"{"latitude": 0, "longitude": 181}"#).is_err());
    }

    #[test]
    fn paris_is_344_km_from_london() {
        let paris = GeoPoint::parse(48.8566, 2.3522).unwrap();
        let london = GeoPoint::parse(51.5074, -0.1278).unwrap();
        assert!((paris.distance_m(london) - 343_556.0).abs() < 500.0, "{}", paris.distance_m(london));
    }

    #[test]
    fn the_first_instant_of_a_date_whose_midnight_is_skipped_is_after_the_gap() {
        let cairo = TimeZone::parse("Africa/Cairo").unwrap();
        assert_eq!(cairo.first_instant_of(date("2026-04-24")).to_string(), "2026-04-23T22:00:00.000000Z");
        let rome = TimeZone::parse("Europe/Rome").unwrap();
        assert_eq!(rome.first_instant_of(date("2026-12-24")).to_string(), "2026-12-23T23:00:00.000000Z");
        let apia = TimeZone::parse("Pacific/Apia").unwrap();
        assert_eq!(apia.first_instant_of(date("2011-12-30")), apia.first_instant_of(date("2011-12-31")));
    }

    #[test]
    fn the_date_of_an_instant_is_what_the_wall_shows_there() {
        let at: Instant = "2026-11-21T23:30:00Z".parse().unwrap();
        assert_eq!(TimeZone::parse("Asia/Tokyo").unwrap().date_of(at), date("2026-11-22"));
        assert_eq!(TimeZone::parse("America/New_York").unwrap().date_of(at), date("2026-11-21"));
    }
}
