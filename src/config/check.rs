//! Ranges of the settings: what would make a router that cannot work is refused at the start.

use super::{ConfigError, Settings};

/// A key, and what is wrong with its value.
type Wrong = (&'static str, &'static str);

/// The longest clock: an hour.
const MOST_MS: u64 = 3_600_000;
/// The longest time that anything is kept: about a century.
const MOST_DAYS: u64 = 36_500;

impl Settings {
    /// Refuses values out of range; `origin` is the file, for the message.
    pub(super) fn check(&self, origin: &str) -> Result<(), ConfigError> {
        let zero = self.counts().into_iter().find(|(_, value)| *value == 0);
        let zero = zero.map(|(key, _)| (key, "is 0; it must be at least 1"));
        let clock = self
            .clocks()
            .into_iter()
            .find(|(_, value)| !(1..=MOST_MS).contains(value))
            .map(|(key, _)| (key, "must be between 1 and 3600000 milliseconds"));
        match zero.or(clock).or_else(|| self.unfit()) {
            None => Ok(()),
            Some((key, reason)) => Err(ConfigError::Value {
                origin: origin.to_owned(),
                key,
                reason: reason.to_owned(),
            }),
        }
    }

    /// What is checked for itself.
    fn unfit(&self) -> Option<Wrong> {
        let small = (self.limits.bytes_in_flight < self.limits.chat_body_bytes).then_some((
            "limits.bytes_in_flight",
            "is less than limits.chat_body_bytes; no body of that size could be read",
        ));
        let kept = [
            ("storage.keep_records_days", self.storage.keep_records_days),
            ("storage.keep_audit_days", self.storage.keep_audit_days),
        ];
        let kept = kept
            .into_iter()
            .find(|(_, days)| !(1..=MOST_DAYS).contains(days))
            .map(|(key, _)| (key, "must be between 1 and 36500 days"));
        let percent = (self.breaker.min_success_percent > 100).then_some((
            "breaker.min_success_percent",
            "is above 100; it must be a percentage",
        ));
        let share = self.auto.share.filter(|share| !share.is_whole()).map(|_| {
            let reason =
                "must be percentages of economy, standard and premium that make 100 together";
            ("auto.share", reason)
        });
        small.or(kept).or(percent).or(share)
    }

    /// Numbers of which none may be zero.
    fn counts(&self) -> [(&'static str, usize); 13] {
        [
            ("limits.chat_body_bytes", self.limits.chat_body_bytes),
            ("limits.other_body_bytes", self.limits.other_body_bytes),
            ("limits.requests_in_flight", self.limits.requests_in_flight),
            (
                "limits.running_per_account",
                self.limits.running_per_account,
            ),
            (
                "limits.body_min_bytes_per_s",
                self.limits.body_min_bytes_per_s,
            ),
            ("failover.attempts", self.failover.attempts),
            ("deposits.attempts", self.deposits.attempts),
            ("deposits.orders_per_day", self.deposits.orders_per_day),
            ("mail.queue", self.mail.queue),
            ("mail.at_once", self.mail.at_once),
            ("mail.attempts", self.mail.attempts),
            ("telemetry.attempts", self.telemetry.attempts),
            (
                "sign_in.requests_per_ip_hour",
                self.sign_in.requests_per_ip_hour,
            ),
        ]
    }

    /// Times in milliseconds.
    fn clocks(&self) -> [(&'static str, u64); 26] {
        [
            ("failover.connect_ms", self.failover.connect_ms),
            ("failover.first_token_ms", self.failover.first_token_ms),
            (
                "failover.last_first_token_ms",
                self.failover.last_first_token_ms,
            ),
            (
                "failover.reasoning_first_token_ms",
                self.failover.reasoning_first_token_ms,
            ),
            ("failover.answer_ms", self.failover.answer_ms),
            (
                "failover.reasoning_token_ms",
                self.failover.reasoning_token_ms,
            ),
            ("failover.idle_ms", self.failover.idle_ms),
            ("failover.stall_ms", self.failover.stall_ms),
            ("failover.total_ms", self.failover.total_ms),
            ("breaker.window_ms", self.breaker.window_ms),
            ("breaker.rest_ms", self.breaker.rest_ms),
            ("breaker.max_rest_ms", self.breaker.max_rest_ms),
            ("mail.timeout_ms", self.mail.timeout_ms),
            ("telemetry.flush_ms", self.telemetry.flush_ms),
            ("telemetry.timeout_ms", self.telemetry.timeout_ms),
            ("telemetry.pause_ms", self.telemetry.pause_ms),
            ("telemetry.rest_ms", self.telemetry.rest_ms),
            ("telemetry.max_rest_ms", self.telemetry.max_rest_ms),
            ("telemetry.drain_ms", self.telemetry.drain_ms),
            ("deposits.timeout_ms", self.deposits.timeout_ms),
            (
                "deposits.recharge_ask_again_ms",
                self.deposits.recharge_ask_again_ms,
            ),
            ("breaker.ramp_ms", self.breaker.ramp_ms),
            (
                "breaker.rate_limited_rest_ms",
                self.breaker.rate_limited_rest_ms,
            ),
            (
                "breaker.model_missing_rest_ms",
                self.breaker.model_missing_rest_ms,
            ),
            (
                "breaker.credential_rest_ms",
                self.breaker.credential_rest_ms,
            ),
            ("breaker.quota_rest_ms", self.breaker.quota_rest_ms),
        ]
    }
}
