//! The OpenAPI document, made from the handlers.

use axum::Json;
use utoipa::OpenApi;

use super::{
    accounts, audit, brokers, cameras, changes, control_log, corrections, cost, counts,
    device_accounts, events, found_cameras, health, heat, integrations, link_test, live, metrics,
    models, presets, programs, publishers, schedules, scores, sightings, software, system, users,
    viewers, webhooks,
};

/// Everything under `/api/v1`.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "airelay",
        description = "Sign in with POST /api/v1/session; send its csrf_token as X-Csrf-Token with every request that changes something.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        accounts::session,
        accounts::setup,
        accounts::sign_in,
        accounts::sign_out,
        users::list,
        users::add,
        users::change,
        users::remove,
        users::change_own_password,
        cameras::list,
        cameras::get,
        cameras::add,
        cameras::change,
        cameras::switch,
        cameras::remove,
        link_test::link_test,
        presets::list,
        presets::command,
        live::live,
        live::frame_jpg,
        viewers::list,
        changes::changes,
        events::list,
        events::get,
        events::shot_jpg,
        webhooks::list,
        webhooks::add,
        webhooks::change,
        webhooks::remove,
        webhooks::test,
        brokers::list,
        brokers::add,
        brokers::change,
        brokers::remove,
        brokers::test,
        brokers::test_draft,
        brokers::replay,
        counts::list,
        corrections::correct,
        heat::get,
        health::get,
        scores::get,
        programs::live::live,
        programs::why::why,
        programs::attempt::try_draft,
        sightings::list,
        sightings::shot_jpg,
        schedules::list,
        schedules::add,
        schedules::change,
        schedules::remove,
        schedules::preview,
        software::get,
        software::install,
        software::start,
        software::stop,
        software::roll_back,
        software::uninstall,
        cost::cost,
        publishers::list,
        publishers::add,
        publishers::remove,
        control_log::list,
        control_log::csv,
        integrations::get,
        integrations::put,
        integrations::end_subscription,
        found_cameras::discover,
        found_cameras::ask_camera,
        device_accounts::list,
        device_accounts::put,
        device_accounts::remove,
        system::system,
        system::licences,
        models::list,
        models::choose,
        models::install,
        models::remove,
        models::switch_looks,
        audit::list,
        system::healthz,
        metrics::metrics,
    ),
    components(schemas(live::LiveScene))
)]
pub struct ApiDoc;

/// The OpenAPI document.
pub(super) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(ApiDoc::openapi())
}
