//! Alarms over REST: lists, incidents, handling, settings.
//!
//! An alarm is an event with what people do about it; its id is the event's.

mod evidence;
mod clip;
mod clip_file;
mod handle;
mod list;
mod proposals;
mod report;
mod settings;
mod view;

pub(super) use self::clip::{clip, clip_frame};
pub(super) use self::clip_file::{clip_mkv, clip_mp4};
pub(super) use self::evidence::{evidence_key, take_out, verify_evidence};
pub(super) use self::handle::{handle, people};
pub(super) use self::list::{get, get_incident, list, list_incidents, open};
pub(super) use self::proposals::propose;
pub(super) use self::report::{report, report_csv};
pub(super) use self::settings::{get_settings, put_settings};
pub(crate) use self::view::AlarmView;

// What `utoipa` makes of the handlers, beside them.
pub(super) use self::clip::{__path_clip, __path_clip_frame};
pub(super) use self::clip_file::{__path_clip_mkv, __path_clip_mp4};
pub(super) use self::evidence::{__path_evidence_key, __path_take_out, __path_verify_evidence};
pub(super) use self::handle::{__path_handle, __path_people};
pub(super) use self::list::{
    __path_get, __path_get_incident, __path_list, __path_list_incidents, __path_open,
};
pub(super) use self::proposals::__path_propose;
pub(super) use self::report::{__path_report, __path_report_csv};
pub(super) use self::settings::{__path_get_settings, __path_put_settings};
