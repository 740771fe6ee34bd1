//! Purpose: which addresses are open to everybody, and which lead into this machine or a private network.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// A name stands for a private address only.
#[derive(Debug)]
pub(super) struct PrivateAddress;

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a private address")
    }
}

impl std::error::Error for PrivateAddress {}

/// Looks names up and keeps only what is public. The connection goes to what was looked at here, so a name cannot mean
/// something else a moment later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| is_public(address.ip()))
                .collect();
            if public.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether the address names a private host by its number. What stands behind a name, [`PublicNames`] looks up.
pub(super) fn is_private_host(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        Some(Host::Domain(_)) => false,
        None => true,
    }
}

/// Source: <https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match inside(ip) {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_special = matches!(
        (first, second, third),
        // this network, private, this machine, multicast and what is reserved
        (0 | 10 | 127 | 224..=255, ..)
            // behind a provider's translation
            | (100, 64..=127, _)
            // link-local, where clouds tell machines about themselves
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            // protocol assignments, and examples
            | (192, 0, 0 | 2)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Global unicast is 2000::/3. Of it, 2001:db8::/32 are examples.
    (0x2000..=0x3fff).contains(&first) && !(first == 0x2001 && second == 0x0db8)
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, 6to4 or translated.
fn inside(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_private(text: &str) -> bool {
        is_private_host(&Url::parse(text).unwrap())
    }

    #[test]
    fn addresses_of_this_machine_and_of_private_networks_are_told_from_public_ones() {
        for private in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/",
        ] {
            assert!(is_private(private), "{private}");
        }
        for public in [
            "http://8.8.8.8/",
            "https://[2606:4700::6810:85e5]/",
            "https://172.32.0.1/",
            "https://example.com/",
        ] {
            assert!(!is_private(public), "{public}");
        }
    }

    proptest! {
        #[test]
        fn a_private_address_is_private_in_whatever_way_it_is_written(last: [u8; 3]) {
            let ip = Ipv4Addr::new(10, last[0], last[1], last[2]);
            prop_assert!(!is_public(ip.into()));
            prop_assert!(!is_public(ip.to_ipv6_mapped().into()));
            let number = u32::from(ip);
            let url = format!("http://{number}/");
            prop_assert!(is_private(&url));
        }

        #[test]
        fn the_standard_library_calls_nothing_private_that_is_public_here(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()
                || ip.is_multicast() || ip.is_broadcast() || ip.is_documentation();
            prop_assert!(!(special && is_public(ip.into())), "{}", ip);
        }
    }
}
