//! One question: what the examples look like, the walk over the index, and the
//! best answers compared exactly.

use std::sync::Arc;

use guard::search::{Candidates, Example, Hit, Looks, Question, Snapshot, rank, within_reach};
use jpeg::{Decoder, Limits, Scale};
use store::{ShotId, SightingId};
use types::{Class, NormBox};
use vision::appearance::{CLASSIC_MAKER, Light, Shown};
use vision::best_shot::BestShotConfig;

use super::{SearchDesk, Shared};

/// Most answers that are ranked; who looks for more should say more.
pub(crate) const MAX_RANKED: usize = 600;
/// Candidates beyond those asked for that are compared exactly, since one byte
/// per number is not exact.
const SPARE: usize = 100;
/// Most pixels of an uploaded picture.
const MAX_PIXELS: u64 = 24_000_000;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// Who is meant.
    pub question: Question,
    /// How they look, and whether that is looked for; none for all who are meant.
    pub examples: Vec<(Source, bool)>,
    /// By vectors of this maker; `None` chooses.
    pub maker: Option<String>,
    /// Only with at least this mean similarity to what is wanted.
    pub least_similarity: Option<f32>,
    /// Answers left out at the beginning.
    pub offset: usize,
    /// Most answers.
    pub limit: usize,
}

/// Where an example comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A stored sighting.
    Sighting(SightingId),
    /// A stored best shot; one that no sighting belongs to is described anew.
    Shot(ShotId),
    /// A picture from outside.
    Picture(Picture),
}

/// A picture with one object.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// The bytes.
    pub jpeg: Vec<u8>,
    /// The object's box.
    pub bbox: NormBox,
    /// What it is.
    pub class: Class,
}

/// Vectors by maker.
pub(crate) type Vectors = Vec<(Arc<str>, Vec<f32>)>;

/// Vectors of an example, and the sighting that it is, if it is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Likeness {
    /// The sighting: no answer to itself.
    sighting_id: Option<i64>,
    /// By maker.
    pub vectors: Vectors,
}

/// The answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The best first, from the offset on.
    pub hits: Vec<Hit>,
    /// By whose vectors; `None` without examples.
    pub maker: Option<Arc<str>>,
    /// How many were meant and could be compared.
    pub n_meant: u64,
    /// How many were meant but have no such vector.
    pub n_not_comparable: u64,
    /// Whether there are more answers after these.
    pub has_more: bool,
}

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// Whoever asks can mend it.
    #[error("{0}")]
    Asker(String),
    /// We cannot.
    #[error("search: {0:#}")]
    Ours(#[from] anyhow::Error),
}

impl SearchDesk {
    /// Answers `query`; waits while others search.
    ///
    /// # Errors
    /// An example cannot be used, or the store cannot be read.
    pub(crate) async fn ask(&self, query: Query) -> Result<Answer, AskError> {
        let turn = self.shared.searches.acquire().await;
        let turn = turn.map_err(|error| AskError::Ours(error.into()))?;
        let shared = Arc::clone(&self.shared);
        let answered = tokio::task::spawn_blocking(move || shared.answer(&query)).await;
        drop(turn);
        answered.map_err(|error| AskError::Ours(error.into()))?
    }
}

impl SearchDesk {
    /// What an example looks like, by all makers there are.
    ///
    /// # Errors
    /// It cannot be used, or the store cannot be read.
    pub(crate) async fn likeness(&self, source: Source) -> Result<Likeness, AskError> {
        let shared = Arc::clone(&self.shared);
        let likeness = tokio::task::spawn_blocking(move || shared.likeness(&source)).await;
        likeness.map_err(|error| AskError::Ours(error.into()))?
    }
}

