//! spider as its documentation shows it: crawls a site and, if asked, makes markdown of each whole page. Says what that took, in the one
//! line of JSON that versus-tokio reads.
//!
//!     versus-spider links|markdown URL CONCURRENCY

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use spider::tokio;
use spider::website::Website;
use spider_transformations::transformation::content::{ReturnFormat, TransformConfig, transform_content};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, url, concurrency] = &arguments[..] else { panic!("versus-spider links|markdown URL CONCURRENCY") };
    let concurrency = concurrency.parse().expect("concurrency is a number");
    let is_markdown = match &**what {
        "links" => false,
        "markdown" => true,
        other => panic!("{other} is neither links nor markdown"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts");
    println!("{}", runtime.block_on(crawl(url, concurrency, is_markdown)));
}

async fn crawl(url: &str, concurrency: usize, is_markdown: bool) -> serde_json::Value {
    let mut website = Website::new(url);
    website.with_respect_robots_txt(false).with_delay(0).with_depth(0).with_concurrency_limit(Some(concurrency));
    // Room for what comes while markdown is made: what runs over is lost.
    let mut pages = website.subscribe(100_000);
    let config = TransformConfig { return_format: ReturnFormat::Markdown, ..TransformConfig::default() };
    let (worked_before, since) = (worked(), Instant::now());
    let reading = tokio::spawn(async move {
        let (mut count, mut bytes, mut written) = (0_u64, 0_u64, 0_u64);
        loop {
            match pages.recv().await {
                Ok(page) if page.status_code.as_u16() == 200 => {
                    count += 1;
                    bytes += page.get_html_bytes_u8().len() as u64;
                    if is_markdown {
                        written += transform_content(&page, &config, &None, &None, &None).len() as u64;
                    }
                }
                Ok(_) => {}
                Err(tokio::sync::broadcast::error::RecvError::Lagged(lost)) => panic!("{lost} pages were lost on their way"),
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return (count, bytes, written),
            }
        }
    });
    website.crawl().await;
    website.unsubscribe();
    drop(website);
    let (count, bytes, written) = reading.await.expect("the reader does not panic");
    let (cpu, wall) = (worked() - worked_before, since.elapsed());
    serde_json::json!({
        "work": "as spider does it",
        "operations": count,
        "cpu": cpu.as_nanos() as f64,
        "wall": wall.as_nanos() as f64,
        "peak": peak(),
        "beside": { "pages": count, "bytes": bytes, "markdown bytes": written },
    })
}

/// Processor time of all threads of this process, user and kernel.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The most memory that this process had, in bytes.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? * 1024.0)
}
