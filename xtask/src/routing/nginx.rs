//! The gateway's configuration. What nginx answers itself is a problem like any other, with a Request-Id.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;

use super::{METHODS, Route};

/// Where the gateway stands: here behind loopback ports, in compose behind service names.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// What `listen` takes.
    pub(crate) listen: String,
    /// Service to `host:port`.
    pub(crate) upstreams: BTreeMap<String, String>,
    /// A folder for its pid and what nginx wants to have somewhere; ends without a slash.
    pub(crate) scratch: String,
    /// The user of its workers, when root starts it.
    pub(crate) user: Option<String>,
    /// Where problem types are explained.
    pub(crate) docs_base: String,
    /// What it believes of those who call.
    pub(crate) trust: Trust,
}

/// What the gateway believes of those who call it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trust {
    /// Addresses and networks of balancers before it: what they write into `X-Forwarded-For` is the client's address.
    pub(crate) proxies: Vec<String>,
    /// Whether callers may continue their own traces: they decide then what is sampled.
    pub(crate) traces: bool,
}

/// The whole configuration file.
pub(crate) fn configuration(site: &Site, routes: &[Route]) -> String {
    let mut text = head(site);
    for (service, address) in &site.upstreams {
        text += &upstreams(service, address);
    }
    for (index, route) in routes.iter().enumerate() {
        text += &map(index, route);
    }
    text += &server_head(site);
    for (index, route) in routes.iter().enumerate() {
        text += &location(index, route);
    }
    text += &own_answers(site);
    text + "  }\n}\n"
}

fn head(site: &Site) -> String {
    let user = site.user.as_ref().map_or(String::new(), |user| format!("user {user};\n"));
    let scratch = &site.scratch;
    format!(
        "# Written by `cargo xtask` from openapi/*.json. Change those, or xtask/src/routing, not this.\n\
         {user}worker_processes auto;\ndaemon off;\npid {scratch}/nginx.pid;\nerror_log stderr warn;\n\
         events {{ worker_connections 8192; }}\nhttp {{\n\
         \x20 client_body_temp_path {scratch}/body;\n  proxy_temp_path {scratch}/proxy;\n\
         \x20 fastcgi_temp_path {scratch}/fastcgi;\n  uwsgi_temp_path {scratch}/uwsgi;\n  scgi_temp_path {scratch}/scgi;\n\
         \x20 access_log off;\n  server_tokens off;\n  merge_slashes off;\n  absolute_redirect off;\n\
         \x20 # A slow client is cut off; a body that stops is told by the service, a little before that.\n\
         \x20 client_header_timeout 5s;\n  client_body_timeout 15s;\n  send_timeout 30s;\n  keepalive_timeout 65s;\n\
         \x20 # Bodies are bounded below; nothing is kept on a disk.\n\
         \x20 client_max_body_size 0;\n  proxy_max_temp_file_size 0;\n  large_client_header_buffers 4 16k;\n\
         \x20 gzip_types application/json;\n  gzip_proxied any;\n  gzip_vary on;\n  gzip_min_length 1024;\n\
         \x20 map $http_content_encoding $packed {{ default 1; \"\" \"\"; ~*^identity$ \"\"; }}\n\
         \x20 map $http_content_length $oversized {{ default \"\"; \"~^0*[1-9][0-9]{{6,}}$\" 1; }}\n\
         \x20 map $allow $allowed {{ default $allow; \"\" \"{every}\"; }}\n\
         \x20 # After a write the service closes, so that no address of the gateway waits for its port.\n\
         \x20 map $request_method $hop {{ default close; GET \"\"; HEAD \"\"; OPTIONS \"\"; }}\n{trusted}",
        every = METHODS.map(str::to_uppercase).join(", "),
        trusted = trusted(&site.trust),
    )
}

fn trusted(trust: &Trust) -> String {
    if trust.proxies.is_empty() {
        return String::new();
    }
    let from: Vec<String> =
        trust.proxies.iter().map(|proxy| format!("  set_real_ip_from {proxy};\n")).collect();
    from.concat() + "  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;\n"
}

/// A write has a connection of its own, and nobody after it: a read is tried again on another connection when a kept one
/// turns out to be dead, a write is not, so nobody's rubbish, read or written, may spoil it.
fn upstreams(service: &str, address: &str) -> String {
    let writes = writes(service);
    format!(
        "  upstream {service} {{ server {address} max_fails=0; keepalive 64; keepalive_timeout 60s; }}\n\
         \x20 upstream {writes} {{ server {address} max_fails=0; }}\n"
    )
}

fn writes(service: &str) -> String {
    format!("{service}-writes")
}

