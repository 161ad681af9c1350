//! What people keep: revisions, the archive, replacement, history, the audit.

use super::*;
use crate::model::{AccountId, Actor, Right, Scope};
use crate::store::{Doer, Form, KeptQuery, Kind, NewLine, Refusal, Replace, SecretKeys};

fn doer() -> Doer {
    Doer {
        secrets: SecretKeys::from([("hm1".to_owned(), vec!["password".to_owned()])]),
        ..Doer::command_line()
    }
}

/// What somebody was refused.
fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refusal {
    match result {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("a refusal was expected: {other:?}"),
    }
}

fn line(name: &str, port: u16) -> Form {
    Form::Line(NewLine {
        name: name.to_owned(),
        address: LineAddress::Tcp(format!("127.0.0.1:{port}")),
        settings: None,
        options: "echo".parse().unwrap(),
    })
}

#[tokio::test]
async fn whoever_changes_an_object_counts_its_revision_and_who_is_late_is_told() {
    let f = Fixture::new().await;
    let site = f.store.kept(Kind::Site, 1).await.unwrap().unwrap();
    assert_eq!(site.parent.as_ref().unwrap().1, "Heat networks");
    let Form::Site { organisation, .. } = site.form else {
        panic!()
    };
    let form = |name: &str| Form::Site {
        organisation,
        name: name.to_owned(),
        address: None,
        time_zone: "Asia/Omsk".to_owned(),
        latitude: None,
        longitude: None,
    };
    f.store
        .change(&doer(), 1, site.revision, form("School 6"))
        .await
        .unwrap();
    let late = refusal(f.store.change(&doer(), 1, site.revision, form("School 7")).await);
    assert!(matches!(late, Refusal::Changed { expected: 1, is: 2, .. }), "{late}");
    // A command on the same machine counts, too.
    let mut device = new_device("boiler-7", 1);
    device.site.name = "School 6".to_owned();
    f.store.add_device(&device).await.unwrap();
    assert_eq!(f.store.kept(Kind::Site, 1).await.unwrap().unwrap().revision, 3);
    assert_eq!(
        f.texts("select deed || ' ' || who || ' ' || subject_name from audit where subject = 'site'")
            .await,
        ["site.change command line School 6"],
        "what was refused is not written down"
    );
    let before = f.texts("select before ->> 'name' || ', ' || (after ->> 'name') from audit where subject = 'site'");
    assert_eq!(before.await, ["School 5, School 6"]);
    let faults = f.store.create(&doer(), form("")).await.unwrap_err();
    assert!(
        matches!(&faults, StoreError::Import(faults) if faults[0].key == "name"),
        "{faults}"
    );
}

#[tokio::test]
async fn a_session_that_learns_nothing_new_changes_no_revision() {
    let f = Fixture::new().await;
    let identity = |serial: Option<&str>| SessionEnd {
        identity: Some(crate::store::IdentitySeen {
            model: "hm1-a".to_owned(),
            serial: serial.map(str::to_owned),
            firmware: None,
            details: Vec::new(),
        }),
        ..session_end(f.session, Outcome::Complete)
    };
    let revision = async || f.store.kept_device(f.device).await.unwrap().unwrap().revision;
    let begun = revision().await;
    f.store.end_session(identity(None)).await.unwrap();
    let learned = revision().await;
    assert_eq!(learned, begun + 1, "the model was not known");
    let session = begin(&f.store, f.device).await;
    f.store
        .end_session(SessionEnd {
            session,
            ..identity(None)
        })
        .await
        .unwrap();
    assert_eq!(revision().await, learned);
}

