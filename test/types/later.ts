/** What the programs use and later work brings, one by one. A test fails when one of these exists, or another is missing. */
export const LATER_EXPORTS: string[] = [];
export const LATER_MEMBERS: string[] = [];
export const LATER_OPTIONS: string[] = [];
