/** What the programs use and later work brings, one by one. A test fails when one of these exists, or another is missing. */
export const LATER_EXPORTS = ['unlimited'];
export const LATER_MEMBERS = ['keepConnected', 'protect'];
export const LATER_OPTIONS = ['limits'];
