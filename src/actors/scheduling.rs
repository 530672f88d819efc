//! How threads are scheduled: those of actors that every request writes to give way to the workers.

/// The calling thread and those that it starts from now on take a processor only when it is free or their turn has come
/// (`SCHED_BATCH`, sched(7)). Only Linux has that.
///
/// A thread that is woken for one message goes before the one that woke it, handles the message, and sleeps again: on a
/// busy processor every request then costs four switches between threads. So it waits until the worker has nothing to do,
/// and handles many messages at once. Where a processor is idle, nothing changes.
///
/// A process that was started under another policy than the usual one keeps it: under a real-time one, this thread would
/// never have its turn.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    linux::give_way();
}

#[cfg(target_os = "linux")]
mod linux {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
    };

    const BATCH: ThreadSchedulePolicy =
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);

    pub(super) fn give_way() {
        let usual = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
        if thread_schedule_policy() != Ok(usual) {
            return;
        }
        // The crate sets the niceness too, on a scale of its own: to what it is.
        let Some(same) = niceness().and_then(priority) else {
            return;
        };
        if let Err(error) = set_thread_priority_and_policy(thread_native_id(), same, BATCH) {
            tracing::debug!(%error, "a thread of actors goes before workers");
        }
    }

    fn niceness() -> Option<i32> {
        rustix::process::getpriority_process(None).ok()
    }

    /// What the crate makes that niceness of.
    fn priority(niceness: i32) -> Option<ThreadPriority> {
        (0..=u8::MAX)
            .map_while(|value| ThreadPriorityValue::try_from(value).ok())
            .map(ThreadPriority::Crossplatform)
            .find(|priority| priority.to_posix(BATCH) == Ok(niceness))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_niceness_is_kept() {
            for niceness in -20..=19 {
                let priority = priority(niceness).unwrap();
                assert_eq!(priority.to_posix(BATCH), Ok(niceness));
            }
        }

        #[test]
        fn the_thread_waits_and_is_as_nice_as_before() {
            std::thread::spawn(|| {
                let before = niceness();
                give_way();
                assert_eq!(thread_schedule_policy(), Ok(BATCH));
                assert_eq!(niceness(), before);
                give_way();
                assert_eq!(thread_schedule_policy(), Ok(BATCH));
            })
            .join()
            .unwrap();
        }
    }
}
