//! Importing devices.

use super::*;
use crate::model::{ClockPolicy, LineSettings};
use crate::store::{Change, NewGroup};

#[tokio::test]
async fn importing_again_changes_only_what_is_other() {
    let f = Fixture::new().await;
    let mut device = new_device("boiler-7", 1);
    assert_eq!(f.store.add_device(&device).await.unwrap().change, Change::Unchanged);
    device.schedule = "every 30m: clock hourly".parse().ok();
    device.site.address = None;
    device.routes[0].settings = Some("9600-8N2".parse::<LineSettings>().unwrap());
    let changed = f.store.add_device(&device).await.unwrap();
    assert_eq!(
        (changed.device, changed.change),
        (
            f.device,
            Change::Updated(vec!["schedule".to_owned(), "line".to_owned()])
        )
    );
    let plan = f.store.poll_plan().await.unwrap();
    assert_eq!(plan.len(), 1);
    assert_eq!(Some(&plan[0].schedule), device.schedule.as_ref());
    assert_eq!(plan[0].routes[0].settings, device.routes[0].settings);
    assert_eq!(f.texts("select address from site").await, ["1 Lesnaya"]);
}

#[tokio::test]
async fn a_device_takes_the_schedule_of_its_group_unless_it_has_its_own() {
    let f = Fixture::new().await;
    let mut device = new_device("boiler-7", 1);
    (device.schedule, device.group) = (None, Some("gsm".to_owned()));
    let refused = f.store.add_device(&device).await;
    assert!(
        matches!(&refused, Err(StoreError::Import(faults)) if faults[0].key == "group"),
        "{refused:?}"
    );
    let group = NewGroup {
        name: "gsm".to_owned(),
        schedule: "H 2 * * *: daily within 20m".parse().unwrap(),
        sessions: Some(4),
        clock_policy: ClockPolicy::Off,
    };
    f.store.put_group(group.clone()).await.unwrap();
    let before = f.store.devices_revision().await.unwrap();
    f.store.add_device(&device).await.unwrap();
    let plan = f.store.poll_plan().await.unwrap();
    assert_eq!(plan[0].schedule, group.schedule);
    assert_eq!(plan[0].group.as_ref().and_then(|group| group.sessions), Some(4));
    assert!(f.store.devices_revision().await.unwrap() > before);
    device.schedule = "every 5m: current".parse().ok();
    f.store.add_device(&device).await.unwrap();
    assert_eq!(
        Some(&f.store.poll_plan().await.unwrap()[0].schedule),
        device.schedule.as_ref()
    );
    let groups = f.store.groups().await.unwrap();
    assert_eq!((groups.len(), &groups[0].group, groups[0].devices), (1, &group, 1));
}

#[tokio::test]
async fn what_a_session_did_of_the_schedule_is_known_after_a_restart() {
    let f = Fixture::new().await;
    let session = begin(&f.store, f.device).await;
    let entry = "every 60m: clock hourly".to_owned();
    let end = SessionEnd {
        schedule_done: Some([(entry.clone(), at(0))].into()),
        ..session_end(session, Outcome::Complete)
    };
    f.store.end_session(end).await.unwrap();
    let session = begin(&f.store, f.device).await;
    f.store
        .end_session(session_end(session, Outcome::NoAnswer))
        .await
        .unwrap();
    let plan = f.store.poll_plan().await.unwrap();
    assert_eq!(plan[0].schedule_done, [(entry, at(0))].into());
}

#[tokio::test]
async fn every_fault_of_every_row_is_told_and_nothing_is_imported() {
    let f = Fixture::new().await;
    let mut one = new_device("one", 1);
    one.site.time_zone = "Mars/Olympus".to_owned();
    one.group = Some(String::new());
    let mut two = new_device("", 2);
    two.routes.clear();
    two.points.push(two.points[0].clone());
    two.site.latitude = Some(f64::NAN);
    let Err(StoreError::Import(faults)) = f.store.import(vec![new_device("good", 3), one, two]).await else {
        panic!("faults were expected");
    };
    let told: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.row, fault.key.as_str())).collect();
    assert_eq!(
        told,
        [
            (2, "group"),
            (2, "site.time_zone"),
            (2, "site.time_zone"),
            (3, "name"),
            (3, "line"),
            (3, "points.input"),
            (3, "site.latitude"),
        ]
    );
    assert_eq!(f.count("select count(*) from device").await, 1);
}

#[tokio::test]
async fn two_devices_share_a_line_and_a_line_can_be_renamed_but_not_swapped() {
    let f = Fixture::new().await;
    let mut second = new_device("boiler-8", 1);
    second.routes[0].line = Some("School 5 converter".to_owned());
    f.store.add_device(&second).await.unwrap();
    assert_eq!(
        f.texts("select name || ' ' || address from line").await,
        ["School 5 converter 127.0.0.1:1"]
    );
    let mut third = new_device("boiler-9", 2);
    f.store.add_device(&third).await.unwrap();
    third.routes[0].line = Some("School 5 converter".to_owned());
    let refused = f.store.add_device(&third).await;
    assert!(
        matches!(&refused, Err(StoreError::Import(faults)) if faults[0].key == "line"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_input_that_serves_another_point_takes_its_series_along() {
    let f = Fixture::new().await;
    let columns: Arc<[Column]> = Arc::from([column("t1", 1, None)]);
    f.store
        .put_records(f.batch(&columns, vec![hour(0, vec![fixed(1)])]))
        .await
        .unwrap();
    assert_eq!(f.texts("select point from v_record_hourly").await, ["Heating"]);
    // Archives reach back to before the device was known here.
    assert_eq!(f.count("select valid_from from device_point").await, 0);
    let mut device = new_device("boiler-7", 1);
    device.points[0].name = "Ventilation".to_owned();
    let changed = f.store.add_device(&device).await.unwrap();
    assert_eq!(changed.change, Change::Updated(vec!["points".to_owned()]));
    assert_eq!(f.texts("select point from v_record_hourly").await, ["Ventilation"]);
    assert_eq!(
        f.count("select count(*) from device_point where valid_to is null")
            .await,
        1
    );
}
