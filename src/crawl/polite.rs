//! When an origin may be asked again: concurrency, Crawl-delay, back-off, and what its robots.txt says. Pure: the clock is an argument.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::frontier::origin;
use super::plan::Robots;
use super::robots::{Forbidden, Rules};

/// Whether a URL may be fetched now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    /// Ask again then.
    Wait(Instant),
    /// As much is in flight as may be: ask again when something of the origin has ended.
    Busy,
    /// robots.txt of the origin has to be fetched first.
    AskRobots,
    Never(Forbidden),
}

/// How a request ended, as far as it says something about its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With an answer, be it 404.
    Answered,
    /// 429 or 503, with what `Retry-After` asked for (RFC 9110 10.2.3).
    Overloaded { retry_after: Option<Duration> },
    /// Without a usable answer.
    Broken,
    /// For want of something of this process, such as sockets: that says nothing about the origin.
    OurLimit,
}

#[derive(Debug)]
pub(super) struct Polite {
    robots: Robots,
    /// Requests in flight to one origin.
    per_host: usize,
    /// Failures in a row after which an origin is left alone.
    give_up_after: u32,
    /// How long a robots.txt counts; then it is asked for again.
    robots_lifetime: Duration,
    hosts: HashMap<Box<str>, Host>,
    /// Origins whose rules are known, the first learned first, with the bytes that their rules take.
    learned: VecDeque<(Box<str>, usize)>,
    /// The sum of these.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Host {
    knowledge: Knowledge,
    in_flight: usize,
    /// Nothing is asked before: from Crawl-delay or a back-off.
    not_before: Option<Instant>,
    /// Failures without an answer in between.
    failures: u32,
    /// How long an answer takes, smoothed.
    latency: Option<Duration>,
    /// Requests at once after it has said that there were too many, until it has taken as many as before again.
    at_most: Option<usize>,
    /// Answers since that number was last changed.
    answered: usize,
    /// Of those in flight when it was last lowered, how many have not ended: what they say is of the time before.
    before: usize,
}

/// What is known of an origin's robots.txt.
#[derive(Debug, Default)]
enum Knowledge {
    #[default]
    Nothing,
    /// The request is under way.
    Asked,
    /// Since then.
    Known(Arc<Rules>, Instant),
}

impl Polite {
    pub(super) fn new(robots: Robots, per_host: usize, give_up_after: u32) -> Self {
        let robots_lifetime = Duration::MAX;
        Self { robots, per_host, give_up_after, robots_lifetime, hosts: HashMap::new(), learned: VecDeque::new(), bytes: 0 }
    }

    /// Of a crawl that may last for longer than a robots.txt counts.
    pub(super) fn asking_again_after(self, robots_lifetime: Duration) -> Self {
        Self { robots_lifetime, ..self }
    }

    /// What robots.txt says is asked once a URL: `is_allowed` remembers it while the URL waits.
    pub(super) fn verdict(&self, url: &Url, is_allowed: &mut bool, now: Instant) -> Verdict {
        let unknown = Host::default();
        let host = self.hosts.get(&url[..url::Position::BeforePath]).unwrap_or(&unknown);
        let rules = match (&host.knowledge, self.robots) {
            (Knowledge::Known(rules, at), Robots::Obey) if now.saturating_duration_since(*at) >= self.lifetime(rules) => {
                *is_allowed = false;
                return Verdict::AskRobots;
            }
            (Knowledge::Known(rules, _), Robots::Obey) if !*is_allowed => Some(rules),
            (Knowledge::Nothing, Robots::Obey) => return Verdict::AskRobots,
            (Knowledge::Asked, Robots::Obey) => return Verdict::Busy,
            (Knowledge::Known(..), Robots::Obey) | (_, Robots::Ignore) => None,
        };
        if let Some(forbidden) = rules.and_then(|rules| rules.forbids(url)) {
            return Verdict::Never(forbidden);
        }
        *is_allowed = true;
        let at_once = if host.crawl_delay(self.robots).is_some() { 1 } else { host.at_once(self.per_host) };
        match host.not_before {
            _ if host.in_flight >= at_once => Verdict::Busy,
            Some(at) if at > now => Verdict::Wait(at),
            _ => Verdict::Go,
        }
    }

