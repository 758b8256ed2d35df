//! An embeddings service: vectors that depend on the text alone, in base64 as OpenAI writes them.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::http;

/// Numbers of a vector.
pub const DIMENSIONS: usize = 384;

#[derive(Deserialize)]
struct Question {
    input: Vec<String>,
}

pub fn serve(delay: u64) {
    let delay = Duration::from_millis(delay);
    let mut apart = super::Apart::default();
    for stream in super::listen(None).incoming().flatten() {
        apart.begin(move || {
            let mut stream = stream;
            stream.set_nodelay(true)?;
            http::serve(&mut stream, |_, body| {
                thread::sleep(delay);
                match serde_json::from_slice::<Question>(&body) {
                    Ok(question) => (http::answer("200 OK", "application/json", http::KEEP, answer(&question).as_bytes()), false),
                    Err(_) => (http::answer("400 Bad Request", "text/plain", http::CLOSE, b"no question"), true),
                }
            })
        });
    }
}

fn answer(question: &Question) -> String {
    let mut answer = String::from("{\"object\":\"list\",\"model\":\"bench\",\"data\":[");
    for (index, text) in question.input.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let vector = BASE64_STANDARD.encode(vector(text));
        write!(answer, "{comma}{{\"object\":\"embedding\",\"index\":{index},\"embedding\":\"{vector}\"}}").expect("a string takes all");
    }
    answer + "],\"usage\":{\"prompt_tokens\":0,\"total_tokens\":0}}"
}

/// Little-endian single floats between -1 and 1.
fn vector(text: &str) -> Vec<u8> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let mut state = hasher.finish() | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..DIMENSIONS).flat_map(|_| next().to_le_bytes()).collect()
}