/// Method to upstream; empty where the path does not know the method. OPTIONS goes to any, for CORS.
fn map(index: usize, route: &Route) -> String {
    let mut text = format!("  map $request_method $route_{index} {{ default \"\";");
    for (method, service) in &route.methods {
        let upstream =
            if matches!(method.as_str(), "GET" | "HEAD") { service.clone() } else { writes(service) };
        let _infallible = write!(text, " {method} {upstream};");
    }
    if let Some(service) = route.methods.values().next() {
        let _infallible = write!(text, " OPTIONS {service};");
    }
    text + " }\n"
}

fn server_head(site: &Site) -> String {
    let listen = &site.listen;
    let traces = if site.trust.traces {
        ""
    } else {
        "    # Callers do not decide what is traced.\n    proxy_set_header traceparent \"\";\n    proxy_set_header tracestate \"\";\n"
    };
    format!(
        "  server {{\n    listen {listen};\n\
         \x20   proxy_http_version 1.1;\n    proxy_set_header Connection $hop;\n    proxy_set_header Host $host;\n\
         \x20   # Overwritten, never appended to: the services believe this header from the gateway.\n\
         \x20   proxy_set_header X-Forwarded-For $remote_addr;\n    proxy_set_header X-Forwarded-Proto $scheme;\n{traces}\
         \x20   proxy_connect_timeout 2s;\n    proxy_read_timeout 40s;\n    proxy_request_buffering off;\n\
         \x20   # Once more on another connection when a kept one turns out to be dead; never POST and PATCH.\n\
         \x20   proxy_next_upstream error;\n    proxy_next_upstream_timeout 3s;\n    recursive_error_pages on;\n\
         \x20   # Addresses, not named locations: what cannot be read has no address to be redirected from.\n\
         \x20   error_page 400 414 421 494 501 505 =400 /_own/malformed;\n    error_page 404 /_own/absent;\n\
         \x20   error_page 405 /_own/method;\n    error_page 413 /_own/oversized;\n\
         \x20   error_page 500 502 503 504 =503 /_own/unavailable;\n\
         \x20   if ($packed) {{ rewrite ^ /_own/packed last; }}\n\
         \x20   if ($oversized) {{ rewrite ^ /_own/oversized last; }}\n\
         \x20   location = /healthz {{ default_type application/json; return 200 '{{\"status\":\"ok\"}}'; }}\n\
         \x20   location / {{ return 404; }}\n\
         \x20   # Here no answer of a service is replaced: nginx may find the body malformed only while it passes it on.\n\
         \x20   location @chunked {{ proxy_pass http://$service; }}\n"
    )
}

/// 418 and 419 are words within this file. 431 is what a service says to more headers than it reads, without a body.
fn location(index: usize, route: &Route) -> String {
    format!(
        "    location ~ \"{pattern}\" {{\n\
         \x20     set $service $route_{index};\n      set $allow \"{allow}\";\n{gzip}\
         \x20     if ($service = \"\") {{ return 419; }}\n      if ($http_transfer_encoding) {{ return 418; }}\n\
         \x20     error_page 418 = @chunked;\n      error_page 419 =405 /_own/method;\n\
         \x20     error_page 431 =400 /_own/malformed;\n      error_page 502 504 =503 /_own/unavailable;\n\
         \x20     proxy_intercept_errors on;\n      proxy_pass http://$service;\n    }}\n",
        pattern = route.pattern(),
        allow = route.allow(),
        gzip = if has_strong_etag(route) { "" } else { "      gzip on;\n" },
    )
}

/// Packing makes an `ETag` weak, and a weak one is no `If-Match`: what can be changed is sent as it is.
fn has_strong_etag(route: &Route) -> bool {
    ["PUT", "PATCH", "DELETE"].iter().any(|method| route.methods.contains_key(*method))
}

/// Something that nginx says itself, with the code's own title (docs/PROBLEMS.md).
struct Own {
    place: &'static str,
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    /// A header of its own, with its value.
    header: Option<&'static str>,
}

const OWN: [Own; 6] = [
    Own {
        place: "malformed",
        status: 400,
        code: "malformed_header",
        title: "A header cannot be read.",
        detail: "The request line or a header cannot be read, or there are too many.",
        header: None,
    },
    Own {
        place: "absent",
        status: 404,
        code: "not_found",
        title: "There is no such thing, or it is not yours.",
        detail: "Nothing is at this path.",
        header: None,
    },
    Own {
        place: "method",
        status: 405,
        code: "method_not_allowed",
        title: "This method is not allowed here.",
        detail: "This path knows other methods; see Allow.",
        header: Some("Allow $allowed"),
    },
    Own {
        place: "oversized",
        status: 413,
        code: "body_too_large",
        title: "The body is too large.",
        detail: "The body is longer than any of ours.",
        header: None,
    },
    Own {
        place: "packed",
        status: 415,
        code: "unsupported_media_type",
        title: "The media type of the body is not supported.",
        detail: "Send the body as it is, without Content-Encoding.",
        header: Some("Accept-Encoding identity"),
    },
    Own {
        place: "unavailable",
        status: 503,
        code: "unavailable",
        title: "The service is unavailable for the moment.",
        detail: "The service does not answer now; try again.",
        header: Some("Retry-After 2"),
    },
];

