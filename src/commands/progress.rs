//! Progress bars: on a terminal only, and on stderr. And the embedding, which `crawl`, `refresh` and `index` end with.

use std::cell::Cell;
use std::fmt;
use std::io::IsTerminal;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future;
use indicatif::{ProgressBar, ProgressStyle};
use smolcrawl::Engine;
use smolcrawl::engine::{Embedding, Event};
use smolcrawl::http;
use smolcrawl::reactor::Handle;
use url::Url;

use super::signals::Interruption;
use super::{Failure, Shown};
use crate::terminal::{self, tell};

/// What has become of the URLs of a crawl so far: the three add up to those that were dealt with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub stored: u64,
    pub skipped: u64,
    pub failed: u64,
}

impl Counts {
    /// Counts what became of a page, and tells which it was.
    pub fn take(&mut self, event: Event) -> Url {
        let (count, url) = match event {
            Event::Stored { url, .. } => (&mut self.stored, url),
            Event::Skipped(skipped) => (&mut self.skipped, skipped.url),
            Event::Failed(failed) => (&mut self.failed, failed.url),
        };
        *count += 1;
        url
    }
}

/// How far a crawl is.
#[derive(Clone, Copy, Debug)]
pub struct Crawled {
    pub counts: Counts,
    /// URLs that are known and not fetched yet.
    pub queue: u64,
    /// Pages that it may store at the most.
    pub max_pages: u64,
    pub elapsed: Duration,
}

impl fmt::Display for Crawled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { stored, skipped, failed } = self.counts;
        write!(f, "{stored} stored, {skipped} skipped, {failed} failed, {} in the queue", self.queue)?;
        let dealt_with = stored + skipped + failed;
        let left = self.queue.min(self.max_pages.saturating_sub(stored));
        let ahead = time_left(dealt_with, left, self.elapsed).map(|time| format!(", about {time} for these")).unwrap_or_default();
        write!(f, "{}{ahead}", rate(dealt_with, self.elapsed).map(|rate| format!(", {rate}")).unwrap_or_default())
    }
}

/// As a person reads it: `34 pages/s`, `2.1 s a page`. None before it means something.
fn rate(pages: u64, elapsed: Duration) -> Option<String> {
    let seconds = elapsed.as_secs_f64();
    if pages == 0 || seconds < 0.1 {
        return None;
    }
    let a_second = pages as f64 / seconds;
    Some(match 1.0 / a_second {
        a_page if a_page >= 90.0 => format!("{:.1} min a page", a_page / 60.0),
        a_page if a_page > 1.0 => format!("{a_page:.1} s a page"),
        _ if a_second < 9.95 => format!("{a_second:.1} pages/s"),
        _ => format!("{a_second:.0} pages/s"),
    })
}

/// How long the rest takes if it goes on so.
fn time_left(done: u64, left: u64, elapsed: Duration) -> Option<String> {
    let seconds = elapsed.as_secs_f64() / done as f64 * left as f64;
    match seconds.ceil() as u64 {
        _ if done == 0 || left == 0 => None,
        seconds @ 0..=99 => Some(format!("{} s", seconds.max(1))),
        seconds @ 100..=5_999 => Some(format!("{} min", seconds.div_ceil(60))),
        seconds => Some(format!("{:.1} h", seconds as f64 / 3_600.0)),
    }
}

/// Work on so many pages, of which some are done: `12 of 40 pages, 3.4 pages/s, about 9 s left`.
pub fn done(done: u64, all: u64, elapsed: Duration) -> String {
    let rate = rate(done, elapsed).map(|rate| format!(", {rate}")).unwrap_or_default();
    let left = time_left(done, all.saturating_sub(done), elapsed).map(|time| format!(", about {time} left")).unwrap_or_default();
    format!("{done} of {all} pages{rate}{left}")
}

/// For work whose end is not known.
pub struct Spinner {
    bar: ProgressBar,
}

impl Spinner {
    pub fn new(shown: Shown) -> Self {
        let bar = if visible(shown) { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is well formed"));
        tick(&bar);
        Self { bar }
    }

    /// The page is the last one.
    pub fn tell(&self, crawled: &Crawled, page: &Url) {
        // Costs nothing where nobody sees it.
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{crawled}  {}", http::masked(page)));
        }
    }

    /// What is going on, which is made only for somebody who sees it.
    pub fn say_with(&self, what: impl FnOnce() -> String) {
        if !self.bar.is_hidden() {
            self.bar.set_message(what());
        }
    }

