//! The macros of mdoc, which say what a word is: options, arguments, names. A macro may call others on its line; what is quoted or optional
//! spans them.

use crate::extract::formats::manual::{Lines, Page, request_of};
use crate::extract::formats::roff::{Font, add, arguments, plain};
use crate::extract::formats::standards;

pub(super) fn write(page: &mut Page<'_>, lines: &mut Lines<'_>) {
    let mut reader = Reader { page, lists: Vec::new(), name: String::new(), tight: true, code: false, parameters: None, after_type: false };
    while let Some(line) = lines.next_line() {
        let definition = request_of(&line).and_then(|request| request.strip_prefix("ds "));
        if !definition.is_some_and(|definition| lines.strings.define(definition)) {
            reader.line(&line);
        }
    }
    reader.end_function();
}

struct Reader<'p, 'a> {
    page: &'p mut Page<'a>,
    lists: Vec<List>,
    /// What `.Nm` stands for.
    name: String,
    /// No blank before the next word.
    tight: bool,
    /// Within a display of code.
    code: bool,
    /// Of the function whose parameters stand on lines of their own.
    parameters: Option<Vec<String>>,
    /// The line above is the type of the function that follows.
    after_type: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum List {
    Bullet,
    Number(usize),
    Term,
    Column,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &str) {
        let Some(request) = request_of(line) else {
            return match self.code {
                true => self.display(plain(line)),
                false if line.trim().is_empty() => self.paragraph(),
                false => {
                    self.gap();
                    let font = self.page.font;
                    self.page.font = add(&mut self.page.pieces, line.trim(), font);
                }
            };
        };
        if request.starts_with("\\\"") {
            return;
        }
        let words = arguments(request);
        let Some((name, rest)) = words.split_first() else { return };
        let after_type = std::mem::take(&mut self.after_type);
        if self.page.is_synopsis() && matches!(name.as_str(), "In" | "Fd" | "Ft" | "Vt" | "Fn" | "Fo") {
            // Each declaration is a line; its type is no line of its own.
            if !(after_type && name.starts_with('F')) {
                self.page.line_break();
            }
            self.after_type = name == "Ft";
        }
        match name.as_str() {
            "Dd" => {}
            "Dt" => self.page.titled(rest.first().map_or("", String::as_str), rest.get(1).map_or("", String::as_str)),
            "Os" | "Bk" | "Ek" | "Sm" | "Bf" | "Ef" | "Tg" => {}
            "Ex" | "Rv" if rest.first().is_some_and(|word| word == "-std") => {
                let names: Vec<String> = rest[1..].iter().map(|name| plain(name)).collect();
                let said = match name.as_str() {
                    "Ex" => standards::exits(if names.is_empty() { std::slice::from_ref(&self.name) } else { &names }),
                    _ => standards::returns(&names),
                };
                self.word(Font::Roman, &said);
            }
            "Fo" => {
                self.word(Font::Bold, rest.first().map_or("", String::as_str));
                self.parameters = Some(Vec::new());
            }
            "Fa" if self.parameters.is_some() => {
                if let Some(parameters) = &mut self.parameters {
                    parameters.extend(rest.iter().filter(|word| !is_punctuation(word)).map(|word| plain(word)));
                }
            }
            "Fc" => {
                self.end_function();
                self.words(&words);
            }
            "Dl" | "D1" => {
                self.paragraph();
                self.words(rest);
                let code = self.page.pieces.take_plain();
                self.page.sheet.fence("", &code);
            }
            "Sh" => {
                self.end_function();
                self.lists.clear();
                self.code = false;
                self.page.section(1, &rest.join(" "));
                self.tight = true;
            }
            "Ss" => {
                self.page.section(2, &rest.join(" "));
                self.tight = true;
            }
            "Pp" | "Lp" => self.paragraph(),
            "br" | "sp" => self.page.line_break(),
            "Bd" => {
                self.paragraph();
                if rest.iter().any(|word| matches!(word.as_str(), "-literal" | "-unfilled")) {
                    self.code = true;
                    self.page.display.get_or_insert_default();
                }
            }
            "Ed" => {
                self.code = false;
                self.page.end_display();
                self.paragraph();
            }
            "Bl" => {
                self.paragraph();
                let kind = rest.first().map_or("", String::as_str);
                if self.lists.len() < DEEPEST {
                    self.lists.push(match kind {
                        "-bullet" | "-dash" | "-hyphen" | "-item" => List::Bullet,
                        "-enum" => List::Number(0),
                        "-column" => List::Column,
                        _ => List::Term,
                    });
                }
            }
            "El" => {
                self.paragraph();
                self.lists.pop();
                self.page.indents = self.lists.len();
                self.page.sheet.at(self.lists.len() * 2);
            }
            "It" => self.item(rest),
            "Nd" => {
                self.gap();
                self.page.pieces.push(Font::Roman, "- ");
                self.tight = true;
                self.words(rest);
            }
            "Rs" | "Re" => self.paragraph(),
            reference if reference.starts_with('%') => {
                self.words(rest);
                self.page.pieces.push(Font::Roman, ",");
            }
            // Requests of roff, and conditions.
            "ie" | "if" | "el" | "ds" | "de" | "so" | "nr" | "tr" | "ad" | "hy" | "ne" | "ta" | "in" | "ft" | "nh" | "ti" => {
                self.page.sheet.leave_out("requests", request)
            }
            _ if self.code => {
                self.tight = true;
                self.words(&words);
                let line = self.page.pieces.take_plain();
                self.display(line);
            }
            _ => {
                // Each way to call it begins a line.
                if name == "Nm" && self.page.is_synopsis() {
                    self.page.line_break();
                }
                self.words(&words);
            }
        }
    }

