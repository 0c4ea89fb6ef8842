//! The index in files, so that a start needs not read all vectors out of the
//! database.
//!
//! A folder has one file per chunk, and `index.json` that lists them with their
//! lengths and checksums, the words, and up to which change of the database
//! they go. Files are written anew under new names; the list changes last and
//! at once, so a kill leaves the list before or the one after. Anything that is
//! not as listed is an error: the caller then builds the index from the
//! database, which has everything.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ROWS_PER_CHUNK};
use super::entry::TagName;
use super::index::{FileNo, Index, MAX_MAKERS, Sealed, State, Table, TableKey};
use super::tags::Words;

/// Changes whenever the files do.
const FORMAT: u32 = 1;
const LIST: &str = "index.json";
const EXTENSION: &str = "chunk";
/// Longest list, bytes.
const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Reading or writing failed.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
    /// A file is not as it was written.
    #[error("read {}: {why}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    cursor: i64,
    cameras: Vec<String>,
    tags: Vec<TagText>,
    tables: Vec<TableText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagText {
    about: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableText {
    maker: String,
    dims: usize,
    chunks: Vec<ChunkText>,
    /// Whether the last chunk still takes rows.
    has_newest: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChunkText {
    file: FileNo,
    len_bytes: u64,
    checksum: u64,
}

/// Writes what changed since the last call into `folder`. `cursor` says up to
/// which change of the database the index goes; it may know some more.
///
/// # Errors
/// Writing failed; what was saved before is still good.
pub fn save(index: &Index, folder: &Path, cursor: i64) -> Result<(), FileError> {
    fs::create_dir_all(folder).map_err(io_error("make folder", folder))?;
    let before = read_list(folder).ok().flatten();
    let known = |file: FileNo| -> Option<ChunkText> {
        let tables = before.iter().flat_map(|list| &list.tables);
        let mut chunks = tables.flat_map(|table| &table.chunks);
        chunks.find(|chunk| chunk.file == file).cloned()
    };
    let mut next_file = files_in(folder)?.into_iter().max().unwrap_or(0) + 1;
    let (words, tables) = copy(index);
    let mut list = List {
        format: FORMAT,
        cursor,
        cameras: words.cameras,
        tags: words.tags.iter().map(tag_text).collect(),
        tables: Vec::new(),
    };
    for ((maker, dims), chunks, has_newest) in tables {
        let mut texts = Vec::new();
        for saved in &chunks {
            if let Some(text) = saved.file.and_then(known) {
                texts.push(text);
                continue;
            }
            let file = next_file;
            next_file += 1;
            texts.push(write_chunk(folder, file, &saved.chunk)?);
            note_file(index, &(Arc::clone(&maker), dims), &saved.chunk, file);
        }
        list.tables.push(TableText {
            maker: maker.to_string(),
            dims,
            chunks: texts,
            has_newest,
        });
    }
    write_list(folder, &list)?;
    remove_others(folder, &list)
}

/// Reads what was saved, and up to which change of the database it goes.
/// `None` when nothing was saved.
///
/// # Errors
/// Reading failed, or something is not as it was saved.
pub fn load(folder: &Path) -> Result<Option<(Index, i64)>, FileError> {
    let Some(list) = read_list(folder)? else {
        return Ok(None);
    };
    let path = folder.join(LIST);
    let damaged = |why| FileError::Damaged {
        path: path.clone(),
        why,
    };
    if list.tables.len() > MAX_MAKERS + 1 {
        return Err(damaged("too many tables"));
    }
    let mut tags = Vec::with_capacity(list.tags.len());
    for tag in list.tags {
        tags.push(read_tag(tag).ok_or_else(|| damaged("a tag about nothing"))?);
    }
    let n_words = (list.cameras.len(), tags.len());
    let words = Words::new(list.cameras, tags);
    if n_words != (words.cameras.len(), words.tags.len()) {
        return Err(damaged("words that repeat"));
    }
    let mut state = State {
        words,
        ..State::default()
    };
    for text in list.tables {
        let mut table = Table::new(text.dims);
        let n_chunks = text.chunks.len();
        for (idx, chunk_text) in text.chunks.into_iter().enumerate() {
            let chunk = read_chunk(folder, &chunk_text, text.dims, n_words)?;
            let file = Some(chunk_text.file);
            if text.has_newest && idx + 1 == n_chunks {
                (table.newest, table.newest_file) = (chunk, file);
            } else {
                table.sealed.push(Sealed::new(chunk, file));
            }
        }
        state
            .tables
            .insert((Arc::from(text.maker), text.dims), table);
    }
    Ok(Some((Index::of_state(state), list.cursor)))
}

type Copied = (TableKey, Vec<Saved>, bool);

/// A chunk and the file that has it.
struct Saved {
    chunk: Arc<Chunk>,
    file: Option<FileNo>,
}

/// What is to be written; the lock is held for this only.
fn copy(index: &Index) -> (Words, Vec<Copied>) {
    let mut state = index.lock();
    state.tidy();
    let tables = state.tables.iter().map(|(key, table)| {
        let sealed = table.sealed.iter().map(|sealed| Saved {
            chunk: Arc::clone(&sealed.chunk),
            file: sealed.file,
        });
        let mut chunks: Vec<Saved> = sealed.collect();
        let has_newest = table.newest.n_rows() > 0;
        if has_newest {
            chunks.push(Saved {
                chunk: Arc::new(table.newest.clone()),
                file: table.newest_file,
            });
        }
        (key.clone(), chunks, has_newest)
    });
    (state.words.clone(), tables.collect())
}

/// Remembers which file has a chunk, unless the chunk changed meanwhile.
fn note_file(index: &Index, key: &TableKey, chunk: &Arc<Chunk>, file: FileNo) {
    let mut state = index.lock();
    let Some(table) = state.tables.get_mut(key) else {
        return;
    };
    let mut sealed = table.sealed.iter_mut();
    match sealed.find(|sealed| Arc::ptr_eq(&sealed.chunk, chunk)) {
        Some(sealed) => sealed.file = Some(file),
        None if table.newest == **chunk => table.newest_file = Some(file),
        None => {}
    }
}

fn tag_text((name, value): &(TagName, String)) -> TagText {
    let about = match name {
        TagName::Attribute(name) => format!("attribute {name}"),
        TagName::Zone => "zone".to_owned(),
        TagName::Line => "line".to_owned(),
    };
    TagText {
        about,
        value: value.clone(),
    }
}

fn read_tag(text: TagText) -> Option<(TagName, String)> {
    let name = match text.about.split_once(' ') {
        Some(("attribute", name)) => TagName::Attribute(name.to_owned()),
        None if text.about == "zone" => TagName::Zone,
        None if text.about == "line" => TagName::Line,
        _ => return None,
    };
    Some((name, text.value))
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_path_buf();
    move |source| FileError::Io { what, path, source }
}

fn chunk_path(folder: &Path, file: FileNo) -> PathBuf {
    folder.join(format!("{file:08}.{EXTENSION}"))
}

/// Numbers of the chunk files in `folder`.
fn files_in(folder: &Path) -> Result<BTreeSet<FileNo>, FileError> {
    let entries = fs::read_dir(folder).map_err(io_error("list folder", folder))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names
        .filter_map(|name| {
            let (number, extension) = name.split_once('.')?;
            let number = number.parse().ok()?;
            (extension == EXTENSION).then_some(number)
        })
        .collect())
}

fn write_chunk(folder: &Path, file: FileNo, chunk: &Chunk) -> Result<ChunkText, FileError> {
    let path = chunk_path(folder, file);
    let body = pack(chunk);
    write_whole(&path, &body)?;
    Ok(ChunkText {
        file,
        len_bytes: body.len() as u64,
        checksum: checksum(&body),
    })
}

fn write_whole(path: &Path, body: &[u8]) -> Result<(), FileError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(body)?;
        file.sync_all()
    });
    written.map_err(io_error("write", path))
}

