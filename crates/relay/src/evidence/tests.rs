use std::io::{Cursor, Write as _};

use expect_test::{Expect, expect};
use extension::{PublicKey, SecretKey};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::verify::Problem;
use super::*;

fn about() -> About {
    About {
        made_at: "2026-11-27T10:00:00Z".to_owned(),
        made_by: "ann".to_owned(),
        airelay_version: "0.1.0".to_owned(),
        alarms: vec!["01A".to_owned()],
    }
}

fn files() -> Vec<EvidenceFile> {
    [("alarm.json", "{\"id\":1}"), ("picture.jpg", "picture")]
        .map(|(name, text)| EvidenceFile {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
        })
        .to_vec()
}

/// What is in a zip file.
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let all = (0..archive.len()).map(|idx| {
        let mut file = archive.by_index(idx).unwrap();
        let mut bytes = Vec::new();
        std::io::copy(&mut file, &mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    });
    all.collect()
}

fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn told(verdict: &Verdict) -> String {
    let problems = verdict
        .problems
        .iter()
        .map(|problem| format!("{problem}\n"));
    // Keys are made anew for each test.
    let signed = verdict.signed_by.to_string();
    let signed = match signed.split_once('(') {
        Some((before, after)) => {
            let after = after.split_once(')').map_or("", |(_, after)| after);
            format!("{before}(..){after}")
        }
        None => signed,
    };
    format!(
        "genuine {}, intact {}\n{signed}\n{}",
        verdict.is_genuine(),
        verdict.n_intact,
        problems.collect::<String>()
    )
}

/// Evidence after `change` to what is in it, in the eyes of who made it.
fn check(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>), expected: &Expect) {
    let key = SecretKey::generate().unwrap();
    let mut inside = unpacked(&pack(files(), about(), &key).unwrap());
    change(&mut inside);
    let verdict = verify(&packed(&inside), Some(key.public_key()), &[]);
    expected.assert_eq(&told(&verdict));
}

fn index_of(inside: &[(String, Vec<u8>)], name: &str) -> usize {
    inside.iter().position(|(known, _)| known == name).unwrap()
}

