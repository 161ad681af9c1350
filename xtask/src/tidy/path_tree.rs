//! Finds the paths that lead from the crate root: `crate::a::b`, `use crate::{a, b::c}`, and `super` that climbs so far.

use super::tokens::{Kind, Token};

/// A path from the crate root, without `crate` itself. A glob ends in `*`.
#[derive(Debug, PartialEq, Eq)]
pub struct RootPath {
    pub segments: Vec<String>,
    pub line: usize,
}

/// The paths in a file whose own module path is `module`, in the order of the text.
pub fn find(tokens: &[Token], module: &[String]) -> Vec<RootPath> {
    let mut found = Vec::new();
    let mut inline = InlineModules::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        inline.step(tokens, at);
        let mut next = at + 1;
        if matches!(token.kind, Kind::Word("crate" | "super")) && is_separator(tokens, next) && !continues(tokens, at) {
            let mut depth = module.len() + inline.depth();
            if token.kind == Kind::Word("crate") {
                depth = 0;
            } else {
                depth = depth.saturating_sub(1);
                while word(tokens, next + 1) == Some("super") && is_separator(tokens, next + 2) {
                    depth = depth.saturating_sub(1);
                    next += 2;
                }
            }
            if depth == 0 {
                tree(tokens, next + 1, &mut Vec::new(), &mut found);
            }
            // A path of several lines may hold braces, which must not be taken for those of a module: the tree is
            // read apart, and the walk goes on behind the first separator.
        }
        at = next;
    }
    found
}

fn word<'a>(tokens: &[Token<'a>], at: usize) -> Option<&'a str> {
    match tokens.get(at)?.kind {
        Kind::Word(word) => Some(word),
        _ => None,
    }
}

fn is_separator(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == Kind::PathSeparator)
}

fn sign(tokens: &[Token], at: usize) -> Option<char> {
    match tokens.get(at)?.kind {
        Kind::Sign(c) => Some(c),
        _ => None,
    }
}

/// Whether the word at `at` goes on a path that began before: the second `super` of `super::super`.
fn continues(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_separator(tokens, before))
}

/// Reads one branch of a use tree that starts at `at`; returns where it ended.
fn tree(tokens: &[Token], at: usize, prefix: &mut Vec<String>, found: &mut Vec<RootPath>) -> usize {
    let Some(token) = tokens.get(at) else { return at };
    let emit = |last: &str, prefix: &[String], found: &mut Vec<RootPath>| {
        let segments = prefix.iter().cloned().chain([last.to_owned()]).collect();
        found.push(RootPath {
            segments,
            line: token.line,
        });
    };
    match token.kind {
        Kind::Word(name) if is_separator(tokens, at + 1) && sign(tokens, at + 2) != Some('<') => {
            prefix.push(name.to_owned());
            let end = tree(tokens, at + 2, prefix, found);
            prefix.pop();
            end
        }
        Kind::Word(name) => {
            emit(name, prefix, found);
            at + 1
        }
        Kind::Sign('*') => {
            emit("*", prefix, found);
            at + 1
        }
        Kind::Sign('{') => {
            let mut at = at + 1;
            while at < tokens.len() && sign(tokens, at) != Some('}') {
                at = tree(tokens, at, prefix, found);
                // Over `as name` and the comma to the next branch.
                while at < tokens.len() && !matches!(sign(tokens, at), Some(',' | '}')) {
                    at += 1;
                }
                if sign(tokens, at) == Some(',') {
                    at += 1;
                }
            }
            at + 1
        }
        _ => at + 1,
    }
}

/// The `mod name { … }` blocks around the current token.
#[derive(Default)]
struct InlineModules {
    braces: usize,
    /// The number of open braces outside of each open module.
    opened_at: Vec<usize>,
}

impl InlineModules {
    fn depth(&self) -> usize {
        self.opened_at.len()
    }

    fn step(&mut self, tokens: &[Token], at: usize) {
        match sign(tokens, at) {
            Some('{') => {
                if at >= 2 && word(tokens, at - 2) == Some("mod") {
                    self.opened_at.push(self.braces);
                }
                self.braces += 1;
            }
            Some('}') => {
                self.braces = self.braces.saturating_sub(1);
                if self.opened_at.last() == Some(&self.braces) {
                    self.opened_at.pop();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens;
    use super::*;

    fn paths(source: &str, module: &[&str]) -> Vec<String> {
        let module: Vec<_> = module.iter().map(|&name| name.to_owned()).collect();
        find(&tokens::read(source), &module)
            .iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn every_spelling_of_a_path_from_the_root_is_found() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("use crate::store::Pool;", &["api"], &["store::Pool"]),
            ("pub use crate::store::*;", &["api"], &["store::*"]),
            (
                "use crate::{model::Record, store::{self, device::{Row, Key as K}}, limits};",
                &["api"],
                &[
                    "model::Record",
                    "store::self",
                    "store::device::Row",
                    "store::device::Key",
                    "limits",
                ],
            ),
            (
                "fn f() -> crate::store::Page<u8> { crate::session::run() }",
                &["api"],
                &["store::Page", "session::run"],
            ),
            ("crate::store::parse::<u8>(x)", &["api"], &["store::parse"]),
            ("use super::sites;", &["api", "devices"], &[]),
            ("use super::store::Pool;", &["api"], &["store::Pool"]),
            ("use super::super::store::Pool;", &["api", "devices"], &["store::Pool"]),
            (
                "mod tests { use super::store; mod a { use super::super::super::store; } } use super::session;",
                &["api"],
                &["store", "session"],
            ),
            ("mod tests { use super::*; }", &["api"], &[]),
            (
                "pub(crate) fn f() {} pub(super) fn g() {} // crate::store\n",
                &["api"],
                &[],
            ),
        ];
        for (source, module, want) in cases {
            assert_eq!(paths(source, module), *want, "{source}");
        }
    }
}
