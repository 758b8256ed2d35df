//! Tells what a site shows in place of a page, with the status of one: a question whether a person asks, a word that it is down for now, a
//! word that there is no such page.

use super::Skip;

/// What stands there, by the title and the markdown of the page: only a short one is nothing else.
pub(super) fn in_place_of_page(title: &str, text: &str) -> Option<Skip> {
    if text.len() >= LONGEST || text.contains("```") || text.contains("| --- |") {
        return None;
    }
    let heading = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    let parts: Vec<String> = [title, heading].into_iter().flat_map(parts).collect();
    let plain = |text: &str| text.to_lowercase().replace('’', "'");
    let body: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ")).collect();
    let (said, whole) = (plain(&body.join("\n")), plain(text));
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let is = |names: &[&str]| parts.iter().any(|part| names.contains(&part.as_str()));
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| said.contains(phrase));
    let is_bare =
        |most| said.split_whitespace().nth(most).is_none() && said.chars().filter(|c| c.is_alphabetic()).nth(BARE_LETTERS).is_none();
    // What explains something has names of it, or lists of it.
    let explains = said.contains('`') || text.matches("\n## ").nth(1).is_some() || body.iter().any(|line| is_item(line));
    match () {
        () if is(CHALLENGES) && (is_bare(BARE) || says(ASKED)) || is(CHECKS) && says(ASKED) => Some(Skip::Gate),
        () if is(CHALLENGES) || is(CHECKS) => Some(Skip::Gate).filter(|_| !explains && says(ASKED_IN_PASSING)),
        () if is(REFUSALS) && says(REFUSED) => Some(Skip::Gate),
        // The others of its lines are what may be tried.
        () if is(MISSING) && !said.contains('`') && NO_PAGE.iter().any(|phrase| first.contains(phrase)) => Some(Skip::Missing),
        () if explains => None,
        // The title of what explains an error has its number.
        () if [DOWN, BACK].iter().all(|phrases| phrases.iter().any(|phrase| whole.contains(phrase)))
            && !parts.iter().any(|part| part.contains(|c: char| c.is_ascii_digit())) =>
        {
            Some(Skip::Gate)
        }
        () if is(MISSING) && (is_bare(BARE) || says(NO_PAGE)) || is(MISSING_ABROAD) && (is_bare(BARE_MISSING) || says(NO_PAGE_ABROAD)) => {
            Some(Skip::Missing)
        }
        () => None,
    }
}

/// Whether a line is an item of a list that is not a link alone.
fn is_item(line: &str) -> bool {
    let item = line.trim_start().strip_prefix(['-', '*']).filter(|item| item.starts_with(' '));
    item.is_some_and(|item| !item.trim().starts_with('[') || !item.trim().ends_with(')'))
}

/// A title has the name of the site in it as well. In lower case.
fn parts(title: &str) -> impl Iterator<Item = String> {
    let title = title.replace(['|', '–', '—', '·', '«', '»'], "\n").replace(" - ", "\n").replace(": ", "\n").to_lowercase();
    let parts: Vec<String> = title.lines().map(|part| part.trim().trim_end_matches(['.', '!', '…', '?', ' ']).replace('’', "'")).collect();
    parts.into_iter().filter(|part| !part.is_empty())
}

/// In bytes of markdown.
const LONGEST: usize = 700;
/// Words that stand below the title where there is hardly more than that, and letters, as not all scripts part words.
const BARE: usize = 2;
const BARE_MISSING: usize = 8;
const BARE_LETTERS: usize = 60;

/// What asks whether a person asks, in the words of those who ask most sites' readers.
#[rustfmt::skip]
const CHALLENGES: &[&str] = &[
    "just a moment", "checking your browser", "verify you are human", "verifying you are human", "pardon our interruption",
    "making sure you're not a bot", "vercel security checkpoint", "nur einen moment", "please wait while your request is being verified",
];

/// The same where a page about it may be called so.
#[rustfmt::skip]
const CHECKS: &[&str] = &[
    "attention required", "ddos-guard", "are you a robot", "robot check", "human verification", "client challenge", "security checkpoint",
    "one moment, please", "un instant", "un momento", "bot verification", "captcha", "security check",
];
const ASKED: &[&str] = &[
    "you are human",
    "you're human",
    "you are a human",
    "you are not a robot",
    "you're not a robot",
    "i'm not a robot",
    "you are not a bot",
    "you're not a bot",
    "you were a bot",
    "you have been blocked",
    "javascript and cookies",
    "javascript und cookies",
    "javascript et les cookies",
    "javascript y las cookies",
    "checking your browser",
    "verifying your browser",
    "your browser will redirect",
    "unusual traffic",
    "ray id",
    "characters you see",
    "press & hold",
    "being verified",
];
/// What a page about such a thing may say as well.
const ASKED_IN_PASSING: &[&str] = &["enable javascript", "enable cookies", "your browser", "please wait", "not a robot", "not a bot"];

