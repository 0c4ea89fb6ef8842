//! What a package says of itself, before any of its code runs.
//!
//! In: the TOML text of a package. Out: a checked [`Manifest`], or what was
//! found and what to do.
//!
//! Not here: whether the signature holds (`package`), whether the component
//! keeps what the manifest says (`host`).

use serde::Deserialize;
use thiserror::Error;

use crate::setting::{MAX_TEXT_CHARS, Setting, SettingKind};

/// What kind of code a package must hold.
pub const TARGET: &str = "wasm-component";
/// The interface between relay and program, of `wit/program.wit`.
pub const INTERFACE: &str = "airelay:program@1.0";

/// Major and minor version of [`INTERFACE`].
const INTERFACE_VERSION: (u32, u32) = (1, 0);
const INTERFACE_NAME: &str = "airelay:program";

/// Longest manifest, bytes.
pub(crate) const MAX_MANIFEST_BYTES: usize = 64 << 10;
/// Most settings of a program.
const MAX_SETTINGS: usize = 64;
/// Most memory a program may ask for, MiB.
pub(crate) const MAX_MEMORY_MIB: u32 = 64;

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name in addresses and folders, 1 to 32 of `a-z`, `0-9`, `-`, the first
    /// a letter. It never changes between versions.
    pub id: String,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Version of the program, three numbers such as `1.0.2`.
    pub version: String,
    /// What kind of code is inside; must be [`TARGET`].
    pub target: String,
    /// What interface it was built against, such as `airelay:program@1.0`.
    pub interface: String,
    /// Who made it, 1 to 64 characters. Trust rests on the key, not on this.
    pub publisher: String,
    /// A sentence or two for people, at most 500 characters.
    #[serde(default)]
    pub description: String,
    /// Memory it asks for on each camera, 1 to 64 MiB.
    pub memory_mib: u32,
    /// Its settings, in the order in which a page shows them.
    #[serde(default)]
    pub settings: Vec<Setting>,
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// No TOML of the right form.
    #[error("read the manifest: {text}")]
    Form {
        /// What the reader found, on one line.
        text: String,
    },
    /// Built for something else.
    #[error(
        "the package is built for {found:?}, this relay runs {TARGET:?}: ask the publisher for a package of that target"
    )]
    Target {
        /// As the manifest says, shortened.
        found: String,
    },
    /// Built against an interface that is not spoken here.
    #[error("the package needs the interface {found:?}, this relay speaks {INTERFACE:?}: {advice}")]
    Interface {
        /// As the manifest says, shortened.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// A field holds what it must not.
    #[error("read the manifest: {field} is {found:?}, expected {expected}")]
    Field {
        /// Which.
        field: String,
        /// What it holds, shortened.
        found: String,
        /// What it may hold.
        expected: &'static str,
    },
}

impl Manifest {
    /// Reads and checks `text`.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Manifest = toml::from_str(text).map_err(|error| ManifestError::Form {
            text: shorten(&error.to_string().replace('\n', " "), 300),
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Version of the interface it was built against, such as `1.0`.
    pub fn sdk_version(&self) -> &str {
        self.interface
            .split_once('@')
            .map_or("", |(_, version)| version)
    }

    /// Memory it asks for on each camera, bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory_mib as usize * (1 << 20)
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.target != TARGET {
            return Err(ManifestError::Target {
                found: shorten(&self.target, 40),
            });
        }
        check_interface(&self.interface)?;
        expect(
            "id",
            &self.id,
            is_id(&self.id),
            "1 to 32 of a-z 0-9 -, starting with a letter",
        )?;
        expect_line("name", &self.name, 1, 64)?;
        expect(
            "version",
            &self.version,
            is_version(&self.version),
            "three numbers such as 1.0.2",
        )?;
        expect_line("publisher", &self.publisher, 1, 64)?;
        expect(
            "description",
            &self.description,
            self.description.chars().count() <= 500,
            "at most 500 characters",
        )?;
        expect(
            "memory_mib",
            &self.memory_mib.to_string(),
            (1..=MAX_MEMORY_MIB).contains(&self.memory_mib),
            "1 to 64",
        )?;
        let n_settings = self.settings.len();
        expect(
            "number of settings",
            &n_settings.to_string(),
            n_settings <= MAX_SETTINGS,
            "at most 64",
        )?;
        for (setting_idx, setting) in self.settings.iter().enumerate() {
            let is_repeated = self.settings[..setting_idx]
                .iter()
                .any(|earlier| earlier.name == setting.name);
            expect(
                "name of a setting",
                &setting.name,
                !is_repeated,
                "each name once",
            )?;
            check_setting(setting)?;
        }
        Ok(())
    }
}

fn check_interface(interface: &str) -> Result<(), ManifestError> {
    let refused = |advice| ManifestError::Interface {
        found: shorten(interface, 40),
        advice,
    };
    let version = interface
        .split_once('@')
        .filter(|(name, _)| *name == INTERFACE_NAME)
        .and_then(|(_, version)| version.split_once('.'))
        .and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match version {
        None => Err(refused("ask the publisher for a package of that interface")),
        Some(version) if version > INTERFACE_VERSION => Err(refused("update the relay first")),
        Some((major, _)) if major < INTERFACE_VERSION.0 => {
            Err(refused("ask the publisher for a newer package"))
        }
        Some(_) => Ok(()),
    }
}

