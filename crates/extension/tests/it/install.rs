//! Packages on the disk: installed, replaced, brought back, removed; refused
//! without a trace.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use extension::{Host, InstallError, Installed, PublicKey, SecretKey};
use tempfile::TempDir;

use crate::guest::{Guest, HEALTHY, pack};

/// A folder that trusts one publisher, and what is needed to fill it.
struct Bench {
    folder: TempDir,
    host: Host,
    secret_key: SecretKey,
    installed: Installed,
    component: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let secret_key = SecretKey::generate().expect("there is randomness");
        let mut installed = Installed::open(folder.path()).expect("a new folder opens");
        installed
            .trust(secret_key.public_key(), "Tests")
            .expect("the disk works");
        Bench {
            folder,
            host: Host::new().expect("components run here"),
            secret_key,
            installed,
            component: HEALTHY.component(),
        }
    }

    fn package(&self, version: &str) -> Vec<u8> {
        pack("guest", version, &self.component, &self.secret_key)
    }

    fn install(&self, version: &str) {
        self.installed
            .install(&self.package(version), &self.host)
            .expect("a right package");
    }

    /// Versions on the disk: the present one and the one before.
    fn versions(&self) -> (String, Option<String>) {
        let installation = self.installed.get("guest").expect("it is installed");
        (installation.manifest.version, installation.previous_version)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("guest").join(name)
    }

    /// Checks that installing `bytes` says `expected` and changes no file.
    #[track_caller]
    fn check_refused(&self, bytes: &[u8], expected: &str) {
        let before = files(self.folder.path());
        let error = self.installed.install(bytes, &self.host).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(files(self.folder.path()), before);
    }
}

/// All files below `folder` with their bytes.
fn files(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).expect("the file can be read");
            found.insert(path, bytes);
        }
    }
    found
}

#[test]
fn update_keeps_one_version_to_go_back_to() {
    let bench = Bench::new();
    bench.install("1.0.0");
    assert_eq!(bench.versions(), ("1.0.0".to_owned(), None));
    bench.install("1.1.0");
    bench.install("1.2.0");
    let expected = ("1.2.0".to_owned(), Some("1.1.0".to_owned()));
    assert_eq!(bench.versions(), expected);
    bench.installed.roll_back("guest", &bench.host).unwrap();
    let expected = ("1.1.0".to_owned(), Some("1.2.0".to_owned()));
    assert_eq!(bench.versions(), expected);
    // And still so for the next process.
    let again = Installed::open(bench.folder.path()).unwrap();
    assert_eq!(again.get("guest").unwrap().manifest.version, "1.1.0");
    assert_eq!(again.publishers(), bench.installed.publishers());
}

#[test]
fn refused_packages_change_nothing() {
    let mut bench = Bench::new();
    bench.install("1.0.0");
    let package = bench.package("1.1.0");

    bench.check_refused(
        &package[..package.len() - 1],
        &format!(
            "read the package: {} of {} bytes are there: fetch the file again",
            package.len() - 1,
            package.len()
        ),
    );
    let stranger = SecretKey::generate().unwrap();
    let stranger_key = stranger.public_key();
    let strange = pack("guest", "1.1.0", &bench.component, &stranger);
    bench.check_refused(
        &strange,
        &format!(
            "install \"Guest\": its publisher \"Tests\" with key {} is not trusted: compare the key with the publisher's and accept it first",
            stranger_key.fingerprint()
        ),
    );
    bench.installed.trust(stranger_key, "Stranger").unwrap();
    bench.check_refused(
        &strange,
        &format!(
            "install \"guest\": the installed one is signed with key {}, this one with {}: uninstall the installed one first",
            bench.secret_key.public_key().fingerprint(),
            stranger_key.fingerprint()
        ),
    );
    let broken = pack(
        "guest",
        "1.1.0",
        b"\0asm\x0d\0\x01\0rubbish",
        &bench.secret_key,
    );
    let before = files(bench.folder.path());
    let error = bench.installed.install(&broken, &bench.host).unwrap_err();
    assert!(matches!(error, InstallError::Load(_)), "{error}");
    assert_eq!(files(bench.folder.path()), before);
}

