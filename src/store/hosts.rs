//! When an origin that wants to be asked slowly may be asked next. Pure: numbers in, numbers out.

use std::time::Duration;

/// What is known of an origin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    /// Milliseconds since 1970, as is `now` everywhere here.
    pub not_before: i64,
    pub delay: i64,
    /// In a row.
    pub overloads: i64,
}

impl Host {
    /// What lies further ahead than anything can is of a clock that has been set back.
    fn is_ahead(&self, now: i64, delay: i64) -> bool {
        (now + 1..=now + delay.max(LONGEST)).contains(&self.not_before)
    }

    /// It is to be left alone, as it was asked too much.
    pub(super) fn rests(&self, now: i64) -> bool {
        self.overloads > 0 && (now + 1..=now.saturating_add(LONGEST)).contains(&self.not_before)
    }

    /// When it has been left alone for long enough, the next one is the first again.
    fn overloads_at(&self, now: i64) -> i64 {
        if now < self.not_before.saturating_add(LONGEST) { self.overloads.clamp(0, 20) } else { 0 }
    }

    /// As it is stored.
    pub(super) fn stored(not_before: i64, delay: i64, overloads: i64) -> Self {
        Self { not_before, delay: delay.clamp(0, MOST_DELAY), overloads }
    }

    /// What becomes of who wants to ask an origin that wants `delay` between two requests; without one, by the delay that it wanted last.
    pub(super) fn turn(known: Option<Self>, delay: Option<Duration>, now: i64) -> Turn {
        let delay = delay.map(in_milliseconds).or(known.map(|host| host.delay)).unwrap_or(0);
        if let Some(host) = known.filter(|host| host.is_ahead(now, delay)) {
            return Turn::Wait(Duration::from_millis((host.not_before - now).unsigned_abs()));
        }
        let overloads = known.map_or(0, |host| host.overloads_at(now));
        if delay > 0 { Turn::Taken(Self { not_before: now + delay, delay, overloads }) } else { Turn::Free }
    }

    /// The origin was asked too much: it is left alone as long as it asks, else twice as long as the time before.
    pub(super) fn overloaded(known: Option<Self>, asked: Option<Duration>, now: i64) -> Self {
        let known = known.unwrap_or(Self { not_before: now, delay: 0, overloads: 0 });
        // Of many at once the first counts: the others were under way.
        let is_under_way = known.overloads > 0 && known.is_ahead(now, 0);
        let overloads = if is_under_way { known.overloads } else { known.overloads_at(now) + 1 };
        let pause = asked.map_or(1_000 << (overloads - 1).min(10), in_milliseconds).min(LONGEST);
        let before = if known.is_ahead(now, known.delay) { known.not_before } else { now };
        Self { not_before: before.max(now + pause), overloads, ..known }
    }
}

/// What becomes of who wants to ask.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    Wait(Duration),
    /// Nothing is to be kept.
    Free,
    /// The next one waits.
    Taken(Host),
}

fn in_milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).min(MOST_DELAY)
}

/// The longest pause that a row of refusals or a server's word causes, as in a crawl.
pub(super) const LONGEST: i64 = 60_000;
/// A day: what a robots.txt may ask for is less.
const MOST_DELAY: i64 = 86_400_000;
/// How long an origin is known that nobody asks.
pub(super) const KEPT: i64 = 3_600_000;
/// Origins that rest at one time and are known to all.
pub(super) const MOST: i64 = 10_000;