#[tokio::test]
async fn what_something_in_use_hangs_on_is_not_archived() {
    let f = Fixture::new().await;
    for (kind, what) in [
        (Kind::Organisation, "sites in use: \"School 5\""),
        (Kind::Site, "nodes in use: \"Basement\""),
        (Kind::Node, "devices in use: \"boiler-7\""),
        (Kind::Point, "devices that serve it: \"boiler-7\""),
        (Kind::Line, "devices that are reached over it: \"boiler-7\""),
    ] {
        let told = refusal(f.store.archive(&doer(), kind, 1, None).await).to_string();
        assert!(told.ends_with(what), "{kind}: {told}");
    }
    for kind in [
        Kind::Device,
        Kind::Point,
        Kind::Line,
        Kind::Node,
        Kind::Site,
        Kind::Organisation,
    ] {
        f.store.archive(&doer(), kind, 1, None).await.unwrap();
    }
    let list = async |archived| {
        let query = KeptQuery {
            scope: Scope::EVERYTHING,
            parent: None,
            archived,
            after: 0,
            limit: 9,
        };
        f.store.kept_list(Kind::Node, &query).await.unwrap().len()
    };
    assert_eq!((list(false).await, list(true).await), (0, 1));
    let plan = f.store.poll_plan().await.unwrap();
    assert_eq!((plan[0].enabled, plan[0].archived), (false, true));
    let told = refusal(f.store.restore(&doer(), Kind::Device, 1, None).await).to_string();
    assert!(told.ends_with("\"Basement\", \"127.0.0.1:1\", \"Heating\""), "{told}");
    for kind in [
        Kind::Organisation,
        Kind::Site,
        Kind::Node,
        Kind::Line,
        Kind::Point,
        Kind::Device,
    ] {
        f.store.restore(&doer(), kind, 1, None).await.unwrap();
    }
    assert!(f.store.poll_plan().await.unwrap()[0].enabled);
    let told = refusal(f.store.restore(&doer(), Kind::Device, 1, None).await).to_string();
    assert_eq!(told, "device \"boiler-7\" is in use already");
    assert_eq!(
        f.count("select count(*) from audit where deed like '%.archive'").await,
        6
    );
    assert_eq!(
        f.count("select count(*) from audit where deed like '%.restore'").await,
        6
    );
}

#[tokio::test]
async fn a_new_device_changes_nothing_that_is_there_and_names_what_is_in_the_way() {
    let f = Fixture::new().await;
    f.store.create(&doer(), line("Мира 15а", 7)).await.unwrap();
    let told = async |device: NewDevice| refusal(f.store.create_device(&doer(), device).await).to_string();
    let device = |name: &str| new_device(name, 2);
    assert_eq!(told(device("boiler-7")).await, "device \"boiler-7\" is there already");
    let mut other = new_device("new", 7);
    other.routes[0].line = Some("Another".to_owned());
    assert_eq!(told(other).await, "line tcp:127.0.0.1:7 belongs to \"Мира 15а\"");
    let mut other = device("new");
    other.routes[0].line = Some("Мира 15а".to_owned());
    assert_eq!(
        told(other).await,
        "line \"Мира 15а\" is at 127.0.0.1:7, not at 127.0.0.1:2"
    );
    let mut other = device("new");
    other.site.time_zone = "Asia/Omsk".to_owned();
    assert!(told(other).await.starts_with("site \"School 5\" is there with another"));
    let mut other = device("new");
    other.points[0].resource = "gas".to_owned();
    assert_eq!(
        told(other).await,
        "point \"Heating\" is there as heat, commercial: change the point"
    );
    f.store.archive(&doer(), Kind::Line, 2, None).await.unwrap();
    let told = told(new_device("new", 7)).await;
    assert_eq!(
        told,
        "line \"Мира 15а\" at tcp:127.0.0.1:7 is archived: restore it first"
    );
    assert_eq!(f.count("select count(*) from device").await, 1);
    assert_eq!(f.texts("select time_zone from site").await, ["Europe/Moscow"]);
}

#[tokio::test]
async fn the_routes_that_a_device_had_stay_known_and_sessions_keep_their_line() {
    let f = Fixture::new().await;
    let kept = f.store.kept_device(f.device).await.unwrap().unwrap();
    let changed = NewDevice {
        name: "boiler-8".to_owned(),
        config: json!({ "address": 2, "password": "s3cret" }),
        ..new_device("", 2)
    };
    f.store
        .change_device(&doer(), f.device, kept.revision, changed.clone())
        .await
        .unwrap();
    let history = f.store.device_history(f.device).await.unwrap();
    let spans: Vec<_> = history
        .routes
        .iter()
        .map(|span| (span.line.1.as_str(), span.to.is_some()))
        .collect();
    assert!(
        matches!(
            &spans[..],
            [("127.0.0.1:2", false)] | [("127.0.0.1:2", false), ("127.0.0.1:1", true)]
        ),
        "{spans:?}: a way of less than a second is no history"
    );
    assert_eq!(f.count("select line_id from session").await, 1);
    let late = refusal(f.store.change_device(&doer(), f.device, kept.revision, changed).await);
    assert!(matches!(late, Refusal::Changed { .. }), "{late}");
    let after = f.texts("select after from audit where deed = 'device.change'").await;
    assert!(
        after[0].contains("\"password\":\"••\"") && !after[0].contains("s3cret"),
        "{after:?}"
    );
    assert_eq!(f.texts("select config ->> 'password' from device").await, ["s3cret"]);
}

