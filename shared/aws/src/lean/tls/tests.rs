//! A server that Amazon's roots do not know.

use super::*;
use crate::trust::testing::Stranger;

const HOST: &str = "127.0.0.1";

#[tokio::test]
async fn a_stranger_is_looked_up_among_all_roots_and_remembered() {
    let stranger = Stranger::start().await;
    let all = stranger.roots();
    let tls = Tls::trusting("localhost", trust::amazon(), move || all).unwrap();
    for connections in [2, 3] {
        tls.connect(HOST, stranger.address.port()).await.unwrap();
        assert_eq!(stranger.connections(), connections);
    }
}

#[tokio::test]
async fn all_roots_are_left_alone_for_a_server_that_the_few_know() {
    let stranger = Stranger::start().await;
    let tls = Tls::trusting("localhost", stranger.roots(), || unreachable!()).unwrap();
    tls.connect(HOST, stranger.address.port()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_no_root_knows_is_refused() {
    let stranger = Stranger::start().await;
    let tls = Tls::trusting("localhost", trust::amazon(), trust::amazon).unwrap();
    let refused = tls.connect(HOST, stranger.address.port()).await;
    assert!(refused.is_err_and(|err| trust::is_stranger(&err)));
}

#[tokio::test]
async fn a_server_by_another_name_is_not_tried_with_all_roots() {
    let stranger = Stranger::start().await;
    let tls = Tls::trusting("example.com", stranger.roots(), || unreachable!()).unwrap();
    assert!(tls.connect(HOST, stranger.address.port()).await.is_err());
    assert_eq!(stranger.connections(), 1);
}
