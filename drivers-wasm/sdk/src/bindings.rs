//! Bindings of `wit/v1`, generated. The only module where unsafe code is allowed: it is the generator's.
#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "driver",
    pub_export_macro: true,
    export_macro_name: "export_meter",
    default_bindings_module: "uzel_driver_sdk::bindings",
    additional_derives: [PartialEq],
    generate_all,
});

pub mod diagnostics {
    wit_bindgen::generate!({
        path: "../../wit/v1",
        world: "with-diagnostics",
        pub_export_macro: true,
        export_macro_name: "export_diagnostics",
        default_bindings_module: "uzel_driver_sdk::bindings::diagnostics",
        with: {
            "uzel:driver/types@1.0.0": crate::bindings::uzel::driver::types,
            "uzel:driver/line@1.0.0": crate::bindings::uzel::driver::line,
            "uzel:driver/host@1.0.0": crate::bindings::uzel::driver::host,
        },
    });
}

pub mod configure {
    wit_bindgen::generate!({
        path: "../../wit/v1",
        world: "with-configure",
        pub_export_macro: true,
        export_macro_name: "export_configure",
        default_bindings_module: "uzel_driver_sdk::bindings::configure",
        with: {
            "uzel:driver/types@1.0.0": crate::bindings::uzel::driver::types,
            "uzel:driver/line@1.0.0": crate::bindings::uzel::driver::line,
            "uzel:driver/host@1.0.0": crate::bindings::uzel::driver::host,
        },
    });
}

pub mod control {
    wit_bindgen::generate!({
        path: "../../wit/v1",
        world: "with-control",
        pub_export_macro: true,
        export_macro_name: "export_control",
        default_bindings_module: "uzel_driver_sdk::bindings::control",
        with: {
            "uzel:driver/types@1.0.0": crate::bindings::uzel::driver::types,
            "uzel:driver/line@1.0.0": crate::bindings::uzel::driver::line,
            "uzel:driver/host@1.0.0": crate::bindings::uzel::driver::host,
        },
    });
}
