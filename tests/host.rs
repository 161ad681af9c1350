//! The program as a user starts it: a process of its own, an SQLite file, HTTP.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tempfile::TempDir;

use crate::parts;

/// A running `uzel serve`. Killed when dropped.
pub struct TestHost {
    folder: TempDir,
    child: Option<Child>,
    address: String,
    log: Arc<Mutex<String>>,
    has_accounts: bool,
}

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(120);

impl TestHost {
    /// Imports the devices (CSV, see `uzel device import --help`) and starts the host.
    pub fn start(devices: &str) -> Self {
        Self::start_with(devices, "")
    }

    /// As [`Self::start`], with more lines for the configuration.
    pub fn start_with(devices: &str, config: &str) -> Self {
        let mut host = Self::prepare(devices, config);
        host.spawn();
        host
    }

    /// As [`Self::start_with`], with these drivers and no others.
    pub fn start_with_drivers(drivers: &[PathBuf], devices: &str, config: &str) -> Self {
        let mut host = Self::prepare_with_drivers(drivers, devices, config);
        host.spawn();
        host
    }

    /// As [`Self::prepare`], with these drivers and no others.
    pub fn prepare_with_drivers(drivers: &[PathBuf], devices: &str, config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path().join("drivers");
        std::fs::create_dir(&own).expect("a folder of drivers");
        for file in drivers {
            std::fs::copy(file, own.join(file.file_name().expect("a file has a name"))).expect("copy a driver");
        }
        Self::prepare_in(folder, &own, devices, config)
    }

    /// Imports the devices, but does not start the host yet.
    pub fn prepare(devices: &str, config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = folder.path().join("cache");
        DirBuilder::new().mode(0o700).create(&cache).expect("a private folder");
        let compiled = std::fs::read_dir(parts::compiled_folder()).expect("the folder of compiled code");
        for file in compiled.flatten() {
            // A file that another test program is writing has another name a moment later: the host compiles then.
            let _ = std::fs::copy(file.path(), cache.join(file.file_name()));
        }
        Self::prepare_in(folder, &parts::drivers_folder(), devices, config)
    }

    fn prepare_in(folder: TempDir, drivers: &Path, devices: &str, config: &str) -> Self {
        let text = format!(
            "[http]\nlisten = '127.0.0.1:0'\n[drivers]\nfolder = '{}'\n{config}\n",
            drivers.display()
        );
        std::fs::write(folder.path().join("uzel.toml"), text).expect("write the configuration");
        std::fs::write(folder.path().join("devices.csv"), devices).expect("write the devices");
        let host = Self {
            folder,
            child: None,
            address: String::new(),
            log: Arc::default(),
            has_accounts: false,
        };
        host.uzel(&["device", "import", "devices.csv", "--config", "uzel.toml"]);
        host
    }

    /// From its next start on people sign in.
    pub fn with_accounts(mut self) -> Self {
        self.has_accounts = true;
        self
    }

