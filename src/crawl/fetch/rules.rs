//! What an origin's robots.txt says: from memory, or asked for; and the turns that its `Crawl-delay` makes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::AsyncReadExt;
use url::Url;

use super::{Fetcher, SMALL, bad_port, is_lookup, of_reader, pause_asked, target};
use crate::crawl::error::{Error, bare};
use crate::crawl::frontier::origin;
use crate::crawl::pace::Turn;
use crate::crawl::plan::Robots;
use crate::crawl::polite::{MAX_PAUSE, pause_after};
use crate::crawl::robots::{Forbidden, MAX_SIZE, Rules};
use crate::http::{Redirects, Request};
use crate::model::RobotsKnown;

/// The rules of origins.
#[derive(Debug, Default)]
pub(super) struct KnownRules {
    /// With the time they were fetched.
    by_origin: HashMap<Arc<str>, (Instant, Arc<Rules>)>,
    /// As they were fetched, the first first, with the bytes they take. What was fetched anew stands here twice, first in vain.
    in_order: VecDeque<(Arc<str>, Instant, usize)>,
    /// The sum of these.
    bytes: usize,
}

impl Fetcher {
    /// The rules of a URL's origin, from memory for a day (RFC 9309 2.4).
    ///
    /// # Errors
    /// [`Error::Robots`] and [`Error::MaxRequests`].
    pub(in crate::crawl) async fn rules(&self, url: &Url) -> Result<Arc<Rules>, Error> {
        let origin = origin(url);
        let now = self.handle.now();
        if let Some(rules) = self.known_rules().fresh(&origin, now, self.config.robots_lifetime) {
            return Ok(rules);
        }
        if let Some((rules, good_for)) = self.common_rules(&origin).await {
            // When another has fetched it.
            let at = now.checked_sub(self.config.robots_lifetime.saturating_sub(good_for)).unwrap_or(now);
            self.known_rules().learn(origin.into(), at, rules.clone());
            return Ok(rules);
        }
        self.turn_of_all(&origin, None).await;
        let rules = Arc::new(self.ask_for_all(url, &origin).await?);
        if let Some(delay) = rules.crawl_delay {
            // robots.txt itself was a request.
            self.turns.take(&origin, delay, self.handle.now());
            if let Some(pace) = &self.config.pace {
                pace.turn(&origin, Some(delay)).await;
            }
        }
        self.known_rules().learn(origin.into(), now, rules.clone());
        Ok(rules)
    }

