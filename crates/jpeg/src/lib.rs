//! JPEG in and out: the one place that calls libjpeg-turbo.