/// First line: checksum of the rest.
fn write_list(folder: &Path, list: &List) -> Result<(), FileError> {
    let text = serde_json::to_string(list).expect("text and numbers are always JSON");
    let body = format!("{:016x}\n{text}", checksum(text.as_bytes()));
    let (path, new_path) = (folder.join(LIST), folder.join("index.new"));
    write_whole(&new_path, body.as_bytes())?;
    fs::rename(&new_path, &path).map_err(io_error("replace", &path))?;
    // The rename itself must survive a power cut before old chunks go.
    #[cfg(unix)]
    {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(io_error("write folder", folder))?;
    }
    Ok(())
}

fn read_list(folder: &Path) -> Result<Option<List>, FileError> {
    let path = folder.join(LIST);
    let damaged = |why| FileError::Damaged {
        path: path.clone(),
        why,
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", &path)(error)),
        Ok(metadata) if metadata.len() > MAX_LIST_BYTES => return Err(damaged("it is too long")),
        Ok(_) => {}
    }
    let body = fs::read_to_string(&path).map_err(io_error("read", &path))?;
    let (sum, text) = body.split_once('\n').ok_or_else(|| damaged("it is cut"))?;
    if u64::from_str_radix(sum, 16) != Ok(checksum(text.as_bytes())) {
        return Err(damaged("its checksum is wrong"));
    }
    let list: List = serde_json::from_str(text).map_err(|_| damaged("it is of another version"))?;
    if list.format != FORMAT {
        return Err(damaged("it is of another version"));
    }
    Ok(Some(list))
}

