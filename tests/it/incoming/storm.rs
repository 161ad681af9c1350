//! All modems of a city call at once, and once more after the host was killed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use meter_sim::{Caller, Modem, Vkt7};
use system_tests::TestHost;

use super::{connected, devices};
use crate::devices::{ON_DEMAND, assert_whole, standing_clock, usual, word, young};
use crate::judge::{Judge, Model};

/// Modems of a city.
const STORM: usize = 5_000;

#[tokio::test(flavor = "multi_thread")]
async fn thousands_that_come_back_at_once_are_all_taken() {
    if let Err(have) = system_tests::parts::raise_open_files(2 * STORM as u64) {
        eprintln!(
            "NOT TESTED: {STORM} callers need {} open files, this machine allows {have}",
            2 * STORM
        );
        return;
    }
    // A port that stays the same when the host starts again.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let names: Vec<String> = (0..STORM).map(|number| format!("m{number:04}")).collect();
    let lines: Vec<String> = names.iter().map(|name| format!("incoming:city/{name}")).collect();
    let rows: Vec<_> = names
        .iter()
        .zip(&lines)
        .map(|(name, line)| (name.as_str(), line.as_str()))
        .collect();
    let config = format!(
        "{ON_DEMAND}\n[[listeners]]\nname = 'city'\nlisten = '{server}'\ngreeting = 'text'\ndelimiter = \"\\n\"\n"
    );
    let mut host = TestHost::start_with(&devices(&rows), &config);
    let history = young(1).seed(81).generate();
    let callers: Vec<Caller> = (0u16..)
        .zip(&names)
        .map(|(number, name)| {
            let [high, low] = number.to_be_bytes();
            let modem = Modem::greeting(format!("{name}\n"))
                .from(Ipv4Addr::new(127, 1, high, low.max(1)))
                .again(Duration::from_millis(500));
            let meter = Vkt7::builder()
                .seed(81)
                .clock(standing_clock())
                .history(history.clone());
            meter.link().call(server, modem)
        })
        .collect();
    connected(&host, "city", STORM as u64).await;
    host.kill();
    host.spawn();
    connected(&host, "city", STORM as u64).await;
    for number in [0, STORM / 2, STORM - 1] {
        let device = host.device(&names[number]).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{session}");
        assert_whole(
            &Judge::of(Model::Vkt7, callers[number].meter()),
            &host.pool().await,
            device,
        )
        .await;
    }
    host.until("all callers in the list", async |host| {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from caller where connects > 0");
        let count = count.fetch_one(&host.pool().await).await.unwrap();
        (usize::try_from(count).unwrap() == STORM).then_some(())
    })
    .await;
    assert!(host.stop(), "the host ends well with all of them connected");
}
