/** ms since 1970, as the platform has it: people and time servers set it back and forth. */
export function wallClock(): number {
  // eslint-disable-next-line no-restricted-properties -- this is where the injected one comes from
  return Date.now();
}
