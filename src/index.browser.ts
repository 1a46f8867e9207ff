/** The door in browsers: what is everywhere, and what pages have. */
export * from './everywhere.js';
export { createHost } from './host/create-host.browser.js';
export { webSocket } from './transports/websocket/websocket.browser.js';
export type { WebSocketOptions } from './transports/websocket/websocket.browser.js';
