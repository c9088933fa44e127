//! The gateway's configuration. What nginx answers itself is a problem like any other, with a Request-Id.

use std::{collections::BTreeMap, fmt::Write as _};

use super::Route;

/// Where the gateway stands: here behind loopback ports, in compose behind service names.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// What `listen` takes.
    pub(crate) listen: String,
    /// Service to `host:port`.
    pub(crate) upstreams: BTreeMap<String, String>,
    /// A folder for what nginx must put somewhere (bodies on their way); ends without a slash.
    pub(crate) scratch: String,
    /// The user of its workers, when root starts it.
    pub(crate) user: Option<String>,
    /// What else stands in `server`: the addresses that may say for whom they forward.
    pub(crate) docs_base: String,
}

/// The whole configuration file.
pub(crate) fn configuration(site: &Site, routes: &[Route]) -> String {
    let mut text = head(site);
    for (service, address) in &site.upstreams {
        let _infallible = writeln!(
            text,
            "  upstream {service} {{ server {address} max_fails=0; keepalive 64; keepalive_timeout 60s; }}"
        );
    }
    for (index, route) in routes.iter().enumerate() {
        text += &map(index, route);
    }
    text += &server_head(site);
    for (index, route) in routes.iter().enumerate() {
        text += &location(site, index, route);
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
         \x20 # A slow client is cut off; a body of ours is a few KiB (the services' own limits are tighter).\n\
         \x20 client_header_timeout 5s;\n  client_body_timeout 10s;\n  send_timeout 30s;\n  keepalive_timeout 65s;\n\
         \x20 client_max_body_size 1m;\n  large_client_header_buffers 4 16k;\n"
    )
}

/// Method to service; empty where the path does not know the method. OPTIONS goes to any, for CORS.
fn map(index: usize, route: &Route) -> String {
    let mut text = format!("  map $request_method $route_{index} {{ default \"\";");
    for (method, service) in &route.methods {
        let _infallible = write!(text, " {method} {service};");
    }
    if let Some(service) = route.methods.values().next() {
        let _infallible = write!(text, " OPTIONS {service};");
    }
    text + " }\n"
}

fn server_head(site: &Site) -> String {
    let listen = &site.listen;
    format!(
        "  server {{\n    listen {listen};\n\
         \x20   proxy_http_version 1.1;\n    proxy_set_header Connection \"\";\n    proxy_set_header Host $host;\n\
         \x20   # Overwritten, never appended to: the services believe this header from the gateway.\n\
         \x20   proxy_set_header X-Forwarded-For $remote_addr;\n    proxy_set_header X-Forwarded-Proto $scheme;\n\
         \x20   proxy_connect_timeout 2s;\n    proxy_read_timeout 40s;\n    proxy_next_upstream off;\n\
         \x20   error_page 400 414 494 = @malformed;\n    error_page 408 = @late;\n    error_page 413 = @large;\n\
         \x20   error_page 502 503 504 = @unavailable;\n\
         \x20   location = /healthz {{ default_type application/json; return 200 '{{\"status\":\"ok\"}}'; }}\n"
    )
}

fn location(site: &Site, index: usize, route: &Route) -> String {
    let allow = route.allow();
    let body = problem(site, &METHOD_NOT_ALLOWED);
    format!(
        "    location ~ \"{pattern}\" {{\n      default_type application/problem+json;\n\
         \x20     if ($route_{index} = \"\") {{\n        add_header Allow \"{allow}\" always;\n\
         \x20       add_header Request-Id $request_id always;\n        return 405 '{body}';\n      }}\n\
         \x20     proxy_pass http://$route_{index};\n    }}\n",
        pattern = route.pattern(),
    )
}

/// Something that nginx says itself, with the code's own title (docs/PROBLEMS.md).
struct Own {
    place: &'static str,
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
}

const METHOD_NOT_ALLOWED: Own = Own {
    place: "",
    status: 405,
    code: "method_not_allowed",
    title: "This method is not allowed here.",
    detail: "This path knows other methods; see Allow.",
};

const OWN: [Own; 5] = [
    Own {
        place: "/",
        status: 404,
        code: "not_found",
        title: "There is no such thing, or it is not yours.",
        detail: "Nothing is at this path.",
    },
    Own {
        place: "@malformed",
        status: 400,
        code: "malformed_header",
        title: "A header cannot be read.",
        detail: "The request line or a header cannot be read.",
    },
    Own {
        place: "@late",
        status: 408,
        code: "request_timeout",
        title: "The request did not arrive in time.",
        detail: "Send it again, more quickly.",
    },
    Own {
        place: "@large",
        status: 413,
        code: "body_too_large",
        title: "The body is too large.",
        detail: "The body is longer than any of ours.",
    },
    Own {
        place: "@unavailable",
        status: 503,
        code: "unavailable",
        title: "The service is unavailable for the moment.",
        detail: "The service does not answer now; try again.",
    },
];

fn own_answers(site: &Site) -> String {
    let mut text = String::new();
    for own in &OWN {
        let (place, status, body) = (own.place, own.status, problem(site, own));
        let again = if status == 503 { "      add_header Retry-After 2 always;\n" } else { "" };
        let _infallible = write!(
            text,
            "    location {place} {{\n      default_type application/problem+json;\n{again}\
             \x20     add_header Request-Id $request_id always;\n      return {status} '{body}';\n    }}\n"
        );
    }
    text
}

/// RFC 9457, with nginx's own request id filled in when it is sent.
fn problem(site: &Site, own: &Own) -> String {
    let Own { status, code, title, detail, .. } = own;
    let (base, retryable) = (&site.docs_base, matches!(status, 408 | 503));
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
    fn an_upstream_that_is_down_is_a_problem_to_retry() {
        let text = configuration(&site(), &[]);
        assert!(text.contains("Retry-After 2") && text.contains("\"code\":\"unavailable\""));
    }
}
