//! What can be told: one row for each topic.
//!
//! Out: the declaration of each topic with its items and their types. Every
//! notification is made by a row, so that what is declared and what is sent
//! cannot differ.
//!
//! Rows follow the ONVIF Analytics and Core specifications; what ONVIF has no
//! topic for stands below `airelay:Rule`.

use super::xml::XmlWriter;

/// Whether [`Topic`] stays true or false, or just happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Objects are inside a field.
    ObjectsInside,
    /// An object crossed a line.
    LineCrossed,
    /// Objects stay for long.
    Loitering,
    /// Crossings of a line since the last reset.
    Counter,
    /// How many are in a place.
    OccupancyCounter,
    /// Which classes are in view.
    ObjectDetection,
    /// A thing was left.
    ObjectAbandoned,
    /// A thing is gone.
    ObjectRemoved,
    /// An object's whole stay, with its best picture.
    TrackAggregation,
    /// Something on the camera raised an alarm.
    MotionAlarm,
    /// The picture lost its detail.
    ImageTooBlurry,
    /// Too dark to see by.
    ImageTooDark,
    /// Too bright to see by.
    ImageTooBright,
    /// The camera looks elsewhere.
    GlobalSceneChange,
    /// Something stands before the lens.
    ImpairedVisibility,
    /// The camera delivers no video.
    SignalLoss,
    /// A media profile changed.
    ProfileChanged,
    /// A media configuration changed.
    ConfigurationChanged,
    /// Ours: an object moves in a chosen direction.
    Direction,
    /// Ours: an object moves against the allowed direction.
    WrongWay,
    /// Ours: an object turned round.
    UTurn,
    /// Ours: an object came into a zone.
    Enter,
    /// Ours: an object left a zone.
    Exit,
    /// Ours: an object stands still.
    Stopped,
    /// Ours: more objects than allowed are in a zone.
    CountOverLimit,
    /// Ours: an object went from one zone to another.
    ZoneSequence,
    /// Ours: a place holds more than its threshold.
    OccupancyOverThreshold,
    /// Ours: a rule about lost video fired.
    VideoLost,
    /// Ours: a part of the scene is in a learnt state.
    LearntState,
    /// Ours: an installed program decided.
    Program,
}

/// Type of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// `tt:ReferenceToken`.
    Token,
    /// `xs:string`.
    Text,
    /// `xs:boolean`.
    Boolean,
    /// `xs:int`.
    Int,
    /// `xs:float`.
    Float,
    /// `xs:dateTime`.
    Time,
    /// `tt:StringList`.
    TextList,
    /// `xs:anyURI`.
    Uri,
    /// `tt:Object`, an element.
    Object,
}

impl ItemType {
    /// Its name, with the prefixes that our documents declare.
    pub const fn name(self) -> &'static str {
        match self {
            ItemType::Token => "tt:ReferenceToken",
            ItemType::Text => "xs:string",
            ItemType::Boolean => "xs:boolean",
            ItemType::Int => "xs:int",
            ItemType::Float => "xs:float",
            ItemType::Time => "xs:dateTime",
            ItemType::TextList => "tt:StringList",
            ItemType::Uri => "xs:anyURI",
            ItemType::Object => "tt:Object",
        }
    }

    /// Whether it is an element and not a value.
    pub const fn is_element(self) -> bool {
        matches!(self, ItemType::Object)
    }
}

/// One item of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct ItemSpec {
    /// Its name.
    pub name: &'static str,
    /// Its name for clients of before 2021, where it had another.
    pub legacy_name: Option<&'static str>,
    /// Its type.
    pub item_type: ItemType,
}

impl ItemSpec {
    /// Its name by the chosen naming.
    pub fn name_by(&self, naming: Naming) -> &'static str {
        match (naming, self.legacy_name) {
            (Naming::Legacy, Some(name)) => name,
            _ => self.name,
        }
    }
}

/// Which names source items have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// `VideoSource`, `AnalyticsConfiguration`: the specification since 2021.
    #[default]
    Modern,
    /// `VideoSourceConfigurationToken`, `VideoAnalyticsConfigurationToken`:
    /// what most fielded cameras send and many clients read.
    Legacy,
}

/// One row of the table.
#[derive(Debug)]
pub struct TopicSpec {
    /// Which topic.
    pub topic: Topic,
    /// Prefix of its root: `tns1` or `airelay`.
    pub prefix: &'static str,
    /// Its path without prefix, such as `RuleEngine/FieldDetector/ObjectsInside`.
    pub path: &'static str,
    /// Whether it has a state that stays.
    pub is_property: bool,
    /// Where it comes from.
    pub source: &'static [ItemSpec],
    /// What it is about. The boolean, where there is one, is the first:
    /// clients read that.
    pub data: &'static [ItemSpec],
}

impl TopicSpec {
    /// The topic as an expression, such as `tns1:VideoSource/MotionAlarm`.
    pub fn expression(&self) -> String {
        format!("{}:{}", self.prefix, self.path)
    }
}

