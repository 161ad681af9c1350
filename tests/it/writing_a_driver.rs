//! A vendor follows docs/writing-a-driver.md from an empty folder to a signed package. Every block of the page is carried
//! out: commands are run, code is put where the page says. The project has nothing of this repository but what `uzel driver
//! new` wrote, and the program was built before it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use system_tests::parts;

const PAGE: &str = include_str!("../../docs/writing-a-driver.md");

/// A block of the page.
#[derive(Debug)]
enum Block {
    Shell(String),
    /// What is done to a file, and the code.
    Edit(String, String),
}

/// The blocks that are to be carried out.
fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut marker, mut open) = (Vec::new(), None, None::<(String, String)>);
    for line in page.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some((language, code))) => match marker.take() {
                Some(marker) => blocks.push(Block::Edit(marker, code)),
                None if language == "sh" => blocks.push(Block::Shell(code)),
                None => {}
            },
            (None, Some((language, code))) => open = Some((language, code + line + "\n")),
            (None, None) => {
                let comment = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                marker = comment.map(str::to_owned).or(marker);
            }
        }
    }
    blocks
}

/// A vendor's desk: a shell that remembers where it is.
struct Desk {
    folder: tempfile::TempDir,
    port: u16,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("state"),
            format!("cd '{}'\n", folder.path().display()),
        )
        .unwrap();
        // Free a moment ago: nobody else on this machine is given it soon.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder, port }
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("heat1")
    }

    /// Runs commands; gives the exit code and what they printed.
    fn sh(&self, commands: &str) -> (i32, String) {
        let commands = commands.replace("127.0.0.1:4001", &format!("127.0.0.1:{}", self.port));
        // What goes on in the background must not hold the pipes that are read here to their end.
        let commands = commands.replace("> meter.log &", "> meter.log 2>&1 &");
        let state = self.folder.path().join("state");
        let state = state.display();
        let script = format!(
            "set -e\n. '{state}'\n{commands}\nprintf \"cd '%s'\\nMETER=%s\\n\" \"$PWD\" \"$METER\" > '{state}'\n"
        );
        let uzel = parts::uzel();
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("PATH", format!("{}:{path}", uzel.parent().unwrap().display()))
            // What every run compiles anew would be the same.
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("writing-a-driver"),
            )
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }

    /// Does what a marker of the page says.
    fn edit(&self, marker: &str, code: &str) {
        let (what, rest) = marker.split_once(": ").unwrap();
        let (file, name) = rest.split_once(' ').unwrap_or((rest, ""));
        let file = self.project().join(file);
        let text = fs::read_to_string(&file).unwrap_or_default();
        let changed = match what {
            "file" => code.to_owned(),
            "line" => text.replacen(&format!("{name}\n"), code, 1),
            "function" => {
                let begin = text.find(&format!("    fn {name}(")).unwrap();
                let end = begin + text.get(begin..).unwrap().find("\n    }\n").unwrap() + "\n    }\n".len();
                [text.get(..begin).unwrap(), code, text.get(end..).unwrap()].concat()
            }
            other => panic!("the page has a marker {other:?}, expected file, line or function"),
        };
        assert_ne!(changed, text, "{marker} changes nothing");
        fs::write(file, changed).unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The page ends the meter; a page that fails half-way does not.
        self.sh("kill $METER");
    }
}

#[test]
fn the_page_leads_from_an_empty_folder_to_a_signed_package() {
    let desk = Desk::new();
    let mut printed = String::new();
    for block in blocks(PAGE) {
        match block {
            Block::Shell(commands) => {
                let (code, text) = desk.sh(&commands);
                assert_eq!(code, 0, "{commands}\n{text}");
                printed.push_str(&text);
            }
            Block::Edit(marker, code) => desk.edit(&marker, &code),
        }
    }
    for seen in [
        "heat1 0.1.0, Example Works",
        "81.25",
        "1234.5678",
        "FAILED",
        "signed by the key",
    ] {
        assert_eq!(printed.contains(seen), seen != "FAILED", "{seen}: {printed}");
    }
    let package = desk.project().join("heat1-0.1.0.uzel-driver");
    let package = uzel::package::unpack(&fs::read(package).unwrap()).unwrap();
    assert_eq!(
        (package.manifest.models.as_slice(), package.recordings().count()),
        (&["primer-1".to_owned()][..], 1)
    );
    wrong_drivers_are_found(&desk);
}

/// The kit can fail: a driver that forgets one thing is told so, by the check that is about it.
fn wrong_drivers_are_found(desk: &Desk) {
    for (file, right, wrong, check) in [
        ("src/frame.rs", "if got != want {", "if got.is_empty() {", "noise"),
        (
            "src/lib.rs",
            "const ATTEMPTS: u32 = 3;",
            "const ATTEMPTS: u32 = 90;",
            "silent",
        ),
        ("src/hours.rs", "Some(\"return\")", "Some(\"supply\")", "recording"),
        ("driver.toml", "en = \"Network address\"", "en = \"\"", "texts"),
    ] {
        let file = desk.project().join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(right), "{right}");
        fs::write(&file, text.replace(right, wrong)).unwrap();
        let (code, printed) = desk.sh("uzel driver build\nuzel driver test");
        let told = printed.lines().find(|line| line.contains(&format!("FAILED {check} ")));
        assert!(code == 2 && told.is_some(), "{wrong}: {code}, {printed}");
        fs::write(&file, text).unwrap();
    }
}
