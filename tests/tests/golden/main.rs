//! Tables of what must be there: the golden digests, the cases that firmware shares, and the files of these tests.

mod digests;
mod files;
mod suites;
