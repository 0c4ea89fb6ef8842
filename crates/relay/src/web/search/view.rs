//! Answers, with the reasons of their rank.

use std::collections::BTreeMap;

use serde::Serialize;
use store::{SightingRow, StoredAttribute};
use utoipa::ToSchema;

use super::super::App;
use super::super::sightings::SightingView;
use super::input::SearchInput;
use crate::search::Answer;

/// A page of answers, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct SearchAnswer {
    /// The best first.
    pub hits: Vec<HitView>,
    /// By whose vectors they were compared; absent without examples.
    pub maker: Option<String>,
    /// How many sightings were looked at: all that fit the filters.
    pub n_looked_at: u64,
    /// How many fit the filters but have no vector of that maker.
    pub n_not_comparable: u64,
    /// `offset` of the next page; absent on the last one.
    pub next_offset: Option<usize>,
    /// Whether all that is stored was searched; else it is still being read.
    pub is_complete: bool,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct HitView {
    /// Who was seen.
    pub sighting: SightingView,
    /// What it is ranked by: mean similarity to the wanted examples, less half of
    /// that to the unwanted, plus up to 0.1 for attributes.
    pub score: f32,
    /// Mean similarity to the wanted examples, -1 to 1; absent without such.
    pub similarity: Option<f32>,
    /// Similarity to each example, in their order.
    pub by_example: Vec<f32>,
    /// What became of each wished attribute.
    pub attributes: Vec<AskedAttribute>,
}

/// A wished attribute, and what is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct AskedAttribute {
    /// Which.
    pub name: String,
    /// Whether it is known to be as wished; else it is unknown.
    pub is_known: bool,
    /// The value that fits; absent when unknown.
    pub value: Option<String>,
    /// Belief in it, 0 to 1; absent when unknown.
    pub likelihood: Option<f32>,
}

impl SearchAnswer {
    pub(super) fn new(
        app: &App,
        input: &SearchInput,
        answer: Answer,
        rows: Vec<SightingRow>,
        offset: usize,
    ) -> Self {
        let mut rows: BTreeMap<i64, SightingRow> = rows
            .into_iter()
            .map(|row| (row.sighting_id.0, row))
            .collect();
        let next_offset = answer.has_more.then_some(offset + answer.hits.len());
        let hits = answer.hits.into_iter().filter_map(|hit| {
            // Who was removed meanwhile is no answer.
            let row = rows.remove(&hit.sighting_id)?;
            Some(HitView {
                attributes: asked_attributes(input, &row),
                sighting: SightingView::new(app, row),
                score: hit.score,
                similarity: hit.similarity,
                by_example: hit.by_example,
            })
        });
        SearchAnswer {
            hits: hits.collect(),
            maker: answer.maker.map(|maker| maker.to_string()),
            n_looked_at: answer.n_meant,
            n_not_comparable: answer.n_not_comparable,
            next_offset,
            is_complete: app.search.progress().is_ready,
        }
    }
}

fn asked_attributes(input: &SearchInput, row: &SightingRow) -> Vec<AskedAttribute> {
    let wished = input.attributes.iter().map(|wish| {
        let fits = |known: &&StoredAttribute| {
            known.name == wish.name && wish.values.contains(&known.value)
        };
        let found = row.attributes.iter().find(fits);
        AskedAttribute {
            name: wish.name.clone(),
            is_known: found.is_some(),
            value: found.map(|known| known.value.clone()),
            likelihood: found.map(|known| known.likelihood),
        }
    });
    let heading = input.heading.iter().map(|_| AskedAttribute {
        name: "heading".to_owned(),
        is_known: row.heading_deg.is_some(),
        value: row.heading_deg.map(|deg| format!("{deg:.0} degrees")),
        likelihood: None,
    });
    wished.chain(heading).collect()
}
