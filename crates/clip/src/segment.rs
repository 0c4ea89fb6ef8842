//! The file in which some seconds of one camera's pictures are kept.
//!
//! In: records, in the order in which they come. Out: the same, and up to where
//! a file is whole. The file only grows: a program that is killed, or a disk
//! that is full, leaves a last record that is cut off, and everything before it
//! stays readable.
//!
//! Form, all numbers little-endian: 16 bytes that name the format, then
//! records of a head of 28 bytes and a body:
//!
//! | bytes | |
//! |---|---|
//! | 4 | `aiRc` |
//! | 1 | 1: a JPEG, byte for byte as the camera sent it; 2: tracks, as JSON |
//! | 3 | zero |
//! | 8 | time of capture, microseconds since 1970 |
//! | 4 | length of the body |
//! | 4 | CRC-32 of the body |
//! | 4 | CRC-32 of the 24 bytes before |

use std::io::{self, Read, Seek, SeekFrom};

use types::Timestamp;

/// What every file begins with.
pub const FILE_HEAD: &[u8; 16] = b"airelay clip\0\0\0\x01";
/// Length of a record's head, bytes.
pub const HEAD_BYTES: usize = 28;
/// Largest body, bytes: more than the largest picture that is taken from a
/// camera.
pub const MAX_BODY_BYTES: u32 = 16 * 1024 * 1024;

const MARK: &[u8; 4] = b"aiRc";

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A JPEG, byte for byte as the camera sent it.
    Picture,
    /// What was followed at that time: [`crate::TracksAt`].
    Tracks,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it holds.
    pub kind: Kind,
    /// Of when.
    pub captured_at: Timestamp,
    /// Where its body begins, bytes from the start of the file.
    pub offset: u64,
    /// Length of its body, bytes.
    pub len_bytes: u32,
    /// CRC-32 of its body.
    pub crc: u32,
}

/// The records of a file that are whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// In the order in which they were written.
    pub records: Vec<Record>,
    /// Where the last of them ends, bytes: what is behind was cut off.
    pub whole_bytes: u64,
}

/// The head of a record; `None` where the body is larger than
/// [`MAX_BODY_BYTES`].
pub fn head(kind: Kind, captured_at: Timestamp, body: &[u8]) -> Option<[u8; HEAD_BYTES]> {
    let len_bytes = u32::try_from(body.len()).ok();
    let len_bytes = len_bytes.filter(|len_bytes| *len_bytes <= MAX_BODY_BYTES)?;
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(MARK);
    head[4] = match kind {
        Kind::Picture => 1,
        Kind::Tracks => 2,
    };
    head[8..16].copy_from_slice(&captured_at.as_micros().to_le_bytes());
    head[16..20].copy_from_slice(&len_bytes.to_le_bytes());
    head[20..24].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    let crc = crc32fast::hash(&head[..24]);
    head[24..].copy_from_slice(&crc.to_le_bytes());
    Some(head)
}

/// Finds the whole records of a file. Reads heads alone: a body that is damaged
/// inside is found out by [`is_whole`].
///
/// # Errors
/// Reading failed. A file that is cut off, or is none of ours, is no error: it
/// has fewer records, or none.
pub fn scan(file: &mut (impl Read + Seek)) -> io::Result<Scan> {
    let file_bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut start = [0; FILE_HEAD.len()];
    if !read_whole(file, &mut start)? || start != *FILE_HEAD {
        return Ok(Scan::default());
    }
    let mut scan = Scan {
        records: Vec::new(),
        whole_bytes: FILE_HEAD.len() as u64,
    };
    let mut bytes = [0; HEAD_BYTES];
    loop {
        file.seek(SeekFrom::Start(scan.whole_bytes))?;
        if !read_whole(file, &mut bytes)? {
            return Ok(scan);
        }
        let offset = scan.whole_bytes + HEAD_BYTES as u64;
        let Some(record) = record_of(&bytes, offset) else {
            return Ok(scan);
        };
        let end = offset + u64::from(record.len_bytes);
        if end > file_bytes {
            return Ok(scan);
        }
        scan.records.push(record);
        scan.whole_bytes = end;
    }
}

/// Reads a record's body.
///
/// # Errors
/// Reading failed, or the body is damaged.
pub fn body(file: &mut (impl Read + Seek), record: &Record) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(record.offset))?;
    let len = usize::try_from(record.len_bytes).map_err(io::Error::other)?;
    let mut body = vec![0; len];
    file.read_exact(&mut body)?;
    if is_whole(record, &body) {
        return Ok(body);
    }
    let text = format!("record at byte {} is damaged", record.offset);
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

