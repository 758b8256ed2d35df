//! An embeddings client as one writes it by hand: batches, one after the other, vectors in base64.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::crawl::Failure;

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    index: usize,
    embedding: String,
}

/// Vectors of texts, in batches of so many, scaled to length 1.
pub async fn embed(client: &reqwest::Client, url: &str, texts: &[String], batch: usize) -> Result<Vec<Vec<f32>>, Failure> {
    let mut vectors = Vec::with_capacity(texts.len());
    for texts in texts.chunks(batch) {
        let question = Question { model: "bench", input: texts, encoding_format: "base64" };
        let answer: Answer = client.post(url).json(&question).send().await?.error_for_status()?.json().await?;
        let mut of_batch = vec![Vec::new(); texts.len()];
        for Vector { index, embedding } in answer.data {
            let bytes = BASE64_STANDARD.decode(embedding)?;
            let vector: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            *of_batch.get_mut(index).ok_or("a vector of no text")? = smolcrawl::embed::normalised(vector)?;
        }
        if of_batch.iter().any(Vec::is_empty) {
            return Err("a text has no vector".into());
        }
        vectors.append(&mut of_batch);
    }
    Ok(vectors)
}

/// Vectors for all that is stored, as the engine makes them behind a crawl.
pub async fn embed_pending(client: &reqwest::Client, url: &str, store: &std::sync::Arc<smolcrawl::store::Store>) -> Result<usize, Failure> {
    let mut all = 0;
    loop {
        let from = store.clone();
        let pending = tokio::task::spawn_blocking(move || from.pending("bench", AT_ONCE)).await??;
        if pending.is_empty() {
            return Ok(all);
        }
        let (rows, passages): (Vec<i64>, Vec<String>) = pending.into_iter().map(|pending| (pending.chunk, pending.passage)).unzip();
        let vectors = embed(client, url, &passages, AT_ONCE).await?;
        all += rows.len();
        let embedded: Vec<_> = rows.into_iter().zip(vectors).map(|(chunk, vector)| smolcrawl::model::Embedded { chunk, vector }).collect();
        let into = store.clone();
        tokio::task::spawn_blocking(move || into.put_vectors("bench", &embedded)).await??;
    }
}

/// As the engine has it.
const AT_ONCE: usize = 64;
