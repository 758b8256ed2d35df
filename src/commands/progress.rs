//! Progress bars: on a terminal only, and on stderr. And the embedding, which `crawl`, `refresh` and `index` end with.

use std::io::IsTerminal;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future;
use indicatif::{ProgressBar, ProgressStyle};
use smolcrawl::Engine;
use smolcrawl::http;
use url::Url;

use super::signals::Interruption;
use super::{Failure, Shown};

/// What has become of the URLs of a crawl so far: the three add up to those that were dealt with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub stored: u64,
    pub skipped: u64,
    pub failed: u64,
}

/// For work whose end is not known.
pub struct Spinner {
    bar: ProgressBar,
    began: Instant,
}

impl Spinner {
    pub fn new(shown: Shown) -> Self {
        let bar = if visible(shown) { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is well formed"));
        tick(&bar);
        Self { bar, began: Instant::now() }
    }

    /// `left` are known and not fetched yet; the page is the last one.
    pub fn tell(&self, counts: Counts, left: u64, page: &Url) {
        // Costs nothing where nobody sees it.
        if !self.bar.is_hidden() {
            let Counts { stored, skipped, failed } = counts;
            let dealt_with = (stored + skipped + failed) as f64;
            let a_second = dealt_with / self.began.elapsed().as_secs_f64().max(0.1);
            let page = http::masked(page);
            self.bar
                .set_message(format!("{stored} stored, {skipped} skipped, {failed} failed, {left} left, {a_second:.0} a second  {page}"));
        }
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// For work of so many pages.
pub fn pages(shown: Shown, all: u64) -> ProgressBar {
    let bar = if visible(shown) { ProgressBar::new(all) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("checking {wide_bar} {pos}/{len} pages, {eta} left").expect("the template is well formed"));
    bar
}

/// Embeds everything that is stored without a vector, unless it is interrupted: then it says what is left.
pub async fn embed_unless_interrupted(engine: &Engine, shown: Shown, interrupted: &Interruption) -> Result<(), Failure> {
    let mut embedding = pin!(embed(engine, shown));
    let asked = async {
        interrupted.asked().await;
        None
    };
    let outcome = match future::or(async { Some(embedding.as_mut().await) }, asked).await {
        Some(outcome) => Ok(outcome),
        // What is being embedded is kept, as far as that is a matter of moments.
        None => engine.handle().timeout(PATIENCE, embedding).await,
    };
    match outcome {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::interrupted(not_embedded(engine).await?, LATER)),
    }
}

/// Embeds everything that is stored without a vector.
pub async fn embed(engine: &Engine, shown: Shown) -> Result<(), Failure> {
    let bar = if visible(shown) { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("embedding {wide_bar} {pos}/{len} chunks{msg}").expect("the template is well formed"));
    let mut embedding = engine.embed_pending();
    while let Some(progress) = embedding.next().await {
        let progress = match progress {
            // The machine's limits, which no other run has less of: what is stored is found by its words.
            Err(error @ smolcrawl::Error::Embed(smolcrawl::embed::Error::NoRoom { .. })) => {
                bar.finish_and_clear();
                eprintln!("note: pages will be found by their words only: {}", error.chain());
                return Ok(());
            }
            progress => progress?,
        };
        bar.set_length(progress.chunks);
        bar.set_position(progress.embedded);
        if let Some(pace) = engine.embedding_pace(&progress) {
            bar.set_message(format!(", {pace}"));
        }
    }
    bar.finish_and_clear();
    let set_aside = engine.set_aside();
    if set_aside > 0 && shown != Shown::Quiet {
        let texts = if set_aside == 1 { "1 text".to_owned() } else { format!("{set_aside} texts") };
        eprintln!("note: {texts} could not be embedded and will be found by words only; the next run tries again");
    }
    Ok(())
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
pub const LATER: &str = "`smolcrawl crawl`, `refresh`, `index` or `serve` embeds the rest when it is run next";

/// How long work under way may take to be kept, once the user has asked for the end.
pub const PATIENCE: Duration = Duration::from_millis(1_200);

const TICK: Duration = Duration::from_millis(120);
