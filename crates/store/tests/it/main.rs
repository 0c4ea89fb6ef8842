//! What may befall a data folder: kills, a full disk, other processes, damage,
//! a newer program.

mod faults;
mod kill;