#[test]
fn component_that_lacks_the_interface_is_not_installed() {
    let bench = Bench::new();
    // The smallest component there is: it exports nothing.
    let empty = pack("guest", "1.0.0", b"\0asm\x0d\0\x01\0", &bench.secret_key);
    let error = bench.installed.install(&empty, &bench.host).unwrap_err();
    assert!(matches!(error, InstallError::Load(_)), "{error}");
    assert!(error.to_string().starts_with("link guest: "), "{error}");
    assert!(bench.installed.list().unwrap().is_empty());
}

#[test]
fn version_that_no_longer_loads_is_replaced_by_the_one_before() {
    let bench = Bench::new();
    bench.install("1.0.0");
    bench.install("1.1.0");
    let mut bytes = fs::read(bench.file("current.ext")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(bench.file("current.ext"), &bytes).unwrap();
    let loaded = bench.installed.load("guest", &bench.host).unwrap();
    assert_eq!(loaded.extension.manifest().version, "1.0.0");
    let reason = loaded.rolled_back.unwrap();
    assert!(reason.contains("signature does not hold"), "{reason}");
    assert_eq!(bench.versions().0, "1.0.0");
    let again = bench.installed.load("guest", &bench.host).unwrap();
    assert_eq!(again.rolled_back, None);
}

#[test]
fn broken_version_with_none_before_it_is_named_and_can_be_replaced() {
    let bench = Bench::new();
    bench.install("1.0.0");
    fs::write(bench.file("current.ext"), b"AIRELAY\x01").unwrap();
    assert!(bench.installed.load("guest", &bench.host).is_err());
    let list = bench.installed.list().unwrap();
    assert_eq!(list[0].id, "guest");
    assert!(list[0].installation.is_err());
    bench.install("1.0.1");
    assert_eq!(bench.versions(), ("1.0.1".to_owned(), None));
}

#[test]
fn what_a_power_cut_left_is_removed_or_passed_over() {
    let bench = Bench::new();
    bench.install("1.0.0");
    fs::write(bench.file("current.partial"), b"half").unwrap();
    fs::write(bench.folder.path().join("publishers.partial"), b"half").unwrap();
    fs::create_dir(bench.folder.path().join("begun")).unwrap();
    let again = Installed::open(bench.folder.path()).unwrap();
    assert!(!bench.file("current.partial").exists());
    assert!(!bench.folder.path().join("publishers.partial").exists());
    let ids: Vec<String> = again
        .list()
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(ids, ["guest"]);
}

#[test]
fn uninstalled_program_is_gone_and_its_name_leads_nowhere_else() {
    let bench = Bench::new();
    bench.install("1.0.0");
    bench.install("1.1.0");
    for id in ["other", "../guest", "", "publishers", "Guest"] {
        let error = bench.installed.uninstall(id).unwrap_err();
        assert!(
            matches!(error, InstallError::Missing { .. }),
            "{id}: {error}"
        );
        assert!(bench.installed.get(id).is_err());
    }
    bench.installed.uninstall("guest").unwrap();
    assert!(!bench.folder.path().join("guest").exists());
    assert!(bench.installed.list().unwrap().is_empty());
}

#[test]
fn publisher_no_longer_trusted_installs_nothing_more() {
    let mut bench = Bench::new();
    let key: PublicKey = bench.secret_key.public_key();
    bench.install("1.0.0");
    bench.installed.distrust(key).unwrap();
    assert!(bench.installed.distrust(key).is_err());
    let error = bench
        .installed
        .install(&bench.package("1.1.0"), &bench.host)
        .unwrap_err();
    assert!(matches!(error, InstallError::Untrusted { .. }), "{error}");
    assert!(bench.installed.trust(key, "two\nlines").is_err());
    assert_eq!(bench.versions().0, "1.0.0");
}

#[test]
fn program_is_limited_to_the_memory_its_manifest_asks_for() {
    let host = Host::new().unwrap();
    let guest = Guest {
        n_pages: 16,
        ..HEALTHY
    };
    let program = guest
        .load(&host)
        .start(
            crate::guest::camera(1),
            &extension::Values::new(),
            extension::Limits::default(),
        )
        .unwrap();
    assert_eq!(program.usage().memory_bytes, 1 << 20);
}
