//! Colour names against what people see.
//!
//! In: labelled crops. Out: a confusion table, how often the first word is
//! right by its likelihood, and the cost.

use std::collections::BTreeMap;
use std::io::Write;

use vision::appearance::Describer;

use crate::crops::Crop;

/// Bounds of the likelihood in the table.
const BINS: [f32; 4] = [0.4, 0.5, 0.7, 0.85];

pub(crate) fn measure(crops: &[Crop], out: &mut impl Write) -> anyhow::Result<()> {
    let describer = Describer::new();
    let mut confusion: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut by_part: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let mut by_likelihood = [[0_u32; 2]; BINS.len()];
    for (number, crop) in crops.iter().enumerate() {
        let appearance = describer.describe(&crop.shown());
        for (part, right) in &crop.label.seen {
            let name = format!("{part}_colour");
            let told: Vec<_> = appearance
                .attributes
                .iter()
                .filter(|attribute| attribute.name == name)
                .collect();
            let first = told.first();
            let value = first.map_or("unknown", |attribute| &*attribute.value);
            let is_right = right.iter().any(|colour| colour == value);
            // The label's first colour is the likelier one.
            let seen = if is_right { value } else { &right[0] };
            *confusion
                .entry((seen.to_owned(), value.to_owned()))
                .or_default() += 1;
            let sums = by_part.entry(part.clone()).or_default();
            sums[0] += 1;
            if let Some(first) = first {
                sums[1] += 1;
                sums[2] += u32::from(is_right);
                let bin = BINS.iter().rposition(|from| first.likelihood >= *from);
                let bin = &mut by_likelihood[bin.unwrap_or_default()];
                bin[0] += 1;
                bin[1] += u32::from(is_right);
            }
            if !is_right {
                let told: Vec<String> = told
                    .iter()
                    .map(|told| format!("{} {:.2}", told.value, told.likelihood))
                    .collect();
                eprint_miss(number, crop, part, &right.join("|"), &told.join(", "));
            }
        }
    }
    writeln!(
        out,
        "| part | labelled | told | right of told |\n|---|---|---|---|"
    )?;
    for (part, [n, n_told, n_right]) in &by_part {
        let share = 100.0 * f64::from(*n_right) / f64::from((*n_told).max(1));
        writeln!(
            out,
            "| {part} | {n} | {n_told} | {n_right} ({share:.0} %) |"
        )?;
    }
    writeln!(out, "\n| likelihood from | told | right |\n|---|---|---|")?;
    for (from, [n, n_right]) in BINS.iter().zip(by_likelihood) {
        let share = 100.0 * f64::from(n_right) / f64::from(n.max(1));
        writeln!(out, "| {from} | {n} | {n_right} ({share:.0} %) |")?;
    }
    write_confusion(&confusion, out)
}

/// Which crops to look at again, beside the tables.
#[expect(clippy::print_stderr, reason = "a measuring program's notes")]
fn eprint_miss(number: usize, crop: &Crop, part: &str, right: &str, told: &str) {
    let file = &crop.label.file;
    eprintln!("crop {number:03} {file}: {part} is {right}, told {told}");
}

fn write_confusion(
    confusion: &BTreeMap<(String, String), u32>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut told: Vec<&String> = confusion.keys().map(|(_, told)| told).collect();
    told.sort();
    told.dedup();
    let mut seen: Vec<&String> = confusion.keys().map(|(seen, _)| seen).collect();
    seen.dedup();
    write!(out, "\n| seen \\ told |")?;
    for name in &told {
        write!(out, " {name} |")?;
    }
    writeln!(out, "\n|---|{}", "---|".repeat(told.len()))?;
    for seen in seen {
        write!(out, "| {seen} |")?;
        for told in &told {
            match confusion.get(&(seen.clone(), (*told).clone())) {
                Some(n) => write!(out, " {n} |")?,
                None => write!(out, " |")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