impl Shared {
    fn answer(&self, query: &Query) -> Result<Answer, AskError> {
        let mut likenesses = Vec::with_capacity(query.examples.len());
        for (source, is_wanted) in &query.examples {
            likenesses.push((self.likeness(source)?, *is_wanted));
        }
        let index = self.index();
        let everybody = index.snapshot(None, &query.question);
        let n_wanted = (query.offset + query.limit).min(MAX_RANKED) + likenesses.len() + SPARE;
        if likenesses.is_empty() {
            let candidates = walk(&everybody, None, n_wanted);
            let n_meant = candidates.n_meant();
            let n_wishes = n_wishes(&query.question);
            let hits = rank(None, candidates.into_best_first(), &[], n_wishes);
            return Ok(page(query, hits, None, n_meant, 0));
        }
        let (maker, looks) = self.common_looks(&likenesses, query.maker.as_deref())?;
        let dims = looks.direction().len();
        let snapshot = index.snapshot(Some((&maker, dims)), &query.question);
        let candidates = walk(&snapshot, Some(looks.direction()), n_wanted);
        let n_meant = candidates.n_meant();
        let n_all = walk(&everybody, None, 0).n_meant();
        let mut best = candidates.into_best_first();
        let is_example = |id: i64| likenesses.iter().any(|(l, _)| l.sighting_id == Some(id));
        best.retain(|candidate| !is_example(candidate.sighting_id));
        let best = within_reach(best, query.offset + query.limit);
        let ids: Vec<i64> = best.iter().map(|candidate| candidate.sighting_id).collect();
        let vectors = self
            .storage
            .read_blocking(|reader| reader.sighting_vectors(&ids, &maker))?;
        let mut hits = rank(Some(&looks), best, &vectors, n_wishes(&query.question));
        if let Some(least) = query.least_similarity {
            hits.retain(|hit| hit.similarity.is_none_or(|similarity| similarity >= least));
        }
        let n_other = n_all.saturating_sub(n_meant);
        Ok(page(query, hits, Some(maker), n_meant, n_other))
    }

    fn likeness(&self, source: &Source) -> Result<Likeness, AskError> {
        match source {
            Source::Sighting(sighting_id) => {
                let known = self.known_likeness(*sighting_id)?;
                known.ok_or_else(|| {
                    AskError::Asker(format!(
                        "no sighting {}: retention may have removed it",
                        sighting_id.0
                    ))
                })
            }
            Source::Shot(shot_id) => self.shot_likeness(*shot_id),
            Source::Picture(picture) => {
                let vectors = self.describe(picture)?;
                Ok(Likeness {
                    sighting_id: None,
                    vectors,
                })
            }
        }
    }

    fn known_likeness(&self, sighting_id: SightingId) -> Result<Option<Likeness>, AskError> {
        let rows = self
            .storage
            .read_blocking(|reader| reader.looks(&[sighting_id]))?;
        Ok(rows.into_iter().next().map(|row| Likeness {
            sighting_id: Some(row.sighting_id.0),
            vectors: row
                .vectors
                .into_iter()
                .map(|(maker, vector)| (Arc::from(maker), vector))
                .collect(),
        }))
    }

    fn shot_likeness(&self, shot_id: ShotId) -> Result<Likeness, AskError> {
        let (sighting_id, shot) = self.storage.read_blocking(|reader| {
            Ok((reader.sighting_of_shot(shot_id)?, reader.shot(shot_id)?))
        })?;
        if let Some(sighting_id) = sighting_id
            && let Some(known) = self.known_likeness(sighting_id)?
            && !known.vectors.is_empty()
        {
            return Ok(known);
        }
        let gone = || {
            AskError::Asker(format!(
                "no picture {}: retention may have removed it",
                shot_id.0
            ))
        };
        let shot = shot.ok_or_else(gone)?;
        let jpeg = self
            .storage
            .read_blocking(|reader| reader.shot_jpeg(shot_id))?
            .ok_or_else(gone)?;
        let vectors = self.describe(&Picture {
            jpeg,
            bbox: inside_margin(shot.width_px, shot.height_px),
            class: shot.class,
        })?;
        Ok(Likeness {
            sighting_id: sighting_id.map(|id| id.0),
            vectors,
        })
    }

    fn describe(&self, picture: &Picture) -> Result<Vectors, AskError> {
        let limits = Limits {
            max_pixels: MAX_PIXELS,
            ..Limits::default()
        };
        let refuse = |error: jpeg::Error| {
            AskError::Asker(format!(
                "read the picture: {error}; use a JPEG of at most 24 megapixels"
            ))
        };
        let mut decoder = Decoder::new(limits).map_err(|error| AskError::Ours(error.into()))?;
        let (image, _, _) = decoder
            .rgb(&picture.jpeg, Scale::Full, None)
            .map_err(refuse)?;
        let mut planes = jpeg::Planes::default();
        // A picture of RGB has no planes: its light then counts as usual.
        let light = match decoder.planes(&picture.jpeg, Scale::Quarter, &mut planes) {
            Ok(_) => Light::of(&planes),
            Err(_) => Light::default(),
        };
        let (describer, _) = self.looks.current();
        let appearance = describer.describe(&Shown {
            crop: &image,
            bbox: picture.bbox,
            class: picture.class,
            score: 1.0,
            is_cut_below: false,
            light,
        });
        let embeddings = appearance.embeddings.into_iter();
        Ok(embeddings
            .map(|embedding| (embedding.maker, embedding.values.to_vec()))
            .collect())
    }

