//! The SDK and the contract, as this program carries them: a project builds without this repository.

use rust_embed::RustEmbed;

/// The workspace in which the SDK's versions stand.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

#[derive(RustEmbed)]
#[folder = "../drivers-wasm/sdk/"]
struct Sdk;

#[derive(RustEmbed)]
#[folder = "../drivers-wasm/sdk-build/"]
struct SdkBuild;

#[derive(RustEmbed)]
#[folder = "../wit/v1/"]
struct Wit;

/// Names and contents of the files of `vendor/uzel-sdk`. The folders lie to each other as they do here, where the
/// bindings look for the contract.
pub(super) fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("Cargo.toml".to_owned(), workspace().into_bytes())];
    add::<Sdk>("drivers-wasm/sdk", &mut files);
    add::<SdkBuild>("drivers-wasm/sdk-build", &mut files);
    add::<Wit>("wit/v1", &mut files);
    files
}

fn add<Folder: RustEmbed>(folder: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for name in Folder::iter() {
        let file = Folder::get(&name);
        files.extend(file.map(|file| (format!("{folder}/{name}"), file.data.into_owned())));
    }
}

/// The workspace without what is not the SDK's.
fn workspace() -> String {
    const MEMBERS: [&str; 2] = ["drivers-wasm/sdk", "drivers-wasm/sdk-build"];
    const VERSIONS: [&str; 7] = [
        "crc",
        "miniz_oxide",
        "serde",
        "serde_json",
        "thiserror",
        "toml",
        "wit-bindgen",
    ];
    // It is this repository's own manifest, which builds.
    let whole: toml::Table = WORKSPACE.parse().unwrap_or_default();
    let own = whole.get("workspace").and_then(toml::Value::as_table).cloned();
    let mut own = own.unwrap_or_default();
    own.insert("members".to_owned(), MEMBERS.to_vec().into());
    if let Some(versions) = own.get_mut("dependencies").and_then(toml::Value::as_table_mut) {
        versions.retain(|name, _| VERSIONS.contains(&name));
    }
    let kept = toml::Table::from_iter([("workspace".to_owned(), own.into())]);
    kept.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_whole_and_its_workspace_names_nothing_else() {
        let files = files();
        let find = |name: &str| files.iter().find(|(file, _)| file == name);
        for name in [
            "drivers-wasm/sdk/src/lib.rs",
            "drivers-wasm/sdk-build/src/lib.rs",
            "wit/v1/driver.wit",
        ] {
            assert!(find(name).is_some_and(|(_, bytes)| !bytes.is_empty()), "{name}");
        }
        let text = workspace();
        assert!(text.contains("wit-bindgen") && !text.contains("sqlx"), "{text}");
    }
}