    fn item(&mut self, rest: &[String]) {
        self.paragraph();
        let depth = self.lists.len().saturating_sub(1) * 2;
        match self.lists.last_mut() {
            Some(List::Bullet) => {
                self.page.sheet.item(depth, depth + 1, "-", "");
                self.page.in_item = true;
            }
            Some(List::Number(number)) => {
                *number += 1;
                let mark = format!("{number}.");
                self.page.sheet.item(depth, depth + 1, &mark, "");
                self.page.in_item = true;
            }
            Some(List::Column) => {
                let mut cells = Vec::new();
                for cell in rest.split(|word| word == "Ta" || word == "\t") {
                    self.tight = true;
                    self.words(cell);
                    cells.push(self.page.pieces.take());
                }
                self.page.sheet.item(depth, depth + 1, "-", &cells.join(": "));
            }
            _ => {
                self.words(rest);
                self.paragraph();
            }
        }
        self.page.indents = self.lists.len();
        self.tight = true;
    }

    /// Words of which some are macros; what a quote opens is closed at the end of the line.
    fn words(&mut self, words: &[String]) {
        let mut closing: Vec<&str> = Vec::new();
        let mut font = Font::Roman;
        // What stands before each word in this font: the dash of a flag.
        let mut prefix = "";
        let mut words = words.iter().map(String::as_str).peekable();
        let mut first = true;
        while let Some(word) = words.next() {
            let next_is_word = words.peek().is_some_and(|next| kind_of(next).is_none());
            match kind_of(word) {
                Some(kind) => {
                    (font, prefix) = (Font::Roman, "");
                    match kind {
                        Macro::Font(name) => {
                            font = name;
                            // A macro without words says its default.
                            let default = match word {
                                "Ar" if !next_is_word => "file ...",
                                "Nm" if !next_is_word => &self.name.clone(),
                                _ => "",
                            };
                            if word == "Nm" && next_is_word && self.name.is_empty() {
                                // It is written wherever it is not named.
                                self.name = words.peek().map_or(String::new(), |name| name.chars().take(LONGEST_NAME).collect());
                            }
                            if !default.is_empty() {
                                self.word(font, default);
                            }
                        }
                        Macro::Flag => {
                            (font, prefix) = (Font::Bold, "-");
                            if !next_is_word {
                                self.word(font, "-");
                            }
                        }
                        Macro::Quote(open, close) => {
                            self.gap();
                            self.page.pieces.push(Font::Roman, open);
                            self.tight = true;
                            closing.push(close);
                        }
                        Macro::Open(open) => {
                            self.gap();
                            self.page.pieces.push(Font::Roman, open);
                            self.tight = true;
                        }
                        Macro::Close(close) => {
                            self.page.pieces.push(Font::Roman, close);
                            self.tight = false;
                        }
                        Macro::Tight => self.tight = true,
                        Macro::Apostrophe => {
                            self.page.pieces.push(Font::Roman, "'");
                            self.tight = true;
                        }
                        Macro::Prefix => {
                            if let Some(word) = words.next() {
                                self.word(Font::Roman, word);
                                self.tight = true;
                            }
                        }
                        Macro::Reference => {
                            if let Some(name) = words.next() {
                                self.word(Font::Bold, name);
                                if let Some(section) =
                                    words.next_if(|next| next.len() <= 3 && next.starts_with(|c: char| c.is_ascii_alphanumeric()))
                                {
                                    self.page.pieces.push(Font::Roman, &format!("({section})"));
                                }
                            }
                        }
                        Macro::Function => {
                            if let Some(name) = words.next() {
                                self.word(Font::Bold, name);
                                let mut parameters = Vec::new();
                                while let Some(parameter) = words.next_if(|next| kind_of(next).is_none() && !is_punctuation(next)) {
                                    parameters.push(plain(parameter));
                                }
                                self.page.pieces.push(Font::Roman, &format!("({})", parameters.join(", ")));
                            }
                        }
                        Macro::Link => {
                            if let Some(target) = words.next() {
                                self.page.sheet.reading.links.push(target.to_owned());
                                let mut shown = Vec::new();
                                while let Some(word) = words.next_if(|next| kind_of(next).is_none() && !is_punctuation(next)) {
                                    shown.push(word);
                                }
                                let shown = if shown.is_empty() { target.to_owned() } else { format!("{} ({target})", shown.join(" ")) };
                                self.word(Font::Roman, &shown);
                            }
                        }
                        Macro::Header => {
                            let include = if first && self.page.is_synopsis() { "#include " } else { "" };
                            self.word(Font::Bold, &format!("{include}<{}>", words.next().unwrap_or_default()));
                        }
                        Macro::Standard => {
                            if let Some(name) = words.next() {
                                self.word(Font::Roman, standards::standard(name));
                            }
                        }
                        Macro::Text(text) => self.word(Font::Roman, text),
                        Macro::Nothing => {}
                    }
                }
                None if is_punctuation(word) && !first => {
                    // What closes goes to the word before, what opens to the one behind.
                    let opens = matches!(word, "(" | "[");
                    if opens {
                        self.gap();
                    }
                    self.page.pieces.push(Font::Roman, word);
                    self.tight = opens;
                }
                None => self.word_with(font, prefix, word),
            }
            first = false;
        }
        while let Some(close) = closing.pop() {
            self.page.pieces.push(Font::Roman, close);
            self.tight = false;
        }
    }

