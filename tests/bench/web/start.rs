//! What the web client asks first, with many nodes: the list of attention, the tree, the search.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};
use system_tests::TestHost;
use uzel::store::{Config, NewDevice, NewSite, Store};

use crate::web::browser;
use crate::{made, report};

/// Looks that are measured: the middle one counts.
const LOOKS: usize = 9;

/// A look that the host keeps is fresh again after so long.
const KEPT: Duration = Duration::from_secs(4);

/// Streets of the city; the search looks for the first.
const STREETS: [&str; 6] = ["Лесная", "Парковая", "Заводская", "Мира", "Школьная", "Набережная"];

/// Sessions, archives and situations as if everything had been read an hour ago: one device of 25 has been silent since,
/// one of 40 is a day late, one of 30 has an abnormal hour.
const FILL: [&str; 7] = [
    "insert into session (id, device_id, line_id, driver, driver_version, driver_digest, reason, started_at_ms, ended_at_ms, outcome)
     select d.id, d.id, r.line_id, d.driver, '1', 'bench', 'schedule', (unixepoch() - 600) * 1000, (unixepoch() - 590) * 1000,
         case when d.id % 25 = 0 then 'no-answer' else 'complete' end
     from device d join route r on r.device_id = d.id",
    "insert into device_state (device_id, last_session_id, last_outcome, failures_in_row, last_good_at)
     select device_id, id, outcome, case outcome when 'complete' then 0 else 5 end, unixepoch() - 4000 from session",
    "insert into record (device_id, kind, starts_at, ends_at, version, current, session_id, received_at)
     with recursive h (n) as (select 1 union all select n + 1 from h where n < 48)
     select d.id, 'hourly', e.at - h.n * 3600, e.at - (h.n - 1) * 3600, 1, 1, d.id, e.at
     from device d join h join (select unixepoch() / 3600 * 3600 as at) e where d.id % 40 <> 1 or h.n > 24",
    "insert into archive select device_id, kind, count(*), min(starts_at), max(ends_at) from record group by device_id, kind",
    "insert into condition (record_id, ordinal, code, category, effect, input)
     select r.id, 0, '04', 'flow-below-min', 'stopped', 1 from record r
     where r.device_id % 30 = 2 and r.starts_at > unixepoch() - 8 * 3600",
    "update site set latitude = 55 + (id % 97) / 90.0, longitude = 37 + (id % 89) / 60.0",
    "update revision set number = number + 1",
];

/// Measures a host of so many nodes.
pub fn run(nodes: u32) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut host = TestHost::prepare(
        "name,driver,line,config\nfirst,vkt7,tcp:127.0.0.1:1,address=1\n",
        "[polling]\nsessions = 1\n",
    );
    runtime.block_on(fill(&host, nodes))?;
    host.spawn();
    report::head("web", &format!("what the client asks first, {nodes} nodes"));
    runtime.block_on(measure(&host))?;
    on_screen(&host)?;
    host.stop();
    Ok(())
}

/// The start page and the list of places in a browser.
fn on_screen(host: &TestHost) -> Result<()> {
    let Some(shown) = browser::run("start.mjs", &[host.address()])? else {
        return Ok(());
    };
    let goal = |name: &str, said: &str, below_ms: f64, text: &str| -> Result<()> {
        let ms = shown.number(said)?;
        report::goal(name, ms, "ms", ms < below_ms, text);
        Ok(())
    };
    goal(
        "start.first",
        "first ",
        1_000.0,
        "under 1 s, from an empty cache to a start page that answers to the hand",
    )?;
    goal(
        "start.again",
        "again ",
        1_000.0,
        "the same with the application in the cache",
    )?;
    for (name, said, text) in [
        (
            "start.kilobytes",
            "kilobytes ",
            "what the first of them took over the line",
        ),
        (
            "start.scroll",
            "scroll ",
            "the longest frame while the list is scrolled",
        ),
        (
            "start.find",
            "find ",
            "from the last key of a word to the places that are found",
        ),
        ("start.tree", "tree ", "the longest frame while all places are scrolled"),
    ] {
        let unit = if name == "start.kilobytes" { "kB" } else { "ms" };
        report::figure(name, shown.number(said)?, unit, text);
    }
    Ok(())
}

async fn fill(host: &TestHost, nodes: u32) -> Result<()> {
    let store = Store::open(&Config { path: host.database() }).await?;
    store.import((1..nodes).map(device).collect()).await?;
    store.close().await;
    let options = SqliteConnectOptions::new().filename(host.database());
    let mut database = options.connect().await.context("open the database")?;
    for statement in FILL {
        database.execute(statement).await.context("fill the database")?;
    }
    Ok(())
}

async fn measure(host: &TestHost) -> Result<()> {
    let client = reqwest::Client::new();
    let (first, _) = ask(&client, host, "/attention").await?;
    report::figure(
        "web.first-look",
        first.as_secs_f64() * 1e3,
        "ms",
        "all places and states read for the first time",
    );
    for (name, path, goal_ms) in [
        ("web.attention", "/attention", 100.0),
        ("web.tree", "/tree", 100.0),
        ("web.nodes", "/attention?state=any&order=place&limit=500", 100.0),
        ("web.search", "/search?q=ktcyfz%2017&limit=10", 50.0),
    ] {
        let mut looks = Vec::new();
        for _ in 0..LOOKS {
            looks.push(ask(&client, host, path).await?);
        }
        looks.sort();
        let (middle, bytes) = looks.get(LOOKS / 2).copied().unwrap_or_default();
        let ms = middle.as_secs_f64() * 1e3;
        report::goal(
            name,
            ms,
            "ms",
            ms < goal_ms,
            &format!("under {goal_ms} ms; {bytes} bytes compressed"),
        );
    }
    tokio::time::sleep(KEPT).await;
    let (again, _) = ask(&client, host, "/attention").await?;
    report::figure(
        "web.fresh-look",
        again.as_secs_f64() * 1e3,
        "ms",
        "states of all nodes judged anew",
    );
    Ok(())
}

/// How long an answer takes, and its bytes as they are sent.
async fn ask(client: &reqwest::Client, host: &TestHost, path: &str) -> Result<(Duration, usize)> {
    let begun = Instant::now();
    let request = client
        .get(format!("{}/api/v1{path}", host.address()))
        .header("accept-encoding", "gzip");
    let answer = request.send().await?;
    ensure!(answer.status().is_success(), "{path} answers {}", answer.status());
    let bytes = answer.bytes().await?.len();
    Ok((begun.elapsed(), bytes))
}

fn device(number: u32) -> NewDevice {
    let street = STREETS
        .get(number as usize % STREETS.len())
        .copied()
        .unwrap_or_default();
    let made = made::device(number);
    NewDevice {
        organisation: format!("Organisation {}", number % 40),
        site: NewSite {
            name: format!("{street}, {number}"),
            address: Some(format!("{street} ул., {number}")),
            ..made.site
        },
        serial: Some(format!("{:07}", 60_000 + number)),
        ..made
    }
}
