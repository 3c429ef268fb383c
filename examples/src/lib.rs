//! No code: one question and one runnable answer stand in each file of the folder above. The programs of the README and of the
//! guides are tests of this package, since a published package must not read files outside its folder.

#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/tutorial.md")]
    struct Tutorial;
    #[doc = include_str!("../../docs/discrete-choice.md")]
    struct DiscreteChoice;
    #[doc = include_str!("../../docs/choosing.md")]
    struct Choosing;
    #[doc = include_str!("../../docs/firmware.md")]
    struct Firmware;
    #[doc = include_str!("../../docs/reproducibility.md")]
    struct Reproducibility;
}
