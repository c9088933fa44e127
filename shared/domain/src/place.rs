//! Where things are on the map.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