    /// It counts until something else can be asked for, however long the origin wants to be left alone before that.
    fn lifetime(&self, rules: &Rules) -> Duration {
        let pause = rules.crawl_delay.unwrap_or_default().max(MAX_PAUSE);
        self.robots_lifetime.max(pause.saturating_mul(2))
    }

    /// The request for an origin's robots.txt is under way.
    pub(super) fn asked_robots(&mut self, url: &Url) {
        self.host(url).knowledge = Knowledge::Asked;
    }

    /// It could not be asked for: it is to be tried again.
    pub(super) fn did_not_ask(&mut self, url: &Url) {
        self.host(url).knowledge = Knowledge::Nothing;
    }

    /// robots.txt itself was a request: the first page keeps the delay to it.
    pub(super) fn learned(&mut self, url: &Url, rules: Arc<Rules>, now: Instant) {
        let size = rules.size();
        let host = self.host(url);
        if let Some(delay) = rules.crawl_delay {
            host.not_before = Some(now + delay);
        }
        host.knowledge = Knowledge::Known(rules, now);
        // What was learned anew stands here twice, first in vain.
        self.learned.push_back((origin(url), size));
        self.bytes += size;
        // What is forgotten is learned again if it is needed again, from the crawler's memory as a rule.
        while self.bytes > MAX_BYTES
            && self.learned.len() > 1
            && let Some((oldest, size)) = self.learned.pop_front()
        {
            self.bytes -= size;
            if let Some(Host { knowledge: knowledge @ Knowledge::Known(..), .. }) = self.hosts.get_mut(&oldest) {
                *knowledge = Knowledge::Nothing;
            }
        }
    }

    pub(super) fn started(&mut self, url: &Url, now: Instant) {
        let robots = self.robots;
        let host = self.host(url);
        host.in_flight += 1;
        if let Some(delay) = host.crawl_delay(robots) {
            host.not_before = Some(now + delay);
        }
    }

    /// The request was not made, as others have found that the origin is to be left alone until then.
    pub(super) fn rests(&mut self, url: &Url, until: Instant) {
        let host = self.host(url);
        host.in_flight = host.in_flight.saturating_sub(1);
        host.before = host.before.saturating_sub(1);
        self.left_alone(url, until);
    }

    /// Others that ask it on behalf of the crawl were told that the origin is to be left alone until then.
    pub(super) fn left_alone(&mut self, url: &Url, until: Instant) {
        let host = self.host(url);
        host.not_before = Some(host.not_before.map_or(until, |at| at.max(until)));
    }

    /// How long an answer took.
    pub(super) fn took(&mut self, url: &Url, time: Duration) {
        let host = self.host(url);
        host.latency = Some(host.latency.map_or(time, |before| before.saturating_mul(3).saturating_add(time) / 4));
    }

    /// Returns the failures in a row if they are so many that the origin is to be given up.
    pub(super) fn ended(&mut self, url: &Url, now: Instant, how: Ended) -> Option<u32> {
        let (give_up_after, per_host) = (self.give_up_after, self.per_host);
        let host = self.host(url);
        host.in_flight = host.in_flight.saturating_sub(1);
        let is_of_before = host.before > 0;
        host.before = host.before.saturating_sub(1);
        let pause = match how {
            Ended::Answered => {
                host.failures = 0;
                host.recover(per_host);
                return None;
            }
            // Of many at once the first that says so: the others were under way.
            Ended::Overloaded { .. } if !is_of_before => {
                host.at_most = Some((host.at_once(per_host) / 2).max(1));
                (host.answered, host.before) = (0, host.in_flight);
                overload_pause(how, host.failures)
            }
            Ended::Overloaded { .. } => overload_pause(how, host.failures),
            Ended::Broken => Duration::ZERO,
            Ended::OurLimit => return None,
        };
        host.failures += 1;
        let until = now + pause;
        host.not_before = Some(host.not_before.map_or(until, |at| at.max(until)));
        (host.failures >= give_up_after).then_some(host.failures)
    }

    fn host(&mut self, url: &Url) -> &mut Host {
        self.hosts.entry(origin(url)).or_default()
    }
}

fn overload_pause(how: Ended, failures: u32) -> Duration {
    match how {
        Ended::Overloaded { retry_after: Some(asked) } => asked.min(MAX_PAUSE),
        _ => pause_after(failures),
    }
}

