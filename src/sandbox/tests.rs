//! Drives the simulated providers over loopback.
