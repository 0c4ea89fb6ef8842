//! Small programs written as WebAssembly text, made into components.
//!
//! In: text of the four exported functions. Out: the bytes of a component, and
//! whole signed packages.

use extension::{CameraSetup, Extension, Host, Package, SecretKey, Unsigned};
use types::{
    CameraId, Class, NormBox, NormPoint, Polygon, RuleId, Scene, Timestamp, Track, TrackId,
    TrackState, Zone, ZoneId,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a program does; the default does nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    /// More fields of the module, such as functions.
    pub(crate) fields: &'static str,
    /// First pages of its memory.
    pub(crate) n_pages: u32,
    /// Body of `start`, before it accepts.
    pub(crate) start: &'static str,
    /// Body of `update`, before it answers what was said.
    pub(crate) update: &'static str,
    /// Body of `tick`.
    pub(crate) tick: &'static str,
    /// Body of `cabi_realloc`, before it gives memory.
    pub(crate) realloc: &'static str,
}

impl Default for Guest {
    fn default() -> Self {
        Guest {
            fields: "",
            n_pages: 1,
            start: "",
            update: "",
            tick: "",
            realloc: "",
        }
    }
}

/// Begins an event in every tenth scene and ends it five scenes later, if it
/// began: started in between it waits for the next.
pub(crate) const HEALTHY: Guest = Guest {
    fields: "(global $is_open (mut i32) (i32.const 0))",
    n_pages: 1,
    start: "",
    update: "
        (if (i64.eqz (i64.rem_u (local.get $seq) (i64.const 10)))
            (then (call $say (i32.const 1) (i32.const 0)) (global.set $is_open (i32.const 1))))
        (if (i32.and
                (global.get $is_open)
                (i64.eq (i64.rem_u (local.get $seq) (i64.const 10)) (i64.const 5)))
            (then (call $say (i32.const 1) (i32.const 2)) (global.set $is_open (i32.const 0))))",
    tick: "",
    realloc: "",
};

/// Where the output lies in a guest's memory, and its events.
const MODULE: &str = r#"
(module
    (import "airelay:program/host@1.0.0" "log" (func $log (param i32 i32)))
    $IMPORTS
    (memory (export "memory") $PAGES)
    (data (i32.const 64) "beat")
    (data (i32.const 80) "my last words")
    (data (i32.const 96) "\ff\ff")
    (global $heap (mut i32) (i32.const 32768))
    (global $n_events (mut i32) (i32.const 0))
    $FIELDS
    (func (export "cabi_realloc") (param $old i32) (param i32 i32) (param $len i32) (result i32)
        (local $at i32)
        $REALLOC
        (local.set $at (global.get $heap))
        (global.set $heap (i32.and
            (i32.add (i32.add (global.get $heap) (local.get $len)) (i32.const 7))
            (i32.const -8)))
        (local.get $at))
    ;; Where the newest event lies: 88 bytes each from 2048 on.
    (func $event (result i32)
        (i32.add (i32.const 1960) (i32.mul (global.get $n_events) (i32.const 88))))
    ;; Says an event called "beat" with nothing optional.
    (func $say (param $key i32) (param $phase i32)
        (local $at i32)
        (global.set $n_events (i32.add (global.get $n_events) (i32.const 1)))
        (local.set $at (call $event))
        (memory.fill (local.get $at) (i32.const 0) (i32.const 88))
        (i32.store offset=0 (local.get $at) (local.get $key))
        (i32.store8 offset=4 (local.get $at) (local.get $phase))
        (i32.store offset=8 (local.get $at) (i32.const 64))
        (i32.store offset=12 (local.get $at) (i32.const 4)))
    ;; Says one count of 1 person or so, over the second before `at`.
    (func $count (param $since i64) (param $until i64) (param $value f64)
        (i32.store (i32.const 1032) (i32.const 1104))
        (i32.store (i32.const 1036) (i32.const 1))
        (i32.store (i32.const 1104) (i32.const 0))
        (i64.store (i32.const 1112) (local.get $since))
        (i64.store (i32.const 1120) (local.get $until))
        (f64.store (i32.const 1128) (local.get $value)))
    ;; What the step answers: everything said since the last step.
    (func $answer (result i32)
        (i32.store (i32.const 1024) (i32.const 2048))
        (i32.store (i32.const 1028) (global.get $n_events))
        (global.set $n_events (i32.const 0))
        (global.set $heap (i32.const 32768))
        (i32.const 1024))
    (func (export "start") (param i32 i32 i32 i32 i32 i32) (result i32)
        $START
        (global.set $heap (i32.const 32768))
        (i32.store (i32.const 512) (i32.const 0))
        (i32.const 512))
    (func (export "update") (param $at i64) (param $seq i64) (param i32 i32) (param i32)
        (param f32) (param i32 i32) (param i32 i32) (param i32 i32) (result i32)
        $UPDATE
        (call $answer))
    (func (export "tick") (param $at i64) (result i32)
        $TICK
        (call $answer))
    (func (export "finish") (param $at i64) (result i32) (call $answer)))
