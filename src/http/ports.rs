//! Ports on which no web server answers, but something else may take a request for its own words. Pure: who refuses what is the caller's
//! decision, as what a person has named is not what a page has.

/// Whether this is a port that browsers refuse: the list of "port blocking" in the Fetch Standard (fetch.spec.whatwg.org).
///
/// A [`Client`](super::Client) asks there all the same; a crawler should not follow a link to it.
pub fn is_bad_port(port: u16) -> bool {
    BAD.binary_search(&port).is_ok()
}

/// In order.
const BAD: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
    117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
    636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
    10080,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_chat_and_remote_shells_are_no_web_servers_and_common_ports_are() {
        for bad in [0, 22, 25, 110, 143, 587, 2049, 6000, 6667, 10080] {
            assert!(is_bad_port(bad), "{bad}");
        }
        for good in [80, 443, 591, 3000, 8000, 8080, 8443, 8888, 9200, 65535] {
            assert!(!is_bad_port(good), "{good}");
        }
        assert!(BAD.is_sorted_by(|one, other| one < other), "or the search misses some");
    }
}
