//! What an object is: six classes in three groups.

use std::fmt;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A human, also one who rides something.
    Person,
    /// A pedal cycle.
    Bicycle,
    /// A passenger car, van or pick-up.
    Car,
    /// A motorcycle or scooter.
    Motorcycle,
    /// A bus or coach.
    Bus,
    /// A lorry.
    Truck,
}

/// The classes as rules and people choose them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassGroup {
    /// [`Class::Person`].
    Person,
    /// [`Class::Car`], [`Class::Bus`], [`Class::Truck`].
    Vehicle,
    /// [`Class::Bicycle`], [`Class::Motorcycle`].
    TwoWheeler,
}

impl Class {
    /// All classes, in the order of the built-in detector's outputs.
    pub const ALL: [Class; 6] = [
        Class::Person,
        Class::Bicycle,
        Class::Car,
        Class::Motorcycle,
        Class::Bus,
        Class::Truck,
    ];

    /// The group this class belongs to.
    pub const fn group(self) -> ClassGroup {
        match self {
            Class::Person => ClassGroup::Person,
            Class::Car | Class::Bus | Class::Truck => ClassGroup::Vehicle,
            Class::Bicycle | Class::Motorcycle => ClassGroup::TwoWheeler,
        }
    }

    /// Lower-case name, as in manifests, JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Person => "person",
            Class::Bicycle => "bicycle",
            Class::Car => "car",
            Class::Motorcycle => "motorcycle",
            Class::Bus => "bus",
            Class::Truck => "truck",
        }
    }

    /// The class with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ClassGroup {
    /// All groups.
    pub const ALL: [ClassGroup; 3] = [
        ClassGroup::Person,
        ClassGroup::Vehicle,
        ClassGroup::TwoWheeler,
    ];

    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            ClassGroup::Person => "person",
            ClassGroup::Vehicle => "vehicle",
            ClassGroup::TwoWheeler => "two_wheeler",
        }
    }
}

/// A set of classes, as a rule's filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassSet(u8);

impl ClassSet {
    /// No class.
    pub const EMPTY: ClassSet = ClassSet(0);
    /// Every class.
    pub const ALL: ClassSet = ClassSet(0b11_1111);

    /// Whether `class` is in the set.
    pub const fn contains(self, class: Class) -> bool {
        self.0 & (1 << class as u8) != 0
    }

    /// The set with `class` added.
    #[must_use]
    pub const fn with(self, class: Class) -> Self {
        ClassSet(self.0 | 1 << class as u8)
    }

    /// Whether no class is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes in the set, in the order of [`Class::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL
            .into_iter()
            .filter(move |class| self.contains(*class))
    }
}

impl FromIterator<Class> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        classes.into_iter().fold(ClassSet::EMPTY, ClassSet::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
        assert_eq!(Class::from_name("Person"), None);
    }

    #[test]
    fn set_holds_exactly_what_was_added() {
        let set: ClassSet = [Class::Truck, Class::Person].into_iter().collect();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [Class::Person, Class::Truck]
        );
        assert_eq!(Class::ALL.into_iter().collect::<ClassSet>(), ClassSet::ALL);
        assert!(ClassSet::EMPTY.is_empty());
    }
}
