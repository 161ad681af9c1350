//! What each route needs. A route that is not here is refused, and a test names it.

use axum::http::Method;

use crate::model::Right::{self, Administer, Dispatch, Engineer, See, SeeDrivers};
use crate::store::Object;

use Needs::{Account, Begun, Everywhere, Open, Over, Somewhere, Version};

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Needs {
    /// Nothing: whoever can connect may ask.
    Open,
    /// Somebody is signed in, be it with a one-time secret.
    Begun,
    /// Somebody is signed in.
    Account,
    /// A right over something; the handler leaves out what is foreign.
    Somewhere(Right),
    /// A right over everything.
    Everywhere(Right),
    /// A right over the object that the first varying part of the path names.
    Over(Right, Object),
    /// To see the version of a driver that the path names.
    Version,
}

/// Method, path behind `/api/v1`, what it needs.
pub(in crate::api) type Route = (Method, &'static str, Needs);

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Every route.
pub(in crate::api) const TABLE: &[Route] = &[
    // The host.
    (GET, "/health", Open),
    (GET, "/openapi.json", Open),
    (GET, "/vocabulary", Account),
    (GET, "/live", Somewhere(See)),
    (GET, "/audit", Somewhere(Administer)),
    (GET, "/audit.csv", Somewhere(Administer)),
    (GET, "/refused-sign-ins", Everywhere(Administer)),
    // Its state, its configuration, its copies.
    (GET, "/system", Everywhere(Administer)),
    (GET, "/system/config", Everywhere(Administer)),
    (GET, "/system/metrics", Everywhere(Administer)),
    (POST, "/system/backup", Everywhere(Administer)),
    (GET, "/system/backups", Everywhere(Administer)),
    (GET, "/system/backups/{file}", Everywhere(Administer)),
    // Who asks.
    (GET, "/session", Begun),
    (POST, "/session", Open),
    (DELETE, "/session", Begun),
    (GET, "/session/ways", Open),
    (GET, "/session/provider", Open),
    (GET, "/session/provider/back", Open),
    (POST, "/account/password", Begun),
    (GET, "/account/sign-ins", Account),
    (DELETE, "/account/sign-ins/{id}", Account),
    (POST, "/account/second-factor", Account),
    (POST, "/account/second-factor/confirm", Account),
    (POST, "/account/second-factor/remove", Account),
    // Accounts.
    (GET, "/accounts", Everywhere(Administer)),
    (POST, "/accounts", Everywhere(Administer)),
    (GET, "/accounts/{id}", Everywhere(Administer)),
    (PATCH, "/accounts/{id}", Everywhere(Administer)),
    (PUT, "/accounts/{id}/grants", Everywhere(Administer)),
    (POST, "/accounts/{id}/reset", Everywhere(Administer)),
    (POST, "/accounts/{id}/sign-out", Everywhere(Administer)),
    (GET, "/accounts/{id}/keys", Everywhere(Administer)),
    (POST, "/accounts/{id}/keys", Everywhere(Administer)),
    (POST, "/accounts/{id}/keys/{key}/rotate", Everywhere(Administer)),
    (DELETE, "/accounts/{id}/keys/{key}", Everywhere(Administer)),
    // Programs that are told of what happens.
    (GET, "/webhooks", Everywhere(Administer)),
    (POST, "/webhooks", Everywhere(Administer)),
    (GET, "/webhooks/{id}", Everywhere(Administer)),
    (PATCH, "/webhooks/{id}", Everywhere(Administer)),
    (DELETE, "/webhooks/{id}", Everywhere(Administer)),
    (POST, "/webhooks/{id}/secret", Everywhere(Administer)),
    (GET, "/webhooks/{id}/deliveries", Everywhere(Administer)),
    (POST, "/webhooks/{id}/deliveries/{key}/again", Everywhere(Administer)),
    (POST, "/webhooks/{id}/test", Everywhere(Administer)),
    // What waits for somebody.
    (GET, "/attention", Somewhere(See)),
    (POST, "/attention/acknowledge", Somewhere(Dispatch)),
    (POST, "/attention/assign", Somewhere(Dispatch)),
    (POST, "/attention/read-now", Somewhere(Dispatch)),
    // Places.
    (GET, "/tree", Somewhere(See)),
    (GET, "/search", Somewhere(See)),
    (GET, "/map", Somewhere(See)),
    (GET, "/nodes/{id}/state", Over(See, Object::Node)),
    (GET, "/organisations", Somewhere(See)),
    (POST, "/organisations", Everywhere(Administer)),
    (GET, "/organisations/{id}", Over(See, Object::Organisation)),
    (PATCH, "/organisations/{id}", Over(Administer, Object::Organisation)),
    (
        POST,
        "/organisations/{id}/archive",
        Over(Administer, Object::Organisation),
    ),
    (
        POST,
        "/organisations/{id}/restore",
        Over(Administer, Object::Organisation),
    ),
    (GET, "/sites", Somewhere(See)),
    (POST, "/sites", Somewhere(Administer)),
    (GET, "/sites/{id}", Over(See, Object::Site)),
    (PATCH, "/sites/{id}", Over(Administer, Object::Site)),
    (POST, "/sites/{id}/archive", Over(Administer, Object::Site)),
    (POST, "/sites/{id}/restore", Over(Administer, Object::Site)),
    (GET, "/nodes", Somewhere(See)),
    (POST, "/nodes", Somewhere(Administer)),
    (GET, "/nodes/{id}", Over(See, Object::Node)),
    (PATCH, "/nodes/{id}", Over(Administer, Object::Node)),
    (POST, "/nodes/{id}/archive", Over(Administer, Object::Node)),
    (POST, "/nodes/{id}/restore", Over(Administer, Object::Node)),
    (GET, "/points", Somewhere(See)),
    (POST, "/points", Somewhere(Administer)),
    (GET, "/points/{id}", Over(See, Object::Point)),
    (PATCH, "/points/{id}", Over(Administer, Object::Point)),
    (POST, "/points/{id}/archive", Over(Administer, Object::Point)),
    (POST, "/points/{id}/restore", Over(Administer, Object::Point)),
    (GET, "/points/{id}/devices", Over(See, Object::Point)),
    (GET, "/points/{id}/archive", Over(See, Object::Point)),
    (GET, "/points/{id}/archive.csv", Over(See, Object::Point)),
    (GET, "/points/{id}/archive.xlsx", Over(See, Object::Point)),
    (GET, "/points/{id}/totals", Over(See, Object::Point)),
    // Groups are nobody's in particular.
    (GET, "/groups", Somewhere(See)),
    (POST, "/groups", Everywhere(Administer)),
    (GET, "/groups/{id}", Somewhere(See)),
    (PATCH, "/groups/{id}", Everywhere(Administer)),
    (POST, "/groups/{id}/archive", Everywhere(Administer)),
    (POST, "/groups/{id}/restore", Everywhere(Administer)),
    // The list of devices as a file.
    (POST, "/import", Somewhere(Administer)),
    (GET, "/export.csv", Somewhere(Administer)),
    (GET, "/export.xlsx", Somewhere(Administer)),
    // Devices.
    (GET, "/devices", Somewhere(See)),
    (POST, "/devices", Somewhere(Administer)),
    (POST, "/devices/test", Somewhere(Administer)),
    (GET, "/devices/tests/{id}", Somewhere(Administer)),
    (DELETE, "/devices/tests/{id}", Somewhere(Administer)),
    (GET, "/devices/{id}", Over(See, Object::Device)),
    (PATCH, "/devices/{id}", Over(Administer, Object::Device)),
    (POST, "/devices/{id}/archive", Over(Administer, Object::Device)),
    (POST, "/devices/{id}/restore", Over(Administer, Object::Device)),
    (GET, "/devices/{id}/form", Over(Administer, Object::Device)),
    (POST, "/devices/{id}/replace", Over(Administer, Object::Device)),
    (GET, "/devices/{id}/history", Over(See, Object::Device)),
    (POST, "/devices/{id}/read-now", Over(Dispatch, Object::Device)),
    (POST, "/devices/{id}/tunnel", Over(Engineer, Object::Device)),
    (GET, "/devices/{id}/tunnel", Over(See, Object::Device)),
    (DELETE, "/devices/{id}/tunnel", Over(Engineer, Object::Device)),
    (POST, "/devices/{id}/control", Over(Engineer, Object::Device)),
    (GET, "/devices/{id}/control", Over(See, Object::Device)),
    (GET, "/control/{id}", Over(See, Object::Control)),
    (POST, "/control/{id}/confirm", Over(Engineer, Object::Control)),
    (GET, "/devices/{id}/events", Over(See, Object::Device)),
    (GET, "/devices/{id}/settings", Over(See, Object::Device)),
    (GET, "/devices/{id}/settings/changes", Over(See, Object::Device)),
    (GET, "/devices/{id}/health", Over(See, Object::Device)),
    // Archives.
    (GET, "/devices/{id}/columns", Over(See, Object::Device)),
    (GET, "/devices/{id}/records", Over(See, Object::Device)),
    (GET, "/records/{id}/versions", Over(See, Object::Record)),
    (GET, "/records.csv", Somewhere(See)),
    (GET, "/changes", Somewhere(See)),
    (GET, "/series", Somewhere(See)),
    (GET, "/series/{id}/values", Over(See, Object::Series)),
    // Lines and those who call.
    (GET, "/lines", Somewhere(See)),
    (POST, "/lines", Everywhere(Engineer)),
    (GET, "/lines/{id}", Over(See, Object::Line)),
    (PATCH, "/lines/{id}", Over(Engineer, Object::Line)),
    (POST, "/lines/{id}/archive", Over(Administer, Object::Line)),
    (POST, "/lines/{id}/restore", Over(Administer, Object::Line)),
    (GET, "/lines/{id}/health", Over(See, Object::Line)),
    (GET, "/lines/work", Somewhere(See)),
    (GET, "/lines/health", Somewhere(See)),
    (GET, "/modems", Somewhere(Engineer)),
    (GET, "/tunnels", Somewhere(See)),
    (GET, "/callers", Somewhere(Engineer)),
    (POST, "/callers/{id}/approve", Over(Engineer, Object::Caller)),
    (POST, "/callers/{id}/refuse", Over(Engineer, Object::Caller)),
    (GET, "/listeners", Somewhere(Engineer)),
    // Conversations.
    (GET, "/sessions", Somewhere(See)),
    (GET, "/sessions.csv", Somewhere(See)),
    (GET, "/sessions/{id}", Over(See, Object::Session)),
    (DELETE, "/sessions/{id}", Over(Dispatch, Object::Session)),
    (POST, "/sessions/{id}/replay", Over(Dispatch, Object::Session)),
    (GET, "/sessions/{id}/trace", Over(See, Object::Session)),
    (GET, "/sessions/{id}/trace.txt", Over(See, Object::Session)),
    // Drivers: what they say of themselves is for everybody.
    (GET, "/drivers", Account),
    (GET, "/drivers/models", Account),
    (GET, "/drivers/work", Somewhere(SeeDrivers)),
    (GET, "/drivers/events", Somewhere(SeeDrivers)),
    (GET, "/drivers/versions", Somewhere(SeeDrivers)),
    (POST, "/drivers/versions", Everywhere(Administer)),
    (GET, "/drivers/versions/{digest}", Version),
    (GET, "/drivers/versions/{digest}/devices", Everywhere(SeeDrivers)),
    (GET, "/drivers/versions/{digest}/log", Version),
    (GET, "/drivers/versions/{digest}/statistics", Version),
    (POST, "/drivers/versions/{digest}/shadow", Everywhere(Administer)),
    (POST, "/drivers/versions/{digest}/canary", Everywhere(Administer)),
    (POST, "/drivers/versions/{digest}/activate", Everywhere(Administer)),
    (POST, "/drivers/versions/{digest}/quarantine", Everywhere(Administer)),
    (POST, "/drivers/versions/{digest}/retire", Everywhere(Administer)),
    (POST, "/drivers/versions/{digest}/revoke", Everywhere(Administer)),
    (POST, "/drivers/{id}/rollback", Everywhere(Administer)),
    (GET, "/drivers/keys", Everywhere(SeeDrivers)),
    (POST, "/drivers/keys", Everywhere(Administer)),
    (POST, "/drivers/keys/{id}/revoke", Everywhere(Administer)),
];

/// What a route needs, given its path as the router has it; none: it is not in the table.
pub(in crate::api) fn needs(method: &Method, path: &str) -> Option<Needs> {
    if path == "/metrics" {
        return (*method == GET).then_some(Everywhere(See));
    }
    let path = path.strip_prefix("/api/v1")?;
    let route = |(of, template, _): &&Route| of == method && *template == path;
    TABLE.iter().find(route).map(|(_, _, needs)| *needs)
}
