//! Cost and worth of the similarity search over a real database.
//!
//! `cargo bench -p guard --bench search -- 10000x336 100000x512`: numbers of
//! vectors and of their dimensions. Without any, a short round.
//!
//! Vectors are of unit length, in clusters of 20 (somebody seen 20 times) that
//! are spread as crops of few colours are: not evenly. Questions are further
//! sightings of the same; what is right is what all vectors say exactly.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a measurement for people to read"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use guard::search::{
    Candidates, Entry, Example, Hit, Index, Looks, Question, Snapshot, load, rank, save,
    similarity, within_reach,
};
use store::{Reader, SightingId, Store};
use types::{Appearance, CameraId, Class, Embedding, ProgramKind, Sighting, Timestamp, TrackId};

const MAKER: &str = "bench/1";
const PER_CLUSTER: usize = 20;
const N_CAMERAS: usize = 16;

fn main() {
    let wanted: Vec<(usize, usize)> = std::env::args()
        .skip(1)
        .filter_map(|arg| {
            let (n, dims) = arg.split_once('x')?;
            Some((n.parse().ok()?, dims.parse().ok()?))
        })
        .collect();
    let wanted = match wanted.is_empty() {
        true => vec![(10_000, 336)],
        false => wanted,
    };
    println!(
        "| vectors | dims | median ms | p95 ms | one camera, median ms | recall@10 | bytes per vector | \
         save s | restart s | from database s | inserts/s while searching | slowest insert ms | median ms then |"
    );
    println!("|{}", "---|".repeat(13));
    for (n_vectors, dims) in wanted {
        measure(n_vectors, dims);
    }
}

fn measure(n_vectors: usize, dims: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random(0x1234_5678_9abc_def1);
    let spread = spread(dims, &mut random);
    let mut vectors = Vec::with_capacity(n_vectors);
    while vectors.len() < n_vectors {
        let centre = gaussian(&spread, &mut random);
        for _ in 0..PER_CLUSTER.min(n_vectors - vectors.len()) {
            vectors.push(near(&centre, &spread, &mut random));
        }
    }
    let mut store = Store::open(folder.path()).expect("a new folder");
    for (part_idx, part) in vectors.chunks(1_000).enumerate() {
        let sightings: Vec<Sighting> = (0..)
            .zip(part)
            .map(|(idx, vector)| sighting(part_idx * 1_000 + idx, vector))
            .collect();
        store.put_sightings(&sightings).expect("there is room");
    }
    let (from_database, index) = timed(|| from_database(&store));
    let index_folder = folder.path().join("search");
    let (saved, ()) = timed(|| save(&index, &index_folder, 1).expect("there is room"));
    drop(index);
    let (restarted, loaded) = timed(|| load(&index_folder).expect("as it was saved"));
    let (index, _) = loaded.expect("something was saved");

    let n_questions = if n_vectors > 200_000 { 60 } else { 200 };
    let everywhere = Question::default();
    let one_camera = Question {
        cameras: vec![camera(3)],
        ..Question::default()
    };
    let (mut times, mut camera_times, mut n_right) = (Vec::new(), Vec::new(), 0);
    for _ in 0..n_questions {
        let like = &vectors[random.below(n_vectors)];
        let asked = near(like, &spread, &mut random);
        let (time, hits) = timed(|| search(&index, &store, &everywhere, &asked));
        times.push(time);
        camera_times.push(timed(|| search(&index, &store, &one_camera, &asked)).0);
        let right = exact(&vectors, &asked);
        n_right += hits
            .iter()
            .filter(|hit| right.contains(&hit.sighting_id))
            .count();
    }
    let recall = n_right as f64 / f64::from(10 * n_questions);
    let bytes = index.size().len_bytes as f64 / n_vectors as f64;
    let (inserts, slowest, while_inserting) = insert_while_searching(&index, &store, &vectors);
    println!(
        "| {n_vectors} | {dims} | {:.1} | {:.1} | {:.1} | {recall:.3} | {bytes:.0} | {:.1} | {:.2} | {:.1} | {inserts:.0} | {:.1} | {:.1} |",
        millis(quantile(&mut times, 0.5)),
        millis(quantile(&mut times, 0.95)),
        millis(quantile(&mut camera_times, 0.5)),
        saved.as_secs_f64(),
        restarted.as_secs_f64(),
        from_database.as_secs_f64(),
        millis(slowest),
        millis(while_inserting),
    );
}

/// As the program searches for a page of 60: two threads, then the best exactly.
fn search(index: &Index, reader: &Reader, question: &Question, vector: &[f32]) -> Vec<Hit> {
    let n_wanted = 60;
    let looks = Looks::new(vec![Example {
        vector: vector.to_vec(),
        is_wanted: true,
    }])
    .expect("a vector of unit length");
    let snapshot = index.snapshot(Some((MAKER, vector.len())), question);
    let direction = Snapshot::looks(looks.direction());
    let n_parts = snapshot.n_parts();
    let scan = |part| snapshot.scan(Some(&direction), n_wanted + 100, (part, n_parts));
    let candidates = std::thread::scope(|scope| {
        let others: Vec<_> = (1..n_parts)
            .map(|part| scope.spawn(move || scan(part)))
            .collect();
        let mut all: Candidates = scan(0);
        for other in others {
            all.join(other.join().expect("scanning does not panic"));
        }
        all
    })
    .into_best_first();
    let candidates = within_reach(candidates, n_wanted);
    let ids: Vec<i64> = candidates
        .iter()
        .map(|candidate| candidate.sighting_id)
        .collect();
    let vectors = reader
        .sighting_vectors(&ids, MAKER)
        .expect("they are there");
    let mut hits = rank(Some(&looks), candidates, &vectors, 0);
    hits.truncate(10);
    hits
}

