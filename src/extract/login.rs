//! Tells a form to log in from a page that has one beside its text.

use super::dom::Dom;

/// Whether there is a field for a password, and the title says what it is for.
pub(super) fn is_asked_for(dom: &Dom, title: &str) -> bool {
    let is_password =
        |node| dom.is(node, "input") && dom.attribute(node, "type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("password"));
    let title = title.to_lowercase();
    // By words where there are spaces: "blog inventory" asks for nothing.
    let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let says = |name: &str| {
        let name: Vec<&str> = name.split(' ').collect();
        words.windows(name.len()).any(|words| words == name)
    };
    (LOGIN.iter().any(|name| says(name)) || UNSPACED.iter().any(|name| title.contains(name)))
        && dom.descendants(dom.root()).any(is_password)
}

/// In the languages that manuals are most in.
const LOGIN: [&str; 24] = [
    "login",
    "log in",
    "log on",
    "logon",
    "sign in",
    "signin",
    "sign on",
    "authentication",
    "authentication required",
    "password required",
    "anmelden",
    "anmeldung",
    "einloggen",
    "connexion",
    "se connecter",
    "identification",
    "iniciar sesión",
    "acceder",
    "entrar",
    "accedi",
    "вход",
    "войти",
    "zaloguj",
    "inloggen",
];
const UNSPACED: [&str; 7] = ["登录", "登入", "登錄", "ログイン", "サインイン", "로그인", "تسجيل الدخول"];

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use crate::extract::{Skip, document};
    use crate::model::{Filled, Page, Validators};

    fn read(html: &str) -> Result<String, Skip> {
        let page = Page {
            url: "https://docs.test/guide".parse().unwrap(),
            status: 200,
            content_type: Some("text/html; charset=utf-8".to_owned()),
            body: html.as_bytes().to_vec(),
            depth: 0,
            validators: Validators::default(),
            fetched_at: SystemTime::UNIX_EPOCH,
            filled: Filled::default(),
        };
        document(&page).map(|document| document.markdown)
    }

    const FORM: &str =
        "<form><label>User <input name=u></label><label>Password <input type=PASSWORD name=p></label><button>Go</button></form>";

    #[test]
    fn a_form_to_log_in_is_no_page() {
        for title in ["Sign in · Wiki", "Log in to Example", "Anmelden", "Вход в систему", "ユーザーログイン"] {
            let page = format!("<title>{title}</title><h1>{title}</h1><p>Enter your name and password to continue.</p>{FORM}");
            assert_eq!(read(&page), Err(Skip::Login), "{title}");
        }
        assert!(Skip::Login.hint().is_some() && !Skip::Login.is_transient());
    }

    #[test]
    fn a_page_with_such_a_form_beside_its_text_is_one() {
        let words = "A task that is cancelled ends at its next suspension point, and what it held is dropped there. ";
        for page in [
            format!("<title>Tasks</title>{FORM}<main><h1>Tasks</h1><p>Short.</p></main>"),
            format!("<title>Login</title>{FORM}<main><h1>Login</h1><p>{}</p></main>", words.repeat(12)),
            format!("<title>Login</title><main><h1>Login</h1><p>{words}</p></main>"),
            format!("<title>Catalogin</title>{FORM}<main><h1>Catalogin</h1><p>{words}</p></main>"),
        ] {
            assert!(read(&page).is_ok(), "{page}");
        }
    }
}
