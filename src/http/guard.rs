//! Which addresses belong to the public Internet. Pure; the caller judges the address that it is about to connect to. Names are judged only
//! where they say it themselves.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The special-purpose range an address lies in, by its name; none for an ordinary public address.
///
/// After the IANA registries of RFC 6890, and the addresses under which clouds serve their metadata.
pub(super) fn special_range(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

/// Whether this is a name under which a cloud tells machines their secrets, whatever address it has there.
pub(super) fn is_metadata_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    METADATA_NAMES.iter().any(|known| name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether no public server can have this name: without a dot, or below a domain that is kept for local networks (RFC 6761, RFC 6762, RFC
/// 8375, and what people use in their place).
pub(super) fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    !name.contains('.') || LOCAL_DOMAINS.iter().any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// In lower case, as `url` writes them.
const METADATA_NAMES: [&str; 9] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "metadata.packet.net",
];
const LOCAL_DOMAINS: [&str; 10] =
    ["local", "localhost", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa", "localdomain"];

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    // 100.100.100.200 (Alibaba) lies in shared address space, 168.63.129.16 (Azure) in public space.
    if METADATA_V4.contains(&address) {
        return Some("a metadata address");
    }
    let bits = address.to_bits();
    RANGES_V4.iter().find(|(network, length, _)| (bits ^ network.to_bits()) >> (32 - length) == 0).map(|(.., name)| *name)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if METADATA_V6.contains(&address) {
        return Some("a metadata address");
    }
    let segments = address.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => return Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => return Some("loopback"),
        // What is connected to is the IPv4 address inside: mapped, compatible (deprecated), translated (RFC 2765), NAT64 (RFC 6052), 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => return special_v4(inner(high, low)),
        _ => {}
    }
    let bits = address.to_bits();
    RANGES_V6.iter().find(|(network, length, _)| (bits ^ network.to_bits()) >> (128 - length) == 0).map(|(.., name)| *name)
}

const METADATA_V4: [Ipv4Addr; 3] = [Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: [Ipv6Addr; 1] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)];

const RANGES_V4: [(Ipv4Addr, u32, &str); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a carrier's customers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

const RANGES_V6: [(Ipv6Addr, u32, &str); 11] = [
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "a local translation to IPv4"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "for discarding"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, "a segment routing identifier"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique-local"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 8, "reserved"),
];

#[cfg(test)]
mod tests {
    use url::{Host, Url};

    use super::*;

    fn range(address: &str) -> Option<&'static str> {
        special_range(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_pass() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert_eq!(range(public), None, "{public}");
        }
    }

    #[test]
    fn everything_else_is_named() {
        for (address, name) in [
            ("0.0.0.0", "unspecified"),
            ("10.1.2.3", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.0.1", "private"),
            ("127.0.0.1", "loopback"),
            ("127.255.0.9", "loopback"),
            ("169.254.1.1", "link-local"),
            ("169.254.169.254", "a metadata address"),
            ("100.100.100.200", "a metadata address"),
            ("168.63.129.16", "a metadata address"),
            ("100.64.0.1", "shared by a carrier's customers"),
            ("192.0.2.1", "for documentation"),
            ("224.0.0.1", "multicast"),
            ("255.255.255.255", "broadcast"),
            ("250.0.0.1", "reserved"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("fe80::1", "link-local"),
            ("fd12::1", "unique-local"),
            ("fd00:ec2::254", "a metadata address"),
            ("ff02::1", "multicast"),
            ("2001:db8::1", "for documentation"),
            ("fec0::1", "site-local"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "a metadata address"),
            ("64:ff9b::a00:1", "private"),
            ("::7f00:1", "loopback"),
            ("2002:7f00:1::", "loopback"),
            ("64:ff9b:1::1", "a local translation to IPv4"),
        ] {
            assert_eq!(range(address), Some(name), "{address}");
        }
    }

    #[test]
    fn names_that_say_it_themselves() {
        for name in ["metadata.google.internal", "metadata.google.internal.", "a.metadata.google.internal", "metadata", "instance-data"] {
            assert!(is_metadata_name(name), "{name}");
        }
        for name in ["metadata.test", "docs.google.com", "mymetadata", "metadata.google.internal.test"] {
            assert!(!is_metadata_name(name), "{name}");
        }
        for name in ["intranet", "wiki.corp", "nas.local.", "a.b.internal", "router.home.arpa"] {
            assert!(is_local_name(name), "{name}");
        }
        for name in ["docs.example.com", "a.test", "local.dev", "internal.example.com", "nolocal.org"] {
            assert!(!is_local_name(name), "{name}");
        }
    }

    #[test]
    fn literals_in_disguise_are_the_same_addresses() {
        for host in ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001", "%31%32%37.0.0.1", "[::ffff:7f00:1]", "１２７.0.0.1"] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            let address = match url.host().unwrap() {
                Host::Ipv4(address) => IpAddr::from(address),
                Host::Ipv6(address) => IpAddr::from(address),
                Host::Domain(name) => panic!("{host} is the name {name}"),
            };
            assert_eq!(special_range(address), Some("loopback"), "{host}");
        }
    }
}
