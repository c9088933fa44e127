//! Which address a request came from, through the proxies that we trust.

use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

use actix_web::http::header::HeaderMap;

use crate::settings::{ForwardedHeader, HttpSettings, Network};

/// The proxies in front of us.
pub(super) struct Proxies {
    trusted: Vec<Network>,
    hops: u8,
    header: ForwardedHeader,
    has_warned: AtomicBool,
}

impl Proxies {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self {
            trusted: settings.gateway_addresses.clone(),
            hops: settings.gateway_hops,
            header: settings.forwarded_header,
            has_warned: AtomicBool::new(false),
        }
    }

    /// The peer; behind a proxy that we trust, what it and those before it wrote. Every proxy appends whom it was called
    /// by, so the list is read from its end: our own addresses are passed over, and of the others the one that as many
    /// hops name. What stands further left is the caller's own word.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            self.note_ignored(client, headers);
            return client;
        }
        let mut hops = self.hops;
        for address in self.named(headers) {
            let Some(address) = address else { break };
            client = address;
            if !self.trusts(address) {
                hops = hops.saturating_sub(1);
            }
            if hops == 0 {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// The addresses that the header names, the last one first; `None` for one that cannot be read.
    fn named<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
        let header = self.header;
        let lines: Vec<&str> =
            headers.get_all(header.name()).filter_map(|value| value.to_str().ok()).collect();
        let entries = lines.into_iter().rev().flat_map(|line| line.rsplit(','));
        entries.map(move |entry| address(header.node(entry)?))
    }

    /// A gateway whose address is not configured makes all callers one: that must not stay unseen.
    fn note_ignored(&self, peer: IpAddr, headers: &HeaderMap) {
        if !headers.contains_key(self.header.name()) {
            return;
        }
        metrics::counter!("forwarded_header_ignored_total").increment(1);
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            let header = self.header.name();
            tracing::warn!(%peer, header, "a peer that is not in kit.http.gateway_addresses names whom it calls for; it is not believed, and all its callers count as one");
        }
    }
}

impl ForwardedHeader {
    const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The part of an entry that names the caller (RFC 7239, 4 and 6).
    fn node(self, entry: &str) -> Option<&str> {
        match self {
            Self::XForwardedFor => Some(entry.trim()),
            Self::Forwarded => entry.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then_some(value.trim().trim_matches('"'))
            }),
        }
    }
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(node: &str) -> Option<IpAddr> {
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(node);
    let address = bare.parse().ok().or_else(|| node.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(hops: u8, header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies {
            trusted: ["10.0.0.0/8", "2001:db8::1"].map(|block| block.parse().unwrap()).to_vec(),
            hops,
            header,
            has_warned: AtomicBool::new(false),
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_str(line).unwrap();
            headers.append(HeaderName::from_static(header.name()), value);
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_trusted_proxy_is_believed_as_many_hops_as_there_are() {
        let plain = ForwardedHeader::XForwardedFor;
        for (hops, peer, lines, wanted) in [
            (1, "192.0.2.9", &["192.0.2.1"][..], "192.0.2.9"),
            (1, "10.0.0.2", &["192.0.2.1"], "192.0.2.1"),
            (1, "::ffff:10.0.0.2", &["192.0.2.1"], "192.0.2.1"),
            (1, "2001:db8::1", &["::ffff:192.0.2.1"], "192.0.2.1"),
            (1, "10.0.0.2", &["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
            (1, "10.0.0.2", &["192.0.2.1", "10.0.0.3"], "192.0.2.1"),
            (1, "10.0.0.2", &["198.51.100.7, 192.0.2.1, 10.0.0.3, 10.0.0.4"], "192.0.2.1"),
            (2, "10.0.0.2", &["198.51.100.7, 192.0.2.1, 203.0.113.5"], "192.0.2.1"),
            (2, "10.0.0.2", &["192.0.2.1"], "192.0.2.1"),
            (1, "10.0.0.2", &["192.0.2.1:443"], "192.0.2.1"),
            (1, "10.0.0.2", &["[2001:db8::7]:443"], "2001:db8::7"),
            (1, "10.0.0.2", &["unknown"], "10.0.0.2"),
            (1, "10.0.0.2", &[], "10.0.0.2"),
        ] {
            assert_eq!(client(hops, plain, peer, lines), wanted, "{peer} {lines:?} {hops}");
        }
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_configured() {
        let standard = ForwardedHeader::Forwarded;
        for (line, wanted) in [
            ("for=192.0.2.1;proto=https;by=10.0.0.3", "192.0.2.1"),
            ("for=198.51.100.7, proto=http;For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=_hidden", "10.0.0.2"),
        ] {
            assert_eq!(client(1, standard, "10.0.0.2", &[line]), wanted, "{line}");
        }
    }
}