/// Titles that a page about such a thing may have as well.
const REFUSALS: &[&str] =
    &["access denied", "access to this page has been denied", "you have been blocked", "blocked", "forbidden", "request blocked"];
const REFUSED: &[&str] = &[
    "you don't have permission to access",
    "you do not have permission to access",
    "reference #",
    "ray id",
    "incident id",
    "you have been blocked",
    "your request has been blocked",
    "this request has been blocked",
    "your access has been blocked",
    "access to this site has been blocked",
    "you are unable to access",
];

const DOWN: &[&str] = &[
    "down for maintenance",
    "down for scheduled maintenance",
    "undergoing maintenance",
    "undergoing scheduled maintenance",
    "under maintenance",
    "temporarily unavailable",
    "temporarily down",
    "wartungsarbeiten",
    "en maintenance",
    "en mantenimiento",
    "технические работы",
    "メンテナンス中",
    "系统维护",
];
const BACK: &[&str] = &[
    "back soon",
    "back shortly",
    "be back",
    "try again later",
    "check back",
    "come back",
    "in a few minutes",
    "thank you for your patience",
    "sorry for the inconvenience",
    "apologize for the inconvenience",
    "apologise for the inconvenience",
    "bald wieder",
    "später erneut",
    "plus tard",
    "más tarde",
    "позже",
    "しばらく",
    "稍后",
];

/// Titles that a page about the status may have as well.
const MISSING: &[&str] = &[
    "page not found",
    "404",
    "404 not found",
    "not found",
    "error 404",
    "404 error",
    "file not found",
    "page does not exist",
    "page doesn't exist",
    "page cannot be found",
    "page can't be found",
    "page could not be found",
    "oops",
    "whoops",
    "404 page not found",
    "404 (page not found)",
];
const NO_PAGE: &[&str] = &[
    "page you are looking",
    "page that you",
    "page you're looking",
    "page you were looking",
    "page you looked",
    "page you requested",
    "page you have requested",
    "page you've requested",
    "page you tried",
    "page you are trying",
    "page you're trying",
    "page you were trying",
    "page you want",
    "page you followed",
    "page you seek",
    "page doesn't exist",
    "page does not exist",
    "page could not be found",
    "page couldn't be found",
    "page cannot be found",
    "page can't be found",
    "couldn't find the page",
    "could not find the page",
    "can't find the page",
    "cannot find the page",
    "can't find that page",
    "couldn't find that page",
    "couldn't find what you",
    "could not find what you",
    "can't find what you",
    "find the page",
    "no such page",
    "the url was not found",
    "the requested url",
];
const MISSING_ABROAD: &[&str] = &[
    "seite nicht gefunden",
    "page introuvable",
    "page non trouvée",
    "página no encontrada",
    "página não encontrada",
    "pagina non trovata",
    "pagina niet gevonden",
    "страница не найдена",
    "сторінку не знайдено",
    "nie znaleziono strony",
    "strona nie została znaleziona",
    "sidan hittades inte",
    "sayfa bulunamadı",
    "ページが見つかりません",
    "ページが見つかりませんでした",
    "页面不存在",
    "页面未找到",
    "找不到页面",
    "找不到網頁",
    "頁面不存在",
    "페이지를 찾을 수 없습니다",
    "không tìm thấy trang",
    "الصفحة غير موجودة",
    "הדף לא נמצא",
    "η σελίδα δεν βρέθηκε",
];

