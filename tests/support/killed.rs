//! What the writer stores that is killed again and again, by the number of the write: so that whoever looks afterwards knows what has to be
//! there.

use std::time::{Duration, SystemTime};

use smolcrawl::chunk;
use smolcrawl::model::{Chunk, Document};
use url::Url;

/// One write.
#[allow(dead_code, reason = "who looks afterwards needs no chunks")]
pub enum Write {
    /// A page in place of what is at its address.
    Put(Box<Document>, Vec<Chunk>),
    Remove(Url),
}

/// Pages are replaced by later numbers, some are removed.
pub fn write(number: u64) -> Write {
    if number % 11 == 10 {
        return Write::Remove(address(number - 5));
    }
    let section =
        |part: u64| format!("## Part {part} of {number}\n\nHerons of w{number}x{part} stand still, and storks of {} walk.\n\n", number % 7);
    let parts: String = (0..1 + number % 9).map(section).collect();
    let markdown = format!("# Page {number}\n\n{parts}```rust\nfn heron_{number}() {{}}\n```\n");
    let document = Document::new(address(number), format!("Page {number}"), markdown, SystemTime::UNIX_EPOCH + Duration::from_secs(number));
    let chunks = chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
    Write::Put(Box::new(document), chunks)
}

fn address(number: u64) -> Url {
    Url::parse(&format!("https://docs.test/{}", number * 7 % 300)).unwrap()
}
