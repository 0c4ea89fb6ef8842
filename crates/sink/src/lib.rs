//! Events and scenes out to other systems.
