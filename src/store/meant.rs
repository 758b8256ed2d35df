//! Which sources somebody means who names one. Pure, but for the pages that are looked up.

use url::Url;

use super::error::Failure;
use crate::model::{Candidate, Meant, NotMeant, SourceId, host, meant};

/// The sources that somebody means who names one, or gives an address of it. `known` are those with pages, each with its seeds; `with_page`
/// tells which have a page at an address.
pub(super) fn who_is_meant(
    text: &str,
    known: &[(Candidate, Vec<Url>)],
    with_page: impl FnOnce(&str) -> Result<Vec<SourceId>, Failure>,
) -> Result<Result<Meant, NotMeant>, Failure> {
    let of = |which: &dyn Fn(&Candidate, &[Url]) -> bool| -> Vec<Candidate> {
        known.iter().filter(|(candidate, seeds)| which(candidate, seeds)).map(|(candidate, _)| candidate.clone()).collect()
    };
    let is_address = |url: &Url| text.contains("://") && (url.has_host() || url.scheme() == "file");
    let url = Url::parse(text.trim()).ok().filter(is_address);
    let Some(mut url) = url else { return Ok(meant(text, &of(&|_, _| true))) };
    url.set_fragment(None);
    let with_page = with_page(url.as_str())?;
    let longest = known.iter().filter_map(|(_, seeds)| covered(seeds, &url)).max();
    let at_address = match with_page.is_empty() {
        false => of(&|candidate, _| with_page.contains(&candidate.source)),
        true if longest.is_some() => of(&|_, seeds| covered(seeds, &url) == longest),
        true => return Ok(meant(&host(&url), &of(&|_, _| true))),
    };
    // All of them, whatever their names are.
    let sources: Vec<_> = at_address.iter().map(|candidate| candidate.source.clone()).collect();
    let mut default = Vec::new();
    for source in &sources {
        let best = meant(source.name(), &at_address).map(|meant| meant.default).unwrap_or_default();
        default.extend(best.into_iter().filter(|best| best.name() == source.name() && !default.contains(best)).collect::<Vec<_>>());
    }
    Ok(Ok(Meant { sources, default }))
}

/// How much of the address is that of the folder of a seed, in bytes.
fn covered(seeds: &[Url], url: &Url) -> Option<usize> {
    let folder = |seed: &Url| seed.path()[..=seed.path().rfind('/').unwrap_or(0)].to_owned();
    let below = |seed: &&Url| host(seed) == host(url) && (url.path().starts_with(&folder(seed)) || url.path() == seed.path());
    seeds.iter().filter(below).map(|seed| folder(seed).len()).max()
}