    /// The maker by whose vectors all examples can be compared, and the looks.
    fn common_looks(
        &self,
        likenesses: &[(Likeness, bool)],
        wanted: Option<&str>,
    ) -> Result<(Arc<str>, Looks), AskError> {
        let size = self.index().size();
        let n_known = |maker: &str| {
            let makers = size.n_vectors.iter().filter(|(known, _)| &**known == maker);
            makers.map(|(_, n)| *n).sum::<usize>()
        };
        let (first, _) = &likenesses[0];
        let mut makers: Vec<&Arc<str>> = first.vectors.iter().map(|(maker, _)| maker).collect();
        makers.retain(|maker| wanted.is_none_or(|wanted| wanted == &***maker));
        // Models before the classical descriptor, then who knows most.
        makers.sort_by_key(|maker| (&***maker == CLASSIC_MAKER, usize::MAX - n_known(maker)));
        for maker in makers {
            let vector_of = |likeness: &Likeness| {
                let mut vectors = likeness.vectors.iter();
                let found = vectors.find(|(other, _)| other == maker);
                found.map(|(_, vector)| vector.clone())
            };
            let examples: Option<Vec<Example>> = likenesses
                .iter()
                .map(|(likeness, is_wanted)| {
                    Some(Example {
                        vector: vector_of(likeness)?,
                        is_wanted: *is_wanted,
                    })
                })
                .collect();
            if let Some(looks) = examples.and_then(Looks::new) {
                return Ok((Arc::clone(maker), looks));
            }
        }
        Err(AskError::Asker(match wanted {
            Some(maker) => {
                format!("not all examples have a vector by {maker}: leave the maker out")
            }
            None => {
                "the examples cannot be compared: a picture shows too little, or was described \
                     by a model that is off; choose others"
                    .to_owned()
            }
        }))
    }
}

fn n_wishes(question: &Question) -> usize {
    question.wishes.len() + usize::from(question.facing.is_some())
}

fn page(
    query: &Query,
    hits: Vec<Hit>,
    maker: Option<Arc<str>>,
    n_meant: u64,
    n_not_comparable: u64,
) -> Answer {
    let mut hits: Vec<Hit> = hits
        .into_iter()
        .take(MAX_RANKED)
        .skip(query.offset)
        .collect();
    let has_more = hits.len() > query.limit;
    hits.truncate(query.limit);
    Answer {
        hits,
        maker,
        n_meant,
        n_not_comparable,
        has_more,
    }
}

/// Looks at a snapshot with one thread, or with two when it is large.
fn walk(snapshot: &Snapshot, direction: Option<&[f32]>, n_wanted: usize) -> Candidates {
    let looks = direction.map(Snapshot::looks);
    let n_parts = snapshot.n_parts();
    let scan = |part| snapshot.scan(looks.as_ref(), n_wanted, (part, n_parts));
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..n_parts)
            .map(|part| scope.spawn(move || scan(part)))
            .collect();
        let mut candidates = scan(0);
        for other in others {
            candidates.join(other.join().expect("looking at columns does not panic"));
        }
        candidates
    })
}

/// Where the object of a best shot is, by the margin that was left around it.
fn inside_margin(width_px: u32, height_px: u32) -> NormBox {
    #[expect(clippy::cast_precision_loss, reason = "pictures are small")]
    let (width, height) = (width_px.max(1) as f32, height_px.max(1) as f32);
    let margin = BestShotConfig::default().margin;
    let margin_px = margin * width.max(height) / (1.0 + 2.0 * margin);
    let (dx, dy) = (margin_px / width, margin_px / height);
    NormBox::from_xyxy(dx, dy, 1.0 - dx, 1.0 - dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_of_a_best_shot_is_inside_its_margin() {
        // 100 x 200 pixels with 24 around it.
        let bbox = inside_margin(148, 248);
        assert!((bbox.x1() - 24.0 / 148.0).abs() < 1e-3, "{bbox:?}");
        assert!((bbox.y2() - 224.0 / 248.0).abs() < 1e-3, "{bbox:?}");
    }
}
