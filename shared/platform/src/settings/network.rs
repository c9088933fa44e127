//! A block of addresses in CIDR notation, such as `10.0.0.0/8`; one address is a block too.

use std::{net::IpAddr, str::FromStr};

use domain::Invalid;
use serde::Deserialize;

/// A block of addresses. IPv4 is kept as IPv6 has it (`::ffff:192.0.2.1`), which is also how a listener on `[::]` sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    first: u128,
    /// How many bits all its addresses share, of 128.
    prefix: u32,
}

impl Network {
    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let apart = bits(address) ^ self.first;
        apart.checked_shr(128u32.saturating_sub(self.prefix)).unwrap_or(0) == 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl FromStr for Network {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let malformed = || Invalid::malformed("An address or a block such as 10.0.0.0/8.");
        let (address, prefix) = text.split_once('/').map_or((text, None), |(head, tail)| (head, Some(tail)));
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let length = if address.is_ipv4() { 32u32 } else { 128 };
        let prefix = prefix.map_or(Ok(length), str::parse).map_err(|_| malformed())?;
        if prefix > length {
            return Err(malformed());
        }
        let unshared = length.saturating_sub(prefix);
        Ok(Self { first: bits(address), prefix: 128u32.saturating_sub(unshared) })
    }
}

impl TryFrom<String> for Network {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_its_addresses_and_no_others() {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("172.30.18.2", "172.30.18.2", "172.30.18.3"),
            ("172.30.18.2", "::ffff:172.30.18.2", "::ac1e:1202"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
            ("192.0.2.128/25", "192.0.2.200", "192.0.2.127"),
        ] {
            let network: Network = block.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{block} {outside}");
        }
        assert!("::/0".parse::<Network>().unwrap().contains("192.0.2.1".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "gateway", "", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
