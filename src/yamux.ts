export { yamux } from './protocols/yamux/yamux.js';
export type { YamuxOptions } from './protocols/yamux/yamux.js';
