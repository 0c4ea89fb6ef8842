//! Checks of the source tree itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate, and the sibling crates it may name in `[dependencies]`.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("jpeg", &[]),
    ("runtime", &[]),
    ("source", &["types"]),
    ("vision", &["types", "jpeg"]),
    ("programs", &["types"]),
    ("extension", &["types", "programs"]),
    ("store", &["types"]),
    ("guard", &["types", "store"]),
    ("sink", &["types"]),
    ("transcode", &["types", "jpeg"]),
    ("clip", &["types"]),
    ("sim", &["types", "jpeg", "source"]),
    ("testkit", &["types", "jpeg", "sim"]),
    (
        "relay",
        &[
            "types",
            "jpeg",
            "runtime",
            "source",
            "vision",
            "programs",
            "extension",
            "store",
            "guard",
            "sink",
            "transcode",
            "clip",
            "sim",
        ],
    ),
];

/// Crates that compute only: same input, same output.
const PURE: &[&str] = &["types", "jpeg", "transcode", "clip", "vision", "programs"];

/// Libraries that reach outside.
const IMPURE: &[&str] = &["tokio", "hyper", "reqwest", "rusqlite", "axum"];

#[test]
fn crates_depend_only_downwards() {
    let mut listed: Vec<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(
        listed,
        crate_names(),
        "every crate has a row, and the reverse"
    );
    for (name, allowed) in MAY_DEPEND_ON {
        for dependency in dependencies(name) {
            let dependency = dependency.as_str();
            assert!(
                !listed.contains(&dependency) || allowed.contains(&dependency),
                "crates/{name} may not depend on {dependency}"
            );
            assert!(
                !PURE.contains(name) || !IMPURE.contains(&dependency),
                "crates/{name} computes only, so it may not use {dependency}"
            );
        }
    }
}

#[test]
fn pure_crates_touch_nothing_outside() {
    for name in PURE {
        for file in rust_files(&crates_dir().join(name).join("src")) {
            let text = fs::read_to_string(&file).expect("listed files are readable");
            for path in ["std::fs", "std::net", "std::process", "std::thread"] {
                assert!(
                    !text.contains(path),
                    "{} computes only, so it may not use {path}",
                    file.display()
                );
            }
        }
    }
}

/// Names of folders that exist on one machine only.
#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let machine_paths = ["work", "home", "root"].map(|folder| format!("/{folder}/"));
    for (file, text) in committed_texts() {
        for (line_idx, line) in text.lines().enumerate() {
            let found = machine_paths.iter().find(|path| names_path(line, path));
            assert!(
                found.is_none(),
                "{}:{}: names a folder of one machine: {line}",
                file.display(),
                line_idx + 1
            );
        }
    }
}

#[test]
fn machine_paths_are_told_from_web_addresses() {
    for (line, expected) in [
        ("see /f/x", true),
        ("FILE=/f/x", true),
        ("http://camera/f/index", false),
        ("../f/x", false),
    ] {
        assert_eq!(names_path(line, "/f/"), expected, "{line}");
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut n_links = 0;
    for (file, text) in committed_texts() {
        if file.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for target in link_targets(&text) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            n_links += 1;
            let folder = root().join(&file);
            let folder = folder.parent().expect("files lie in folders");
            assert!(
                folder.join(path).exists(),
                "{}: link to {target}, which is not there",
                file.display()
            );
        }
    }
    // Documents come and go; the check itself is held by the next test.
    println!("{n_links} links");
}

#[test]
fn link_targets_are_found_in_text_and_not_in_code() {
    let text = "[a](b.md) and ![c](d/e.png)\n```\n[x](y)\n```\n`[p](q)` [f](#g)";
    assert_eq!(link_targets(text), ["b.md", "d/e.png", "#g"]);
}

/// Whether `path` stands in `line` as the beginning of a path.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~}/*)".contains(c))
    })
}

/// Where the Markdown links of `text` lead; code is left out.
fn link_targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        let outside_code: String = line.split('`').step_by(2).collect();
        for rest in outside_code.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            targets.push(target.to_owned());
        }
    }
    targets
}

/// Committed files that are text, by their path in the repository.
fn committed_texts() -> Vec<(PathBuf, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(listed.status.success(), "the tests run in a checkout");
    let names = String::from_utf8(listed.stdout).expect("file names are text");
    let texts: Vec<_> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        // Removed but not yet committed, or no text: nothing to read.
        .filter_map(|name| Some((name.into(), fs::read_to_string(root().join(name)).ok()?)))
        .collect();
    assert!(texts.len() > 100, "only {} files found", texts.len());
    texts
}

/// Names listed in the `[dependencies]` section of `crates/{name}`.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = fs::read_to_string(crates_dir().join(name).join("Cargo.toml"))
        .expect("every crate has a manifest");
    let after = manifest
        .split_once("\n[dependencies]")
        .map_or("", |(_, after)| after);
    let section = after.split("\n[").next().unwrap_or("");
    section
        .lines()
        .filter_map(|line| line.split([' ', '=', '.']).next())
        .filter(|dependency| !dependency.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Names of the folders in `crates` that hold a crate, sorted.
fn crate_names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(crates_dir())
        .expect("the folder of crates is readable")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// All `.rs` files below `dir`.
fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("every crate has a src folder") {
        let path = entry.expect("folder entries are readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The `crates` folder of this repository.
fn crates_dir() -> PathBuf {
    root().join("crates")
}

/// This repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/relay lies two folders deep")
}