fn from_database(store: &Store) -> Index {
    let index = Index::default();
    let mut after = SightingId(0);
    loop {
        let rows = store.looks_after(after, 1_000).expect("they are there");
        let Some(last) = rows.last() else {
            return index;
        };
        after = last.sighting_id;
        let entries: Vec<Entry> = rows
            .into_iter()
            .map(|row| {
                let vectors = row.vectors.into_iter();
                entry(
                    row.sighting_id.0,
                    row.camera_id,
                    vectors
                        .map(|(maker, vector)| (maker.into(), vector))
                        .collect(),
                )
            })
            .collect();
        index.put(&entries);
    }
}

/// Inserts for three seconds while another thread searches without a break.
fn insert_while_searching(
    index: &Index,
    store: &Store,
    vectors: &[Vec<f32>],
) -> (f64, Duration, Duration) {
    let is_over = AtomicBool::new(false);
    let reader = store.reader_opener().open().expect("the database is there");
    std::thread::scope(|scope| {
        let is_over = &is_over;
        let searcher = scope.spawn(move || {
            let mut times = Vec::new();
            while !is_over.load(Ordering::Relaxed) || times.is_empty() {
                let asked = &vectors[times.len() % vectors.len()];
                times.push(timed(|| search(index, &reader, &Question::default(), asked)).0);
            }
            quantile(&mut times, 0.5)
        });
        let begin = Instant::now();
        let (mut n_inserted, mut slowest) = (0_usize, Duration::ZERO);
        while begin.elapsed() < Duration::from_secs(3) && n_inserted < vectors.len() {
            let id = (vectors.len() + n_inserted) as i64;
            let vector = (MAKER.into(), vectors[n_inserted].clone());
            let entry = entry(id, camera(n_inserted), vec![vector]);
            let (time, ()) = timed(|| index.put(std::slice::from_ref(&entry)));
            slowest = slowest.max(time);
            n_inserted += 1;
        }
        let seconds = begin.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        let median = searcher.join().expect("searching does not panic");
        (n_inserted as f64 / seconds, slowest, median)
    })
}

/// The ten nearest by all vectors as they are.
fn exact(vectors: &[Vec<f32>], asked: &[f32]) -> Vec<i64> {
    let mut all: Vec<(f32, i64)> = (1..)
        .zip(vectors)
        .map(|(id, vector)| (similarity(vector, asked), id))
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.iter().take(10).map(|&(_, id)| id).collect()
}

fn camera(number: usize) -> CameraId {
    CameraId::new(&format!("camera-{}", number % N_CAMERAS)).expect("a good id")
}

fn entry(
    sighting_id: i64,
    camera_id: CameraId,
    vectors: Vec<(std::sync::Arc<str>, Vec<f32>)>,
) -> Entry {
    Entry {
        sighting_id,
        camera_id,
        program: ProgramKind::People,
        class: Class::Person,
        first_seen_at: Timestamp::from_secs(sighting_id),
        last_seen_at: Timestamp::from_secs(sighting_id + 9),
        heading_deg: None,
        tags: Vec::new(),
        vectors,
    }
}

fn sighting(number: usize, vector: &[f32]) -> Sighting {
    let at = Timestamp::from_secs(number as i64);
    Sighting {
        camera_id: camera(number),
        program: ProgramKind::People,
        track_id: TrackId(number as u64),
        class: Class::Person,
        score: 0.5,
        first_seen_at: at,
        last_seen_at: at,
        is_final: true,
        heading_deg: None,
        speed_mps: None,
        zone_ids: Vec::new(),
        line_ids: Vec::new(),
        appearance: Appearance {
            attributes: Vec::new(),
            embeddings: vec![Embedding {
                maker: MAKER.into(),
                values: vector.into(),
            }],
        },
    }
}

/// How much each dimension varies: few much, most little.
fn spread(dims: usize, random: &mut Random) -> Vec<f32> {
    (0..dims).map(|_| 0.1 + random.unit().powi(3)).collect()
}

fn gaussian(spread: &[f32], random: &mut Random) -> Vec<f32> {
    unit(spread.iter().map(|s| s * random.normal()).collect())
}

/// Another sighting of the same: similarity about 0.8.
fn near(centre: &[f32], spread: &[f32], random: &mut Random) -> Vec<f32> {
    let noise = gaussian(spread, random);
    unit(
        centre
            .iter()
            .zip(&noise)
            .map(|(c, n)| c + 0.55 * n)
            .collect(),
    )
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let done = work();
    (begin.elapsed(), done)
}

fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort();
    let last = times.len().saturating_sub(1) as f64;
    #[expect(clippy::cast_sign_loss, reason = "a share of a length")]
    let place = (last * share).round() as usize;
    times.get(place).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// xorshift64*: the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0..1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// About normal: twelve even numbers less six.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }
}
