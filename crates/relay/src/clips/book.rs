//! Which files there are, of which camera and of which time.
//!
//! In: what the writer writes, and what lies in the folder at the start. Out:
//! segments by camera and time. The files' names are the book: a closed one
//! tells from when until when its pictures are, an open one ends in `.part`.
//! One that a kill left open is cut to its whole records and closed.
//!
//! Not here: what may go (`keep`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clip::segment;
use store::Stretch;
use types::{CameraId, Timestamp};

/// Some seconds of one camera's pictures in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its first picture.
    pub(super) from: Timestamp,
    /// Its last.
    pub(super) until: Timestamp,
    /// Length of the file.
    pub(super) len_bytes: u64,
    /// Whether more may follow.
    pub(super) is_open: bool,
}

type Segments = BTreeMap<CameraId, BTreeMap<Timestamp, Segment>>;

/// All segments.
#[derive(Debug)]
pub(super) struct Book {
    root: PathBuf,
    segments: Mutex<Segments>,
}

impl Book {
    /// Reads what there is below `root`, which need not exist. What cannot be
    /// read is left out and logged: alarms go on without their clips.
    pub(super) fn open(root: PathBuf) -> Self {
        let mut segments = Segments::new();
        for folder in list(&root) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let Ok(camera_id) = CameraId::new(&name) else {
                continue;
            };
            for path in list(&folder) {
                match take_in(&path) {
                    Ok(Some(segment)) => {
                        let of_camera = segments.entry(camera_id.clone()).or_default();
                        of_camera.insert(segment.from, segment);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(file = %path.display(), %error, "clip file left out");
                    }
                }
            }
        }
        Book {
            root,
            segments: Mutex::new(segments),
        }
    }

    /// Folder of a camera's files.
    pub(super) fn folder(&self, camera_id: &CameraId) -> PathBuf {
        self.root.join(camera_id.as_str())
    }

    /// Folder of all files.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a segment lies.
    pub(super) fn path(&self, camera_id: &CameraId, segment: &Segment) -> PathBuf {
        self.folder(camera_id).join(file_name(segment))
    }

    /// A segment is new, or has grown.
    pub(super) fn put(&self, camera_id: &CameraId, segment: Segment) {
        let mut segments = self.lock();
        let of_camera = segments.entry(camera_id.clone()).or_default();
        of_camera.insert(segment.from, segment);
    }

    /// Closes a segment: its file gets its last name.
    pub(super) fn close(&self, camera_id: &CameraId, mut segment: Segment) -> io::Result<()> {
        let from = self.path(camera_id, &segment);
        segment.is_open = false;
        // Held, so that nobody looks for the file by its old name.
        let mut segments = self.lock();
        fs::rename(from, self.path(camera_id, &segment))?;
        let of_camera = segments.entry(camera_id.clone()).or_default();
        of_camera.insert(segment.from, segment);
        Ok(())
    }

    /// Segments with pictures in one of these stretches, in order of time.
    pub(super) fn find(&self, camera_id: &CameraId, stretches: &[Stretch]) -> Vec<Segment> {
        let segments = self.lock();
        let of_camera = segments.get(camera_id).into_iter();
        of_camera
            .flat_map(BTreeMap::values)
            .filter(|segment| {
                let mut stretches = stretches.iter();
                stretches.any(|(from, until)| segment.from <= *until && *from <= segment.until)
            })
            .copied()
            .collect()
    }

    /// Opens a segment's file, whatever its name is by now.
    pub(super) fn open_file(&self, camera_id: &CameraId, from: Timestamp) -> io::Result<File> {
        let segments = self.lock();
        let of_camera = segments.get(camera_id);
        let segment = of_camera.and_then(|of_camera| of_camera.get(&from));
        let segment = segment.ok_or(io::ErrorKind::NotFound)?;
        File::open(self.path(camera_id, segment))
    }

    /// Removes a closed segment and its file.
    pub(super) fn remove(&self, camera_id: &CameraId, from: Timestamp) -> io::Result<()> {
        let removed = {
            let mut segments = self.lock();
            let Some(of_camera) = segments.get_mut(camera_id) else {
                return Ok(());
            };
            match of_camera.get(&from) {
                Some(segment) if !segment.is_open => of_camera.remove(&from),
                _ => None,
            }
        };
        let Some(segment) = removed else {
            return Ok(());
        };
        match fs::remove_file(self.path(camera_id, &segment)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.put(camera_id, segment);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// All segments, by camera.
    pub(super) fn all(&self) -> BTreeMap<CameraId, Vec<Segment>> {
        let segments = self.lock();
        let all = segments.iter().map(|(camera_id, of_camera)| {
            let of_camera = of_camera.values().copied().collect();
            (camera_id.clone(), of_camera)
        });
        all.collect()
    }

    /// Bytes on the disk, by camera.
    pub(super) fn bytes(&self) -> BTreeMap<CameraId, u64> {
        let segments = self.lock();
        let sums = segments.iter().map(|(camera_id, of_camera)| {
            let sum = of_camera.values().map(|segment| segment.len_bytes).sum();
            (camera_id.clone(), sum)
        });
        sums.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(segment: &Segment) -> String {
    let from = segment.from.as_micros();
    if segment.is_open {
        format!("{from}.part")
    } else {
        format!("{from}-{}.clip", segment.until.as_micros())
    }
}

/// What lies in a folder; nothing where there is none, or it cannot be read.
fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "clips left out");
            return Vec::new();
        }
        Ok(entries) => entries,
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.collect()
}

