//! HTML within a document of another format: read the way of any page, and put on the sheet as a part of the document.

use encoding_rs::UTF_8;
use url::Url;

use crate::extract::article;
use crate::extract::base::Base;
use crate::extract::dom::Dom;
use crate::extract::formats::markdown;
use crate::extract::formats::sheet::{Reading, Sheet};
use crate::extract::html;
use crate::extract::inline::Form;
use crate::extract::syntax::Syntax;
use crate::model::Meter;

/// What a piece of HTML says, as seen from `base`.
pub(super) fn read(html: &str, base: &Url, meter: &Meter) -> Reading {
    let dom = Dom::parse_within(&format!("<!doctype html><body><article>{html}</article>"), Syntax::Html, meter);
    let written = html::write(&dom, &article::find(&dom), &Base::of(base, UTF_8), Form::Markdown);
    markdown::part(&written.text, base, meter)
}

/// Writes what it says; of what says nothing to a reader it is told that it was passed through.
pub(super) fn write(sheet: &mut Sheet<'_>, html: &str) {
    let part = read(html, sheet.base(), sheet.meter());
    match part.markdown.is_empty() {
        true => sheet.leave_out("passed through", html),
        false => sheet.append(part),
    }
}