fn read_chunk(
    folder: &Path,
    text: &ChunkText,
    dims: usize,
    n_words: (usize, usize),
) -> Result<Chunk, FileError> {
    let path = chunk_path(folder, text.file);
    let body = fs::read(&path).map_err(io_error("read", &path))?;
    let damaged = |why| FileError::Damaged {
        path: path.clone(),
        why,
    };
    if body.len() as u64 != text.len_bytes || checksum(&body) != text.checksum {
        return Err(damaged("its length or checksum is wrong"));
    }
    let chunk = unpack(&body, dims).ok_or_else(|| damaged("its columns do not fit"))?;
    let has_words = chunk
        .cameras
        .iter()
        .all(|&code| usize::from(code) < n_words.0)
        && chunk.tags.iter().all(|&code| usize::from(code) < n_words.1);
    match has_words {
        true => Ok(chunk),
        false => Err(damaged("it uses words that are not listed")),
    }
}

fn remove_others(folder: &Path, list: &List) -> Result<(), FileError> {
    let tables = list.tables.iter();
    let used: BTreeSet<FileNo> = tables
        .flat_map(|table| table.chunks.iter().map(|chunk| chunk.file))
        .collect();
    for file in files_in(folder)?.difference(&used) {
        let path = chunk_path(folder, *file);
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
    }
    Ok(())
}