/// Whether a body is as it was written.
pub fn is_whole(record: &Record, body: &[u8]) -> bool {
    crc32fast::hash(body) == record.crc
}

fn record_of(head: &[u8; HEAD_BYTES], offset: u64) -> Option<Record> {
    let (fields, crc) = head.split_last_chunk::<4>()?;
    if crc32fast::hash(fields) != u32::from_le_bytes(*crc) || !fields.starts_with(MARK) {
        return None;
    }
    let number = |at: usize| Some(u32::from_le_bytes(*fields.get(at..)?.first_chunk()?));
    let at = i64::from_le_bytes(*fields.get(8..)?.first_chunk()?);
    let kind = match fields.get(4)? {
        1 => Kind::Picture,
        2 => Kind::Tracks,
        _ => return None,
    };
    Some(Record {
        kind,
        captured_at: Timestamp::from_micros(at),
        offset,
        len_bytes: number(16).filter(|len_bytes| *len_bytes <= MAX_BODY_BYTES)?,
        crc: number(20)?,
    })
}

/// Fills `bytes`; `false` where the file ends before.
fn read_whole(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    /// A file with three pictures and what was followed in the second.
    fn file() -> Vec<u8> {
        let mut file = FILE_HEAD.to_vec();
        for (kind, second, body) in [
            (Kind::Picture, 1, &b"\xff\xd8one\xff\xd9"[..]),
            (Kind::Picture, 2, b"\xff\xd8second\xff\xd9"),
            (Kind::Tracks, 2, b"[]"),
            (Kind::Picture, 3, b"\xff\xd8third picture\xff\xd9"),
        ] {
            file.extend(head(kind, at(second), body).unwrap());
            file.extend(body);
        }
        file
    }

    #[test]
    fn records_come_back_as_they_were_written() {
        let file = file();
        let scan = scan(&mut Cursor::new(&file)).unwrap();
        let kinds: Vec<(Kind, Timestamp)> = scan
            .records
            .iter()
            .map(|record| (record.kind, record.captured_at))
            .collect();
        assert_eq!(
            kinds,
            [
                (Kind::Picture, at(1)),
                (Kind::Picture, at(2)),
                (Kind::Tracks, at(2)),
                (Kind::Picture, at(3)),
            ]
        );
        assert_eq!(scan.whole_bytes, file.len() as u64);
        let second = body(&mut Cursor::new(&file), &scan.records[1]).unwrap();
        assert_eq!(second, b"\xff\xd8second\xff\xd9");
    }

    #[test]
    fn body_that_was_changed_is_an_error() {
        let mut file = file();
        let records = scan(&mut Cursor::new(&file)).unwrap().records;
        let inside = usize::try_from(records[1].offset).unwrap() + 4;
        file[inside] ^= 1;
        let error = body(&mut Cursor::new(&file), &records[1]).unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
        assert!(body(&mut Cursor::new(&file), &records[0]).is_ok());
    }

    #[test]
    fn file_of_something_else_has_no_records() {
        for bytes in [&b""[..], b"airelay", b"GIF89a and so on, and so on"] {
            assert_eq!(scan(&mut Cursor::new(bytes)).unwrap(), Scan::default());
        }
    }

    #[test]
    fn body_that_is_too_large_has_no_head() {
        let body = vec![0; MAX_BODY_BYTES as usize + 1];
        assert_eq!(head(Kind::Picture, at(0), &body), None);
    }

    proptest! {
        #[test]
        fn file_cut_off_anywhere_keeps_all_whole_records(cut in 0_usize..1_000) {
            let file = file();
            let whole = scan(&mut Cursor::new(&file)).unwrap().records;
            let cut = cut % (file.len() + 1);
            let left = scan(&mut Cursor::new(&file[..cut])).unwrap();
            let expected: Vec<Record> = whole
                .into_iter()
                .filter(|record| record.offset + u64::from(record.len_bytes) <= cut as u64)
                .collect();
            prop_assert_eq!(left.records, expected);
            prop_assert!(left.whole_bytes <= cut as u64);
        }

        #[test]
        fn any_bytes_behind_the_start_are_read_without_trouble(bytes: Vec<u8>) {
            let mut file = FILE_HEAD.to_vec();
            file.extend(bytes);
            let scan = scan(&mut Cursor::new(&file)).unwrap();
            prop_assert!(scan.whole_bytes <= file.len() as u64);
        }
    }
}
