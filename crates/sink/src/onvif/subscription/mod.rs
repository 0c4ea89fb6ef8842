//! Who wants to be told: pull points and pushed notifications.
//!
//! In: subscriptions with their filters, notifications. Out: for each
//! subscription the notifications it has not got yet, in order, none twice.
//!
//! Bounded: so many subscriptions, and for each so many waiting messages;
//! beyond, its oldest are dropped, counted and shown.

mod filter;
mod hub;
mod item_filter;
mod topic_filter;

pub use self::filter::{Filter, FilterError};
pub use self::hub::{Delivery, Hub, HubError, Subscription, SubscriptionId, SubscriptionView};
pub use self::item_filter::ITEM_FILTER_DIALECT;
pub use self::topic_filter::{CONCRETE_DIALECT, TopicFilter};
