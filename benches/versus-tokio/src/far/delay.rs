//! A network that is not there: what comes is passed on half a round trip later, each way, and the first bytes of a connection wait a round
//! trip more, as the handshake does. Of a lossy one a segment now and then comes a round trip late, and all that is behind it with it: what
//! a loss costs where fast retransmission mends it. It stands in for netem where the kernel has none.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

pub fn serve(to: SocketAddr, round_trip: u64, late: u64) {
    let round_trip = Duration::from_millis(round_trip);
    let mut number = 0;
    let mut apart = super::Apart::default();
    for near in super::listen(None).incoming().flatten() {
        number += 1;
        let Ok(far) = TcpStream::connect(to) else { continue };
        let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else { continue };
        let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
        pass(&mut apart, near, far, Way { half: round_trip / 2, first: round_trip, late, chance: Chance(number) });
        pass(&mut apart, far_too, near_too, Way { half: round_trip / 2, first: Duration::ZERO, late, chance: Chance(!number) });
    }
}

struct Way {
    half: Duration,
    /// What the first bytes wait in addition.
    first: Duration,
    /// Segments of a hundred that come late.
    late: u64,
    chance: Chance,
}

/// Passes bytes on, with a thread that reads and one that writes when it is time.
fn pass(apart: &mut super::Apart, mut from: TcpStream, mut to: TcpStream, mut way: Way) {
    // So many segments are under way at the most: whoever sends more waits, as for a window.
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(1_024);
    apart.begin(move || {
        let mut last = Instant::now() + way.first + way.half;
        loop {
            let mut segment = vec![0; SEGMENT];
            match from.read(&mut segment) {
                Ok(count @ 1..) => segment.truncate(count),
                _ => return Ok(()),
            }
            let held = if way.chance.of_a_hundred() < way.late { way.half * 2 } else { Duration::ZERO };
            // In their order: what is behind a late one waits with it.
            last = last.max(Instant::now() + way.half + held);
            if sender.send((last, segment)).is_err() {
                return Ok(());
            }
        }
    });
    apart.begin(move || {
        for (at, segment) in receiver {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&segment).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Write)
    });
}

/// The payload of an Ethernet frame.
const SEGMENT: usize = 1_448;

/// The same in every run (xorshift).
struct Chance(u64);

impl Chance {
    fn of_a_hundred(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (self.0 >> 29) ^ 0x2545_f491_4f6c_dd1d;
        (self.0 >> 17) % 100
    }
}
