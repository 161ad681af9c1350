//! Callers and listeners over HTTP.

use super::*;
use crate::model::CallerSeen;

async fn with_callers(count: i64) -> TestApi {
    let api = TestApi::start().await;
    let seen = (0..count).map(|number| CallerSeen {
        listener: if number % 2 == 0 { "even" } else { "odd" }.to_owned(),
        identity: format!("m{number}"),
        source: "10.0.0.1".to_owned(),
        seen_at: Timestamp::UNIX_EPOCH,
        connects: 1,
        greeting: Some("41".to_owned()),
        fault: None,
        signal_csq: None,
        bytes_received: 1,
        bytes_sent: 0,
    });
    api.store.saw_callers(seen.collect()).await.unwrap();
    api
}

#[tokio::test]
async fn callers_come_in_pages_and_are_decided_about() {
    let api = with_callers(7).await;
    let all = api.walk("/api/v1/callers", 3).await;
    let names: Vec<_> = all.iter().map(|caller| caller["identity"].as_str().unwrap()).collect();
    assert_eq!(names, ["m6", "m5", "m4", "m3", "m2", "m1", "m0"]);
    assert_eq!(all[0]["line"], "incoming:even/m6");
    assert_eq!(api.walk("/api/v1/callers?listener=odd", 2).await.len(), 3);

    let id = &all[0]["id"];
    let approved = api.post(&format!("/api/v1/callers/{id}/approve"), &json!({})).await;
    assert_eq!((approved.status, &approved.json()["state"]), (200, &json!("approved")));
    let refused = api.post(&format!("/api/v1/callers/{id}/refuse"), &json!({})).await;
    assert_eq!(refused.json()["state"], "refused");
    assert_eq!(api.walk("/api/v1/callers?state=refused", 10).await.len(), 1);
    assert_eq!(api.get("/api/v1/callers?state=loud").await.status, 400);
    assert_eq!(api.post("/api/v1/callers/99/refuse", &json!({})).await.status, 404);
    assert_eq!(
        api.json("/api/v1/listeners").await,
        json!({ "items": [], "next": null })
    );
}
