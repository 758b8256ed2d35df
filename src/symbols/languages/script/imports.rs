//! Names that a file takes from others, and what it gives as its own: types are written in the former, programs take the latter.

use tree_sitter::Node;

use super::Module;
use super::entry::{DEFAULT, ITSELF};
use crate::symbols::package::Reexport;
use crate::symbols::source::tree::{children, field, one_line, text};

impl Module<'_, '_> {
    /// `import a, { b as c } from "x"`, `import * as d from "x"`, `import e = require("x")`.
    pub(super) fn import(&mut self, node: Node<'_>, scope: &str) {
        let source = self.file.text;
        let Some(clause) = children(node).into_iter().find(|part| matches!(part.kind(), "import_clause" | "import_require_clause")) else {
            return;
        };
        let Some(target) = field(node, "source", source).or_else(|| field(clause, "source", source)) else { return };
        let target = self.resolve(target.trim_matches(['"', '\'']));
        for part in children(clause) {
            match part.kind() {
                "identifier" if clause.kind() == "import_require_clause" => self.take(scope, text(part, source), &target, None),
                "identifier" => self.take(scope, text(part, source), &target, Some(DEFAULT)),
                "namespace_import" => {
                    children(part).first().into_iter().for_each(|name| self.take(scope, text(*name, source), &target, None));
                }
                "named_imports" => {
                    for one in children(part) {
                        if let Some(name) = field(one, "name", source) {
                            let own = field(one, "alias", source).unwrap_or(name);
                            self.take(scope, own, &target, Some(name.trim_matches(['"', '\''])));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// `import A = b.C`: another name for what is reached from here.
    pub(super) fn import_alias(&mut self, node: Node<'_>, scope: &str) {
        let parts = children(node);
        let [name, target] = &parts[..] else { return };
        let path = one_line(text(*target, self.file.text)).replace(' ', "");
        match path.rsplit_once('.') {
            Some((above, last)) => {
                self.take(scope, text(*name, self.file.text), &format!("{scope}#{}", above.replace('.', "#")), Some(last))
            }
            None => self.take(scope, text(*name, self.file.text), scope, Some(&path)),
        }
    }

    fn take(&mut self, scope: &str, name: &str, target: &str, target_name: Option<&str>) {
        let public = scope == self.name && self.exported.contains(name);
        self.give(scope, name, target, target_name, public);
    }

    /// `export default a`, `export = a`: what the module gives as its own.
    pub(super) fn own(&mut self, node: Node<'_>, scope: &str) {
        let source = self.file.text;
        let written = text(node, source);
        let names = match (written.strip_prefix("export").map(str::trim_start), node.child_by_field_name("declaration")) {
            (Some(rest), declared) if rest.starts_with(DEFAULT) => (&[DEFAULT][..], declared),
            (Some(rest), None) if rest.starts_with('=') => (&[DEFAULT, ITSELF][..], None),
            _ => return,
        };
        let name = match names.1.or_else(|| node.child_by_field_name("value")) {
            Some(given) if given.kind() == "identifier" => Some(text(given, source)),
            Some(given) => field(given, "name", source),
            None => children(node).into_iter().find(|part| part.kind() == "identifier").map(|name| text(name, source)),
        };
        let Some(name) = name else { return };
        for of in names.0 {
            self.give(scope, of, scope, Some(name), false);
        }
    }

    pub(super) fn give(&mut self, scope: &str, name: &str, target: &str, target_name: Option<&str>, public: bool) {
        let (scope, name, target) = (scope.to_owned(), name.to_owned(), target.to_owned());
        self.file.give_on(Reexport { scope, name, target, target_name: target_name.map(str::to_owned), public, feature: None });
    }
}
