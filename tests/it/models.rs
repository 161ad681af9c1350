//! Somebody who knows only what stands on the meter's front finds its driver, and adds it by that name.

use serde_json::Value as Json;
use system_tests::{TestHost, parts};

use crate::devices::ON_DEMAND;

const NOBODY: &str = "name,driver,line\n";

/// Models that the API finds, the best first: id and driver.
async fn found(host: &TestHost, words: &str) -> Vec<(String, String)> {
    let words = words.replace(' ', "%20");
    let page = host.get(&format!("/api/v1/drivers/models?search={words}")).await;
    let text = |item: &Json, key: &str| item[key].as_str().expect("a text").to_owned();
    let items = page["items"].as_array().expect("a list");
    items
        .iter()
        .map(|item| (text(item, "id"), text(item, "driver")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_found_by_any_of_its_spellings() {
    let host = TestHost::start_with(NOBODY, ON_DEMAND);
    let first = async |words: &str| found(&host, words).await.swap_remove(0);
    let spt943 = ("spt943".to_owned(), "logika-m4".to_owned());
    for words in ["СПТ943", "SPT943", "spt-943", "спт 943", "CПT943"] {
        assert_eq!(first(words).await, spt943, "{words}");
    }
    for (words, driver) in [("bkt-7", "vkt7"), ("961.1", "logika-spbus"), ("danfoss 310", "modbus")] {
        assert_eq!(first(words).await.1, driver, "{words}");
    }
    assert!(found(&host, "943").await.len() < found(&host, "СПТ").await.len());
    assert_eq!(found(&host, "СПТ1").await, Vec::new());
    assert!(found(&host, "").await.len() > 20);

    let listed = host.uzel(&["driver", "list", "--config", "uzel.toml", "--model", "spt-943"]);
    assert!(listed.starts_with("СПТ943, "), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_added_by_its_model_alone() {
    let drivers = ["logika-m4", "modbus"].map(parts::driver_file);
    let host = TestHost::start_with_drivers(&drivers, NOBODY, ON_DEMAND);
    let add = |model: &str| {
        let begin = ["device", "add", "--name", "boiler", "--config", "uzel.toml"];
        let words = [&begin[..], &["--line", "tcp:127.0.0.1:9", "--model", model]].concat();
        let output = host.try_uzel(&words);
        let error = String::from_utf8(output.stderr).unwrap();
        output.status.success().then_some(()).ok_or(error)
    };
    add("spt 943").unwrap();
    let pool = host.pool().await;
    let stored = async || -> (String, Option<String>, String) {
        let query = "select driver, model, config from device where name = 'boiler'";
        sqlx::query_as(query).fetch_one(&pool).await.unwrap()
    };
    let (driver, model, _) = stored().await;
    assert_eq!((driver.as_str(), model.as_deref()), ("logika-m4", Some("spt943")));
    // The name of the map is that of the model: it need not be said twice.
    add("ECL310").unwrap();
    let (driver, model, config) = stored().await;
    assert_eq!((driver.as_str(), model.as_deref()), ("modbus", Some("ecl-comfort")));
    assert!(config.contains(r#""map":"ecl-comfort""#), "{config}");

    let several = add("ТРМ20").unwrap_err();
    for named in [
        "ТРМ201 (trm201, driver modbus)",
        "ТРМ202 (trm202, driver modbus)",
        "say which",
    ] {
        assert!(several.contains(named), "{named}: {several}");
    }
    let nobody = add("ВКТ-77").unwrap_err();
    assert!(nobody.contains("no driver knows a model"), "{nobody}");
}
