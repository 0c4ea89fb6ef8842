//! Gathers the licences of all libraries that the binary is made of.
//!
//! In: what cargo knows of them (`cargo metadata`), and the licence files in
//! their sources. Out: one text, `licences.txt`, which `src/licences.rs`
//! includes. Where cargo cannot say, the text is empty and the build goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Beginnings of the names of files that hold licences or notices.
const LICENCE_FILES: [&str; 6] = [
    "licen",
    "copying",
    "notice",
    "unlicense",
    "copyright",
    "readme.ijg",
];

/// Folders inside a package with sources of somebody else.
const FOREIGN_FOLDERS: [&str; 1] = ["libjpeg-turbo"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    let text = gather().unwrap_or_else(|reason| {
        println!("cargo::warning=airelay licences will not name its libraries: {reason}");
        String::new()
    });
    let path = Path::new(&required("OUT_DIR")).join("licences.txt");
    fs::write(path, text).expect("cargo's output folder is writable");
}

fn gather() -> Result<String, String> {
    let metadata = metadata()?;
    let wanted = linked(&metadata)?;
    // Many packages carry the same text: it is printed once.
    let mut by_text: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut list = String::new();
    for package in array(&metadata["packages"]) {
        let is_ours = package["source"].is_null();
        if is_ours || !wanted.contains(text(&package["id"])) {
            continue;
        }
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        let licence = package["license"].as_str().unwrap_or("see below");
        list += &format!("{name}: {licence}\n");
        for file in licence_files(Path::new(text(&package["manifest_path"]))) {
            if let Ok(content) = fs::read_to_string(&file) {
                let content = content.trim().to_owned();
                by_text.entry(content).or_default().insert(name.clone());
            }
        }
    }
    if list.is_empty() {
        return Err("cargo metadata names none".to_owned());
    }
    let mut out = format!("Libraries in this program, each under its own licence:\n\n{list}");
    for (content, names) in by_text {
        let names: Vec<String> = names.into_iter().collect();
        out += &format!("\n---- {}\n\n{content}\n", names.join(", "));
    }
    Ok(out)
}

fn metadata() -> Result<Value, String> {
    let output = Command::new(required("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", &required("TARGET")])
        .current_dir(required("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| format!("run cargo metadata: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(format!("cargo metadata: {last}"));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

/// Ids of the packages that end up in the binary: what this package needs, and
/// what these need, without what only builds or tests use.
fn linked(metadata: &Value) -> Result<BTreeSet<&str>, String> {
    let nodes: BTreeMap<&str, &Value> = array(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let root = text(&metadata["resolve"]["root"]);
    let mut found = BTreeSet::from([root]);
    let mut to_visit = vec![root];
    while let Some(id) = to_visit.pop() {
        let node = nodes.get(id).ok_or("cargo metadata names no root")?;
        for needed in array(&node["deps"]) {
            let is_linked = array(&needed["dep_kinds"])
                .iter()
                .any(|kind| kind["kind"].is_null());
            let id = text(&needed["pkg"]);
            if is_linked && found.insert(id) {
                to_visit.push(id);
            }
        }
    }
    Ok(found)
}

fn licence_files(manifest: &Path) -> Vec<PathBuf> {
    let Some(folder) = manifest.parent() else {
        return Vec::new();
    };
    let folders = FOREIGN_FOLDERS.map(|name| folder.join(name));
    let mut files: Vec<PathBuf> = folders
        .iter()
        .map(PathBuf::as_path)
        .chain([folder])
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && is_licence(path))
        .collect();
    files.sort();
    files
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    LICENCE_FILES.iter().any(|start| name.starts_with(start))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn required(name: &str) -> String {
    env::var(name).expect("cargo sets this for build scripts")
}
