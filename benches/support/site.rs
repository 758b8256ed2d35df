//! The made-up site of the benchmarks: pages of 10 KiB with navigation, eight sections of prose, code and a table.

use std::fmt::Write as _;

/// A page of so many: the same in every run.
pub fn page(number: u64, pages: u64) -> String {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (number + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
    let title = random.words(3);
    let mut page = format!("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body><nav>");
    for ahead in 1..=20 {
        let _ = write!(page, "<a href=\"/page/{}\">page {ahead}</a> ", (number * 7 + ahead * ahead) % pages);
    }
    let _ = write!(page, "<a href=\"/page/{}\">next</a></nav><main><h1>{title}</h1>", (number + 1) % pages);
    for section in 0..8 {
        let _ = write!(page, "<h2 id=\"s{section}\">{}</h2>", random.words(4));
        for _ in 0..3 {
            let _ = write!(page, "<p>{}. {}.</p>", random.words(30), random.words(30));
        }
        if section % 2 == 0 {
            let (call, value) = (random.words(1), random.words(1));
            let _ = write!(
                page,
                "<pre><code class=\"language-rust\">let {value} = queue.{call}({section})?;\nprintln!(\"{{}}\", {value});\n</code></pre>"
            );
        }
    }
    page.push_str("<table><tr><th>name</th><th>meaning</th></tr>");
    for _ in 0..6 {
        let _ = write!(page, "<tr><td>{}</td><td>{}</td></tr>", random.words(1), random.words(6));
    }
    page + "</table></main><footer>made up for a benchmark</footer></body></html>"
}

/// Random numbers that are the same in every run (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn words(&mut self, count: usize) -> String {
        let vocabulary: Vec<&str> = WORDS.split_whitespace().collect();
        let mut words = Vec::with_capacity(count);
        for _ in 0..count {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            // The first ones more often, as in any language.
            let share = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
            words.push(vocabulary[(share * share * vocabulary.len() as f64) as usize]);
        }
        words.join(" ")
    }
}

const WORDS: &str = "the a of to and in is it that for are with as be or this by not from when which an if its at can will has on but one \
    value task worker queue error request answer page name file time call set state thread memory function type line read write key result \
    list option default number string table server client connection timeout signal stop start wait run load store index search text word \
    section example method return argument field object module package version release build test check limit size count first last next \
    before after between without within against under over again each every some other same different empty full open closed new old left \
    right high low fast slow small large public private local remote static dynamic single double simple complex safe unsafe valid invalid \
    user group owner system process kernel device driver socket stream buffer cache block frame packet header body message event handler \
    callback future promise channel lock mutex semaphore barrier atomic scheduler executor reactor runtime compiler parser lexer token \
    expression statement variable constant literal operator pattern match branch loop iterator closure trait interface class instance \
    inheritance polymorphism generic lifetime reference pointer allocation garbage collection stack heap overflow exception panic recovery \
    transaction commit rollback isolation replication shard partition cluster node leader follower election consensus log snapshot backup \
    restore migration schema column row primary foreign constraint trigger view query plan optimizer statistics histogram join filter sort \
    aggregate window encoding decoding compression encryption signature certificate authority password session cookie permission policy \
    audit metric trace span dashboard alert incident latency throughput bandwidth jitter retry backoff idempotent eventually consistent";
