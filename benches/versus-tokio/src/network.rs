//! Networks that are slower than loopback: by netem in a network namespace of a measurement's own, where the system lets us have one and
//! its kernel knows netem; else by a proxy (`far::Kind::Delay`).

use std::process::{Command, Stdio};
use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Netem,
    Proxy,
}

impl Network {
    /// What can be had here, tried once.
    pub fn here() -> Self {
        static HERE: OnceLock<Network> = OnceLock::new();
        *HERE.get_or_init(|| {
            let words = words(2, 1);
            let tried = Command::new(&words[0]).args(&words[1..]).arg("true").stdout(Stdio::null()).stderr(Stdio::null()).status();
            if tried.is_ok_and(|status| status.success()) { Self::Netem } else { Self::Proxy }
        })
    }

    pub fn told(self) -> &'static str {
        match self {
            Self::Netem => "netem on the loopback device of a network namespace of its own, with frames of 1,500 bytes",
            Self::Proxy => {
                "a proxy on loopback that passes on what comes half a round trip later; a lost segment comes a round trip late, \
                 and what is behind it with it"
            }
        }
    }
}

/// What stands before a command that is to run in such a network, of so many milliseconds there and back.
pub fn words(round_trip: u64, lost: u64) -> Vec<String> {
    let half = round_trip as f64 / 2.0;
    let loss = if lost > 0 { format!(" loss {lost}%") } else { String::new() };
    let set = format!("ip link set dev lo mtu 1500 up && tc qdisc add dev lo root netem limit 100000 delay {half}ms{loss} && exec \"$@\"");
    ["unshare", "--net", "sh", "-c", &set, "sh"].map(str::to_owned).to_vec()
}