#[tokio::test]
async fn a_point_goes_on_when_its_meter_is_replaced_and_records_stay_with_the_old_one() {
    let f = Fixture::new().await;
    let columns: Arc<[Column]> = Arc::from([column("t1", 1, None)]);
    f.store
        .put_records(f.batch(&columns, vec![hour(0, vec![fixed(1)])]))
        .await
        .unwrap();
    let new = NewDevice {
        serial: Some("456".to_owned()),
        ..new_device("boiler-7", 1)
    };
    let replace = |at| Replace {
        old: f.device,
        revision: None,
        at,
        new: new.clone(),
    };
    let future = refusal(
        f.store
            .replace_device(&doer(), replace(Some("2999-01-01T00:00:00Z".parse().unwrap())))
            .await,
    );
    assert!(future.to_string().contains("has not come yet"), "{future}");
    let replaced = f.store.replace_device(&doer(), replace(Some(at(HOUR)))).await.unwrap();
    assert_eq!(replaced.old_name, "boiler-7 (until 2023-11-14)");
    let session = begin(&f.store, replaced.new).await;
    let batch = RecordBatch {
        device: replaced.new,
        session,
        ..f.batch(&columns, vec![hour(1, vec![fixed(2)])])
    };
    f.store.put_records(batch).await.unwrap();
    let values = "select device || ': ' || point || ' ' || value from v_record_hourly order by starts_at";
    assert_eq!(
        f.texts(values).await,
        ["boiler-7 (until 2023-11-14): Heating 0.01", "boiler-7: Heating 0.02"]
    );
    let served = f.store.point_devices(Scope::EVERYTHING, 1).await.unwrap();
    let served: Vec<_> = served
        .iter()
        .map(|served| (served.device.0, served.from, served.to))
        .collect();
    assert_eq!(
        served,
        [(replaced.new.0, Some(at(HOUR)), None), (1, None, Some(at(HOUR)))]
    );
    let (old, came) = (
        f.store.device_history(f.device).await.unwrap(),
        f.store.device_history(replaced.new).await.unwrap(),
    );
    assert_eq!(old.replaced_by.unwrap().device, (replaced.new.0, "boiler-7".to_owned()));
    assert_eq!(came.replaced.unwrap().at, at(HOUR));
    assert_eq!(came.routes[0].from, Some(at(HOUR)));
    let point = f.store.point(1).await.unwrap().unwrap();
    assert_eq!(point.device, Some((replaced.new.0, "boiler-7".to_owned())));
    assert_eq!(
        f.count("select count(*) from audit where deed in ('device.replace', 'device.create')")
            .await,
        3
    );
    let gone = refusal(f.store.replace_device(&doer(), replace(None)).await).to_string();
    assert!(gone.contains("is archived"), "{gone}");
    // The new one goes in its turn, at the earliest when it came.
    let early = Replace {
        old: replaced.new,
        ..replace(Some(at(HOUR)))
    };
    assert!(
        refusal(f.store.replace_device(&doer(), early).await)
            .to_string()
            .contains("has its place since")
    );
}

