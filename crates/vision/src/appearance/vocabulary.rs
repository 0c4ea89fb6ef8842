//! What can be told of an object in words: the names of attributes.
//!
//! They follow ONVIF's human body and vehicle schemas as far as those go.
//! Complexion and everything else that tells of descent is missing on purpose.

/// An attribute that a model may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeName {
    /// As it is stored and searched.
    pub name: &'static str,
    /// Whether it is personal: where it is told, the law may ask for a reason.
    pub is_sensitive: bool,
}

const fn plain(name: &'static str) -> AttributeName {
    AttributeName {
        name,
        is_sensitive: false,
    }
}

const fn sensitive(name: &'static str) -> AttributeName {
    AttributeName {
        name,
        is_sensitive: true,
    }
}

/// All names, in the order in which they are shown.
pub const VOCABULARY: [AttributeName; 25] = [
    sensitive("gender"),
    sensitive("age_band"),
    plain("upper_colour"),
    plain("upper_kind"),
    plain("upper_sleeve"),
    plain("upper_pattern"),
    plain("lower_colour"),
    plain("lower_kind"),
    plain("shoes"),
    plain("hair_length"),
    sensitive("hair_colour"),
    sensitive("beard"),
    plain("hat"),
    plain("helmet"),
    plain("glasses"),
    sensitive("mask"),
    plain("safety_vest"),
    plain("bag"),
    plain("umbrella"),
    plain("carried_size"),
    plain("activity"),
    plain("vehicle_type"),
    plain("vehicle_colour"),
    plain("vehicle_brand"),
    plain("vehicle_model"),
];

/// The attribute of this name.
pub fn attribute_name(name: &str) -> Option<AttributeName> {
    VOCABULARY.into_iter().find(|known| known.name == name)
}
