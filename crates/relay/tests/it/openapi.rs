//! The REST interface as it is committed, so that a change is seen.

use expect_test::expect_file;
use utoipa::OpenApi as _;

#[test]
fn openapi_document_is_the_committed_one() {
    let document = relay::ApiDoc::openapi()
        .to_pretty_json()
        .expect("the document can be written");
    // `UPDATE_EXPECT=1` writes it anew.
    expect_file![concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/openapi.json"
    )]
    .assert_eq(&format!("{document}\n"));
}
