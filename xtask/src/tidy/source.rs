//! Things that may stand in Rust source for a moment only.

use super::Finding;
use super::tokens::{Kind, Token};

/// Macros that say that something is not finished.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Unfinished code and tests that are switched off.
pub fn check(path: &str, tokens: &[Token]) -> Vec<Finding> {
    let kinds: Vec<_> = tokens.iter().map(|token| token.kind).collect();
    let judge = |(at, token): (usize, &Token)| {
        let text = match kinds.get(at..)? {
            [Kind::Word(name), Kind::Sign('!'), ..] if UNFINISHED.contains(name) => {
                format!("`{name}!` is not to be committed: finish the code or return an error")
            }
            [Kind::Sign('#'), Kind::Sign('['), Kind::Word("ignore"), ..] => {
                "a test that is switched off proves nothing: repair it or remove it".to_owned()
            }
            _ => return None,
        };
        Some(Finding {
            path: path.to_owned(),
            line: token.line,
            text,
        })
    };
    tokens.iter().enumerate().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tokens;
    use super::*;

    #[test]
    fn unfinished_code_is_found_and_talk_about_it_is_not() {
        let cases = [
            ("fn f() {\n    todo!()\n}", vec![2]),
            ("dbg!(x);\nunimplemented!(\"y\");", vec![1, 2]),
            ("#[test]\n#[ignore = \"slow\"]\nfn f() {}", vec![2]),
            ("// todo!()\nlet todo = \"dbg!(x)\"; if a != todo {}", vec![]),
        ];
        for (source, want) in cases {
            let lines: Vec<_> = check("a.rs", &tokens::read(source))
                .iter()
                .map(|finding| finding.line)
                .collect();
            assert_eq!(lines, want, "{source}");
        }
    }
}
