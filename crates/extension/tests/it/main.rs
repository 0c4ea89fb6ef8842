//! Installed programs from outside: packages on the disk, healthy and hostile
//! components side by side, the example.

#[cfg(test)]
mod guest;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod install;
#[cfg(test)]
mod example;
