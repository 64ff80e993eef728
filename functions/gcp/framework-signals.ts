const SIGNALS: readonly (string | symbol)[] = ["SIGTERM", "SIGINT"];

/** The module of functions-framework that ends the process at a signal. */
const MODULE = /functions-framework[\\/]build[\\/]src[\\/]invoker\.js/;

/**
 * Keeps functions-framework from handling SIGTERM and SIGINT, which it does once it listens: it answers the
 * latest request with an error and exits at once, in the middle of every download. It has no setting for
 * that, and a listener that is called along with others cannot stop them.
 */
export function ignoreFrameworkSignals(): void {
  process.on("newListener", (event, listener) => {
    if (!SIGNALS.includes(event) || !MODULE.test(new Error().stack ?? "")) return;
    // This event comes before the listener is added.
    queueMicrotask(() => process.removeListener(event, listener));
  });
}
