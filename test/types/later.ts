/** What the programs use and later work brings, one by one. A test fails when one of these exists, or another is missing. */
export const LATER_EXPORTS = [
  'delayRelays',
  'happyEyeballs',
  'limitAddrs',
  'mapDials',
  'only',
  'refuse',
  'refuseBlackHoled',
  'simulateDial',
  'stagger',
  'unlimited',
];
export const LATER_MEMBERS = ['keepConnected', 'ping', 'protect'];
export const LATER_OPTIONS = ['dial', 'limits'];