/// What such a page says of itself.
#[rustfmt::skip]
const NO_PAGE_ABROAD: &[&str] = &[
    "die von ihnen", "die angeforderte", "die gesuchte", "die seite, die sie", "existiert nicht", "wurde nicht gefunden", "die du suchst",
    "la page que vous", "la page demandée", "n'existe pas", "n'existe plus", "que vous cherchez", "que vous recherchez",
    "la página que", "no existe", "que buscas", "que busca", "a página que", "não existe", "que procura", "que você",
    "la pagina che", "non esiste", "che stai cercando", "die u zoekt", "die je zoekt", "bestaat niet",
    "которую вы", "которой вы", "запрошенн", "запрашиваем", "не существует", "яку ви", "не існує",
    "której szukasz", "nie istnieje", "du söker", "finns inte", "aradığınız", "お探しの", "存在しません", "移動", "您访问的", "您要", "不存在", "您查找",
    "您尋找", "찾으시는", "요청하신", "존재하지", "bạn đang tìm", "không tồn tại", "التي تبحث", "שחיפשת", "που ζητήσατε", "που ψάχνετε",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(title: &str, text: &str) -> Option<Skip> {
        in_place_of_page(title, &format!("# {title}\n\n{text}"))
    }

    #[test]
    fn what_stands_in_place_of_a_page_is_told() {
        for (title, text) in [
            ("Just a moment...", "Enable JavaScript and cookies to continue"),
            ("Attention Required! | Cloudflare", "Sorry, you have been blocked"),
            ("Making sure you're not a bot!", "Loading…"),
            ("Checking your browser | Acme", "This is automatic. Your browser will redirect to what you asked for shortly."),
            ("Nur einen Moment…", "Aktivieren Sie JavaScript und Cookies, um fortzufahren"),
            ("One moment, please", "Please wait while your request is looked at."),
            ("Attention Required!", "Sorry, you have been blocked\n\n## Why?\n\nThis site uses a service.\n\nRay ID: `8a1f`"),
            ("Robot Check", "Enter the characters you see below."),
            ("Captcha", "Please confirm that you are human."),
            ("Access Denied", "You don't have permission to access \"http://docs.test/\" on this server. Reference #18.2d"),
            ("Maintenance", "We are down for maintenance. We will be back shortly."),
            ("Acme Docs", "The documentation is temporarily unavailable. Please try again later."),
            ("We are down for maintenance", "Back soon!"),
            ("Wartung", "Wegen Wartungsarbeiten nicht erreichbar. Wir sind bald wieder da."),
        ] {
            assert_eq!(shown(title, text), Some(Skip::Gate), "{title}");
        }
        for (title, text) in [
            ("Page not found | Acme Docs", "Sorry, the page you are looking for does not exist."),
            ("404", "This page could not be found."),
            ("Page not found", "The page that you look for does not exist."),
            ("404 - Not found", ""),
            ("404", "## Page not found\n\nThe page you're looking for has moved."),
            ("Acme – 404: Page not found", "We couldn’t find the page."),
            ("Not Found", "The requested URL /x was not found on this server."),
            ("Страница не найдена", "Вернитесь на главную."),
            ("ページが見つかりません · Acme", "ホームへ"),
            (
                "Seite nicht gefunden",
                "Die von Ihnen gesuchte Seite gibt es nicht mehr, oder sie ist unter einer anderen Adresse zu finden.",
            ),
            ("Page introuvable", "La page que vous cherchez a été déplacée. [Accueil](https://a.test/)"),
            (
                "Page not found",
                "The page you were looking for is not here. Try:\n\n- [Home](https://a.test/)\n- [Search](https://a.test/s)",
            ),
            (
                "Page not found",
                "Sorry, the page you requested does not exist.\n\n- Check the spelling of the address\n- [Home](https://a.test/)",
            ),
        ] {
            assert_eq!(shown(title, text), Some(Skip::Missing), "{title}");
        }
    }

    #[test]
    fn pages_about_such_things_are_pages() {
        for (title, text) in [
            ("404 Not Found", "The server has nothing at the resource that was asked for. Clients may ask again later."),
            ("Not found", "`not_found` is returned by `read()` where the key is missing."),
            ("Page not found", "Set `error_page` to what is shown. ```\nerror_page: 404.html\n```"),
            ("Access denied", "Error 1045 says that the password is wrong: set it anew with `passwd`."),
            ("Maintenance", "Descale the kettle every three months; wipe it with a dry cloth."),
            ("Maintenance mode", "`app down` puts the site into maintenance mode, `app up` ends it."),
            ("Captcha", "How to add one to a form."),
            ("Human verification | Acme Docs", "Add `verify = true` to have it asked for in a form."),
            ("Un momento", "De la escena en la que el agua hierve."),
            ("Installation", "Just a moment: first read the licence."),
            ("Just a moment", "A song by the band Kettle, of 1987."),
            ("Verify you are human", "This component shows a box to tick."),
            ("Checking your browser", "Run `acme doctor` to see whether your browser has WebGL."),
            ("Captcha", "The box says that somebody is not a robot.\n\n- Size: small or large"),
            ("503 Service Unavailable", "The service is temporarily unavailable. Clients should try again later."),
            ("Unavailable", "Code 14: the service is temporarily unavailable, try again later.\n\n- Retryable: yes"),
            ("E1203 unavailable", "The index is under maintenance while it is compacted; try again later."),
            ("Access denied", "Your address has been blocked by a rule of the firewall. Remove the rule in the console, under Security."),
            ("Seite nicht gefunden", "Mit der Vorlage `404.php` bestimmen Sie, was Besucher sehen, wenn eine Adresse falsch ist."),
            ("Página no encontrada", "Si su sitio muestra este mensaje, revise los enlaces permanentes en Ajustes y guarde los cambios."),
            ("Errors: not found", "The page you asked for is not shared with the integration. Share the page with it in its menu."),
            ("Page not found", "Served where the page you requested does not exist: `404.html`.\n\n- Copy it\n- Change it"),
            ("Oops", "Kettle could not find the page cache. Run `kettle cache build` so that it can find the page again."),
        ] {
            assert_eq!(shown(title, text), None, "{title}");
        }
        let long = "What to do if a page is not found: the page you are looking for may have moved. ".repeat(12);
        assert_eq!(shown("Page not found", &long), None);
    }
}