/// No secret is in them, so scripts of any origin may read them.
fn own_answers(site: &Site) -> String {
    let mut text = String::new();
    for own in &OWN {
        let (place, status, body) = (own.place, own.status, problem(site, own));
        let header =
            own.header.map_or(String::new(), |header| format!("      add_header {header} always;\n"));
        let _infallible = write!(
            text,
            "    location = /_own/{place} {{\n      internal;\n      default_type application/problem+json;\n{header}\
             \x20     add_header Request-Id $request_id always;\n      add_header Cache-Control no-store always;\n\
             \x20     add_header Access-Control-Allow-Origin * always;\n\
             \x20     add_header Access-Control-Expose-Headers \"request-id, retry-after\" always;\n\
             \x20     return {status} '{body}';\n    }}\n"
        );
    }
    text
}

/// RFC 9457, with nginx's own request id filled in when it is sent.
fn problem(site: &Site, own: &Own) -> String {
    let Own { status, code, title, detail, .. } = own;
    let (base, retryable) = (&site.docs_base, *status == 503);
    format!(
        "{{\"type\":\"{base}/problems/{code}\",\"title\":\"{title}\",\"status\":{status},\"code\":\"{code}\",\
         \"detail\":\"{detail}\",\"request_id\":\"$request_id\",\"retryable\":{retryable}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site {
            listen: "127.0.0.1:21800".into(),
            upstreams: BTreeMap::from([("a".to_owned(), "127.0.0.1:1".to_owned())]),
            scratch: "/scratch".into(),
            user: None,
            docs_base: "https://docs.example".into(),
            trust: Trust::default(),
        }
    }

    #[test]
    fn braces_are_balanced_and_each_route_has_its_location() {
        let methods = BTreeMap::from([("GET".to_owned(), "a".to_owned())]);
        let text = configuration(&site(), &[Route { path: "/v1/x/{id}".into(), methods }]);
        let of = |c| text.matches(c).count();
        assert_eq!(of('{'), of('}'), "{text}");
        assert!(text.contains("location ~ \"^/v1/x/[^/]+$\""));
        assert!(text.contains("default \"\"; GET a; OPTIONS a;"));
    }

    #[test]
    fn what_can_be_changed_is_not_packed_and_writes_have_connections_of_their_own() {
        let methods = ["GET", "PUT"].map(|method| (method.to_owned(), "a".to_owned()));
        let changed = Route { path: "/v1/x".into(), methods: methods.into() };
        let text = configuration(&site(), &[changed]);
        assert!(!text.contains("gzip on;") && text.contains("GET a; PUT a-writes; OPTIONS a;"), "{text}");
        assert!(text.contains("upstream a-writes { server 127.0.0.1:1 max_fails=0; }"), "{text}");
    }

    #[test]
    fn only_who_is_trusted_says_for_whom_it_calls_and_what_is_traced() {
        let text = configuration(&site(), &[]);
        assert!(text.contains("traceparent \"\"") && !text.contains("set_real_ip_from"), "{text}");
        let trust = Trust { proxies: vec!["10.0.0.0/8".into()], traces: true };
        let text = configuration(&Site { trust, ..site() }, &[]);
        assert!(!text.contains("traceparent") && text.contains("set_real_ip_from 10.0.0.0/8;"), "{text}");
    }

    #[test]
    fn scripts_of_any_origin_read_what_the_gateway_says_itself() {
        let text = configuration(&site(), &[]);
        for header in ["Access-Control-Allow-Origin * always", "Access-Control-Expose-Headers"] {
            assert_eq!(text.matches(header).count(), OWN.len(), "{text}");
        }
    }

    #[test]
    fn its_workers_are_not_root_where_root_starts_it() {
        let user = Some("nobody nogroup".to_owned());
        let text = configuration(&Site { user, ..site() }, &[]);
        assert!(text.lines().any(|line| line == "user nobody nogroup;"), "{text}");
    }

    #[test]
    fn an_upstream_that_is_down_is_a_problem_to_retry() {
        let text = configuration(&site(), &[]);
        assert!(text.contains("Retry-After 2") && text.contains("\"code\":\"unavailable\""));
    }
}