impl Host {
    /// Requests at once: as many as may be while answers come within a second, half as many at two, and one at least.
    fn at_once(&self, per_host: usize) -> usize {
        let of_latency = match self.latency {
            Some(latency) if latency > PROMPT => (per_host as f64 * PROMPT.as_secs_f64() / latency.as_secs_f64()).round() as usize,
            _ => per_host,
        };
        of_latency.min(self.at_most.unwrap_or(per_host)).max(1)
    }

    /// Four rounds of answers allow for one more at once.
    fn recover(&mut self, per_host: usize) {
        let Some(at_most) = self.at_most else { return };
        self.answered += 1;
        if self.answered >= 4 * at_most {
            self.answered = 0;
            self.at_most = (at_most + 1 < per_host).then_some(at_most + 1);
        }
    }

    fn crawl_delay(&self, robots: Robots) -> Option<Duration> {
        match (&self.knowledge, robots) {
            (Knowledge::Known(rules, _), Robots::Obey) => rules.crawl_delay.filter(|delay| !delay.is_zero()),
            _ => None,
        }
    }
}

/// The pause before a request is tried again that failed `failures` times before: 1 s, 2 s, 4 s … up to [`MAX_PAUSE`].
pub(super) fn pause_after(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(10)).min(MAX_PAUSE)
}

/// `Retry-After` in its two forms, seconds and a date (RFC 9110 10.2.3); a date that has passed is zero.
pub(super) fn retry_after(value: &str, today: std::time::SystemTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok().map(|at| at.duration_since(today).unwrap_or_default()),
    }
}

/// The longest pause that a server's word or a row of failures can cause: longer ones end in a failure that says so.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Who asks to be left alone for longer is not asked again: two tries would come too early.
pub(super) const PATIENCE: Duration = Duration::from_secs(2 * 60);

/// A host that takes longer to answer is asked less at once.
const PROMPT: Duration = Duration::from_secs(1);

