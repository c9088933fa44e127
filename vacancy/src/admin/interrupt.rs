//! Ctrl-C at the terminal: a command ends in order.

use platform::shutdown::Shutdown;

/// Asked for by Ctrl-C. Needs a runtime.
pub(crate) fn on_ctrl_c() -> Shutdown {
    let shutdown = Shutdown::new();
    let asked = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.request();
        }
    });
    shutdown
}
