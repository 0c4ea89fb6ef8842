//! Thousands of alarms to two systems that fail at random while airelay is
//! killed at random: each arrives, in order per camera, and what comes twice
//! carries the same identity.
//!
//! `AIRELAY_TEST_FAULTS=10000x100` sets the numbers of alarms and faults; run
//! the test binary itself then, without nextest's time limit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use store::{Batch, Store};
use types::{CameraId, Event, EventId, Phase, TrackId};

use crate::alarms::{an_hour_ago, event, shot};
use crate::support::vms::{FakeVms, Mood};
use crate::support::{Api, Program, eventually};

const CAMERAS: [&str; 3] = ["gate", "yard", "dock"];
const USUAL: (usize, usize) = (240, 12);
/// Characters of an alarm's id.
const ID_LEN: usize = 26;
const PATIENCE: Duration = Duration::from_secs(200);
const TIMEOUT_S: u64 = 1;

fn numbers() -> (usize, usize) {
    let asked = std::env::var("AIRELAY_TEST_FAULTS").unwrap_or_default();
    let numbers = asked
        .split_once('x')
        .and_then(|(alarms, faults)| Some((alarms.parse().ok()?, faults.parse().ok()?)));
    numbers.unwrap_or(USUAL)
}

/// xorshift: the same faults each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Alarms that began and ended while nobody delivered, by turns of the cameras.
/// Gives their ids by camera, in order.
fn store_alarms(data_dir: &Path, n_alarms: usize) -> BTreeMap<&'static str, Vec<String>> {
    let mut store = Store::open(data_dir).unwrap();
    let start = an_hour_ago();
    let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let alarms: Vec<usize> = (0..n_alarms).collect();
    for part in alarms.chunks(300) {
        for (camera_idx, camera) in CAMERAS.into_iter().enumerate() {
            let mut batch = Batch {
                camera_id: CameraId::new(camera).unwrap(),
                events: Vec::new(),
                best_shots: Vec::new(),
                now: start,
            };
            for &number in part
                .iter()
                .filter(|&&number| number % CAMERAS.len() == camera_idx)
            {
                let at = start.saturating_add(Duration::from_millis(300 * number as u64));
                let event_no = u128::try_from(number).unwrap();
                let begin = Event {
                    event_id: EventId::from_bits(
                        u128::try_from(at.as_millis()).unwrap() << 80 | event_no,
                    ),
                    camera_id: batch.camera_id.clone(),
                    at,
                    started_at: at,
                    track_id: Some(TrackId(number as u64 + 1)),
                    ..event(start, 1, 0, 1)
                };
                ids.entry(camera)
                    .or_default()
                    .push(begin.event_id.to_string());
                batch
                    .best_shots
                    .push(shot(&begin, b"\xff\xd8picture\xff\xd9"));
                let end = Event {
                    phase: Phase::End,
                    step: 1,
                    ended_at: Some(at),
                    ..begin.clone()
                };
                batch.events.extend([begin, end]);
                batch.now = at;
            }
            store.append(&batch).unwrap();
        }
    }
    ids
}

fn servers(milestone: &FakeVms, genetec: &FakeVms) -> [Value; 2] {
    let server = |name: &str, port: u16, system: Value| {
        let matched = |number: usize| format!("00000000-0000-0000-0000-00000000000{number}");
        let matches: BTreeMap<&str, Value> = (1..)
            .zip(CAMERAS)
            .map(|(number, camera)| {
                (
                    camera,
                    json!({"vms_camera_id": matched(number), "address": "192.0.2.1"}),
                )
            })
            .collect();
        json!({
            "name": name, "is_enabled": true, "host": "127.0.0.1", "port": port, "is_tls": false,
            "user": "relay", "password": "geheim", "timeout_s": TIMEOUT_S, "has_ends": false,
            "system": system, "matches": matches,
        })
    };
    let port = milestone.port();
    let application = "11111111-2222-3333-4444-555555555555";
    [
        server(
            "XProtect",
            port,
            json!({"type": "milestone", "notification_port": port}),
        ),
        server(
            "Security Center",
            genetec.port(),
            json!({"type": "genetec", "application_id": application}),
        ),
    ]
}