"#;

/// Imports a file system, as an ordinary toolchain would.
const WITH_FILES: &str = r#"
package airelay:test;
world program {
    include airelay:program/program@1.0.0;
    import wasi:filesystem/preopens@0.2.0;
}
package wasi:filesystem@0.2.0 {
    interface preopens {
        get-directories: func() -> list<tuple<u32, string>>;
    }
}
"#;

impl Guest {
    /// The component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let has_files = self.fields.contains("$directories");
        let imports = if has_files {
            r#"(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))"#
        } else {
            ""
        };
        let text = MODULE
            .replace("$IMPORTS", imports)
            .replace("$PAGES", &self.n_pages.to_string())
            .replace("$FIELDS", self.fields)
            .replace("$REALLOC", self.realloc)
            .replace("$START", self.start)
            .replace("$UPDATE", self.update)
            .replace("$TICK", self.tick);
        let mut module = wat::parse_str(&text).expect("the text is right");
        let mut resolve = Resolve::default();
        let mut package_id = resolve
            .push_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../extension/wit"))
            .expect("the interface is right")
            .0;
        if has_files {
            package_id = resolve
                .push_str("test.wit", WITH_FILES)
                .expect("the interface is right");
        }
        let world_id = resolve
            .select_world(&[package_id], Some("program"))
            .expect("there is a world");
        embed_component_metadata(&mut module, &resolve, world_id, StringEncoding::UTF8)
            .expect("module and interface fit");
        ComponentEncoder::default()
            .module(&module)
            .and_then(|mut encoder| encoder.encode())
            .expect("module and interface fit")
    }

    /// A signed package of version `1.0.0`, called `guest`.
    pub(crate) fn package(&self, secret_key: &SecretKey) -> Vec<u8> {
        pack("guest", "1.0.0", &self.component(), secret_key)
    }

    /// The program, compiled.
    pub(crate) fn load(&self, host: &Host) -> Extension {
        let bytes = self.package(&SecretKey::generate().expect("there is randomness"));
        let package = Package::read(&bytes).expect("just signed");
        host.load(&package).expect("it keeps to the interface")
    }
}

/// A signed package.
pub(crate) fn pack(id: &str, version: &str, component: &[u8], secret_key: &SecretKey) -> Vec<u8> {
    let manifest = format!(
        r#"
id = "{id}"
name = "Guest"
version = "{version}"
target = "wasm-component"
interface = "airelay:program@1.0"
publisher = "Tests"
memory_mib = 64
"#
    );
    Unsigned {
        manifest: &manifest,
        component,
        ..Unsigned::default()
    }
    .sign(secret_key)
    .expect("manifest and component are right")
}

/// A camera with zone 1 and no lines.
pub(crate) fn camera(seed: u64) -> CameraSetup {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
    let polygon = Polygon::new(corners.map(|(x, y)| NormPoint::new(x, y)).to_vec());
    CameraSetup {
        camera_id: CameraId::new("gate").expect("a right id"),
        rule_id: RuleId(7),
        seed,
        zones: vec![Zone {
            zone_id: ZoneId(1),
            name: "Yard".to_owned(),
            polygon: polygon.expect("a right polygon"),
        }],
        lines: Vec::new(),
        now: Timestamp::from_secs(0),
    }
}

/// Scene number `seq`, five in a second, with track 3.
pub(crate) fn scene(seq: u64) -> Scene {
    let captured_at = Timestamp::from_millis(1_000_000 + 200 * i64::try_from(seq).unwrap_or(0));
    Scene {
        captured_at,
        frame_seq: seq,
        tracks: vec![Track {
            track_id: TrackId(3),
            state: TrackState::Confirmed,
            bbox: NormBox::from_xyxy(0.4, 0.4, 0.5, 0.6),
            class: Class::Person,
            score: 0.75,
            first_seen_at: captured_at,
            last_seen_at: captured_at,
            velocity: (0.0, 0.0),
            is_stationary: false,
            moved: types::Moved::Surely,
        }],
        ..Scene::default()
    }
}
