//! Reads Rust source as words and signs, without comments, strings and characters.
//!
//! This is as much of the language as the rules need; the compiler judges the rest.

use std::iter::Peekable;
use std::str::CharIndices;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// An identifier, a keyword or a number.
    Word(&'a str),
    /// `::`
    PathSeparator,
    Sign(char),
}

#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind<'a>,
    /// Counted from 1.
    pub line: usize,
}

/// Splits `source` into tokens. Whatever the input, it ends.
pub fn read(source: &str) -> Vec<Token<'_>> {
    let mut reader = Reader {
        source,
        chars: source.char_indices().peekable(),
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some((at, c)) = reader.next() {
        let line = reader.line;
        let kind = match c {
            '/' if reader.peek() == Some('/') => {
                reader.skip_while(|c| c != '\n');
                continue;
            }
            '/' if reader.peek() == Some('*') => {
                reader.skip_block_comment();
                continue;
            }
            '"' => {
                reader.skip_string();
                continue;
            }
            '\'' => {
                reader.skip_character_or_lifetime();
                continue;
            }
            ':' if reader.peek() == Some(':') => {
                reader.next();
                Kind::PathSeparator
            }
            c if is_word(c) => match reader.word(at) {
                Some(word) => Kind::Word(word),
                None => continue,
            },
            c if c.is_whitespace() => continue,
            c => Kind::Sign(c),
        };
        tokens.push(Token { kind, line });
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Reader<'a> {
    source: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(usize, char)> {
        let next = self.chars.next();
        if let Some((_, '\n')) = next {
            self.line += 1;
        }
        next
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn skip_while(&mut self, goes_on: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&goes_on) {
            self.next();
        }
    }

    /// Block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        let mut before = '/';
        while let Some((_, c)) = self.next() {
            match (before, c) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth = depth.saturating_sub(1),
                _ => {
                    before = c;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
            // The second sign of a pair is no first sign of the next one.
            before = ' ';
        }
    }

    fn skip_string(&mut self) {
        while let Some((_, c)) = self.next() {
            match c {
                '"' => return,
                '\\' => drop(self.next()),
                _ => {}
            }
        }
    }

    /// After `r` with so many `#`: everything up to `"` with as many.
    fn skip_raw_string(&mut self, hashes: usize) {
        while let Some((_, c)) = self.next() {
            let mut seen = 0;
            while c == '"' && seen < hashes && self.peek() == Some('#') {
                self.next();
                seen += 1;
            }
            if c == '"' && seen == hashes {
                return;
            }
        }
    }

    /// `'a'` and `'\n'` are characters, `'a` is a lifetime.
    fn skip_character_or_lifetime(&mut self) {
        let first = self.next().map(|(_, c)| c);
        if first == Some('\\') {
            self.next();
            self.skip_while(|c| c != '\'');
            self.next();
        } else if self.peek() == Some('\'') {
            self.next();
        } else {
            self.skip_while(is_word);
        }
    }

    /// The word that starts at `start`, or none where it was the prefix of a raw string.
    fn word(&mut self, start: usize) -> Option<&'a str> {
        self.skip_while(is_word);
        let end = self.chars.peek().map_or(self.source.len(), |(at, _)| *at);
        let word = self.source.get(start..end)?;
        if !matches!(word, "r" | "br" | "cr") {
            return Some(word);
        }
        let mut hashes = 0;
        while self.peek() == Some('#') {
            self.next();
            hashes += 1;
        }
        if self.peek() == Some('"') {
            self.next();
            self.skip_raw_string(hashes);
            return None;
        }
        // `r#type` is the word `type` itself, which is read next.
        (hashes == 0).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> String {
        let shown = read(source).into_iter().map(|token| match token.kind {
            Kind::Word(word) => word.to_owned(),
            Kind::PathSeparator => "::".to_owned(),
            Kind::Sign(c) => c.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_strings_and_characters_leave_nothing() {
        let cases = [
            ("a // crate::b\nc", "a c"),
            ("a /* x /* y */ z */ b", "a b"),
            ("/*/ x */ b", "b"),
            (r#"f("crate::x \" y", 'a')"#, "f ( , )"),
            (r##"f(r#"a " b"#, br"c\", r"d")"##, "f ( , , )"),
            (
                r"match c { '\'' => 1, '\\' => 2, '\u{41}' => 3, '\n' => 4 }",
                "match c { = > 1 , = > 2 , = > 3 , = > 4 }",
            ),
            (
                "fn f<'a>(x: &'a str) -> &'static str",
                "fn f < > ( x : & str ) - > & str",
            ),
            ("r#type::r#fn", "type :: fn"),
            ("\"never closed", ""),
        ];
        for (source, want) in cases {
            assert_eq!(words(source), want, "{source}");
        }
    }

    #[test]
    fn a_token_knows_its_line_after_a_comment_and_a_string_of_several_lines() {
        let tokens = read("/* 1\n2 */ \"3\n\" here");
        assert_eq!(tokens.iter().map(|token| token.line).collect::<Vec<_>>(), [3]);
    }
}
