//! What a subscription wants: topics, and items of their messages.

use thiserror::Error;

use super::item_filter::{ITEM_FILTER_DIALECT, ItemFilter};
use super::topic_filter::{CONCRETE_DIALECT, TopicFilter};
use crate::onvif::namespace as ns;
use crate::onvif::notification::{CONCRETE_SET_DIALECT, Notification};
use crate::onvif::topic::Naming;
use crate::onvif::xml::Element;

/// Most expressions in one filter.
const MAX_EXPRESSIONS: usize = 32;

/// All of these must hold; with none, everything is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    topics: Vec<TopicFilter>,
    items: Vec<ItemFilter>,
}

/// Why a filter cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// An element that is no filter of ours.
    #[error("filter: {0} is not known")]
    Unknown(String),
    /// A dialect of topics that we do not speak.
    #[error("filter: topic dialect {0:?} is not known")]
    TopicDialect(String),
    /// An expression that names no topic of ours, or is wrongly written.
    #[error("filter: topic expression {0:?} cannot be used")]
    Topic(String),
    /// An expression about items that we do not understand.
    #[error("filter: message content {0:?} cannot be used")]
    Content(String),
}

impl Filter {
    /// Reads `wsnt:Filter`.
    ///
    /// # Errors
    /// A part of it is in no dialect of ours or wrongly written.
    pub fn read(element: &Element) -> Result<Self, FilterError> {
        let mut filter = Filter::default();
        for part in element.children.iter().take(MAX_EXPRESSIONS + 1) {
            let short = || part.text.trim().chars().take(120).collect::<String>();
            let dialect = part.attribute("Dialect").unwrap_or_default();
            if part.name.is(ns::WSNT, "TopicExpression") {
                if dialect != CONCRETE_DIALECT && dialect != CONCRETE_SET_DIALECT {
                    let dialect: String = dialect.chars().take(120).collect();
                    return Err(FilterError::TopicDialect(dialect));
                }
                let is_set = dialect == CONCRETE_SET_DIALECT;
                let topic =
                    TopicFilter::read(&part.text, is_set, &|prefix| part.namespace_of(prefix));
                let topic = topic.ok_or_else(|| FilterError::Topic(short()))?;
                filter.topics.push(topic);
            } else if part.name.is(ns::WSNT, "MessageContent") {
                let items = (dialect == ITEM_FILTER_DIALECT)
                    .then(|| ItemFilter::read(&part.text))
                    .flatten();
                let items = items.ok_or_else(|| FilterError::Content(short()))?;
                filter.items.push(items);
            } else {
                return Err(FilterError::Unknown(
                    part.name.local.chars().take(80).collect(),
                ));
            }
        }
        if element.children.len() > MAX_EXPRESSIONS {
            return Err(FilterError::Unknown(format!(
                "more than {MAX_EXPRESSIONS} expressions"
            )));
        }
        Ok(filter)
    }

    /// Whether the notification is wanted.
    pub fn matches(&self, notification: &Notification, naming: Naming) -> bool {
        let spec = notification.topic.spec();
        let is_topic =
            self.topics.is_empty() || self.topics.iter().any(|topic| topic.matches(spec));
        is_topic
            && self
                .items
                .iter()
                .all(|items| items.matches(notification, naming))
    }
}