    /// What the host said on standard output since it started.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("said.txt")).unwrap_or_default()
    }

    /// Runs the program to its end in the host's folder; gives what it printed.
    pub fn uzel(&self, args: &[&str]) -> String {
        let output = self.try_uzel(args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "uzel {}: {error}{text}", args.join(" "));
        text
    }

    /// Runs the program to its end in the host's folder, however it ends.
    pub fn try_uzel(&self, args: &[&str]) -> Output {
        let mut program = Command::new(parts::uzel());
        program.args(args).current_dir(self.folder.path());
        program.output().expect("the program starts")
    }

    /// Starts the program again in the same folder and waits until it answers.
    pub fn spawn(&mut self) {
        self.spawn_with(&[], &[]);
    }

    /// The same through `wrapper`, a program that becomes the one named after its arguments, and with more variables.
    pub fn spawn_with(&mut self, wrapper: &[&str], variables: &[(&str, &str)]) {
        match self.launch_with(wrapper, variables).recv_timeout(PATIENCE) {
            Ok(address) => self.address = address.trim_end_matches('/').to_owned(),
            Err(_) => panic!("the host did not come up:\n{}", self.log()),
        }
    }

    /// Starts the program in the folder and waits for nothing. Its address comes when it serves.
    pub fn launch(&mut self) -> Receiver<String> {
        self.launch_with(&[], &[])
    }

    fn launch_with(&mut self, wrapper: &[&str], variables: &[(&str, &str)]) -> Receiver<String> {
        let program = parts::uzel();
        let mut words: Vec<&OsStr> = wrapper.iter().map(OsStr::new).collect();
        words.extend([program.as_os_str(), "serve".as_ref()]);
        words.extend(["--config", "uzel.toml"].map(OsStr::new));
        words.extend((!self.has_accounts).then_some(OsStr::new("--without-accounts")));
        let said = std::fs::File::create(self.folder.path().join("said.txt")).expect("a file for what it says");
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .envs(variables.iter().copied())
            .current_dir(self.folder.path())
            .stdout(said)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        self.child = Some(child);
        let (told, address) = std::sync::mpsc::channel();
        let log = self.log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://127.0.0.1:") {
                    let address: String = line[at..]
                        .chars()
                        .take_while(|c| !c.is_whitespace() && !"\",".contains(*c))
                        .collect();
                    // The first address is the one; later lines may name it again.
                    let _ = told.send(address);
                }
                let mut log = log.lock().expect("nobody panics with the log");
                log.push_str(&line);
                log.push('\n');
            }
        });
        address
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the host can be killed");
            child.wait().expect("the host ends");
        }
    }

    /// Asks it to end, waits until it has, and says whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.signal("TERM");
        let Some(mut child) = self.child.take() else {
            return true;
        };
        child.wait().expect("the host ends").success()
    }

    /// Sends it a signal, if it runs.
    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            let mut kill = Command::new("kill");
            kill.args([&format!("-{name}"), &child.id().to_string()]);
            assert!(kill.status().expect("kill is there").success());
        }
    }

    /// Number of the host's process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the host wrote to its log.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with the log").clone()
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("uzel.sqlite")
    }

    /// The folder it lives in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A pool that reads the database beside the host.
    pub async fn pool(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(self.database()).read_only(true);
        SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .expect("the database opens")
    }

    /// GET of a path under the API; panics unless it answers 2xx with JSON.
    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.address);
        let answer = reqwest::get(&url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = answer.status();
        let text = answer.text().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"))
    }

    /// POST of a JSON body; gives status and answer.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.address);
        let client = reqwest::Client::new();
        let request = client
            .post(&url)
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap_or_default();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// DELETE of a path; gives the status.
    pub async fn delete(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.address);
        let answer = reqwest::Client::new().delete(&url).send().await;
        answer
            .unwrap_or_else(|error| panic!("{url}: {error}"))
            .status()
            .as_u16()
    }

    /// Asks again until `found` gives something; panics with the log when it takes longer than anybody waits.
    pub async fn until<T>(&self, what: &str, mut found: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(value) = found(self).await {
                return value;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{what} did not happen; the host's log:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The id of a device by its name.
    pub async fn device(&self, name: &str) -> i64 {
        let found = sqlx::query_scalar("select id from device where name = ?").bind(name);
        found
            .fetch_one(&self.pool().await)
            .await
            .unwrap_or_else(|error| panic!("device {name}: {error}"))
    }

    /// Has a device read now, with a body as the API takes it; waits for the end and gives the session.
    pub async fn read_now(&self, device: i64, body: &Value) -> Value {
        let newest = async |host: &Self| {
            let sessions = host.get(&format!("/api/v1/sessions?device={device}&limit=1")).await;
            sessions["items"].get(0).cloned().unwrap_or(Value::Null)
        };
        let path = format!("/api/v1/devices/{device}/read-now");
        // A session is in the journal a moment before its device may be asked again, and another may follow it.
        let taken = async |host: &Self| {
            let before = newest(host).await["id"].as_i64();
            match host.post(&path, body).await {
                (202, _) => Some(before),
                (409, _) => None,
                other => panic!("{path} {body}: {other:?}"),
            }
        };
        let before = self.until("the order to read", taken).await;
        self.until("the end of the session asked for", async |host| {
            let last = newest(host).await;
            (last["id"].as_i64() > before && !last["outcome"].is_null()).then_some(last)
        })
        .await
    }

    /// Waits until the newest session of a device has ended; gives the session.
    pub async fn session_ended(&self, device: i64) -> Value {
        self.until("the end of a session", async |host| {
            let sessions = host.get(&format!("/api/v1/sessions?device={device}&limit=1")).await;
            let last = sessions["items"].get(0)?.clone();
            (!last["outcome"].is_null()).then_some(last)
        })
        .await
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        self.kill();
    }
}
