//! What a crawl that has ended leaves in its tables. It can be many millions of rows, which nobody may have to wait for: they go in portions,
//! a transaction each. Whoever ends on the way leaves the rest to the next who closes or opens a crawl.

/// Rows that go in one transaction.
const PORTION: usize = 10_000;
/// The same of robots.txt, each of which may have half a mebibyte.
const PORTION_OF_ROBOTS: usize = 1_000;

/// How far a crawl is that has ended, in its column `closed`.
pub(in crate::store) const OPEN: i64 = 0;
/// Its workers are gone, and its addresses may be there yet.
pub(in crate::store) const CLOSED: i64 = 1;
/// Nothing is left but its account.
pub(in crate::store) const SWEPT: i64 = 2;

/// Statements that remove a portion each, with the crawl as `parameter`: each to be run until it finds nothing any more, in their order.
pub(in crate::store) fn portions(parameter: &str) -> [String; 5] {
    let robots = format!(
        "DELETE FROM joined_robots WHERE origin IN (SELECT r.origin FROM joined_robots AS r JOIN joined_origins AS o ON o.id = r.origin
         WHERE o.crawl = {parameter} LIMIT {PORTION_OF_ROBOTS})"
    );
    let of = |table: &str, key: &str| {
        format!(
            "DELETE FROM {table} WHERE crawl = {parameter} AND {key} IN (SELECT {key} FROM {table} WHERE crawl = {parameter} LIMIT {PORTION})"
        )
    };
    [of("joined_urls", "id"), robots, of("joined_origins", "id"), of("joined_contents", "content"), of("joined_lessons", "id")]
}