/// Bytes of rules that one crawl holds. A large robots.txt has 100 KiB.
const MAX_BYTES: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    fn rules(text: &str) -> Arc<Rules> {
        Arc::new(Rules::parse(text.as_bytes(), "smolcrawl"))
    }

    #[test]
    fn robots_txt_comes_first_and_once() {
        let (mut polite, now, page) = (Polite::new(Robots::Obey, 2, 50), Instant::now(), url("http://a.test/x"));
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::AskRobots);
        polite.asked_robots(&page);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Busy);
        assert_eq!(polite.verdict(&url("https://a.test/x"), &mut false, now), Verdict::AskRobots);
        polite.learned(&page, rules("User-agent: *\nDisallow: /private"), now);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Go);
        assert_eq!(polite.verdict(&url("http://a.test/private/x"), &mut false, now), Verdict::Never(Forbidden::Rule("/private".into())));
    }

    #[test]
    fn ignoring_robots_txt_asks_for_none() {
        assert_eq!(Polite::new(Robots::Ignore, 2, 50).verdict(&url("http://a.test/x"), &mut false, Instant::now()), Verdict::Go);
    }

    #[test]
    fn only_so_many_requests_run_at_one_origin() {
        let (mut polite, now, page) = (Polite::new(Robots::Ignore, 2, 50), Instant::now(), url("http://a.test/x"));
        polite.started(&page, now);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Go);
        polite.started(&page, now);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Busy);
        assert_eq!(polite.verdict(&url("http://b.test/x"), &mut false, now), Verdict::Go);
        polite.ended(&page, now, Ended::Answered);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Go);
    }

    #[test]
    fn a_crawl_delay_separates_requests() {
        let (mut polite, start, page) = (Polite::new(Robots::Obey, 8, 50), Instant::now(), url("http://a.test/x"));
        polite.learned(&page, rules("User-agent: *\nCrawl-delay: 10"), start);
        assert_eq!(polite.verdict(&page, &mut false, start), Verdict::Wait(start + seconds(10)));
        let now = start + seconds(10);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Go);
        polite.started(&page, now);
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Busy);
        polite.ended(&page, now + seconds(1), Ended::Answered);
        assert_eq!(polite.verdict(&page, &mut false, now + seconds(1)), Verdict::Wait(now + seconds(10)));
    }

    #[test]
    fn an_overloaded_server_is_left_alone_as_long_as_it_asks() {
        let (mut polite, now, page) = (Polite::new(Robots::Ignore, 8, 50), Instant::now(), url("http://a.test/x"));
        polite.started(&page, now);
        polite.ended(&page, now, Ended::Overloaded { retry_after: Some(seconds(7)) });
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Wait(now + seconds(7)));
        polite.ended(&page, now, Ended::Overloaded { retry_after: Some(seconds(1)) });
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Wait(now + seconds(7)));
        polite.ended(&page, now, Ended::Overloaded { retry_after: Some(seconds(86_400)) });
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Wait(now + MAX_PAUSE));
    }

    #[test]
    fn without_a_word_the_pauses_double() {
        let (mut polite, now, page) = (Polite::new(Robots::Ignore, 8, 50), Instant::now(), url("http://a.test/x"));
        let mut at = now;
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            polite.ended(&page, at, Ended::Overloaded { retry_after: None });
            assert_eq!(polite.verdict(&page, &mut false, at), Verdict::Wait(at + seconds(pause)));
            at += seconds(pause);
        }
        polite.ended(&page, at, Ended::Answered);
        polite.ended(&page, at, Ended::Overloaded { retry_after: None });
        assert_eq!(polite.verdict(&page, &mut false, at), Verdict::Wait(at + seconds(1)));
    }

    #[test]
    fn a_host_that_answers_slowly_is_asked_less_at_once() {
        let (mut polite, now, page) = (Polite::new(Robots::Ignore, 8, 50), Instant::now(), url("http://a.test/x"));
        let room = |polite: &mut Polite| {
            let mut room = 0;
            while polite.verdict(&page, &mut false, now) == Verdict::Go {
                polite.started(&page, now);
                room += 1;
            }
            (0..room).for_each(|_| _ = polite.ended(&page, now, Ended::Answered));
            room
        };
        assert_eq!(room(&mut polite), 8);
        for (seconds_each, at_once) in [(1, 8), (2, 4), (4, 2), (60, 1), (0, 8)] {
            (0..40).for_each(|_| polite.took(&page, seconds(seconds_each)));
            assert_eq!(room(&mut polite), at_once, "{seconds_each} s");
        }
        polite.took(&page, seconds(2));
        assert_eq!(room(&mut polite), 8, "one slow answer is none");
    }

    #[test]
    fn a_host_that_was_asked_too_much_is_asked_less_for_a_while() {
        let (mut polite, mut now, page) = (Polite::new(Robots::Ignore, 8, 50), Instant::now(), url("http://a.test/x"));
        let room = |polite: &Polite| polite.hosts.values().next().unwrap().at_once(8);
        for at_once in [4, 2, 1, 1] {
            // Of those under way at one time the first counts, also where the pause is over at once.
            (0..3).for_each(|_| polite.started(&page, now));
            (0..3).for_each(|_| _ = polite.ended(&page, now, Ended::Overloaded { retry_after: Some(seconds(0)) }));
            assert_eq!(room(&polite), at_once);
            now += seconds(1);
        }
        let mut answers = 0;
        while room(&polite) < 8 {
            polite.ended(&page, now, Ended::Answered);
            answers += 1;
        }
        assert_eq!(answers, 4 * (1 + 2 + 3 + 4 + 5 + 6 + 7));
    }

    #[test]
    fn an_origin_that_only_fails_is_given_up() {
        let (mut polite, now, page) = (Polite::new(Robots::Ignore, 8, 3), Instant::now(), url("http://a.test/x"));
        assert_eq!(polite.ended(&page, now, Ended::Broken), None);
        assert_eq!(polite.ended(&page, now, Ended::Broken), None);
        assert_eq!(polite.ended(&page, now, Ended::Answered), None);
        assert_eq!(polite.ended(&page, now, Ended::Broken), None);
        assert_eq!(polite.ended(&page, now, Ended::Broken), None);
        assert_eq!(polite.ended(&page, now, Ended::Broken), Some(3));
    }

    #[test]
    fn a_url_that_waits_is_weighed_once() {
        let (mut polite, now, page) = (Polite::new(Robots::Obey, 1, 50), Instant::now(), url("http://a.test/x"));
        polite.learned(&page, rules(""), now);
        polite.started(&page, now);
        let mut is_allowed = false;
        assert_eq!(polite.verdict(&page, &mut is_allowed, now), Verdict::Busy);
        assert!(is_allowed);
        polite.ended(&page, now, Ended::Answered);
        // Stricter rules would be seen if they were looked at.
        polite.learned(&page, rules("User-agent: *\nDisallow: /"), now);
        assert_eq!(polite.verdict(&page, &mut is_allowed, now), Verdict::Go);
        assert!(matches!(polite.verdict(&page, &mut false, now), Verdict::Never(_)));
    }

    #[test]
    fn what_this_process_lacks_is_not_the_origins_fault() {
        let (mut polite, now, page) = (Polite::new(Robots::Ignore, 8, 3), Instant::now(), url("http://a.test/x"));
        for _ in 0..10 {
            assert_eq!(polite.ended(&page, now, Ended::OurLimit), None);
        }
        assert_eq!(polite.verdict(&page, &mut false, now), Verdict::Go);
        let failures: Vec<_> = (0..3).map(|_| polite.ended(&page, now, Ended::Broken)).collect();
        assert_eq!(failures, [None, None, Some(3)], "what is, counts");
    }

    #[test]
    fn robots_txt_is_asked_for_again_when_it_is_old() {
        let (now, day) = (Instant::now(), Duration::from_secs(24 * 60 * 60));
        let (mut polite, page) = (Polite::new(Robots::Obey, 1, 50).asking_again_after(day), url("http://a.test/x"));
        polite.learned(&page, rules("User-agent: *\nDisallow: /y"), now);
        let mut is_allowed = false;
        assert_eq!(polite.verdict(&page, &mut is_allowed, now + day - Duration::from_secs(1)), Verdict::Go);
        // Also for what was allowed by the old one, and waits.
        assert_eq!((is_allowed, polite.verdict(&page, &mut is_allowed, now + day)), (true, Verdict::AskRobots));
        polite.asked_robots(&page);
        assert_eq!(polite.verdict(&page, &mut is_allowed, now + day), Verdict::Busy);
        polite.learned(&page, rules("User-agent: *\nDisallow: /x"), now + day);
        assert!(matches!(polite.verdict(&page, &mut is_allowed, now + day), Verdict::Never(_)));
        // A delay that is longer lets something be asked for in between.
        let (mut slow, delay) = (Polite::new(Robots::Obey, 1, 50).asking_again_after(Duration::ZERO), Duration::from_secs(60));
        slow.learned(&page, rules("User-agent: *\nCrawl-delay: 60"), now);
        assert_eq!(slow.verdict(&page, &mut false, now), Verdict::Wait(now + delay));
        assert_eq!(slow.verdict(&page, &mut false, now + delay), Verdict::Go);
        assert_eq!(slow.verdict(&page, &mut false, now + delay * 2), Verdict::AskRobots);
        assert_eq!(Polite::new(Robots::Ignore, 1, 50).asking_again_after(Duration::ZERO).verdict(&page, &mut false, now), Verdict::Go);
    }

    #[test]
    fn the_rules_of_many_origins_take_bounded_memory() {
        let (mut polite, now) = (Polite::new(Robots::Obey, 1, 50), Instant::now());
        let large = rules(&format!("User-agent: *\nDisallow: /{}", "x".repeat(16_000)).repeat(30));
        let origins = MAX_BYTES / large.size() + 10;
        for number in 0..origins {
            polite.learned(&url(&format!("http://h{number}.test/")), large.clone(), now);
        }
        assert!(polite.bytes <= MAX_BYTES && polite.bytes > MAX_BYTES / 2);
        assert_eq!(polite.verdict(&url("http://h0.test/"), &mut false, now), Verdict::AskRobots, "the oldest is forgotten");
        assert_eq!(polite.verdict(&url(&format!("http://h{}.test/", origins - 1)), &mut false, now), Verdict::Go);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let today = UNIX_EPOCH + seconds(784_111_777);
        let of = |value: &str| retry_after(value, today);
        assert_eq!(of(" 120 "), Some(seconds(120)));
        assert_eq!(of("Sun, 06 Nov 1994 08:50:00 GMT"), Some(seconds(23)));
        assert_eq!(of("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", SystemTime::now()), None);
    }
}
