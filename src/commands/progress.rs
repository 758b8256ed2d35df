//! Progress bars: on a terminal only, and on stderr.

use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use smolcrawl::Engine;

use super::{Failure, Shown};

/// For work whose end is not known.
pub fn spinner(shown: Shown) -> ProgressBar {
    let bar = if visible(shown) { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {pos} pages, {per_sec} {wide_msg}").expect("the template is well formed"));
    // Its thread is started without asking whether it can be.
    if visible(shown) && thread::Builder::new().spawn(|| ()).is_ok_and(|probe| probe.join().is_ok()) {
        bar.enable_steady_tick(TICK);
    }
    bar
}

/// Embeds everything that is stored without a vector.
pub async fn embed(engine: &Engine, shown: Shown) -> Result<(), Failure> {
    let bar = if visible(shown) { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("embedding {wide_bar} {pos}/{len} chunks, {eta} left").expect("the template is well formed"),
    );
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
    }
    bar.finish_and_clear();
    let set_aside = engine.set_aside();
    if set_aside > 0 && shown != Shown::Quiet {
        let texts = if set_aside == 1 { "1 text".to_owned() } else { format!("{set_aside} texts") };
        eprintln!("note: {texts} could not be embedded and will be found by words only; the next run tries again");
    }
    Ok(())
}

fn visible(shown: Shown) -> bool {
    shown == Shown::Progress && std::io::stderr().is_terminal()
}

const TICK: Duration = Duration::from_millis(120);
