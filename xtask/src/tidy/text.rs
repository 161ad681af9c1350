//! Rules for every text file: no paths of one machine, no addresses of package registries, no overlong sources.

use super::{File, Finding};

/// Above this a source file probably holds more than one idea.
const LONG_LINES: usize = 400;

/// Folders that exist on one machine only. The words are put together so that this file passes its own rule.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Where packages come from is the business of each machine's configuration.
const REGISTRIES: &[&str] = &[
    concat!("registry.npmjs", ".org"),
    concat!("registry.yarnpkg", ".com"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("static.rust-lang", ".org"),
    concat!("deb.debian", ".org"),
    concat!("files.pythonhosted", ".org"),
];

/// The places of a file that name a machine's folder or a registry's host.
pub fn check(file: &File) -> Vec<Finding> {
    let judge = |(index, line): (usize, &str)| {
        let text = if let Some(word) = MACHINE_PATHS.iter().find(|word| names_folder(line, word)) {
            format!("`{word}` is a folder of one machine: use a path relative to the repository")
        } else {
            let word = REGISTRIES.iter().find(|word| line.contains(**word))?;
            format!("`{word}` is a registry's host: name the package only")
        };
        Some(Finding {
            path: file.path.clone(),
            line: index + 1,
            text,
        })
    };
    file.text.lines().enumerate().filter_map(judge).collect()
}

/// Whether an absolute path starts with `folder`. The same letters inside of a longer path or address are no matter.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | ')' | '*' | '~'))
    })
}

/// A word about a source file that has grown too long.
pub fn length_warning(file: &File) -> Option<Finding> {
    let is_source = [".rs", ".ts", ".svelte"]
        .iter()
        .any(|ending| file.path.ends_with(ending));
    let lines = file.text.lines().count();
    let text = format!("{lines} lines, more than {LONG_LINES}: does it hold one idea?");
    (is_source && lines > LONG_LINES).then(|| Finding {
        path: file.path.clone(),
        line: 0,
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> File {
        File {
            path: path.to_owned(),
            text,
        }
    }

    #[test]
    fn a_machine_path_and_a_registry_are_found_with_their_lines() {
        let [folder, home] = MACHINE_PATHS else {
            panic!("two folders are known")
        };
        let host = REGISTRIES[0];
        let cases = [
            (format!("ok\nsee {folder}main"), vec![2]),
            (format!("path = \"{home}.cargo\""), vec![1]),
            (format!("file://{folder}x"), vec![1]),
            (
                format!("https://example.org{folder}x, ${{dir}}{folder}, a{home}"),
                vec![],
            ),
            (format!("\"resolved\": \"https://{host}/x\""), vec![1]),
        ];
        for (text, want) in cases {
            let lines: Vec<_> = check(&file("a.md", text.clone()))
                .iter()
                .map(|finding| finding.line)
                .collect();
            assert_eq!(lines, want, "{text}");
        }
    }

    #[test]
    fn only_long_sources_are_warned_about() {
        let long = |path| length_warning(&file(path, "x\n".repeat(LONG_LINES + 1))).is_some();
        assert_eq!(
            [long("a.rs"), long("web/A.svelte"), long("data.json")],
            [true, true, false]
        );
        assert!(length_warning(&file("a.rs", "x\n".repeat(LONG_LINES))).is_none());
    }
}
