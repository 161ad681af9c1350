use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::signing::{Signer, Verdict, new_key, verify};

fn manifest() -> Manifest {
    let text = |text: &str| Text {
        ru: text.to_owned(),
        en: text.to_owned(),
    };
    Manifest {
        changelog: text("First version."),
        contract: "1.0.0".to_owned(),
        files: BTreeMap::new(),
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: "vkt7".to_owned(),
        interfaces: vec!["diagnostics".to_owned()],
        models: vec!["vkt7".to_owned()],
        title: text("ВКТ-7"),
        vendor: "Somebody".to_owned(),
        version: "1.2.3".to_owned(),
    }
}

fn files() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        (COMPONENT.to_owned(), b"\0asm".to_vec()),
        ("recordings/day.uzel-reading".to_owned(), vec![7; 1_000]),
        ("docs/README.md".to_owned(), b"# A meter".to_vec()),
    ])
}

/// A zip with these entries, whatever they are.
fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The entries of a good package, for damage.
fn good(signer: &Signer) -> BTreeMap<String, Vec<u8>> {
    let package = unpack(&pack(manifest(), &files(), Some(signer)).unwrap()).unwrap();
    let mut all = package.files;
    all.insert(MANIFEST.to_owned(), package.signed);
    all.insert(SIGNATURE.to_owned(), package.signature.unwrap().into_bytes());
    all
}

fn refused(entries: &BTreeMap<String, Vec<u8>>) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    unpack(&zipped(&entries)).unwrap_err().to_string()
}

#[test]
fn what_was_packed_is_unpacked_and_its_signature_holds() {
    let (secret, _, public) = new_key().unwrap();
    let signer = Signer::parse(&secret).unwrap();
    let bytes = pack(manifest(), &files(), Some(&signer)).unwrap();
    let package = unpack(&bytes).unwrap();
    assert_eq!(package.files, files());
    assert_eq!(package.component(), b"\0asm");
    assert_eq!(
        package.recordings().map(|(name, _)| name).collect::<Vec<_>>(),
        ["day.uzel-reading"]
    );
    let verdict = verify(&package.signed, package.signature.as_deref().unwrap(), &[public]).unwrap();
    assert!(matches!(verdict, Verdict::Signed(_)), "{verdict:?}");
}

#[test]
fn a_folder_is_a_package_too_and_nothing_in_it_is_left_out_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let package = unpack(&pack(manifest(), &files(), None).unwrap()).unwrap();
    for (name, bytes) in package.files.iter().chain([(&MANIFEST.to_owned(), &package.signed)]) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(read_folder(folder.path()).unwrap(), package);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("docs/more.md")).unwrap();
    let error = read_folder(folder.path()).unwrap_err().to_string();
    assert_eq!(error, "docs/more.md is a link or a device, expected a plain file");
    std::fs::remove_file(folder.path().join("docs/more.md")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "").unwrap();
    let error = read_folder(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("the package has a file \"notes.txt\""), "{error}");
}

#[test]
fn a_package_with_anything_changed_is_refused_by_name() {
    let signer = Signer::parse(&new_key().unwrap().0).unwrap();
    let changed = |change: &dyn Fn(&mut BTreeMap<String, Vec<u8>>)| {
        let mut all = good(&signer);
        change(&mut all);
        refused(&all)
    };
    let flip = |name: &'static str| changed(&|all| all.get_mut(name).unwrap()[0] ^= 1);
    assert!(
        flip(COMPONENT).starts_with("driver.wasm has SHA-256 "),
        "{}",
        flip(COMPONENT)
    );
    assert!(flip("recordings/day.uzel-reading").starts_with("recordings/day.uzel-reading has SHA-256"));
    let gone = changed(&|all| drop(all.remove("docs/README.md")));
    assert_eq!(gone, "the package has no docs/README.md");
    let more = changed(&|all| drop(all.insert("docs/b.md".to_owned(), Vec::new())));
    assert_eq!(more, "docs/b.md is not named in manifest.json");
    let spaced = changed(&|all| all.get_mut(MANIFEST).unwrap().insert(1, b' '));
    assert!(spaced.contains("not in its canonical form"), "{spaced}");
    let no_manifest = changed(&|all| drop(all.remove(MANIFEST)));
    assert_eq!(no_manifest, "the package has no manifest.json");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "../driver.wasm",
        "/etc/passwd",
        "docs/../../x",
        "docs/a/b",
        "docs/.hidden",
        "recordings/",
        "docs\\a",
        "драйвер.wasm",
        "driver.cwasm",
    ] {
        let error = unpack(&zipped(&[(name, b"x")])).unwrap_err().to_string();
        assert!(error.starts_with("the package has a file"), "{name}: {error}");
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("docs/link", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let error = unpack(&zip.finish().unwrap().into_inner()).unwrap_err().to_string();
    assert_eq!(error, "docs/link is a link or a device, expected a plain file");
}

#[test]
fn a_bomb_is_cut_at_its_bound() {
    let zeros = vec![0; limits::DRIVER_DOCUMENT_BYTES + 1];
    let error = unpack(&zipped(&[("docs/bomb.md", &zeros)])).unwrap_err().to_string();
    assert_eq!(error, "docs/bomb.md has more than 4194304 bytes");
    let many: Vec<String> = (0..=limits::DRIVER_PACKAGE_FILES)
        .map(|number| format!("docs/{number}"))
        .collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let error = unpack(&zipped(&many)).unwrap_err().to_string();
    assert_eq!(error, "the package has 257 files, at most 256 may be");
    let large = vec![0; limits::PACKAGE_BYTES];
    let names: Vec<String> = (0..17).map(|number| format!("recordings/{number}")).collect();
    let large: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), large.as_slice())).collect();
    let error = unpack(&zipped(&large)).unwrap_err().to_string();
    assert_eq!(error, "the package unpacks to more than 268435456 bytes");
}

#[test]
fn two_files_of_one_name_are_refused() {
    let once = zipped(&[("docs/aa.md", b"one"), ("docs/ab.md", b"two")]);
    // The writer does not make such a file, so the name is changed afterwards, in both places.
    let mut twice = once.clone();
    while let Some(at) = twice.windows(10).position(|window| window == b"docs/ab.md") {
        twice[at + 6] = b'a';
    }
    let error = unpack(&twice).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn a_manifest_with_words_that_are_none_is_refused() {
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = manifest();
        change(&mut manifest);
        pack(manifest, &files(), None).unwrap_err().to_string()
    };
    let expected = [
        (refused(&|m| m.id = "../vkt7".to_owned()), "id is \"../vkt7\""),
        (
            refused(&|m| m.version = "1.2".to_owned()),
            "version is \"1.2\", expected a version such as 1.4.0",
        ),
        (
            refused(&|m| m.interfaces.push("wasi".to_owned())),
            "interfaces is \"wasi\"",
        ),
        (refused(&|m| m.models.clear()), "models is \"0\""),
        (
            refused(&|m| m.vendor = "a\u{1b}[2Jb".to_owned()),
            "without control characters",
        ),
        (refused(&|m| m.title.ru = "x".repeat(9_000)), "up to 8192 bytes"),
    ];
    for (error, words) in expected {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn versions_follow_each_other_by_number() {
    assert!(version("1.10.0") > version("1.9.9"));
    assert_eq!(version("2.0.0-rc.1"), Some((2, 0, 0)));
    for text in ["", "1", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "1.2.3-", "1.2.3-й"] {
        assert_eq!(version(text), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn bytes_that_are_no_package_are_refused_and_nothing_else(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        proptest::prop_assert!(unpack(&bytes).is_err());
    }
}