const fn item(name: &'static str, item_type: ItemType) -> ItemSpec {
    ItemSpec {
        name,
        legacy_name: None,
        item_type,
    }
}

const RULE_SOURCE: &[ItemSpec] = &[
    ItemSpec {
        name: "VideoSource",
        legacy_name: Some("VideoSourceConfigurationToken"),
        item_type: ItemType::Token,
    },
    ItemSpec {
        name: "AnalyticsConfiguration",
        legacy_name: Some("VideoAnalyticsConfigurationToken"),
        item_type: ItemType::Token,
    },
    item("Rule", ItemType::Text),
];
const VIDEO_SOURCE: &[ItemSpec] = &[item("Source", ItemType::Token)];
const OBJECT_IDS: ItemSpec = item("ObjectId", ItemType::TextList);
const CLASSES: ItemSpec = item("ClassTypes", ItemType::TextList);
const OBJECT: ItemSpec = item("Object", ItemType::Object);
const STATE: ItemSpec = item("State", ItemType::Boolean);
const COUNT: ItemSpec = item("Count", ItemType::Int);
const ZONE: ItemSpec = item("Zone", ItemType::Text);
const OBJECTS: &[ItemSpec] = &[OBJECT_IDS, CLASSES, OBJECT];
const OURS: &[ItemSpec] = &[STATE, OBJECT_IDS, CLASSES, ZONE, OBJECT];
const OURS_COUNTED: &[ItemSpec] = &[STATE, COUNT, ZONE];
const OURS_LEARNT: &[ItemSpec] = &[
    STATE,
    item("StateName", ItemType::Text),
    item("Likelihood", ItemType::Float),
];

/// All topics. The order is the one in which they are declared; topics of one
/// root and folder stand together.
pub const TOPICS: &[TopicSpec] = &[
    rule(
        "RuleEngine/FieldDetector/ObjectsInside",
        Topic::ObjectsInside,
        true,
        &[
            item("IsInside", ItemType::Boolean),
            OBJECT_IDS,
            CLASSES,
            OBJECT,
        ],
    ),
    rule(
        "RuleEngine/LineDetector/Crossed",
        Topic::LineCrossed,
        false,
        OBJECTS,
    ),
    rule(
        "RuleEngine/LoiteringDetector/ObjectIsLoitering",
        Topic::Loitering,
        true,
        &[OBJECT_IDS, CLASSES, item("Since", ItemType::Time), OBJECT],
    ),
    rule(
        "RuleEngine/CountAggregation/Counter",
        Topic::Counter,
        true,
        &[COUNT],
    ),
    rule(
        "RuleEngine/CountAggregation/OccupancyCounter",
        Topic::OccupancyCounter,
        true,
        &[COUNT],
    ),
    rule(
        "RuleEngine/ObjectDetection/Object",
        Topic::ObjectDetection,
        false,
        &[CLASSES],
    ),
    rule(
        "RuleEngine/ObjectAbandoned",
        Topic::ObjectAbandoned,
        false,
        &[OBJECT_IDS, OBJECT],
    ),
    rule(
        "RuleEngine/ObjectRemoved",
        Topic::ObjectRemoved,
        false,
        &[OBJECT_IDS, OBJECT],
    ),
    rule(
        "RuleEngine/ObjectTrack/Aggregation",
        Topic::TrackAggregation,
        false,
        &[
            item("AggregationStart", ItemType::Time),
            item("Final", ItemType::Boolean),
            OBJECT,
        ],
    ),
    video("VideoSource/MotionAlarm", Topic::MotionAlarm),
    video(
        "VideoSource/ImageTooBlurry/AnalyticsService",
        Topic::ImageTooBlurry,
    ),
    video(
        "VideoSource/ImageTooDark/AnalyticsService",
        Topic::ImageTooDark,
    ),
    video(
        "VideoSource/ImageTooBright/AnalyticsService",
        Topic::ImageTooBright,
    ),
    video(
        "VideoSource/GlobalSceneChange/AnalyticsService",
        Topic::GlobalSceneChange,
    ),
    video("VideoSource/ImpairedVisibility", Topic::ImpairedVisibility),
    video("VideoSource/SignalLoss", Topic::SignalLoss),
    TopicSpec {
        topic: Topic::ProfileChanged,
        prefix: "tns1",
        path: "Media/ProfileChanged",
        is_property: false,
        source: &[item("Token", ItemType::Token)],
        data: &[],
    },
    TopicSpec {
        topic: Topic::ConfigurationChanged,
        prefix: "tns1",
        path: "Media/ConfigurationChanged",
        is_property: false,
        source: &[item("Token", ItemType::Token), item("Type", ItemType::Text)],
        data: &[],
    },
    ours("Rule/Direction", Topic::Direction, OURS),
    ours("Rule/WrongWay", Topic::WrongWay, OURS),
    ours("Rule/UTurn", Topic::UTurn, OURS),
    ours("Rule/Enter", Topic::Enter, OURS),
    ours("Rule/Exit", Topic::Exit, OURS),
    ours("Rule/Stopped", Topic::Stopped, OURS),
    ours("Rule/CountOverLimit", Topic::CountOverLimit, OURS_COUNTED),
    ours("Rule/ZoneSequence", Topic::ZoneSequence, OURS),
    ours(
        "Rule/OccupancyOverThreshold",
        Topic::OccupancyOverThreshold,
        OURS_COUNTED,
    ),
    ours("Rule/VideoLost", Topic::VideoLost, &[STATE]),
    ours("Rule/LearntState", Topic::LearntState, OURS_LEARNT),
    ours("Rule/Program", Topic::Program, OURS),
];

