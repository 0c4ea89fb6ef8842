//! Documents against the schemas of those who defined them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shared_data;

/// Interpreter of the environment that `scripts/onvif-tools` makes; `None`
/// when it was not made.
///
/// # Panics
/// When it is missing and `CI` is `true`.
pub fn onvif_python() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let cache = std::env::var_os("AIRELAY_CACHE")
        .map_or_else(|| Path::new(&home).join(".cache/airelay"), PathBuf::from);
    let python = cache.join("onvif-tools-1/bin/python");
    if python.exists() {
        return Some(python);
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        !is_ci,
        "run scripts/onvif-tools: it makes {}",
        python.display()
    );
    None
}

/// What is wrong with these ONVIF documents (name and text), a line each;
/// `None` where schemas or environment are not there.
///
/// # Panics
/// When the check itself fails.
pub fn onvif_complaints(documents: &[(String, String)]) -> Option<String> {
    complaints("onvif/validate.py", "specs/onvif", documents)
}

/// What is wrong with these documents by one schema of the shared test data,
/// such as `specs/milestone/AnalyticsEvent.xsd`; as
/// [`onvif_complaints`].
///
/// # Panics
/// When the check itself fails.
pub fn schema_complaints(schema: &str, documents: &[(String, String)]) -> Option<String> {
    complaints("schema/validate.py", schema, documents)
}

fn complaints(script: &str, schemas: &str, documents: &[(String, String)]) -> Option<String> {
    let python = onvif_python()?;
    let schemas = shared_data(schemas)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let mut child = Command::new(python)
        .arg(script)
        .arg(schemas)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter can be started");
    let list: Vec<[&str; 2]> = documents
        .iter()
        .map(|(name, text)| [name.as_str(), text.as_str()])
        .collect();
    let json = serde_json::to_vec(&list).expect("texts are JSON");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(&json).expect("the script reads all");
    drop(input);
    let output = child.wait_with_output().expect("a child can be waited for");
    assert!(output.status.success(), "the check failed");
    let found: Vec<(String, String)> =
        serde_json::from_slice(&output.stdout).expect("the script writes JSON");
    let lines = found
        .into_iter()
        .map(|(name, complaint)| format!("{name}: {complaint}\n"));
    Some(lines.collect())
}
