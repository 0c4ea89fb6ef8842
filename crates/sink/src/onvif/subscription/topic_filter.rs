//! Topic expressions: `Concrete` of WS-Topics and `ConcreteSet` of ONVIF.
//!
//! `tns1:A/B` is that topic. In a set, a bar means "or" and `//.` at the end
//! the topic with all below it. Prefixes mean what the document says.

use std::sync::Arc;

use crate::onvif::namespace as ns;
use crate::onvif::topic::{TOPICS, TopicSpec};

/// Dialect of WS-Topics.
pub const CONCRETE_DIALECT: &str = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete";

/// Most alternatives in one expression.
const MAX_ALTERNATIVES: usize = 64;

/// A set of topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFilter(Vec<Alternative>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Alternative {
    namespace: Arc<str>,
    path: String,
    with_below: bool,
}

impl TopicFilter {
    /// Reads an expression; `None` when it is wrongly written or none of its
    /// alternatives names a topic that we have.
    pub fn read(
        text: &str,
        is_set: bool,
        namespace_of: &dyn Fn(&str) -> Option<Arc<str>>,
    ) -> Option<Self> {
        let alternatives: Vec<&str> = match is_set {
            true => text.trim().split('|').collect(),
            false => vec![text.trim()],
        };
        if alternatives.len() > MAX_ALTERNATIVES {
            return None;
        }
        let alternatives = alternatives
            .into_iter()
            .map(|alternative| Alternative::read(alternative, is_set, namespace_of))
            .collect::<Option<Vec<_>>>()?;
        let filter = TopicFilter(alternatives);
        TOPICS
            .iter()
            .any(|spec| filter.matches(spec))
            .then_some(filter)
    }

    /// Whether the topic is in the set.
    pub fn matches(&self, spec: &TopicSpec) -> bool {
        self.0.iter().any(|alternative| alternative.matches(spec))
    }
}

impl Alternative {
    fn read(
        text: &str,
        is_set: bool,
        namespace_of: &dyn Fn(&str) -> Option<Arc<str>>,
    ) -> Option<Self> {
        let text = text.trim();
        let (text, with_below) = match text.strip_suffix("//.") {
            Some(text) if is_set => (text, true),
            Some(_) => return None,
            None => (text, false),
        };
        let (prefix, path) = text.split_once(':')?;
        let is_step = |step: &str| {
            let is_plain = |c: char| c.is_alphanumeric() || "-_.:".contains(c);
            !step.is_empty() && step.chars().all(is_plain)
        };
        // Some clients repeat the prefix on each step.
        let steps = path.split('/').map(|step| {
            let own = step.split_once(':').filter(|(again, _)| *again == prefix);
            own.map_or(step, |(_, step)| step)
        });
        let steps: Vec<&str> = steps.collect();
        steps.iter().all(|step| is_step(step)).then_some(())?;
        Some(Alternative {
            namespace: namespace_of(prefix)?,
            path: steps.join("/"),
            with_below,
        })
    }

    fn matches(&self, spec: &TopicSpec) -> bool {
        let namespace = match spec.prefix {
            "tns1" => ns::TNS1,
            _ => ns::AIRELAY,
        };
        let below = spec.path.strip_prefix(self.path.as_str());
        *self.namespace == *namespace
            && below.is_some_and(|below| {
                below.is_empty() || (self.with_below && below.starts_with('/'))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths of the topics in the expression, `-` when it is refused.
    fn topics(text: &str, is_set: bool) -> String {
        let filter = TopicFilter::read(text, is_set, &|prefix| match prefix {
            "tns1" | "other" => Some(ns::TNS1.into()),
            "air" => Some(ns::AIRELAY.into()),
            _ => None,
        });
        let Some(filter) = filter else {
            return "-".to_owned();
        };
        let matching = TOPICS.iter().filter(|spec| filter.matches(spec));
        matching.map(|spec| spec.path).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn expressions_choose_topics_by_namespace_whatever_the_prefix() {
        for (text, expected) in [
            ("tns1:VideoSource/MotionAlarm", "VideoSource/MotionAlarm"),
            (
                " other:VideoSource/MotionAlarm\n",
                "VideoSource/MotionAlarm",
            ),
            (
                "tns1:RuleEngine/tns1:LineDetector/tns1:Crossed",
                "RuleEngine/LineDetector/Crossed",
            ),
            (
                "tns1:RuleEngine/CountAggregation//.",
                "RuleEngine/CountAggregation/Counter RuleEngine/CountAggregation/OccupancyCounter",
            ),
            (
                "tns1:VideoSource/SignalLoss|air:Rule/Enter",
                "VideoSource/SignalLoss Rule/Enter",
            ),
            ("tns1:VideoSource/SignalLoss//.", "VideoSource/SignalLoss"),
            ("tns1:VideoSource", "-"),
            ("tns1:Video//.", "-"),
            ("tns1:Nothing/Here", "-"),
            ("air:VideoSource/SignalLoss", "-"),
            ("unknown:VideoSource/SignalLoss", "-"),
            ("VideoSource/SignalLoss", "-"),
            ("tns1:VideoSource//SignalLoss", "-"),
            ("", "-"),
            ("|", "-"),
            ("tns1:*", "-"),
        ] {
            assert_eq!(topics(text, true), expected, "{text}");
        }
        assert_eq!(topics("tns1:VideoSource/SignalLoss//.", false), "-");
        assert_eq!(topics("tns1:A|tns1:VideoSource/SignalLoss", false), "-");
    }
}