/// Number of rows and of tags, then column by column, little endian.
fn pack(chunk: &Chunk) -> Vec<u8> {
    let mut body = Vec::with_capacity(chunk.len_bytes() + 8);
    for count in [chunk.n_rows(), chunk.tags.len()] {
        let count = u32::try_from(count).expect("a chunk's rows and tags are bounded");
        body.extend(count.to_le_bytes());
    }
    body.extend(chunk.ids.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(
        chunk
            .first_seen_at
            .iter()
            .flat_map(|value| value.to_le_bytes()),
    );
    body.extend(chunk.dwell_ms.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(chunk.tag_ends.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(chunk.scales.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(chunk.cameras.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(chunk.headings.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(chunk.tags.iter().flat_map(|value| value.to_le_bytes()));
    body.extend(&chunk.classes);
    body.extend(&chunk.programs);
    body.extend(chunk.dead.iter().map(|&dead| u8::from(dead)));
    body.extend(chunk.bytes.iter().map(|&byte| byte.cast_unsigned()));
    body
}

fn unpack(body: &[u8], dims: usize) -> Option<Chunk> {
    let mut rest = body;
    let mut take = |len: usize| {
        let (part, after) = rest.split_at_checked(len)?;
        rest = after;
        Some(part)
    };
    let mut count = || Some(u32::from_le_bytes(take(4)?.try_into().ok()?) as usize);
    let (n_rows, n_tags) = (count()?, count()?);
    if n_rows > ROWS_PER_CHUNK {
        return None;
    }
    let chunk = Chunk {
        dims,
        ids: numbers(take(8 * n_rows)?, i64::from_le_bytes),
        first_seen_at: numbers(take(8 * n_rows)?, i64::from_le_bytes),
        dwell_ms: numbers(take(4 * n_rows)?, u32::from_le_bytes),
        tag_ends: numbers(take(4 * n_rows)?, u32::from_le_bytes),
        scales: numbers(take(4 * n_rows)?, f32::from_le_bytes),
        cameras: numbers(take(2 * n_rows)?, u16::from_le_bytes),
        headings: numbers(take(2 * n_rows)?, u16::from_le_bytes),
        tags: numbers(take(2_usize.checked_mul(n_tags)?)?, u16::from_le_bytes),
        classes: take(n_rows)?.to_vec(),
        programs: take(n_rows)?.to_vec(),
        dead: take(n_rows)?.iter().map(|&byte| byte != 0).collect(),
        bytes: {
            let bytes = take(n_rows.checked_mul(dims)?)?.iter();
            bytes.map(|&byte| byte.cast_signed()).collect()
        },
    };
    let ends = &chunk.tag_ends;
    let fits = ends.is_sorted() && ends.last().map_or(0, |&end| end as usize) == chunk.tags.len();
    (rest.is_empty() && fits).then_some(chunk)
}

fn numbers<T, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    let (parts, _) = bytes.as_chunks::<N>();
    parts.iter().map(|part| read(*part)).collect()
}

/// Finds damage, not intent: eight bytes at a time, each stirred into the sum.
fn checksum(body: &[u8]) -> u64 {
    const STIR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = body.as_chunks::<8>();
    let mut tail = [0; 8];
    tail[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&tail]);
    words.fold(body.len() as u64, |sum, word| {
        let stirred = (sum ^ u64::from_le_bytes(*word)).wrapping_mul(STIR);
        stirred ^ (stirred >> 29)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{entry, scan_all, with_vector};
    use super::super::{Entry, Question};
    use super::*;

    /// An index with a full chunk, a started one, and some rows gone.
    fn full() -> Index {
        let n_rows = i64::try_from(ROWS_PER_CHUNK).unwrap() + 7;
        let entries: Vec<Entry> = (0..n_rows)
            .map(|id| {
                let mut entry = entry(id, if id % 2 == 0 { "gate" } else { "yard" }, id);
                let colour = if id % 3 == 0 { "red" } else { "blue" };
                entry.tags = vec![
                    (TagName::Attribute("upper_colour".into()), colour.into()),
                    (TagName::Zone, "gate/3".into()),
                ];
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let angle = id as f32;
                with_vector(entry, "m/1", &[angle.cos(), angle.sin()])
            })
            .collect();
        let index = Index::default();
        index.put(&entries);
        index.remove(&[3, n_rows - 1]);
        index
    }

    fn same(a: &Index, b: &Index) -> bool {
        let all = Question::default();
        [None, Some(("m/1", 2))]
            .into_iter()
            .all(|maker| scan_all(a, &all, maker) == scan_all(b, &all, maker))
    }

    #[test]
    fn index_comes_back_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap().is_none());
        let index = full();
        save(&index, folder.path(), 41).unwrap();
        let (loaded, cursor) = load(folder.path()).unwrap().unwrap();
        assert_eq!(cursor, 41);
        assert!(same(&index, &loaded));
        assert_eq!(index.size(), loaded.size());
        // And goes on from there.
        for index in [&index, &loaded] {
            index.put(&[with_vector(entry(9_000, "roof", 1), "m/1", &[0.0, 1.0])]);
            index.remove(&[8]);
        }
        assert!(same(&index, &loaded));
    }

    #[test]
    fn second_save_writes_only_what_changed_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let index = full();
        save(&index, folder.path(), 1).unwrap();
        let before = files_in(folder.path()).unwrap();
        save(&index, folder.path(), 2).unwrap();
        assert_eq!(files_in(folder.path()).unwrap(), before, "nothing changed");
        index.put(&[entry(9_000, "roof", 1)]);
        save(&index, folder.path(), 3).unwrap();
        let after = files_in(folder.path()).unwrap();
        assert_eq!(after.len(), before.len());
        assert_eq!(
            after.difference(&before).count(),
            1,
            "one chunk took the row"
        );
        let (loaded, cursor) = load(folder.path()).unwrap().unwrap();
        assert_eq!(cursor, 3);
        assert!(same(&index, &loaded));
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        save(&full(), folder.path(), 1).unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let good = fs::read(&path).unwrap();
            for (at, what) in [(0, 1), (good.len() / 2, 4), (good.len() - 1, 1)] {
                let mut bad = good.clone();
                bad[at] ^= what;
                fs::write(&path, bad).unwrap();
                let error = load(folder.path()).unwrap_err();
                assert!(matches!(error, FileError::Damaged { .. }), "{at}: {error}");
            }
            fs::write(&path, &good[..good.len() - 1]).unwrap();
            assert!(load(folder.path()).is_err(), "{} is cut", path.display());
            fs::write(&path, good).unwrap();
        }
        let some_chunk = *files_in(folder.path()).unwrap().first().unwrap();
        fs::remove_file(chunk_path(folder.path(), some_chunk)).unwrap();
        assert!(load(folder.path()).is_err(), "a chunk is missing");
    }
}