#[test]
fn evidence_as_given_out_is_genuine_also_when_packed_anew() {
    check(
        |inside| inside.reverse(),
        &expect![[r#"
            genuine true, intact 3
            signed by this airelay (..)
        "#]],
    );
}

#[test]
fn changed_missing_and_extra_files_are_named() {
    check(
        |inside| {
            let at = index_of(inside, "alarm.json");
            inside[at].1[6] = b'2';
            inside.remove(index_of(inside, "picture.jpg"));
            inside.push(("more.txt".to_owned(), b"x".to_vec()));
        },
        &expect![[r#"
            genuine false, intact 1
            signed by this airelay (..)
            alarm.json was changed: it is not the file that was given out
            picture.jpg is missing: it was given out with the rest
            more.txt is extra: it was not given out with the rest
        "#]],
    );
}

#[test]
fn changed_manifest_breaks_the_signature() {
    check(
        |inside| {
            let at = index_of(inside, MANIFEST);
            let text = String::from_utf8(inside[at].1.clone()).unwrap();
            inside[at].1 = text.replace("ann", "eve").into_bytes();
        },
        &expect![[r#"
            genuine false, intact 3
            the signature does not fit the manifest: one of them was changed afterwards
        "#]],
    );
    check(
        |inside| {
            inside.remove(index_of(inside, SIGNATURE));
        },
        &expect![[r#"
            genuine false, intact 3
            not signed: do not rely on it
        "#]],
    );
}

#[test]
fn evidence_of_another_airelay_is_genuine_once_its_key_is_named() {
    let key = SecretKey::generate().unwrap();
    let bytes = pack(files(), about(), &key).unwrap();
    let us = SecretKey::generate().unwrap().public_key();
    let verdict = verify(&bytes, Some(us), &[]);
    assert_eq!(verdict.signed_by, SignedBy::Unknown(key.public_key()));
    assert!(!verdict.is_genuine());
    let verdict = verify(&bytes, Some(us), &[us, key.public_key()]);
    assert_eq!(verdict.signed_by, SignedBy::Named(key.public_key()));
    assert!(verdict.is_genuine());
    assert_eq!(verdict.about, Some(about()));
}

#[test]
fn other_files_are_no_evidence() {
    let no_manifest = packed(&[("a.txt".to_owned(), b"x".to_vec())]);
    let bad = packed(&[(MANIFEST.to_owned(), b"{}".to_vec())]);
    for bytes in [b"not a zip".as_slice(), b"", &no_manifest, &bad] {
        let verdict = verify(bytes, None, &[]);
        assert!(
            matches!(verdict.problems[0], Problem::NoEvidence(_)),
            "{verdict:?}"
        );
        assert!(!verdict.is_genuine());
    }
}

#[test]
fn file_that_unpacks_to_too_much_is_not_unpacked_further() {
    let key = SecretKey::generate().unwrap();
    let mut inside = unpacked(&pack(files(), about(), &key).unwrap());
    let at = index_of(&inside, "alarm.json");
    inside[at].1 = vec![0; MAX_EVIDENCE_BYTES + 1];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in &inside {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let verdict = verify(&bomb, Some(key.public_key()), &[]);
    assert_eq!(verdict.problems, [Problem::TooLarge]);
    let many: Vec<_> = (0..=MAX_FILES)
        .map(|number| (format!("{number}"), Vec::new()))
        .collect();
    assert_eq!(
        verify(&packed(&many), None, &[]).problems,
        [Problem::TooLarge]
    );
}

#[test]
fn name_that_stands_twice_is_told() {
    let key = SecretKey::generate().unwrap();
    let mut inside = unpacked(&pack(files(), about(), &key).unwrap());
    inside.push(("alarm.jsom".to_owned(), b"hidden".to_vec()));
    let mut bytes = packed(&inside);
    // The library writes no name twice, so it is made to.
    let text = b"alarm.jsom";
    let places: Vec<usize> = (0..bytes.len() - text.len())
        .filter(|&at| &bytes[at..at + text.len()] == text)
        .collect();
    for at in places {
        bytes[at + text.len() - 1] = b'n';
    }
    let verdict = verify(&bytes, Some(key.public_key()), &[]);
    assert!(!verdict.is_genuine(), "{verdict:?}");
}

#[test]
fn too_much_for_one_file_is_refused() {
    let key = SecretKey::generate().unwrap();
    let large = vec![EvidenceFile {
        name: "a".to_owned(),
        bytes: vec![0; MAX_EVIDENCE_BYTES],
    }];
    let error = pack(large, about(), &key).unwrap_err().to_string();
    assert!(error.contains("take out fewer alarms"), "{error}");
    let twice = [files(), files()].concat();
    assert!(pack(twice, about(), &key).is_err());
}

#[test]
fn key_is_made_once_and_kept_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let public = || EvidenceKey::of_folder(folder.path()).public().unwrap();
    assert_eq!(public(), None);
    let key = EvidenceKey::of_folder(folder.path());
    let made: PublicKey = key.secret().unwrap().public_key();
    assert_eq!(public(), Some(made));
    std::fs::write(folder.path().join("evidence.key"), "rubbish").unwrap();
    let error = EvidenceKey::of_folder(folder.path()).secret().unwrap_err();
    assert!(
        format!("{error:#}").contains("restore it from the backup"),
        "{error:#}"
    );
}

#[test]
fn changed_byte_is_found_or_changes_no_file() {
    let key = SecretKey::generate().unwrap();
    let bytes = pack(files(), about(), &key).unwrap();
    let before = unpacked(&bytes);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x15;
        // Times and the like of the zip file itself are nobody's evidence.
        let verdict = verify(&changed, Some(key.public_key()), &[]);
        if verdict.is_genuine() {
            assert_eq!(unpacked(&changed), before, "byte {at}");
        }
    }
}
