/** The platform's next turn, taken when this file is loaded: what a test puts in its place later is not meant for us. */
const immediate: ((callback: () => void) => unknown) | undefined =
  typeof setImmediate === 'function' ? setImmediate : undefined;

/**
 * Calls back when every microtask that is due, and every one that those make, has run; timers and sockets get their turn
 * as well.
 */
export function afterMicrotasks(callback: () => void): void {
  if (immediate !== undefined) {
    immediate(callback);
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}
