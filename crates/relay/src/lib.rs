//! The program: settings, supervision, pipeline, web API, command line.