    fn end_function(&mut self) {
        if let Some(parameters) = self.parameters.take() {
            self.page.pieces.push(Font::Roman, &format!("({})", parameters.join(", ")));
            self.tight = false;
        }
    }

    fn word(&mut self, font: Font, text: &str) {
        self.word_with(font, "", text);
    }

    fn word_with(&mut self, font: Font, prefix: &str, text: &str) {
        self.gap();
        self.page.pieces.push(font, prefix);
        add(&mut self.page.pieces, text, font);
    }

    fn gap(&mut self) {
        if !std::mem::take(&mut self.tight) {
            self.page.space();
        }
    }

    fn paragraph(&mut self) {
        self.page.paragraph();
        self.tight = true;
    }

    fn display(&mut self, line: String) {
        if let Some(display) = &mut self.page.display {
            display.push(line);
        }
    }
}

/// What a macro does with the words behind it.
#[derive(Clone, Copy)]
enum Macro {
    Font(Font),
    Flag,
    Quote(&'static str, &'static str),
    Open(&'static str),
    Close(&'static str),
    Tight,
    Apostrophe,
    Prefix,
    Reference,
    Function,
    Header,
    Standard,
    Link,
    Text(&'static str),
    Nothing,
}

fn kind_of(word: &str) -> Option<Macro> {
    Some(match word {
        "Nm" | "Cm" | "Ic" | "Sy" | "Fd" | "Cd" | "Ms" => Macro::Font(Font::Bold),
        "Ar" | "Pa" | "Em" | "Va" | "Vt" | "Fa" | "Ft" | "Ad" => Macro::Font(Font::Italic),
        "Ev" | "Dv" | "Er" | "Li" | "No" | "Tn" | "An" | "Sx" | "Lb" | "Fr" => Macro::Font(Font::Roman),
        "Fl" => Macro::Flag,
        "Op" | "Bq" => Macro::Quote("[", "]"),
        "Pq" => Macro::Quote("(", ")"),
        "Brq" => Macro::Quote("{", "}"),
        "Aq" => Macro::Quote("<", ">"),
        "Dq" => Macro::Quote("“", "”"),
        "Sq" | "Ql" => Macro::Quote("'", "'"),
        "Qq" => Macro::Quote("\"", "\""),
        "Oo" | "Bo" => Macro::Open("["),
        "Po" => Macro::Open("("),
        "Do" => Macro::Open("“"),
        "So" => Macro::Open("'"),
        "Qo" => Macro::Open("\""),
        "Ao" => Macro::Open("<"),
        "Bro" => Macro::Open("{"),
        "Oc" | "Bc" => Macro::Close("]"),
        "Pc" => Macro::Close(")"),
        "Dc" => Macro::Close("”"),
        "Sc" => Macro::Close("'"),
        "Qc" => Macro::Close("\""),
        "Ac" => Macro::Close(">"),
        "Brc" => Macro::Close("}"),
        "Ns" => Macro::Tight,
        "Ap" => Macro::Apostrophe,
        "Pf" => Macro::Prefix,
        "Xr" => Macro::Reference,
        "Fn" | "Fo" => Macro::Function,
        "In" => Macro::Header,
        "St" => Macro::Standard,
        "Lk" | "Mt" => Macro::Link,
        "Ux" => Macro::Text("UNIX"),
        "Bx" => Macro::Text("BSD"),
        "Fx" => Macro::Text("FreeBSD"),
        "Nx" => Macro::Text("NetBSD"),
        "Ox" => Macro::Text("OpenBSD"),
        "Dx" => Macro::Text("DragonFly"),
        "At" => Macro::Text("AT&T UNIX"),
        "Bt" => Macro::Text("is currently in beta test."),
        "Ud" => Macro::Text("currently under development."),
        "Xo" | "Xc" | "Fc" | "Eo" | "Ec" | "Bf" | "Ef" | "Ta" | "Ex" | "Rv" => Macro::Nothing,
        _ => return None,
    })
}

fn is_punctuation(word: &str) -> bool {
    matches!(word, "." | "," | ":" | ";" | ")" | "]" | "?" | "!" | "(" | "[")
}

const DEEPEST: usize = 20;
/// In characters.
const LONGEST_NAME: usize = 60;

#[cfg(test)]
mod tests {
    use crate::extract::formats::{manual, unlimited};
    use url::Url;

    #[test]
    fn macros_are_what_they_mean() {
        let text = ".Dd May 1, 2024\n.Dt POT 1\n.Os\n.Sh NAME\n.Nm pot\n.Nd boil water\n.Sh SYNOPSIS\n.Nm\n.Op Fl abc B\n.Nm\n.Op Fl o Ar file\n.Ar\n.Sh DESCRIPTION\nThe\n.Nm\n\
            utility, see\n.Xr kettle 8 ,\nboils\n.Dq all water .\n.Pp\nOptions:\n.Bl -tag -width Ds\n.It Fl a , Fl -all\nBoil\n.Em all .\n.It Ev POT_HOME\nWhere.\n.Bl -bullet\n.It\nOne\n.It\nTwo\n.El\n.El\n\
            .Bd -literal -offset indent\n$ pot -a\n  x\n.Ed\n.Fn pot_new \"int a\" \"char *b\"\n.Ss Deep\n.Lk https://pots.test/ home .\n.Dl pot -x\n";
        let found = manual::read(text, &Url::parse("https://docs.test/pot.1").unwrap(), &unlimited());
        assert_eq!(
            found.markdown,
            "## NAME\n\n**pot** - boil water\n\n## SYNOPSIS\n\n**pot** [**-abc** **-B**]\\\n**pot** [**-o** *file*] *file ...*\n\n## DESCRIPTION\n\nThe **pot** utility, see **kettle**(8), boils “all water.”\n\nOptions:\n\n\
             **-a**, **--all**\n\nBoil *all*.\n\nPOT_HOME\n\nWhere.\n\n- One\n- Two\n\n```\n$ pot -a\n  x\n```\n\n**pot_new**(int a, char \\*b)\n\n### Deep\n\nhome (https://pots.test/).\n\n```\npot -x\n```"
        );
        assert_eq!((found.title.as_deref(), found.metadata.description.as_deref()), (Some("pot(1)"), Some("boil water")));
    }

    #[test]
    fn what_a_macro_stands_for_is_said() {
        for (text, wanted) in [
            (
                ".Sh SYNOPSIS\n.In kettle.h\n.Ft int\n.Fn boil \"int a\" \"char *b\"\n.Ft void\n.Fo brew\n.Fa \"int x\" \"int z\"\n.Fa \"char *y\"\n.Fc\n.Fn last void",
                "## SYNOPSIS\n\n**#include \\<kettle.h>**\\\n*int* **boil**(int a, char \\*b)\\\n*void* **brew**(int x, int z, char \\*y)\\\n**last**(void)",
            ),
            (".Sh A\nIn\n.In kettle.h ,\ncall\n.Fo brew\n.Fa x\n.Fc .", "## A\n\nIn **\\<kettle.h>**, call **brew**(x)."),
            (".Nm pot\n.Pp\n.Ex -std", "**pot**\n\nThe pot utility exits 0 on success, and >0 if an error occurs."),
            (".Ex -std a b c", "The a, b, and c utilities exit 0 on success, and >0 if an error occurs."),
            (
                ".Rv -std boil\n.Pp\n.Rv -std",
                "The boil() function returns the value 0 if successful; otherwise the value -1 is returned and the global variable errno is set to indicate the error.\n\n\
                 Upon successful completion, the value 0 is returned; otherwise the value -1 is returned and the global variable errno is set to indicate the error.",
            ),
            (".St -p1003.1-2008 .\nAnd\n.St -other .", "IEEE Std 1003.1-2008 (“POSIX.1”). And other."),
            (".Bf -emphasis\nSaid\n.Ef\n.ne 3\nwell", "Said well"),
            (".Sh A\n.Fo open\n.Fa x\n.Sh B\ny", "## A\n\n**open**(x)\n\n## B\n\ny"),
        ] {
            let found = manual::read(&format!(".Dd May 1, 2024\n{text}\n"), &Url::parse("https://docs.test/pot.1").unwrap(), &unlimited());
            assert_eq!(found.markdown, wanted, "{text}");
        }
    }
}
