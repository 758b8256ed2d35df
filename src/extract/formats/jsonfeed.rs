//! JSON Feed: the same as a feed of XML, which writes it; only the fields have other names.

use url::Url;

use crate::extract::formats::feed::{Draft, Feed, Written, paragraphs};
use crate::extract::formats::interface::{list, said, text};
use crate::extract::formats::ordered::Value;
use crate::extract::formats::sheet::Reading;
use crate::model::Meter;

/// None where the object is no feed.
pub(super) fn read(feed: &Value, url: &Url, meter: &Meter, size: usize) -> Option<Reading> {
    said(feed, "version").filter(|version| version.contains("jsonfeed.org/version/"))?;
    feed.get("items")?.as_array()?;
    let mut written = Feed::new(url, meter, size);
    written.head = Draft {
        title: plain(feed, "title"),
        link: text(feed, "home_page_url").unwrap_or_default(),
        author: author_of(feed),
        summary: plain(feed, "description"),
        language: text(feed, "language").unwrap_or_default(),
        ..Draft::default()
    };
    written.write_head();
    for item in list(feed, "items").filter(|item| item.is_object()) {
        if !written.goes_on() {
            break;
        }
        let id = said(item, "id").filter(|id| id.starts_with("http"));
        written.write(&Draft {
            title: plain(item, "title"),
            link: said(item, "url").or(said(item, "external_url")).or(id).unwrap_or_default().to_owned(),
            date: said(item, "date_published").or(said(item, "date_modified")).unwrap_or_default().to_owned(),
            author: author_of(item),
            content: text(item, "content_html").unwrap_or_else(|| plain(item, "content_text")),
            summary: plain(item, "summary"),
            ..Draft::default()
        });
    }
    Some(written.finish())
}

/// A text in which nothing is markup, as HTML.
fn plain(object: &Value, name: &str) -> String {
    paragraphs(said(object, name).unwrap_or_default(), Written::Plain)
}

/// One since version 1.1 of several.
fn author_of(object: &Value) -> String {
    let authors = list(object, "authors").chain(object.get("author"));
    authors.filter_map(|author| said(author, "name")).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    fn reading(json: &str) -> Option<Reading> {
        read(&serde_json::from_str(json).unwrap(), &Url::parse("https://docs.test/feed.json").unwrap(), &unlimited(), json.len())
    }

    #[test]
    fn items_are_entries() {
        let found = reading(
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "News <b>", "home_page_url": "https://docs.test/", "language": "en", "items": [
            {"id": "1", "title": "Vec<T> & more", "url": "/one", "date_published": "2024-05-01", "authors": [{"name": "Ann"}], "content_html": "<p>said <b>so</b></p>"},
            {"id": "https://docs.test/2", "content_text": "a < b\n\nc <d>"}, 3]}"#,
        )
        .unwrap();
        assert_eq!(
            found.markdown,
            "# News \\<b>\n\n## Vec\\<T> & more\n\n2024-05-01 · Ann · [/one](https://docs.test/one)\n\nsaid **so**\n\n[https://docs.test/2](https://docs.test/2)\n\na < b\n\nc \\<d>"
        );
        assert_eq!((found.title.as_deref(), found.metadata.language.as_deref()), (Some("News <b>"), Some("en")));
        for other in [r#"{"version": "1", "items": []}"#, r#"{"version": "https://jsonfeed.org/version/1"}"#] {
            assert!(reading(other).is_none(), "{other}");
        }
    }
}
