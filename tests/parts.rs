//! The built parts: where they are, and what to do when they are not.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use uzel::driver::{Cache, Driver, Runtime};

/// Files of compiled code that are kept.
const MOST_COMPILED: usize = 200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the repository")
        .to_owned()
}

fn folder(variable: &str, default: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from)
}

/// The `uzel` program: `UZEL_BIN`, or the one beside this test.
pub fn uzel() -> PathBuf {
    program("UZEL_BIN", "uzel")
}

/// The `meter-sim` program: `METER_SIM_BIN`, or the one beside this test.
pub fn meter_sim() -> PathBuf {
    program("METER_SIM_BIN", "meter-sim")
}

fn program(variable: &str, name: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(
        || {
            let test = std::env::current_exe().expect("a running program has a path");
            let folder = test.ancestors().find(|folder| folder.join(name).is_file());
            folder.map_or_else(|| root().join("target/debug").join(name), |folder| folder.join(name))
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is not built: run `cargo xtask test`, or cargo build first",
        path.display()
    );
    path
}

/// The folder of the compiled drivers.
pub fn drivers_folder() -> PathBuf {
    folder("UZEL_DRIVERS_DIR", "target/drivers")
}

/// A compiled driver's component.
pub fn driver_file(name: &str) -> PathBuf {
    let file = drivers_folder().join(format!("{name}.wasm"));
    assert!(
        file.is_file(),
        "{} is not built: run `cargo xtask wasm`",
        file.display()
    );
    file
}

/// The example driver in a language.
pub fn example_file(language: &str) -> PathBuf {
    let file = folder("UZEL_EXAMPLES_DIR", "target/examples").join(format!("example-{language}.wasm"));
    assert!(
        file.is_file(),
        "{} is not built: run `cargo xtask examples {language}`",
        file.display()
    );
    file
}

/// A component that was built when its version of the contract was new.
pub fn golden_file(name: &str) -> PathBuf {
    root().join("tests/golden").join(name)
}

/// A compiled component that misbehaves.
pub fn hostile_file(name: &str) -> PathBuf {
    let file = folder("UZEL_HOSTILE_DIR", "target/hostile").join(format!("{name}.wasm"));
    assert!(
        file.is_file(),
        "{} is not built: run `cargo xtask wasm --hostile`",
        file.display()
    );
    file
}

/// One engine for the whole test program.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new(None).expect("the engine starts"))
}

/// A driver, compiled once for the whole test program.
pub fn driver(name: &str) -> Arc<Driver> {
    use std::collections::HashMap;
    use std::sync::Mutex;
    static LOADED: OnceLock<Mutex<HashMap<String, Arc<Driver>>>> = OnceLock::new();
    let mut loaded = LOADED
        .get_or_init(Mutex::default)
        .lock()
        .expect("no test panics while it loads a driver");
    let load = || Arc::new(Driver::load_file(runtime(), &driver_file(name)).unwrap_or_else(|e| panic!("{name}: {e}")));
    loaded.entry(name.to_owned()).or_insert_with(load).clone()
}

/// The folder of the compiled code of all drivers of [`drivers_folder`]. It outlives the test program, so that not every
/// host of every test compiles a dozen drivers.
pub fn compiled_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = drivers_folder().with_file_name("test-cache");
        let files = || std::fs::read_dir(&folder).into_iter().flatten().flatten();
        // What is there of older drivers and engines is of no use.
        if files().count() > MOST_COMPILED {
            std::fs::remove_dir_all(&folder).expect("the folder of compiled code is ours");
        }
        let cache = Cache::open(&folder).expect("a private folder of compiled code");
        let runtime = Runtime::new(Some(cache)).expect("the engine starts");
        let drivers = std::fs::read_dir(drivers_folder()).expect("drivers are built");
        for file in drivers.flatten().map(|file| file.path()) {
            if file.extension().is_some_and(|extension| extension == "wasm") {
                Driver::load_file(&runtime, &file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            }
        }
        folder
    })
}

/// Has so many files open at once, where the system allows it; otherwise says how many it allows.
pub fn raise_open_files(need: u64) -> Result<(), u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit can be asked for");
    if soft >= need {
        return Ok(());
    }
    if hard < need {
        return Err(hard);
    }
    setrlimit(Resource::RLIMIT_NOFILE, need, hard).expect("the limit can be raised up to the hard one");
    Ok(())
}
