//! Carries spans and metrics to OTLP backends, and to none that a customer must not reach.

mod address;
mod carrier;
mod endpoint;
mod grpc;
mod names;
mod reply;
mod target;

pub use address::is_global;
pub use carrier::Carrier;
pub use endpoint::{Endpoint, EndpointError, Signal};
pub use grpc::unescape;
pub use names::{Names, Reach, Unreachable};
pub use reply::{Again, Delivered, Failure};
pub use target::{HeaderError, Headers, Payload, Protocol, Target};