const fn rule(
    path: &'static str,
    topic: Topic,
    is_property: bool,
    data: &'static [ItemSpec],
) -> TopicSpec {
    TopicSpec {
        topic,
        prefix: "tns1",
        path,
        is_property,
        source: RULE_SOURCE,
        data,
    }
}

const fn video(path: &'static str, topic: Topic) -> TopicSpec {
    TopicSpec {
        topic,
        prefix: "tns1",
        path,
        is_property: true,
        source: VIDEO_SOURCE,
        data: &[STATE],
    }
}

const fn ours(path: &'static str, topic: Topic, data: &'static [ItemSpec]) -> TopicSpec {
    TopicSpec {
        topic,
        prefix: "airelay",
        path,
        is_property: true,
        source: RULE_SOURCE,
        data,
    }
}

impl Topic {
    /// Its row.
    pub fn spec(self) -> &'static TopicSpec {
        let mut rows = TOPICS.iter();
        rows.find(|row| row.topic == self)
            .expect("every topic has a row, which a test holds")
    }
}

/// Writes `wstop:TopicSet` with every topic and its message.
///
/// Only roots carry a prefix; everything below has no namespace, which is why
/// the default one is taken away.
pub fn write_topic_set(xml: &mut XmlWriter, naming: Naming) {
    xml.open_with("wstop:TopicSet", &[("xmlns", "")]);
    let mut open: Vec<String> = Vec::new();
    for spec in TOPICS {
        let steps: Vec<String> = spec.expression().split('/').map(str::to_owned).collect();
        let folders = &steps[..steps.len() - 1];
        let n_shared = open.iter().zip(folders).take_while(|(a, b)| a == b).count();
        for _ in n_shared..open.len() {
            xml.close();
        }
        open.truncate(n_shared);
        for folder in &folders[n_shared..] {
            xml.open(folder);
            open.push(folder.clone());
        }
        xml.open_with(&steps[steps.len() - 1], &[("wstop:topic", "true")]);
        write_description(xml, "tt:MessageDescription", spec, naming, |_| {});
        xml.close();
    }
    for _ in open {
        xml.close();
    }
    xml.close();
}

/// Writes the description of a topic's message, with what `tail` adds.
pub fn write_description(
    xml: &mut XmlWriter,
    element: &str,
    spec: &TopicSpec,
    naming: Naming,
    tail: impl FnOnce(&mut XmlWriter),
) {
    let is_property = spec.is_property.to_string();
    xml.open_with(element, &[("IsProperty", &is_property)]);
    for (element, items) in [("tt:Source", spec.source), ("tt:Data", spec.data)] {
        if items.is_empty() {
            continue;
        }
        xml.open(element);
        let (elements, values): (Vec<_>, Vec<_>) =
            items.iter().partition(|item| item.item_type.is_element());
        for (element, items) in [
            ("tt:SimpleItemDescription", values),
            ("tt:ElementItemDescription", elements),
        ] {
            for item in items {
                let attributes = [
                    ("Name", item.name_by(naming)),
                    ("Type", item.item_type.name()),
                ];
                xml.empty(element, &attributes);
            }
        }
        xml.close();
    }
    tail(xml);
    xml.close();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_topic_has_one_row_and_its_own_path() {
        let topics: BTreeSet<Topic> = TOPICS.iter().map(|row| row.topic).collect();
        let paths: BTreeSet<String> = TOPICS.iter().map(TopicSpec::expression).collect();
        assert_eq!(topics.len(), TOPICS.len());
        assert_eq!(paths.len(), TOPICS.len());
        // The last of the enumeration: one row for each before it.
        assert_eq!(TOPICS.len(), Topic::Program as usize + 1);
    }

    #[test]
    fn booleans_come_first_since_clients_read_the_first_item() {
        for row in TOPICS.iter().filter(|row| row.is_property) {
            let boolean = row
                .data
                .iter()
                .position(|item| item.item_type == ItemType::Boolean);
            assert!(matches!(boolean, None | Some(0)), "{}", row.path);
        }
    }

    #[test]
    fn folders_of_the_topic_set_are_opened_once() {
        let mut xml = XmlWriter::new();
        write_topic_set(&mut xml, Naming::Modern);
        let text = xml.finish();
        for folder in [
            "<tns1:RuleEngine>",
            "<tns1:VideoSource>",
            "<airelay:Rule>",
            "<CountAggregation>",
        ] {
            assert_eq!(text.matches(folder).count(), 1, "{folder}");
        }
        assert_eq!(text.matches("wstop:topic=\"true\"").count(), TOPICS.len());
    }
}
