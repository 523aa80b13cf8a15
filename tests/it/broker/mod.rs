//! The brokers' contract, the relay under simulated faults, and the messages' schemas.

mod contract;
mod deadletters;
mod line;
mod memory_queues;
mod messages;
mod rabbitmq;
mod relay;
mod simulation;
mod storm;
mod support;
mod taken;
