//! A detector that knows the truth and errs like a small network.
//!
//! In: the truth about a frame and where the planner looks. Out: detections.
//! Faults are fixed by seed, object and frame, so a run can be repeated.
//!
//! | fault | how often |
//! |---|---|
//! | too small for the look | never found below 8 input pixels, always from 24 |
//! | missed in one frame | 15 % of chances, half of these with a weak score |
//! | missed for a whole second | 6 % of seconds, by object |
//! | partly hidden | missed by the hidden share, never found from 70 % |
//! | box | centre off by 3 %, sides by 6 % (standard deviations) |
//! | hidden part | left out of the box (truth boxes hold what is seen) |
//! | second box on one object | 3 %: its upper part |
//! | car, truck or bus mistaken for each other | 10 % |
//! | nothing there | 2 % of looks somewhere; 3 fixed places in 4 % of looks |

use sim::street::TruthBox;
use types::{Class, Detection, NormBox};
use vision::decode::Image;
use vision::detect::{Look, Sight, merge_looks};
use vision::regions::Region;

const NMS_IOU: f32 = 0.6;
const MIN_INPUT_PX: f32 = 8.0;
const SURE_INPUT_PX: f32 = 24.0;
/// Input of the network it stands for, pixels.
const INPUT_PX: (usize, usize) = (416, 256);

#[derive(Debug)]
pub(crate) struct Scripted {
    seed: u64,
}

impl Scripted {
    pub(crate) fn new(seed: u64) -> Self {
        Scripted { seed }
    }

    /// What it finds in the planned regions; `None` when none is planned.
    pub(crate) fn look_at(
        &self,
        regions: &[Region],
        image: &Image,
        frame_seq: u64,
        truth: &[TruthBox],
    ) -> Option<Sight> {
        if regions.is_empty() {
            return None;
        }
        let looks: Vec<Look> = (0_u64..)
            .zip(regions)
            .map(|(idx, region)| self.look(idx, *region, image, frame_seq, truth))
            .collect();
        let looked = regions
            .iter()
            .map(|region| region.looked_at(image, INPUT_PX));
        Some(Sight {
            detections: merge_looks(&looks, NMS_IOU),
            looks: looked.collect(),
        })
    }

    fn look(
        &self,
        look_idx: u64,
        region: Region,
        image: &Image,
        frame_seq: u64,
        truth: &[TruthBox],
    ) -> Look {
        let (area, (width_px, height_px)) = {
            let looked = region.looked_at(image, INPUT_PX);
            (looked.area, looked.picture_px)
        };
        let mut detections = Vec::new();
        for object in truth {
            let Some(seen) = object.bbox.intersection(area) else {
                continue;
            };
            if seen.area() < 0.3 * object.bbox.area() {
                continue;
            }
            let side = (seen.height() * height_px).max(seen.width() * width_px / 2.0);
            let mut dice = Dice::new(
                self.seed,
                u64::from(object.object_id),
                frame_seq * 4 + look_idx,
            );
            let second = Dice::new(self.seed + 1, u64::from(object.object_id), frame_seq / 5);
            self.find(object, seen, side, &mut dice, second, &mut detections);
        }
        let mut dice = Dice::new(self.seed, 1, frame_seq * 4 + look_idx);
        detections.extend(self.ghosts(&mut dice).into_iter().filter(|ghost| {
            let common = ghost.bbox.intersection(area).map_or(0.0, NormBox::area);
            common > 0.9 * ghost.bbox.area()
        }));
        // A detector sees no farther than its look.
        for detection in &mut detections {
            detection.bbox = detection.bbox.intersection(area).unwrap_or_default();
        }
        detections.retain(|detection| detection.bbox.area() > 0.0);
        Look { area, detections }
    }

    fn find(
        &self,
        object: &TruthBox,
        seen: NormBox,
        side_px: f32,
        dice: &mut Dice,
        mut second: Dice,
        detections: &mut Vec<Detection>,
    ) {
        let by_size = ((side_px - MIN_INPUT_PX) / (SURE_INPUT_PX - MIN_INPUT_PX)).clamp(0.0, 1.0);
        let by_view = 1.0 - (object.occluded_share / 0.7).min(1.0);
        let by_view = by_view.sqrt();
        let belief = by_size * by_view;
        let is_blind = second.unit() < 0.06;
        let is_missed = dice.unit() > 0.85 * belief;
        let is_weak = dice.unit() < 0.5;
        let strength = dice.unit();
        let score = match (is_blind || is_missed, is_weak) {
            (false, _) => 0.36 + 0.5 * strength * (0.3 + 0.7 * belief),
            (true, true) if belief > 0.0 => 0.1 + 0.2 * strength,
            (true, _) => return,
        };
        let (w, h) = (seen.width(), seen.height());
        let cx = f32::midpoint(seen.x1(), seen.x2()) + 0.03 * w * dice.normal();
        let cy = f32::midpoint(seen.y1(), seen.y2()) + 0.03 * h * dice.normal();
        let (w, h) = (
            w * (1.0 + 0.06 * dice.normal()),
            h * (1.0 + 0.06 * dice.normal()),
        );
        let bbox = NormBox::from_xyxy(cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0);
        let class = match object.class {
            Class::Car | Class::Truck | Class::Bus if dice.unit() < 0.1 => {
                [Class::Car, Class::Truck, Class::Bus][dice.below(3)]
            }
            class => class,
        };
        detections.push(Detection { bbox, class, score });
        if dice.unit() < 0.03 {
            let y2 = bbox.y1() + bbox.height() * 0.55;
            detections.push(Detection {
                bbox: NormBox::from_xyxy(bbox.x1(), bbox.y1(), bbox.x2(), y2),
                class,
                score: 0.8 * score,
            });
        }
    }

    /// Boxes where nothing is.
    fn ghosts(&self, dice: &mut Dice) -> Vec<Detection> {
        let mut ghosts = Vec::new();
        if dice.unit() < 0.02 {
            ghosts.push(ghost(dice, 0.15 + 0.4 * 0.5));
        }
        for place in 0..3 {
            let mut fixed = Dice::new(self.seed, 2, place);
            let place = ghost(&mut fixed, 0.0);
            if dice.unit() < 0.04 {
                let score = 0.15 + 0.35 * dice.unit();
                ghosts.push(Detection { score, ..place });
            }
        }
        ghosts
    }
}

fn ghost(dice: &mut Dice, score: f32) -> Detection {
    let (x, y) = (0.9 * dice.unit(), 0.3 + 0.5 * dice.unit());
    let (w, h) = (0.02 + 0.03 * dice.unit(), 0.05 + 0.1 * dice.unit());
    Detection {
        bbox: NormBox::from_xyxy(x, y, x + w, y + h),
        class: [Class::Person, Class::Car, Class::Bicycle][dice.below(3)],
        score,
    }
}

/// Numbers fixed by a seed (splitmix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64, stream: u64, idx: u64) -> Self {
        let mut dice =
            Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream.rotate_left(32) ^ idx);
        dice.bits();
        dice
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0..1.
    fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 16_777_216.0
    }

    fn below(&mut self, limit: u64) -> usize {
        usize::try_from(self.bits() % limit).unwrap_or(0)
    }

    /// Mean 0, standard deviation 1, within 3.5.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| self.unit()).sum();
        (sum - 6.0).clamp(-3.5, 3.5)
    }
}
