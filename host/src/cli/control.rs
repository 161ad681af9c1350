//! `uzel control`: a device of the running host is shown, confirmed, written and read back.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write};
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};

use super::api::{Api, HostError, Page};
use super::args::{ControlArgs, ControlCommand};

/// Between two looks at how an order stands.
const LOOK: Duration = Duration::from_millis(300);

/// How long a device that is just being read is waited for.
const BUSY: Duration = Duration::from_secs(60);

/// Why a device was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The running host did not do it.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The order is gone.
    #[error("the host does not know order {0} any more")]
    Gone(i64),
    /// Nobody was asked, or nobody could answer.
    #[error("the terminal could not be used")]
    Terminal(#[from] io::Error),
}

#[derive(Debug, Deserialize)]
struct Order {
    id: i64,
    setting: Option<String>,
    value: Option<String>,
    command: Option<String>,
    arguments: BTreeMap<String, String>,
    why: String,
    state: String,
    text: String,
    asked_by: String,
    asked_at: String,
    shown: Vec<Held>,
    token: Option<String>,
    held: Vec<Held>,
}

#[derive(Debug, Deserialize)]
struct Held {
    id: String,
    title: String,
    unit: Option<String>,
    value: String,
}

/// Changes a device, or lists what was asked. Gives the exit code: 0 it is so, 1 it is not.
pub async fn run(
    command: &ControlCommand,
    listen: SocketAddr,
    out: &mut (dyn Write + Send),
) -> Result<u8, ControlError> {
    let (args, wanted) = match command {
        ControlCommand::List { device, host } => {
            let api = Api::new(host.url.as_deref(), listen)?;
            list(&api, device, out).await?;
            return Ok(0);
        }
        ControlCommand::Set { args, setting, value } => (args, json!({"setting": setting, "value": value})),
        ControlCommand::Run {
            args,
            command,
            arguments,
        } => {
            let arguments: BTreeMap<_, _> = arguments.iter().cloned().collect();
            (args, json!({"command": command, "arguments": arguments}))
        }
    };
    let api = Api::new(args.host.url.as_deref(), listen)?;
    change(&api, args, wanted, out).await
}

/// Asks, shows, has it confirmed, tells what came of it.
async fn change(
    api: &Api,
    args: &ControlArgs,
    mut wanted: Json,
    out: &mut (dyn Write + Send),
) -> Result<u8, ControlError> {
    let device = api.device(&args.device).await?;
    if let Json::Object(wanted) = &mut wanted {
        wanted.insert("why".to_owned(), args.why.clone().into());
    }
    let path = format!("/devices/{}/control", device.id);
    let asked = post(api, &path, &wanted).await?;
    let asked = asked.ok_or_else(|| HostError::NoDevice(args.device.clone()))?;
    let order = until(api, asked.id, |state| state != "asked").await?;
    let Some(token) = order.token.as_deref().filter(|_| order.state == "shown") else {
        return ended(&order, out);
    };
    writeln!(out, "{}:", device.name)?;
    for line in shown(&order) {
        writeln!(out, "  {line}")?;
    }
    out.flush()?;
    if !args.yes && !is_confirmed(out)? {
        writeln!(out, "nothing was written")?;
        return Ok(1);
    }
    let path = format!("/control/{}/confirm", order.id);
    post(api, &path, &json!({"token": token}))
        .await?
        .ok_or(ControlError::Gone(order.id))?;
    let order = until(api, order.id, |state| state != "confirmed").await?;
    ended(&order, out)
}

/// What the device holds, and what it is to hold.
fn shown(order: &Order) -> Vec<String> {
    let unit = |held: &Held| held.unit.as_deref().map_or_else(String::new, |unit| format!(" {unit}"));
    let mut lines: Vec<String> = Vec::new();
    for held in &order.shown {
        let to = order
            .value
            .as_ref()
            .map_or_else(String::new, |value| format!(" → {value}{}", unit(held)));
        lines.push(format!("{} {}: {}{}{to}", held.id, held.title, held.value, unit(held)));
    }
    lines.extend(order.command.as_ref().map(|command| {
        let arguments: Vec<_> = order
            .arguments
            .iter()
            .map(|(name, text)| format!("{name}={text}"))
            .collect();
        format!("→ {command} {}", arguments.join(" "))
    }));
    lines
}

fn is_confirmed(out: &mut (dyn Write + Send)) -> io::Result<bool> {
    write!(out, "write this? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "д" | "Д" | "да"))
}

/// Says what came of the order.
fn ended(order: &Order, out: &mut (dyn Write + Send)) -> Result<u8, ControlError> {
    for held in &order.held {
        writeln!(out, "  {} {} is {}", held.id, held.title, held.value)?;
    }
    writeln!(out, "order {}: {}: {}", order.id, order.state, order.text)?;
    Ok(u8::from(order.state != "done"))
}

/// Posts until the device is not being read any more.
async fn post(api: &Api, path: &str, body: &Json) -> Result<Option<Order>, ControlError> {
    let until = Instant::now() + BUSY;
    loop {
        match api.post(path, body).await {
            Err(HostError::Refused { code, .. }) if code == "already-reading" && Instant::now() < until => {
                sleep(LOOK).await;
            }
            answer => return Ok(answer?),
        }
    }
}

/// Waits until an order has come so far. The host ends each: a line has its times.
async fn until(api: &Api, id: i64, is_so: impl Fn(&str) -> bool) -> Result<Order, ControlError> {
    loop {
        let order: Option<Order> = api.get(&format!("/control/{id}"), &[]).await?;
        let order = order.ok_or(ControlError::Gone(id))?;
        if is_so(&order.state) {
            return Ok(order);
        }
        sleep(LOOK).await;
    }
}

async fn list(api: &Api, device: &str, out: &mut (dyn Write + Send)) -> Result<(), ControlError> {
    let device = api.device(device).await?;
    let path = format!("/devices/{}/control", device.id);
    let page: Option<Page<Order>> = api.get(&path, &[]).await?;
    for order in page.map(|page| page.items).unwrap_or_default() {
        let what = match (&order.setting, &order.value, &order.command) {
            (Some(setting), Some(value), _) => format!("{setting} = {value}"),
            (_, _, command) => command.clone().unwrap_or_default(),
        };
        writeln!(
            out,
            "{}\t{}\t{what}\t{}\t{}\t{}: {}",
            order.id, order.asked_at, order.state, order.text, order.asked_by, order.why
        )?;
    }
    Ok(())
}