fn check_setting(setting: &Setting) -> Result<(), ManifestError> {
    let is_name = (1..=32).contains(&setting.name.len())
        && setting
            .name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    expect(
        "name of a setting",
        &setting.name,
        is_name,
        "1 to 32 of a-z 0-9 _",
    )?;
    expect_line("label of a setting", &setting.label, 1, 64)?;
    expect_line("help of a setting", &setting.help, 0, 300)?;
    expect_line("unit of a setting", &setting.unit, 0, 16)?;
    let name = format!("setting {:?}", setting.name);
    let (is_right, expected) = match &setting.kind {
        SettingKind::Whole { min, max, .. } => (min < max, "min below max"),
        SettingKind::Number { min, max, .. } => (
            min < max && min.is_finite() && max.is_finite(),
            "min below max",
        ),
        SettingKind::Text { max_chars, .. } => (
            (1..=MAX_TEXT_CHARS).contains(max_chars),
            "max_chars of 1 to 200",
        ),
        SettingKind::Choice { options, .. } => (
            (2..=32).contains(&options.len()) && options.iter().all(|word| is_line(word, 1, 64)),
            "2 to 32 options of 1 to 64 characters",
        ),
        SettingKind::Classes { default } => (
            default
                .iter()
                .all(|name| types::Class::from_name(name).is_some()),
            "a default of known classes",
        ),
        SettingKind::Switch { .. } | SettingKind::Zone | SettingKind::Line => (true, ""),
    };
    expect(&name, &format!("{:?}", setting.kind), is_right, expected)?;
    let default = setting.default_value();
    expect(
        &name,
        &format!("{default:?}"),
        setting.check(&default).is_ok(),
        "a default that the setting allows",
    )
}

fn expect(
    field: &str,
    found: &str,
    is_right: bool,
    expected: &'static str,
) -> Result<(), ManifestError> {
    if is_right {
        return Ok(());
    }
    Err(ManifestError::Field {
        field: field.to_owned(),
        found: shorten(found, 80),
        expected,
    })
}

fn expect_line(field: &str, found: &str, min: usize, max: usize) -> Result<(), ManifestError> {
    expect(
        field,
        found,
        is_line(found, min, max),
        match (min, max) {
            (1, 64) => "one line of 1 to 64 characters",
            (0, 16) => "one line of at most 16 characters",
            _ => "one line of at most 300 characters",
        },
    )
}

/// Whether `text` is one line of `min` to `max` characters.
pub(crate) fn is_line(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Whether `text` may name a program, and so a folder.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= 32
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_version(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(|part| number(part).is_some())
}

/// The value of one to six digits.
fn number(text: &str) -> Option<u32> {
    let is_digits = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

/// The first `max` characters of `text`.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "tailgating"
name = "Tailgating"
version = "1.0.2"
target = "wasm-component"
interface = "airelay:program@1.0"
publisher = "Example"
memory_mib = 4

[[settings]]
name = "within_s"
label = "Within"
unit = "s"
kind = "number"
default = 2.0
min = 0.5
max = 10.0
"#;

    #[test]
    fn manifest_in_order_is_read() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.sdk_version(), "1.0");
        assert_eq!(manifest.memory_bytes(), 4 << 20);
        assert_eq!(manifest.settings[0].unit, "s");
    }

    #[test]
    fn refusals_say_what_was_found_and_what_to_do() {
        for (from, to, expected) in [
            (
                "wasm-component",
                "x86_64-linux",
                r#"the package is built for "x86_64-linux", this relay runs "wasm-component": ask the publisher for a package of that target"#,
            ),
            (
                "@1.0",
                "@1.1",
                r#"the package needs the interface "airelay:program@1.1", this relay speaks "airelay:program@1.0": update the relay first"#,
            ),
            (
                "@1.0",
                "@2.0",
                r#"the package needs the interface "airelay:program@2.0", this relay speaks "airelay:program@1.0": update the relay first"#,
            ),
            (
                "@1.0",
                "@0.9",
                r#"the package needs the interface "airelay:program@0.9", this relay speaks "airelay:program@1.0": ask the publisher for a newer package"#,
            ),
            (
                "airelay:program@1.0",
                "other",
                r#"the package needs the interface "other", this relay speaks "airelay:program@1.0": ask the publisher for a package of that interface"#,
            ),
            (
                "\"tailgating\"",
                "\"../up\"",
                r#"read the manifest: id is "../up", expected 1 to 32 of a-z 0-9 -, starting with a letter"#,
            ),
            (
                "1.0.2",
                "1.0",
                r#"read the manifest: version is "1.0", expected three numbers such as 1.0.2"#,
            ),
            (
                "memory_mib = 4",
                "memory_mib = 65",
                r#"read the manifest: memory_mib is "65", expected 1 to 64"#,
            ),
            (
                "default = 2.0",
                "default = 0.1",
                r#"read the manifest: setting "within_s" is "Number(0.1)", expected a default that the setting allows"#,
            ),
            (
                "max = 10.0",
                "max = 0.5",
                r#"read the manifest: setting "within_s" is "Number { default: 2.0, min: 0.5, max: 0.5 }", expected min below max"#,
            ),
            (
                "within_s",
                "Within",
                r#"read the manifest: name of a setting is "Within", expected 1 to 32 of a-z 0-9 _"#,
            ),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let error = Manifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn fields_that_nobody_knows_are_refused() {
        for text in [
            format!("may_open_files = true\n{GOOD}"),
            format!("{GOOD}may_open_files = true"),
        ] {
            let error = Manifest::parse(&text).unwrap_err();
            assert!(error.to_string().contains("may_open_files"), "{error}");
        }
    }
}