    /// As another has fetched it who does the same crawl, and how long that counts; none where it is to be asked for.
    async fn common_rules(&self, origin: &str) -> Option<(Arc<Rules>, Duration)> {
        let common = self.common.as_ref()?;
        loop {
            match common.robots(origin).await? {
                RobotsKnown::As { status, body, good_for } => {
                    return Some((Arc::new(self.read_rules(origin, status, body).await), good_for));
                }
                RobotsKnown::Ask => return None,
                RobotsKnown::Wait => self.handle.sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Asks for it, and tells those who do the same crawl what came of it.
    async fn ask_for_all(&self, url: &Url, origin: &str) -> Result<Rules, Error> {
        let answer = self.ask_for_rules(url).await;
        let Some(common) = &self.common else {
            let (status, body) = answer?;
            return Ok(self.read_rules(origin, status, body).await);
        };
        match answer {
            Ok((status, body)) => {
                let rules = self.read_rules(origin, status, body.clone()).await;
                common.keep_robots(origin, Some((status, body)), rules.crawl_delay).await;
                Ok(rules)
            }
            Err(error) => {
                common.keep_robots(origin, None, None).await;
                Err(error)
            }
        }
    }

    fn known_rules(&self) -> MutexGuard<'_, KnownRules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the origin's `Crawl-delay` has passed since whoever asked it last: crawls, refreshes and single pages of one
    /// crawler take turns.
    pub(in crate::crawl) async fn wait_for_turn(&self, url: &Url, robots: Robots) {
        if robots == Robots::Ignore {
            return;
        }
        let origin = origin(url);
        let asked = self.known_rules().by_origin.get(&*origin).and_then(|(_, rules)| rules.crawl_delay);
        let Some(delay) = asked else { return };
        // Those of other processes are among all that are kept, and so are our own.
        if !self.turn_of_all(&origin, Some(delay)).await {
            while let Some(at) = self.turns.take(&origin, delay, self.handle.now()) {
                self.handle.sleep_until(at).await;
            }
        }
    }

    /// Waits for the turn among all processes; whether there is anything that keeps these.
    async fn turn_of_all(&self, origin: &str, delay: Option<Duration>) -> bool {
        let Some(pace) = &self.config.pace else { return false };
        loop {
            match pace.turn(origin, delay).await {
                Turn::Taken => return true,
                Turn::After(wait) => self.handle.sleep(wait).await,
                Turn::Unknown => return false,
            }
        }
    }

    async fn ask_for_rules(&self, url: &Url) -> Result<(u16, Vec<u8>), Error> {
        let mut failures = 0;
        loop {
            let asked = match self.ask_for_rules_once(url).await {
                result if failures >= self.config.retries.into() => return result.map(|(answer, _)| answer),
                Err(Error::Robots { source }) if source.is_transient() && !is_lookup(&source) => None,
                // One moment of a site closes it no more than one of its pages.
                Ok(((429 | 500..=599, _), asked)) => asked,
                result => return result.map(|(answer, _)| answer),
            };
            self.handle.sleep(asked.map_or(pause_after(failures), |asked| asked.min(MAX_PAUSE))).await;
            failures += 1;
        }
    }

    /// Its status and, where it is there, its text; and how long it is to be left alone, if the site says so.
    async fn ask_for_rules_once(&self, url: &Url) -> Result<((u16, Vec<u8>), Option<Duration>), Error> {
        let failed = |source| Error::Robots { source: Arc::new(bare(source)) };
        let Ok(mut at) = url.join("/robots.txt") else { return Ok((NONE, None)) };
        for _ in 0..=MAX_ROBOTS_REDIRECTS {
            if !self.spend() {
                return Err(Error::MaxRequests);
            }
            let request = self.signed(Request::get(at.clone()).redirects(Redirects::Stop), &at);
            let mut response = self.client.send(request).await.map_err(failed)?;
            match response.status {
                301 | 302 | 303 | 307 | 308 => match target(&at, &response) {
                    Ok(to) if bad_port(&at, &to).is_none() => at = to,
                    Ok(_) | Err(_) => break,
                },
                status @ 200..=299 => {
                    let mut body = Vec::new();
                    // One byte more than is read tells a file at the limit from a longer one.
                    let read = response.body().take(MAX_SIZE as u64 + 1).read_to_end(&mut body).await;
                    self.received(body.len() as u64);
                    return match read {
                        Ok(_) => Ok(((status, body), None)),
                        Err(error) => Err(failed(of_reader(error))),
                    };
                }
                status => {
                    let asked = pause_asked(&response);
                    self.discard(response).await;
                    return Ok(((status, Vec::new()), asked));
                }
            }
        }
        // Redirected too often: as if there were none (RFC 9309 2.3.1.2).
        Ok((NONE, None))
    }

    async fn read_rules(&self, origin: &str, status: u16, body: Vec<u8>) -> Rules {
        if body.len() > MAX_SIZE {
            log::debug!("{origin}/robots.txt: only the first {} KiB are read", MAX_SIZE >> 10);
        }
        let agent = self.config.agent.clone();
        match body.len() {
            ..=SMALL => Rules::of_answer(status, &body, &agent),
            _ => self.handle.unblock(move || Rules::of_answer(status, &body, &agent)).await,
        }
    }
}

impl KnownRules {
    fn fresh(&self, origin: &str, now: Instant, lifetime: Duration) -> Option<Arc<Rules>> {
        let (at, rules) = self.by_origin.get(origin)?;
        // Why a site was closed passes: RFC 9309 2.3.1.4 wants it left alone, not forgotten.
        let lifetime = if rules.is_closed() { lifetime.min(CLOSED_FOR) } else { lifetime };
        (now.saturating_duration_since(*at) < lifetime).then(|| rules.clone())
    }

    /// A crawler that lives for months meets many sites: what was fetched first goes first.
    fn learn(&mut self, origin: Arc<str>, now: Instant, rules: Arc<Rules>) {
        let size = rules.size();
        self.by_origin.insert(origin.clone(), (now, rules));
        self.in_order.push_back((origin, now, size));
        self.bytes += size;
        while (self.in_order.len() > MAX_ORIGINS || self.bytes > MAX_BYTES)
            && let Some((oldest, at, size)) = self.in_order.pop_front()
        {
            self.bytes -= size;
            if self.by_origin.get(&oldest).is_some_and(|(fetched, _)| *fetched == at) {
                self.by_origin.remove(&oldest);
            }
        }
    }
}

/// Why nothing of an origin is fetched whose robots.txt could not be asked for.
pub(in crate::crawl) fn closed() -> Arc<Rules> {
    Arc::new(Rules::disallow_all(Forbidden::Unreachable))
}

/// An answer that says that there is none.
const NONE: (u16, Vec<u8>) = (404, Vec::new());

/// How long whoever asks for the same crawl is given before it is looked again what came of it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// RFC 9309 2.3.1.2 asks for at least five.
const MAX_ROBOTS_REDIRECTS: usize = 5;

/// How long a site is left alone whose robots.txt could not be had.
const CLOSED_FOR: Duration = Duration::from_secs(60);

/// Origins whose rules are remembered, and the bytes that these take.
const MAX_ORIGINS: usize = 10_000;
const MAX_BYTES: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rules_are_remembered_as_fit() {
        let (mut known, now) = (KnownRules::default(), Instant::now());
        let rules =
            |bytes: usize| Arc::new(Rules::parse(format!("User-agent: *\nDisallow: /{}", "x".repeat(bytes)).as_bytes(), "smolcrawl"));
        let lifetime = Duration::from_secs(60);
        for number in 0..MAX_ORIGINS + 5 {
            known.learn(format!("http://h{number}.test").into(), now, rules(1));
        }
        assert_eq!((known.by_origin.len(), known.in_order.len()), (MAX_ORIGINS, MAX_ORIGINS));
        assert!(known.fresh("http://h4.test", now, lifetime).is_none() && known.fresh("http://h5.test", now, lifetime).is_some());
        assert!(known.fresh("http://h5.test", now + lifetime, lifetime).is_none());
        // Fetched anew it is the youngest.
        known.learn("http://h5.test".into(), now + lifetime, rules(1));
        assert!(known.fresh("http://h5.test", now + lifetime, lifetime).is_some());
        // A closed site is asked again soon.
        known.learn("http://h6.test".into(), now + lifetime, closed());
        let minutes = |minutes: u32| now + lifetime + CLOSED_FOR * minutes;
        assert!(known.fresh("http://h6.test", now + lifetime, 9 * CLOSED_FOR).is_some());
        assert!(known.fresh("http://h6.test", minutes(2), 9 * CLOSED_FOR).is_none());
        assert!(known.fresh("http://h5.test", minutes(2), 9 * CLOSED_FOR).is_some());
        let large = rules(16_000);
        for number in 0..MAX_BYTES / large.size() + 5 {
            known.learn(format!("http://large{number}.test").into(), now + lifetime, large.clone());
        }
        assert!(known.bytes <= MAX_BYTES && known.by_origin.len() < 10_000, "{}", known.by_origin.len());
    }
}
