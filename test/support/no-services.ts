/** For hosts whose streams and events are counted: nothing runs on them but what the test starts. */
export const NO_SERVICES = { identify: false, ping: false } as const;
