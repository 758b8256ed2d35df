//! Topics for users, each on one page.

#[doc = include_str!("docs/ranking.md")]
pub mod ranking {}
