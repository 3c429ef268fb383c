//! Experiments that train networks, in a program that was built without.

use super::refuse;

#[test]
fn what_was_left_out_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for arguments in
        [&["experiment", "classification"][..], &["experiment", "shortest-path", "--quick", "--data", "maps"]]
    {
        let message = refuse(folder.path(), arguments);
        assert!(message.contains("--features nn"), "{message}");
    }
}