    /// What is going on, where there is nothing to count.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// For work of so many pages, which is called so.
pub fn pages(shown: Shown, work: &str, all: u64) -> ProgressBar {
    let bar = if visible(shown) { ProgressBar::new(all) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{prefix} {wide_bar} {msg}").expect("the template is well formed"));
    bar.set_prefix(work.to_owned());
    bar
}

/// Lines on stderr where nobody watches a bar: one in [`EVERY`], whether or not anything happens.
pub struct Lines {
    handle: Handle,
    /// When the next one is; none where none are wanted.
    due: Option<Instant>,
}

impl Lines {
    pub fn new(handle: &Handle, shown: Shown) -> Self {
        let due = (shown == Shown::Lines).then(|| handle.now() + EVERY);
        Self { handle: handle.clone(), due }
    }

    /// Waits for some of the work, and says how far it is when a line is due.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>, mut say: impl FnMut()) -> T {
        let mut work = pin!(work);
        while let Some(due) = self.due {
            let alarm = async {
                self.handle.sleep_until(due).await;
                None
            };
            // Where one thing follows the other at once, the clock is looked at all the same.
            let outcome = future::or(async { Some(work.as_mut().await) }, alarm).await;
            if self.handle.now() >= due {
                say();
                self.due = Some(self.handle.now() + EVERY);
            }
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
        work.await
    }
}

/// A line of progress.
pub fn say(work: &str, how_far: impl fmt::Display) {
    tell!("{work}: {}", terminal::line(&how_far.to_string()));
}

/// Embeds everything that is stored without a vector, unless it is interrupted: then it says what is left.
pub async fn embed_unless_interrupted(engine: &Engine, shown: Shown, interrupted: &Interruption) -> Result<(), Failure> {
    embed_by(engine, engine.embed_pending(), shown, interrupted).await
}

/// The same beside others that do it.
pub async fn embed_together_unless_interrupted(engine: &Engine, shown: Shown, interrupted: &Interruption) -> Result<(), Failure> {
    embed_by(engine, engine.embed_together(), shown, interrupted).await
}

async fn embed_by(engine: &Engine, embedding: Embedding, shown: Shown, interrupted: &Interruption) -> Result<(), Failure> {
    let is_asked = Cell::new(false);
    let mut embedding = pin!(embed_until(engine, embedding, shown, &is_asked));
    let asked = async {
        interrupted.asked().await;
        None
    };
    if let Some(outcome) = future::or(async { Some(embedding.as_mut().await) }, asked).await {
        return outcome.map(drop);
    }
    // What is being embedded is work that would have to be done again. Who does not want to wait for it asks once more.
    is_asked.set(true);
    if shown != Shown::Quiet {
        tell!("stopping as soon as the chunks in hand are embedded; asked again, it leaves at once");
    }
    match engine.handle().timeout(LAST_BATCH, embedding).await {
        Ok(Ok(Embedded::All)) => Ok(()),
        Ok(Err(failure)) => Err(failure),
        Ok(Ok(Embedded::Some)) | Err(_) => Err(Failure::interrupted(not_embedded(engine).await?, LATER)),
    }
}

/// Embeds everything that is stored without a vector.
pub async fn embed(engine: &Engine, shown: Shown) -> Result<(), Failure> {
    embed_until(engine, engine.embed_pending(), shown, &Cell::new(false)).await.map(drop)
}

/// How far it came.
enum Embedded {
    All,
    Some,
}

/// The same, to the end of the chunks in hand once it is asked for its end.
async fn embed_until(engine: &Engine, mut embedding: Embedding, shown: Shown, is_asked: &Cell<bool>) -> Result<Embedded, Failure> {
    let bar = if visible(shown) { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("embedding {wide_bar} {pos}/{len} chunks{msg}").expect("the template is well formed"));
    let mut lines = Lines::new(engine.handle(), shown);
    let mut how_far = "the first chunks".to_owned();
    while let Some(progress) = lines.during(embedding.next(), || say("embedding", &how_far)).await {
        let progress = match progress {
            // The machine's limits, which no other run has less of: what is stored is found by its words.
            Err(error @ smolcrawl::Error::Embed(smolcrawl::embed::Error::NoRoom { .. })) => {
                bar.finish_and_clear();
                tell!("note: pages will be found by their words only: {}", error.chain());
                return Ok(Embedded::All);
            }
            progress => progress?,
        };
        bar.set_length(progress.chunks);
        bar.set_position(progress.embedded);
        let pace = engine.embedding_pace(&progress).map(|pace| format!(", {pace}")).unwrap_or_default();
        how_far = format!("{} of {} chunks{pace}", progress.embedded, progress.chunks);
        bar.set_message(pace);
        if is_asked.get() && progress.embedded < progress.chunks {
            bar.finish_and_clear();
            return Ok(Embedded::Some);
        }
    }
    bar.finish_and_clear();
    let set_aside = engine.set_aside();
    if set_aside > 0 && shown != Shown::Quiet {
        let texts = if set_aside == 1 { "1 text".to_owned() } else { format!("{set_aside} texts") };
        tell!("note: {texts} could not be embedded and will be found by words only; the next run tries again");
    }
    Ok(Embedded::All)
}

/// How much of what is stored has no vector yet, in words.
pub async fn not_embedded(engine: &Engine) -> Result<String, Failure> {
    let progress = engine.embed_progress().await?;
    let left = progress.chunks.saturating_sub(progress.embedded);
    Ok(match engine.model() {
        Some(_) if left > 0 => format!("{left} of {} chunks are not embedded yet and are found by their words only", progress.chunks),
        _ => "all that is stored can be searched".to_owned(),
    })
}

/// Lets a bar move by itself, on a thread which indicatif starts without asking whether it can be.
fn tick(bar: &ProgressBar) {
    if !bar.is_hidden() && thread::Builder::new().spawn(|| ()).is_ok_and(|probe| probe.join().is_ok()) {
        bar.enable_steady_tick(TICK);
    }
}

fn visible(shown: Shown) -> bool {
    shown == Shown::Progress && std::io::stderr().is_terminal()
}

/// What to do about chunks that are not embedded.
pub const LATER: &str = "`smolcrawl work` embeds the rest, as does the next `crawl`, `refresh` or `serve`";

/// How long work under way may take to be kept, once the user has asked for the end.
pub const PATIENCE: Duration = Duration::from_millis(1_200);

/// How long the chunks in hand may take then: a model of one's own, or a service, may be slow.
const LAST_BATCH: Duration = Duration::from_secs(20);

const TICK: Duration = Duration::from_millis(120);

/// Between two lines of progress.
const EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use smolcrawl::reactor::sim::Sim;

    use super::*;

    #[test]
    fn a_rate_is_told_as_a_person_reads_it() {
        let rate = |pages, seconds| rate(pages, Duration::from_secs_f64(seconds)).unwrap_or_default();
        assert_eq!(rate(340, 10.0), "34 pages/s");
        assert_eq!(rate(34, 10.0), "3.4 pages/s");
        assert_eq!(rate(10, 10.0), "1.0 pages/s");
        assert_eq!(rate(10, 21.0), "2.1 s a page");
        assert_eq!(rate(1, 180.0), "3.0 min a page");
        assert_eq!((rate(0, 10.0), rate(5, 0.01)), (String::new(), String::new()));
    }

    #[test]
    fn how_far_a_crawl_is_adds_up() {
        let counts = Counts { stored: 80, skipped: 15, failed: 5 };
        let crawled = Crawled { counts, queue: 500, max_pages: 1_000, elapsed: Duration::from_secs(10) };
        assert_eq!(crawled.to_string(), "80 stored, 15 skipped, 5 failed, 500 in the queue, 10 pages/s, about 50 s for these");
        // The limit of pages comes before the end of the queue.
        let limited = Crawled { max_pages: 100, ..crawled };
        assert!(limited.to_string().ends_with(", about 2 s for these"), "{limited}");
        let begun = Crawled { counts: Counts::default(), ..crawled };
        assert_eq!(begun.to_string(), "0 stored, 0 skipped, 0 failed, 500 in the queue");
        assert_eq!(done(12, 40, Duration::from_secs(4)), "12 of 40 pages, 3.0 pages/s, about 10 s left");
        assert_eq!(done(40, 40, Duration::from_secs(4)), "40 of 40 pages, 10 pages/s");
    }

    /// On virtual time.
    #[test]
    fn a_line_comes_every_ten_seconds_whether_or_not_anything_happens() {
        for (shown, expected) in [(Shown::Lines, 5), (Shown::Progress, 0), (Shown::Quiet, 0)] {
            let sim = Sim::new();
            let handle = sim.handle();
            let lines = handle.clone().block_on(async move {
                let (mut lines, mut told) = (Lines::new(&handle, shown), 0);
                // A long silence, then many things that are done one after the other.
                lines.during(handle.sleep(Duration::from_secs(25)), || told += 1).await;
                for _ in 0..30 {
                    lines.during(handle.sleep(Duration::from_secs(1)), || told += 1).await;
                }
                told
            });
            assert_eq!(lines, expected, "{shown:?}");
        }
    }
}
