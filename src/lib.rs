//! A Kubernetes operator for Huawei Cloud Data Lake Insight (DLI).
//!
//! | module | what it holds | may import |
//! | --- | --- | --- |
//! | [`api`] | what users write: custom resources, rules, conditions | – |
//! | [`dli`] | the vocabulary of the cloud, as plain data | – |
//! | [`core`] | what to do: one pure function, [`core::step`] | `api`, `dli` |
//! | [`cloud`] | DLI over HTTP: encoding, signing, classification, client | `dli` |
//! | [`controller`] | everything that touches Kubernetes, on kube-runtime | all of the above |
//! | [`simulator`] | DLI as a server, over a pure model | `dli` |

pub mod api;
pub mod cloud;
pub mod controller;
pub mod core;
pub mod dli;
pub mod simulator;
