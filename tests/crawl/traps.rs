//! Sites without end: each shape of them is followed for a while, told, and taken in whole by whoever wants all.

use smolcrawl::crawl::{LeaveOut, Robots};

use crate::site::{Asked, Reply, page};
use crate::{Outcome, World, request};

fn whole(world: &World, seed: &str, leave_out: LeaveOut) -> Outcome {
    world.run(request(seed).depth(u32::MAX).max_pages(700).robots(Robots::Ignore).leave_out(leave_out))
}

#[test]
fn a_calendar_is_read_for_sixty_days_and_told() {
    let world = World::new();
    world.site.page("a.test/", &["/events/2024-01-01"]);
    world.site.on("a.test/*", |asked: &Asked| {
        let date = asked.target.rsplit('/').next().unwrap_or_default();
        let parts: Vec<u32> = date.split('-').filter_map(|part| part.parse().ok()).collect();
        let (year, month, day) = (parts[0], parts[1], parts[2]);
        let next = match (month, day) {
            (12, 28) => (year + 1, 1, 1),
            (_, 28) => (year, month + 1, 1),
            _ => (year, month, day + 1),
        };
        Reply::html(page(date, &[&format!("/events/{}-{:02}-{:02}", next.0, next.1, next.2)]))
    });
    let outcome = whole(&world, "http://a.test/", LeaveOut::Usual);
    assert_eq!(outcome.pages.len(), 61);
    assert_eq!(outcome.report.passed_over["a calendar beyond the days of it that are read"], 1);
    assert_eq!(whole(&world, "http://a.test/", LeaveOut::Nothing).pages.len(), 700);
}

#[test]
fn filters_end_and_so_do_paths_that_grow() {
    let world = World::new();
    let links: Vec<String> = (0..300).map(|number| format!("/shop?colour={number}&size=s")).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).chain(["/a/b/"]).collect();
    world.site.page("a.test/", &links);
    world
        .site
        .on("a.test/*", |asked: &Asked| Reply::html(page(&asked.target, if asked.target.starts_with("/a") { &["a/b/"] } else { &[] })));
    let outcome = whole(&world, "http://a.test/", LeaveOut::Usual);
    assert_eq!(outcome.pages.len(), 1 + 200 + 2, "{:?}", outcome.report.passed_over);
    assert_eq!(outcome.report.passed_over["too many combinations of parameters of one path"], 100);
    assert_eq!(outcome.report.passed_over["the path repeats itself"], 1);
    // Up to where addresses are too long for anybody.
    let outcome = whole(&world, "http://a.test/", LeaveOut::Nothing);
    assert_eq!(outcome.pages.len(), 700);
}

#[test]
fn a_page_is_asked_for_without_the_number_of_a_visit() {
    let world = World::new();
    world.site.page("a.test/", &["/x?PHPSESSID=1f2e3d", "/y;jsessionid=ABC123", "/z?id=5&sid=0123456789abcdef0123", "/w?sid=7"]);
    world.site.on("a.test/*", |asked: &Asked| Reply::html(page(&asked.target, &["/x?PHPSESSID=999"])));
    let outcome = whole(&world, "http://a.test/", LeaveOut::Usual);
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/w?sid=7", "http://a.test/x", "http://a.test/y", "http://a.test/z?id=5"]);
    assert_eq!(outcome.report.passed_over["with the number of a visit: the page itself is asked for"], 4);
    assert_eq!(whole(&world, "http://a.test/", LeaveOut::Nothing).urls.len(), 6);
}
