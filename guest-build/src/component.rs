//! Turns a core WebAssembly module into a component and looks at what the component asks of its host.

use wit_component::{ComponentEncoder, DecodedWasm};

/// The only package whose interfaces a driver may import: the host offers nothing else, WASI least of all.
const CONTRACT: &str = "uzel:driver/";

/// Why there is no component, or none that is a driver.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The module imports what its world does not have, or the result is not a valid component.
    #[error("the module does not become a component: {text}")]
    Encode {
        /// What the encoder says.
        text: String,
    },
    /// The bytes are something else.
    #[error("no component: {text}")]
    Decode {
        /// What the decoder says.
        text: String,
    },
    /// It asks for what no host has.
    #[error("imports {}, but a driver may import from {CONTRACT}* only", .names.join(", "))]
    Import {
        /// What it asks for beyond the contract.
        names: Vec<String>,
    },
    /// There is nothing to call.
    #[error("exports nothing: call the SDK's export macro in lib.rs")]
    NoExport,
}

/// Wraps a core module that carries its world in a custom section, as `wit-bindgen` leaves it.
///
/// # Errors
/// The module imports what its world does not have, or the result is not a valid component.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).map_err(encode_failed)?;
    encoder.encode().map_err(encode_failed)
}

fn encode_failed(error: impl std::fmt::Display) -> ComponentError {
    ComponentError::Encode {
        text: format!("{error:#}"),
    }
}

/// Refuses a component that the host could not run.
///
/// # Errors
/// It imports anything outside of the contract, or exports nothing; the text lists the imports that are too many.
pub fn check_driver(component: &[u8]) -> Result<(), ComponentError> {
    let decoded = wit_component::decode(component).map_err(|error| ComponentError::Decode {
        text: format!("{error:#}"),
    })?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        let text = "this is a WIT package, not a component".to_owned();
        return Err(ComponentError::Decode { text });
    };
    let Some(world) = resolve.worlds.get(world) else {
        let text = "it has no world".to_owned();
        return Err(ComponentError::Decode { text });
    };
    let names = world.imports.keys().map(|key| resolve.name_world_key(key));
    let names: Vec<_> = names.filter(|name| !name.starts_with(CONTRACT)).collect();
    if !names.is_empty() {
        return Err(ComponentError::Import { names });
    }
    if world.exports.is_empty() {
        return Err(ComponentError::NoExport);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use wasm_encoder::{
        Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentTypeRef,
        ComponentTypeSection, InstanceType,
    };
    use wit_component::{StringEncoding, embed_component_metadata};
    use wit_parser::Resolve;

    /// A component that imports an empty instance under each name and exports the first one again.
    fn component(imports: &[&str], export: Option<&str>) -> Vec<u8> {
        let mut types = ComponentTypeSection::new();
        types.instance(&InstanceType::new());
        let mut section = ComponentImportSection::new();
        for name in imports {
            section.import(*name, ComponentTypeRef::Instance(0));
        }
        let mut component = Component::new();
        component.section(&types).section(&section);
        if let Some(name) = export {
            let mut exports = ComponentExportSection::new();
            exports.export(name, ComponentExportKind::Instance, 0, None);
            component.section(&exports);
        }
        component.finish()
    }

    #[test]
    fn a_component_of_the_contract_passes_and_any_other_import_is_named() {
        let meter = Some("uzel:driver/meter@1.0.0");
        let cases = [
            ("contract only", component(&["uzel:driver/line@1.0.0"], meter), None),
            (
                "wasi",
                component(&["uzel:driver/line@1.0.0", "wasi:cli/stdout@0.2.0"], meter),
                Some("imports wasi:cli/stdout@0.2.0, but a driver may import from uzel:driver/* only"),
            ),
            (
                "look-alike package",
                component(&["uzel:drivers/line@1.0.0"], meter),
                Some("imports uzel:drivers/line@1.0.0, but a driver may import from uzel:driver/* only"),
            ),
            (
                "stub",
                component(&["uzel:driver/line@1.0.0"], None),
                Some("exports nothing: call the SDK's export macro in lib.rs"),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(
                check_driver(&bytes).map_err(|e| e.to_string()).err().as_deref(),
                want,
                "{name}"
            );
        }
    }

    /// The component of `tests/contract/v2-example`, made of its text.
    fn second_contract(folder: &Path) -> Vec<u8> {
        let describe = std::fs::read(folder.join("describe.json")).unwrap();
        let quoted = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\{byte:02x}")).collect() };
        let length = u32::try_from(describe.len()).unwrap().to_le_bytes();
        let text = std::fs::read_to_string(folder.join("driver.wat")).unwrap();
        let text = text
            .replace("\\LENGTH", &quoted(&length))
            .replace("DESCRIBE", &quoted(&describe));
        let mut module = wat::parse_str(text).unwrap();
        let mut resolve = Resolve::default();
        resolve.push_dir(folder.join("../../../wit/v1")).unwrap();
        let (package, _) = resolve.push_dir(folder).unwrap();
        let world = resolve.select_world(&[package], Some("driver")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        encode(&module).unwrap()
    }

    #[test]
    fn the_example_of_a_second_contract_is_what_its_text_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/contract/v2-example");
        let (made, file) = (second_contract(&folder), folder.join("driver.wasm"));
        if std::env::var_os("INSTA_UPDATE").is_some_and(|word| word == "always") {
            std::fs::write(&file, &made).unwrap();
        }
        let is_same = std::fs::read(&file).is_ok_and(|bytes| bytes == made);
        assert!(
            is_same,
            "{} is old: run this test with INSTA_UPDATE=always",
            file.display()
        );
    }
}