#[tokio::test]
async fn a_preview_says_what_an_import_would_do_and_leaves_nothing() {
    let f = Fixture::new().await;
    let mut changed = new_device("boiler-7", 1);
    changed.serial = Some("7".to_owned());
    let mut foreign = new_device("boiler-9", 3);
    foreign.group = Some("gsm".to_owned());
    let mut elsewhere = new_device("boiler-8", 2);
    elsewhere.organisation = "Another".to_owned();
    let mut wrong = new_device("boiler-10", 4);
    wrong.site.time_zone = "Mars/Olympus".to_owned();
    let before = f.store.devices_revision().await.unwrap();
    let seen = f
        .store
        .preview_import(&doer(), vec![changed, elsewhere, foreign, wrong])
        .await
        .unwrap();
    let verdicts: Vec<String> = seen
        .iter()
        .map(|seen| match seen {
            Ok(seen) => format!("{:?}", seen.imported.change),
            Err(faults) => faults[0].to_string(),
        })
        .collect();
    assert_eq!(verdicts[0], "Updated([\"serial\"])");
    assert_eq!(verdicts[1], "Added");
    assert!(
        verdicts[2].starts_with("row 3, group: there is no group"),
        "{verdicts:?}"
    );
    assert!(verdicts[3].starts_with("row 4, site.time_zone"), "{verdicts:?}");
    assert_eq!(f.store.devices_revision().await.unwrap(), before);
    assert_eq!(f.count("select count(*) from device").await, 1);
    assert_eq!(f.count("select count(*) from organisation").await, 1);
    assert_eq!(
        f.count("select count(*) from audit where deed = 'device.change'").await,
        0
    );
}

/// An account that administers nothing but the node of the first device.
async fn limited(f: &Fixture) -> Doer {
    let path = f.dir.path().join("uzel.sqlite");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql(
        "insert into account (id, name, kind, title, enabled, created_at) values (5, 'anna', 'person', 'Anna', 1, 0);
         insert into account_grant (account_id, role, node_id) values (5, 1, 1);",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    let account = Some(AccountId(5));
    Doer {
        actor: Actor {
            account,
            who: "anna".to_owned(),
            from: "10.0.0.9".to_owned(),
        },
        scope: Scope {
            account,
            roles: Right::Administer.roles(),
        },
        secrets: SecretKeys::new(),
    }
}

#[tokio::test]
async fn nobody_makes_anything_where_it_is_not_his() {
    let f = Fixture::new().await;
    let mut elsewhere = new_device("boiler-8", 2);
    elsewhere.site.name = "School 6".to_owned();
    f.store.add_device(&elsewhere).await.unwrap();
    let anna = limited(&f).await;
    let mut device = new_device("mine", 3);
    f.store.create_device(&anna, device.clone()).await.unwrap();
    assert_eq!(
        f.texts("select who || ' ' || from_address from audit where subject_name = 'mine'")
            .await,
        ["anna 10.0.0.9"]
    );
    device.name = "mine, too".to_owned();
    device.routes[0].address = LineAddress::Tcp("127.0.0.1:2".to_owned());
    let told = refusal(f.store.create_device(&anna, device.clone()).await).to_string();
    assert_eq!(told, "line tcp:127.0.0.1:2 belongs to somebody else");
    device.routes[0].address = LineAddress::Tcp("127.0.0.1:4".to_owned());
    for (site, node) in [
        ("School 6", "Basement"),
        ("School 5", "Attic"),
        ("School 7", "Basement"),
    ] {
        (device.site.name, device.node) = (site.to_owned(), node.to_owned());
        let told = refusal(f.store.create_device(&anna, device.clone()).await).to_string();
        assert!(told.ends_with("none of the places that you keep"), "{site}: {told}");
    }
    // Nor does an import take over what is foreign.
    let mut taken = new_device("boiler-8", 5);
    taken.serial = Some("1".to_owned());
    let told = f.store.import_for(&anna, vec![taken]).await.unwrap_err();
    assert!(
        matches!(&told, StoreError::Import(faults) if faults[0].key == "node"),
        "{told}"
    );
    let node = Form::Node {
        site: 1,
        name: "Attic".to_owned(),
    };
    assert!(matches!(
        refusal(f.store.create(&anna, node).await),
        Refusal::Missing { .. }
    ));
    let point = Form::Point {
        node: 1,
        name: "Hot water".to_owned(),
        resource: "hot-water".to_owned(),
        purpose: "commercial".to_owned(),
    };
    f.store.create(&anna, point).await.unwrap();
    assert!(f.store.create(&anna, line("L", 9)).await.is_err());
    assert_eq!(f.store.kept_devices(anna.scope).await.unwrap().len(), 2);
}
