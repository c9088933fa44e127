//! Which path and method belongs to which service: read from the OpenAPI documents, written as nginx configuration.

mod nginx;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Failure, Outcome};

pub(crate) use nginx::{Site, Trust, configuration};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One path of the API, and which service answers which method of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// As OpenAPI writes it: `/v1/hotels/{hotel_id}`.
    pub(crate) path: String,
    /// Method in capitals to service.
    pub(crate) methods: BTreeMap<String, String>,
}

impl Route {
    /// The methods as `Allow` lists them; HEAD goes with GET.
    pub(crate) fn allow(&self) -> String {
        self.methods.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    /// The regular expression of the path: a parameter is one segment.
    pub(crate) fn pattern(&self) -> String {
        let segments = self.path.split('/').map(|segment| {
            if segment.starts_with('{') { "[^/]+".to_owned() } else { segment.replace('.', "\\.") }
        });
        format!("^{}$", segments.collect::<Vec<_>>().join("/"))
    }

    /// Fixed segments stand before parameters, so that the first match is the right one.
    fn order(&self) -> Vec<(bool, String)> {
        self.path.split('/').map(|segment| (segment.starts_with('{'), segment.to_owned())).collect()
    }
}

/// The routes of all documents, in the order in which they must be tried.
pub(crate) fn routes(documents: &[(&str, Value)]) -> Outcome<Vec<Route>> {
    let mut found: BTreeMap<String, Route> = BTreeMap::new();
    for (service, document) in documents {
        for (path, method) in operations(document) {
            let fresh = || Route { path: path.clone(), methods: BTreeMap::new() };
            let route = found.entry(shape(&path)).or_insert_with(fresh);
            let other = route.methods.insert(method.clone(), (*service).to_owned());
            if let Some(other) = other {
                return Err(Failure::Refused(format!("{method} {path} belongs to {other} and to {service}")));
            }
            if method == "GET" {
                route.methods.insert("HEAD".to_owned(), (*service).to_owned());
            }
        }
    }
    let mut routes: Vec<Route> = found.into_values().collect();
    routes.sort_by_key(Route::order);
    Ok(routes)
}

/// Two services may name the parameter of one path differently.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

fn operations(document: &Value) -> Vec<(String, String)> {
    let Some(paths) = document.get("paths").and_then(Value::as_object) else { return Vec::new() };
    let each = paths.iter().flat_map(|(path, item)| {
        let methods = METHODS.into_iter().filter(|method| item.get(*method).is_some());
        methods.map(|method| (path.clone(), method.to_uppercase()))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn two() -> Vec<(&'static str, Value)> {
        vec![
            (
                "booking-service",
                json!({"paths": {"/v1/bookings": {"post": {}}, "/v1/bookings/{id}/cancellation": {"get": {}}}}),
            ),
            (
                "booking-mgmt-service",
                json!({"paths": {"/v1/bookings": {"get": {}}, "/v1/bookings/{booking_id}": {"get": {}}, "/v1/bookings/mine": {"get": {}}}}),
            ),
        ]
    }

    #[test]
    fn one_path_may_belong_to_two_services_by_method() {
        let all = routes(&two()).unwrap();
        let bookings = all.iter().find(|route| route.path == "/v1/bookings").unwrap();
        assert_eq!(bookings.methods["POST"], "booking-service");
        assert_eq!(bookings.methods["GET"], "booking-mgmt-service");
        assert_eq!(bookings.allow(), "GET, HEAD, POST");
    }

    #[test]
    fn a_fixed_segment_is_tried_before_a_parameter() {
        let all: Vec<String> = routes(&two()).unwrap().into_iter().map(|route| route.path).collect();
        let place = |path: &str| all.iter().position(|one| one == path).unwrap();
        assert!(place("/v1/bookings/mine") < place("/v1/bookings/{booking_id}"));
    }

    #[test]
    fn a_method_of_two_services_is_refused() {
        let mut twice = two();
        twice.push(("hotel-service", json!({"paths": {"/v1/bookings": {"get": {}}}})));
        assert!(
            routes(&twice).unwrap_err().to_string().contains("booking-mgmt-service and to hotel-service")
        );
    }

    #[test]
    fn a_parameter_is_one_segment() {
        let route = Route { path: "/v1/hotels/{id}/rooms".into(), methods: BTreeMap::new() };
        assert_eq!(route.pattern(), "^/v1/hotels/[^/]+/rooms$");
    }
}