/// A file of ours; `None` of others, and of one without a whole picture, which
/// goes.
fn take_in(path: &Path) -> io::Result<Option<Segment>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(times) = name.strip_suffix(".clip") {
        let times = times.split_once('-');
        let times = times.and_then(|(from, until)| from.parse().ok().zip(until.parse().ok()));
        let Some((from, until)) = times else {
            return Ok(None);
        };
        return Ok(Some(Segment {
            from: Timestamp::from_micros(from),
            until: Timestamp::from_micros(until),
            len_bytes: fs::metadata(path)?.len(),
            is_open: false,
        }));
    }
    if !name.ends_with(".part") {
        return Ok(None);
    }
    let mut file = File::options().read(true).write(true).open(path)?;
    let scan = segment::scan(&mut file)?;
    let pictures = scan.records.iter();
    let mut times = pictures
        .filter(|record| record.kind == segment::Kind::Picture)
        .map(|record| record.captured_at);
    let Some(from) = times.next() else {
        fs::remove_file(path)?;
        return Ok(None);
    };
    file.set_len(scan.whole_bytes)?;
    let segment = Segment {
        from,
        until: times.next_back().unwrap_or(from),
        len_bytes: scan.whole_bytes,
        is_open: false,
    };
    fs::rename(path, path.with_file_name(file_name(&segment)))?;
    Ok(Some(segment))
}

#[cfg(test)]
mod tests {
    use clip::segment::Kind;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    fn camera() -> CameraId {
        CameraId::new("gate").unwrap()
    }

    fn pictures(seconds: &[i64]) -> Vec<u8> {
        let mut file = segment::FILE_HEAD.to_vec();
        for second in seconds {
            file.extend(segment::head(Kind::Picture, at(*second), b"\xff\xd8x").unwrap());
            file.extend(b"\xff\xd8x");
        }
        file
    }

    #[test]
    fn file_that_a_kill_left_open_is_cut_and_closed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("clips");
        let gate = root.join("gate");
        fs::create_dir_all(&gate).unwrap();
        let mut torn = pictures(&[10, 11, 12]);
        let whole_bytes = pictures(&[10, 11]).len();
        torn.truncate(torn.len() - 1);
        fs::write(gate.join("10000000.part"), torn).unwrap();
        fs::write(gate.join("20000000.part"), b"airelay cl").unwrap();
        fs::write(gate.join("5000000-9000000.clip"), pictures(&[5, 9])).unwrap();
        fs::write(gate.join("notes.txt"), "by hand").unwrap();

        let book = Book::open(root);
        let found = book.find(&camera(), &[(at(0), at(100))]);
        let times: Vec<_> = found
            .iter()
            .map(|segment| (segment.from, segment.until, segment.is_open))
            .collect();
        assert_eq!(times, [(at(5), at(9), false), (at(10), at(11), false)]);
        assert_eq!(found[1].len_bytes, whole_bytes as u64);
        let mut names: Vec<_> = fs::read_dir(&gate)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "10000000-11000000.clip",
                "5000000-9000000.clip",
                "notes.txt"
            ]
        );
    }

    #[test]
    fn segments_are_found_by_any_part_of_a_stretch() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::open(folder.path().to_path_buf());
        for second in [0, 10, 20, 30] {
            book.put(
                &camera(),
                Segment {
                    from: at(second),
                    until: at(second + 5),
                    len_bytes: 100,
                    is_open: true,
                },
            );
        }
        let found = book.find(&camera(), &[(at(5), at(10)), (at(34), at(50))]);
        let starts: Vec<_> = found.iter().map(|segment| segment.from).collect();
        assert_eq!(starts, [at(0), at(10), at(30)]);
        assert_eq!(book.bytes()[&camera()], 400);
    }
}
