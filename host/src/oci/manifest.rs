//! The manifest of an artifact that is a driver package (OCI Image Specification 1.1, "Guidelines for Artifact Usage").

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::reference::is_digest;
use crate::limits;

/// What the artifact is.
pub const ARTIFACT: &str = "application/vnd.uzel.driver.v1";

/// What its one layer is: the bytes of a package file.
pub const LAYER: &str = "application/vnd.uzel.driver.package.v1+zip";

/// What a manifest is.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The configuration that an artifact without one has: two bytes.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub(super) const EMPTY_CONFIG: &[u8] = b"{}";

#[derive(Deserialize)]
struct Manifest {
    #[serde(default, rename = "artifactType")]
    artifact: Option<String>,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media: String,
    digest: String,
    size: u64,
}

/// The package that a manifest names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) digest: String,
    pub(super) bytes: usize,
}

/// The digest of some bytes, as registries write it.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The manifest of a package file of this name.
pub(super) fn write(package: &[u8], name: &str) -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": ARTIFACT,
        "config": {"mediaType": EMPTY, "digest": digest(EMPTY_CONFIG), "size": EMPTY_CONFIG.len()},
        "layers": [{
            "mediaType": LAYER, "digest": digest(package), "size": package.len(),
            "annotations": {"org.opencontainers.image.title": name},
        }],
    });
    manifest.to_string().into_bytes()
}

/// The one layer of a manifest.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Layer, String> {
    let manifest: Manifest =
        serde_json::from_slice(bytes).map_err(|error| format!("the manifest cannot be read: {error}"))?;
    if let Some(other) = manifest.artifact.filter(|artifact| artifact != ARTIFACT) {
        return Err(format!("the artifact is {other:?}, expected {ARTIFACT:?}"));
    }
    let [layer] = manifest.layers.as_slice() else {
        return Err(format!(
            "the artifact has {} layers, expected one",
            manifest.layers.len()
        ));
    };
    if layer.media != LAYER {
        return Err(format!("the layer is {:?}, expected {LAYER:?}", layer.media));
    }
    if !is_digest(&layer.digest) {
        return Err(format!(
            "the layer has the digest {:?}, expected one of sha256",
            layer.digest
        ));
    }
    let bytes = usize::try_from(layer.size)
        .ok()
        .filter(|size| *size <= limits::DRIVER_PACKAGE_BYTES);
    let most = limits::DRIVER_PACKAGE_BYTES;
    let bytes = bytes.ok_or_else(|| format!("the package has {} bytes, at most {most} may be", layer.size))?;
    Ok(Layer {
        digest: layer.digest.clone(),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_other_artifacts_are_told_apart() {
        let written = write(b"PK", "a.uzel-driver");
        let want = Layer {
            digest: digest(b"PK"),
            bytes: 2,
        };
        assert_eq!(read(&written), Ok(want));
        let text = String::from_utf8(written).unwrap();
        for (from, to, words) in [
            (ARTIFACT, "application/x", "the artifact is \"application/x\""),
            (LAYER, "application/x\\n", "the layer is \"application/x\\n\""),
            ("\"size\":2}]", "\"size\":60000000}]", "at most"),
            ("\"layers\":[", "\"layers\":[],\"more\":[", "0 layers"),
            ("{", "[", "cannot be read"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            let why = read(changed.as_bytes()).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
