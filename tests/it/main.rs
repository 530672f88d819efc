//! The integration tests, one binary: the real app on loopback, real actors, a temporary ledger and
//! simulated providers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed test should say where, and a test may wait for a process"
)]

mod account;
mod admin;
mod anthropic;
mod audit;
mod auto;
mod auto_behaviour;
mod auto_load;
mod auto_reload;
mod bad_input;
mod bedrock;
mod billing;
mod blocks;
mod canary;
mod chat;
mod collector;
mod context;
mod dashboard;
mod deposit_events;
mod deposit_orders;
mod deposit_process;
mod deposits;
mod drift;
mod embeddings;
mod embeddings_hosts;
mod endings;
mod failover;
mod failover_breaker;
mod failover_clocks;
mod failover_hedge;
mod failover_retries;
mod failure_points;
mod forms;
mod gemini;
mod hang_ups;
mod hangup;
mod history;
mod idle;
mod keys;
mod kill;
mod last_bytes;
mod ledger_commands;
mod limits;
mod localstripe;
mod mailbox;
mod matrix;
mod metrics;
mod midnight;
mod notices;
mod openapi;
mod openapi_answers;
mod openapi_document;
mod openapi_failures;
mod openapi_outside;
mod openapi_tour;
mod operator_catalog;
mod operator_pages;
mod otel;
mod overload;
mod page_rules;
mod pages;
mod pages_account;
mod pages_credit;
mod pages_models;
mod pages_status;
mod plain;
mod playground;
mod process;
mod race;
mod ratelimit;
mod recharge_process;
mod recharges;
mod records;
mod recovery;
mod request_page;
mod responses;
mod router;
mod routing;
mod ruptures;
mod samples;
mod sessions;
mod shop;
mod signin;
mod signin_process;
mod small_disk;
mod smtp;
mod spans;
mod stop;
mod storage;
mod streaming;
mod telemetry;
mod telemetry_guard;
mod telemetry_targets;
mod tidy;
mod torture;
mod usage;
