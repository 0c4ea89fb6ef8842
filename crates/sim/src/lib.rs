//! Cameras made of drawn scenes, clips or folders, with the faults of real ones.