/// Both systems take what they are told, in order; repeats come at once.
#[track_caller]
fn check_taken(requests: &[String], ids: &BTreeMap<&'static str, Vec<String>>) -> usize {
    let places: BTreeMap<&str, (&str, usize)> = ids
        .iter()
        .flat_map(|(camera, ids)| {
            ids.iter()
                .enumerate()
                .map(|(place, id)| (id.as_str(), (*camera, place)))
        })
        .collect();
    let mut newest: BTreeMap<&str, usize> = BTreeMap::new();
    let mut n_repeated = 0;
    for request in requests {
        // The key is the alarm's id, a dash and the step.
        let mut before_dashes = request
            .match_indices('-')
            .filter_map(|(at, _)| request.get(at.checked_sub(ID_LEN)?..at));
        let id = before_dashes.find(|id| places.contains_key(id));
        let (camera, place) = places[id.expect("of an alarm that was stored")];
        match newest.get(camera) {
            Some(&known) if known == place => n_repeated += 1,
            Some(&known) => assert_eq!(place, known + 1, "{camera}: out of order, or one is lost"),
            None => assert_eq!(place, 0, "{camera}: the first is lost"),
        }
        newest.insert(camera, place);
    }
    for (camera, ids) in ids {
        assert_eq!(
            newest.get(camera),
            Some(&(ids.len() - 1)),
            "{camera}: the last is lost"
        );
    }
    n_repeated
}

/// Per alarm, the identity that XProtect sees.
fn identities(requests: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let between = |text: &str, name: &str| -> String {
        let (_, rest) = text
            .split_once(&format!("<{name}>"))
            .expect("the element is there");
        rest.split_once('<').expect("and closed").0.to_owned()
    };
    let mut identities: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in requests {
        let of_alarm = identities.entry(between(request, "CustomTag")).or_default();
        of_alarm.insert(between(request, "ID"));
    }
    identities
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_alarms_arrive_through_random_faults_and_kills() {
    let (n_alarms, n_faults) = numbers();
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let mut vms = [
        FakeVms::start("").await,
        FakeVms::start(r#"{"Rsp":{"Status":"Ok"}}"#).await,
    ];
    let mut program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let [milestone, genetec] = servers(&vms[0], &vms[1]);
    api.post("/api/v1/vms", &milestone).await.ok();
    api.post("/api/v1/vms", &genetec).await.ok();
    program.terminate().await;
    let ids = store_alarms(&data_dir, n_alarms);

    program = Program::start(&data_dir, &[]);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut n_kills = 0;
    for fault_no in 0..n_faults {
        // Spread over all the alarms, however fast they go.
        let due = n_alarms * fault_no / n_faults;
        eventually("deliveries between two faults", PATIENCE, async || {
            vms.iter().all(|vms| vms.n_taken() >= due).then_some(())
        })
        .await;
        let vms_idx = usize::from(random.below(2) == 1);
        let mood = match random.below(10) {
            0 => Mood::HangsUp,
            1 => Mood::TakesAndHangsUp,
            2 => Mood::AnswersByHalf,
            3 => Mood::Silent(Duration::from_secs(TIMEOUT_S + 2)),
            4 => Mood::Refuses(500),
            5 => Mood::Refuses(403),
            6 => Mood::Refuses(503),
            7 => {
                vms[vms_idx].switch_off();
                tokio::time::sleep(Duration::from_millis(200 + random.below(600))).await;
                vms[vms_idx].switch_on().await;
                continue;
            }
            _ => {
                n_kills += 1;
                program.kill_at_once().await;
                program = Program::start(&data_dir, &[]);
                continue;
            }
        };
        let n_before = vms[vms_idx].n_failed();
        vms[vms_idx].be(mood);
        let n_wanted = u32::from(vms[vms_idx].n_taken() < n_alarms);
        eventually("somebody to meet the fault", PATIENCE, async || {
            (vms[vms_idx].n_failed() >= n_before + n_wanted).then_some(())
        })
        .await;
        vms[vms_idx].be(Mood::Well);
    }
    let api = Api::sign_in(&program).await;
    let servers = eventually("all that waits to arrive", PATIENCE, async || {
        let servers = api.get("/api/v1/vms").await.ok()["servers"].clone();
        let of_all = |field: &str, idx: usize| servers[idx][field] == 0;
        (0..2).all(|idx| of_all("queue", idx)).then_some(servers)
    })
    .await;

    for (vms, server) in vms.iter().zip(servers.as_array().unwrap()) {
        assert_eq!(server["dead"], 0, "{server}");
        let requests = vms.taken();
        let n_repeated = check_taken(&requests, &ids);
        assert_eq!(requests.len(), n_alarms + n_repeated);
        println!(
            "{}: {n_alarms} alarms, {n_faults} faults ({n_kills} kills), {n_repeated} came twice, {} times failed",
            server["name"],
            vms.n_failed()
        );
    }
    let identities = identities(&vms[0].taken());
    assert_eq!(identities.len(), n_alarms);
    assert!(identities.values().all(|ids| ids.len() == 1));
    let distinct: BTreeSet<&String> = identities.values().flatten().collect();
    assert_eq!(distinct.len(), n_alarms, "two alarms have one identity");
}
