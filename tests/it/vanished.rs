//! Far ends that vanish without a word: no connection of the host outlives them for long.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};
use system_tests::{TestHost, parts};

use crate::devices::{ON_DEMAND, devices, tcp, word, young};

/// A network of its own, behind a cable that can be cut. Gone when dropped.
struct Island {
    name: String,
    /// The host's end of the cable.
    near: Ipv4Addr,
    /// The island's end.
    far: Ipv4Addr,
    programs: Vec<Child>,
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(error) }
}

impl Island {
    /// None: this machine lets nobody make networks; said aloud.
    fn new() -> Option<Self> {
        let number = std::process::id();
        let [high, low] = [number >> 6 & 0xff, number << 2 & 0xff];
        let address = |last: u32| format!("10.213.{high}.{}", low + last).parse().unwrap();
        let island = Self {
            name: format!("uzel{number}"),
            near: address(1),
            far: address(2),
            programs: Vec::new(),
        };
        if let Err(error) = island.lay_cable() {
            println!("SKIPPED: this machine lets nobody make networks: {error}");
            return None;
        }
        Some(island)
    }

    fn lay_cable(&self) -> Result<(), String> {
        let (name, outer, inner) = (&self.name, format!("{}a", self.name), format!("{}b", self.name));
        ip(&["netns", "add", name])?;
        ip(&[
            "link", "add", &outer, "type", "veth", "peer", "name", &inner, "netns", name,
        ])?;
        ip(&["address", "add", &format!("{}/30", self.near), "dev", &outer])?;
        ip(&["link", "set", &outer, "up"])?;
        ip(&["-n", name, "address", "add", &format!("{}/30", self.far), "dev", &inner])?;
        ip(&["-n", name, "link", "set", &inner, "up"])
    }

    /// Starts a simulated meter on the island; comes back when it says that it is there.
    fn meter(&mut self, arguments: &[&str]) {
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.name])
            .arg(parts::meter_sim())
            .args(["one", "vkt7"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        self.programs.push(child);
        let ready = stdout.lines().map_while(Result::ok).any(|line| line == "ready");
        assert!(ready, "the simulated meter did not come up");
    }

    /// From now on nothing passes and nobody says so.
    fn cut(&self) {
        ip(&["-n", &self.name, "address", "flush", "dev", &format!("{}b", self.name)]).unwrap();
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        for program in &mut self.programs {
            // It may have ended; its connections vanish with the network.
            let _ = program.kill();
            let _ = program.wait();
        }
        let _ = ip(&["netns", "delete", &self.name]);
        let _ = ip(&["link", "delete", &format!("{}a", self.name)]);
    }
}

async fn listener(host: &TestHost) -> Json {
    host.get("/api/v1/listeners").await["items"][0].clone()
}

async fn tunnel(host: &TestHost, device: i64, listen: Option<String>) -> SocketAddr {
    let path = format!("/api/v1/devices/{device}/tunnel");
    let (status, opened) = host.post(&path, &json!({"minutes": 60, "listen": listen})).await;
    assert_eq!(status, 202, "{opened}");
    opened["address"].as_str().unwrap().parse().unwrap()
}

async fn connections(host: &TestHost, device: i64) -> Vec<Json> {
    let tunnel = host.get(&format!("/api/v1/devices/{device}/tunnel")).await;
    tunnel["connections"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_a_modem_and_a_program_behind_a_cut_cable_are_let_go() {
    let Some(mut island) = Island::new() else { return };
    let (near, far) = (island.near, island.far);
    let config =
        format!("{ON_DEMAND}\n[[listeners]]\nname = 'gprs'\nlisten = '{near}:0'\ngreeting = 'none'\nkeepalive_s = 5\n");
    let meter = young(1).seed(111).start_tcp().await.unwrap();
    let lines = [format!("tcp:{far}:4001"), tcp(&meter)];
    let rows = [
        ["beyond", "vkt7", &lines[0], "", "clock", "address=1"],
        ["here", "vkt7", &lines[1], "", "clock", "address=1"],
    ];
    let host = TestHost::start_with(&devices(&rows), &config);
    let [beyond, here] = [host.device("beyond").await, host.device("here").await];

    // A tunnel to a meter there, a program there in a tunnel to a meter here, and a modem there that called.
    island.meter(&["--listen", &format!("{far}:4001")]);
    let to_beyond = tunnel(&host, beyond, None).await;
    let _program = TcpStream::connect(to_beyond).unwrap();
    let to_here = tunnel(&host, here, Some(format!("{near}:0"))).await;
    island.meter(&["--call", &to_here.to_string(), "--modem", "none"]);
    let server = listener(&host).await["listen"].as_str().unwrap().to_owned();
    island.meter(&["--call", &server, "--modem", "none"]);
    host.until("all connections", async |host| {
        let modem = listener(host).await["connected"] == 1;
        let programs = connections(host, beyond).await.len() + connections(host, here).await.len();
        (modem && programs == 2).then_some(())
    })
    .await;

    island.cut();
    host.until("the end of the modem's connection", async |host| {
        (listener(host).await["connected"] == 0).then_some(())
    })
    .await;
    host.until("the end of the program's connection", async |host| {
        let all = connections(host, here).await;
        (all[0]["is_over"] == true).then_some(())
    })
    .await;
    let lost = host.session_ended(beyond).await;
    assert_eq!((word(&lost), &lost["cause"]), ("line-closed", &json!("line")), "{lost}");
    // The tunnel to the meter here has room for the next program.
    let next = TcpStream::connect(to_here).unwrap();
    host.until("the next program", async |host| {
        (connections(host, here).await.len() == 2).then_some(())
    })
    .await;
    drop(next);
}
