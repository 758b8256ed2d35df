//! Origins that have said that they are asked too much, for requests that no queue holds: those of pages in the browser. They wait as the
//! crawl does, and what they are told the crawl learns. Pure: the clock is an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use url::Url;

use crate::crawl::frontier::origin;
use crate::crawl::polite::{MAX_PAUSE, pause_after};

#[derive(Debug, Default)]
pub(in crate::crawl) struct Rests {
    origins: HashMap<Box<str>, Rest>,
    /// What a page was told and the crawl does not know yet.
    news: Vec<(Url, Instant)>,
}

#[derive(Debug)]
struct Rest {
    until: Instant,
    /// Such answers in a row.
    times: u32,
}

impl Rests {
    /// 429 or 503, with what `Retry-After` asked for. Until when the origin is left alone.
    pub(super) fn overloaded(&mut self, url: &Url, asked: Option<Duration>, now: Instant) -> Instant {
        if self.origins.len() >= MOST {
            self.origins.retain(|_, rest| rest.until > now);
        }
        let times = self.origins.get(&origin(url)).map_or(0, |rest| rest.times);
        let until = now + asked.map_or(pause_after(times), |asked| asked.min(MAX_PAUSE));
        if self.origins.len() < MOST {
            let rest = self.origins.entry(origin(url)).or_insert(Rest { until, times });
            *rest = Rest { until: rest.until.max(until), times: times.saturating_add(1) };
        }
        until
    }

    /// The same, said to a page.
    pub(super) fn told(&mut self, url: &Url, asked: Option<Duration>, now: Instant) {
        let until = self.overloaded(url, asked, now);
        if self.news.len() < MOST {
            self.news.push((url.clone(), until));
        }
    }

    /// It has answered otherwise: what it refuses from now on is the first of a row. A pause that it has asked for still holds.
    pub(super) fn answered(&mut self, url: &Url) {
        if let Some(rest) = self.origins.get_mut(&url[..url::Position::BeforePath]) {
            rest.times = 0;
        }
    }

    /// Until when it is left alone, if it is.
    pub(super) fn until(&self, url: &Url, now: Instant) -> Option<Instant> {
        self.origins.get(&url[..url::Position::BeforePath]).map(|rest| rest.until).filter(|until| *until > now)
    }

    pub(in crate::crawl) fn take_news(&mut self) -> Vec<(Url, Instant)> {
        std::mem::take(&mut self.news)
    }
}

/// Origins of which it is known: a crawl asks few, and pages may ask any number.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_left_alone_as_long_as_it_asks_and_longer_each_time() {
        let (mut rests, now) = (Rests::default(), Instant::now());
        let (page, other) = (Url::parse("http://a.test/x").unwrap(), Url::parse("http://b.test/").unwrap());
        let seconds = Duration::from_secs;
        rests.overloaded(&page, Some(seconds(7)), now);
        assert_eq!(rests.until(&page, now), Some(now + seconds(7)));
        assert_eq!((rests.until(&page, now + seconds(7)), rests.until(&other, now)), (None, None));
        rests.overloaded(&page, Some(seconds(1)), now);
        assert_eq!(rests.until(&page, now), Some(now + seconds(7)), "what was asked before still holds");
        assert!(rests.take_news().is_empty(), "the crawl has had these answers itself");
        for pause in [1, 2, 4] {
            rests.told(&other, None, now);
            assert_eq!(rests.until(&other, now), Some(now + seconds(pause)));
        }
        assert_eq!(rests.take_news().len(), 3);
        rests.answered(&other);
        assert_eq!(rests.until(&other, now), Some(now + seconds(4)));
        rests.told(&other, None, now + seconds(10));
        assert_eq!(rests.take_news(), [(other.clone(), now + seconds(11))]);
        rests.told(&other, Some(seconds(86_400)), now);
        assert_eq!(rests.take_news(), [(other.clone(), now + MAX_PAUSE)]);
        for host in 0..2 * MOST {
            rests.told(&Url::parse(&format!("http://{host}.test/")).unwrap(), None, now);
        }
        assert!(rests.origins.len() <= MOST && rests.news.len() <= MOST);
    }
}
